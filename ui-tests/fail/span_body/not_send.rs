use std::rc::Rc;

fn spawn<T: Send>(_: T) {}

fn main() {
    spawn(ragspan::span!("work", layer = "data", async || {
        let shared = Rc::new(1);
        std::future::ready(()).await;
        *shared
    }));
}
