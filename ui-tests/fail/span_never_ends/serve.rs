async fn serve() {
    ragspan::span!("serve", layer = "api", async || -> ! { std::future::pending().await }).await
}

fn main() {
    let _ = serve();
}
