// Faults that the comparison must find. Each is planted in the annotated twin only.

//# shape another drop order
//# drive success => f(noisy("a"), noisy("b"))
//# planted drop(b); => drop(a);
//# found the side effects differ
#[rag]
fn f(a: Noisy, b: Noisy) {
    effect(a.name());
    effect(b.name());
    drop(b);
    effect("end");
}

//# shape arguments that are moved in another order
//# drive success => f(noisy("a"), noisy("b"))
//# planted let _ = (&a, &b); => let (_b, _a) = (b, a);
//# found the side effects differ
#[rag]
fn f(a: Noisy, b: Noisy) {
    let _ = (&a, &b);
}

//# shape a statement lost
//# drive success => f()
//# planted effect("body"); => ();
//# found the side effects differ
#[rag]
fn f() {
    effect("body");
}

//# shape another value
//# drive success => f(1)
//# planted a + 1 => a + 2
//# found the value differs
#[rag]
fn f(a: u8) -> u8 {
    a + 1
}

//# shape another panic
//# drive panic => f(1)
//# planted out of order => in order
//# found the value differs
#[rag]
fn f(a: u8) -> u8 {
    assert!(a == 0, "out of order");
    a
}

//# shape one poll more
//# drive success => now(f(1))
//# planted pause().await; => pause().await; std::future::poll_fn(poll_twice()).await;
//# found the side effects differ
#[rag]
async fn f(a: u8) -> u8 {
    pause().await;
    a
}

#[allow(dead_code)]
fn poll_twice() -> impl FnMut(&mut std::task::Context<'_>) -> Poll<()> {
    let mut first = true;
    move |_| if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
}

//# shape no record
//# drive success => f()
//# planted #[::ragspan::rag_span(layer = "data")] => #[allow(dead_code)]
//# found it is recorded as []
#[rag]
fn f() {
    effect("body");
}

//# shape two records
//# drive success => f()
//# planted effect("body"); => { effect("body"); #[::ragspan::rag_span(layer = "data")] fn again() {} again(); }
//# found it is recorded as ["success", "success"]
#[rag]
fn f() {
    effect("body");
}

//# shape another outcome
//# drive error => f(true)
//# planted Err(Failed(0)) => Ok(0)
//# found it is recorded as ["success"]
#[rag]
fn f(fails: bool) -> Result<u8, Failed> {
    if fails { Err(Failed(0)) } else { Ok(1) }
}

//# shape a call that never ends
//# drive success => f()
//# planted effect("body"); => { effect("body"); now(poll_once()); }
//# found the gauge of active queries is at Some(1.0)
#[rag]
fn f() {
    effect("body");
}

#[allow(dead_code)]
#[::ragspan::rag_span(layer = "data")]
async fn hung() {
    std::future::pending::<()>().await;
}

#[allow(dead_code)]
async fn poll_once() {
    let mut hung = Box::pin(hung());
    std::future::poll_fn(|context| Poll::Ready(hung.as_mut().poll(context).is_ready())).await;
    std::mem::forget(hung);
}

//# shape another level
//# drive success => f()
//# planted layer = "data" => layer = "data", level = "debug"
//# found has the level "DEBUG", not INFO
#[rag]
fn f() {
    effect("body");
}

//# shape a warning
//# drive success => f()
//# planted effect("body"); => effect("body"); let unused = 1;
//# found unused variable
#[rag]
fn f() {
    effect("body");
}

//# shape a future that is not Send
//# drive success => now(sendable(f()))
//# planted pause().await; => let shared = Rc::new(1); pause().await; drop(shared);
//# found cannot be sent between threads safely
#[rag]
async fn f() {
    pause().await;
}
