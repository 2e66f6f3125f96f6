// Ends of scopes and calls: drop order, moves, temporaries, panics, cancellation, `Send`.

//# shape drop order of arguments and locals
//# args a: debug
//# drive success => f(noisy("a"), noisy("b"), noisy("c"))
//# drive success => now(g(noisy("a"), noisy("b"), noisy("c")))
#[rag]
fn f(a: Noisy, b: Noisy, c: Noisy) -> u8 {
    let one = noisy("one");
    let two = noisy("two");
    effect(format!("{} {} {}", a.name(), b.name(), c.name()));
    effect(format!("{} {}", one.name(), two.name()));
    1
}

#[rag]
async fn g(a: Noisy, b: Noisy, c: Noisy) -> u8 {
    let one = noisy("one");
    pause().await;
    effect(format!("{} {} {} {}", a.name(), b.name(), c.name(), one.name()));
    1
}

//# shape drop order of wildcards
//# returns nothing
//# args a: debug
//# drive success => f(noisy("a"), noisy("b"), noisy("c"))
//# drive success => now(g(noisy("a"), noisy("b"), noisy("c")))
//# drive cancelled => cancelled(g(noisy("a"), noisy("b"), noisy("c")), 1)
//# drive => cancelled(g(noisy("a"), noisy("b"), noisy("c")), 0)
#[rag]
fn f(a: Noisy, _: Noisy, _c: Noisy) {
    let _held = noisy("held");
    effect(a.name());
}

#[rag]
async fn g(a: Noisy, _: Noisy, _c: Noisy) {
    let _held = noisy("held");
    pause().await;
    effect(a.name());
}

//# shape drop order of patterns
//# returns nothing
//# args b: debug
//# drive success => f((noisy("a"), noisy("b")), [noisy("c"), noisy("d")], Pair { x: noisy("x"), y: noisy("y") })
//# drive success => now(g((noisy("a"), noisy("b")), [noisy("c"), noisy("d")]))
//# drive cancelled => cancelled(g((noisy("a"), noisy("b")), [noisy("c"), noisy("d")]), 1)
struct Pair {
    x: Noisy,
    #[allow(dead_code)]
    y: Noisy,
}

#[rag]
fn f((_, b): (Noisy, Noisy), [c, _]: [Noisy; 2], Pair { x, .. }: Pair) {
    let _held = noisy("held");
    effect(format!("{} {} {}", b.name(), c.name(), x.name()));
}

#[rag]
async fn g((_, b): (Noisy, Noisy), [c, _]: [Noisy; 2]) {
    let _held = noisy("held");
    pause().await;
    effect(format!("{} {}", b.name(), c.name()));
}

//# shape ref and binding patterns
//# returns nothing
//# drive success => f(noisy("a"), (noisy("b"), noisy("c")), noisy("d"))
//# drive success => now(g(noisy("a"), (noisy("b"), noisy("c"))))
#[rag]
fn f(ref a: Noisy, ref whole @ (ref b, _): (Noisy, Noisy), ref mut d: Noisy) {
    let _held = noisy("held");
    d.0 = "renamed";
    effect(format!("{} {} {}", a.name(), b.name(), whole.1.name()));
}

#[rag]
async fn g(ref a: Noisy, ref whole @ (ref b, _): (Noisy, Noisy)) {
    let _held = noisy("held");
    pause().await;
    effect(format!("{} {} {}", a.name(), b.name(), whole.1.name()));
}

//# shape arguments moved out
//# args a: debug
//# drive success => f(noisy("a"), noisy("b"), noisy("c"))
//# drive success => now(g(noisy("a"), noisy("b"), noisy("c")))
#[rag]
fn f(a: Noisy, b: Noisy, c: Noisy) -> Noisy {
    let _held = noisy("held");
    drop(b);
    effect("between");
    let moved = a;
    effect(moved.name());
    c
}

#[rag]
async fn g(a: Noisy, b: Noisy, c: Noisy) -> Noisy {
    let _held = noisy("held");
    drop(b);
    pause().await;
    let moved = a;
    effect(moved.name());
    c
}

//# shape arguments moved out in part
//# args pair: debug
//# drive success => f((noisy("a"), noisy("b")), true)
//# drive success => f((noisy("a"), noisy("b")), false)
#[rag]
fn f(pair: (Noisy, Noisy), half: bool) -> u8 {
    let _held = noisy("held");
    if half {
        let (a, _) = pair;
        effect(a.name());
    } else {
        drop(pair.1);
    }
    effect("end");
    1
}

//# shape drop order on early return
//# args a: value
//# returns result
//# drive success => f(1, noisy("b"), noisy("c"))
//# drive error => f(0, noisy("b"), noisy("c"))
//# drive error => now(g(0, noisy("b"), noisy("c")))
#[rag]
fn f(a: u8, b: Noisy, _: Noisy) -> Result<Noisy, Failed> {
    let _held = noisy("held");
    if a == 0 {
        return Err(Failed(a));
    }
    effect("further");
    Ok(b)
}

#[rag]
async fn g(a: u8, b: Noisy, _: Noisy) -> Result<Noisy, Failed> {
    let _held = noisy("held");
    pause().await;
    if a == 0 {
        Err(Failed(a))?;
    }
    Ok(b)
}

//# shape temporaries of the tail
//# args a: value
//# drive success => f(1)
//# drive success => now(g(1))
#[rag]
fn f(a: u8) -> usize {
    let local = noisy("local");
    effect(local.name());
    noisy("temporary").name().len() + usize::from(a)
}

#[rag]
async fn g(a: u8) -> usize {
    let local = noisy("local");
    pause().await;
    effect(local.name());
    noisy("temporary").name().len() + usize::from(a)
}

//# shape temporaries of a match in the tail
//# args a: value
//# drive success => f(1)
//# drive success => now(g(1))
#[rag]
fn f(a: u8) -> u8 {
    let _local = noisy("local");
    match noisy("scrutinee").name().len() {
        0 => 0,
        _ => with_effect("arm", a),
    }
}

#[rag]
async fn g(a: u8) -> u8 {
    let _local = noisy("local");
    pause().await;
    if let Some(name) = Some(noisy("scrutinee").name()) { with_effect(name, a) } else { with_effect("else", 0) }
}

//# shape guards in the tail
//# args n: value
//# drive success => f(&std::sync::Mutex::new(vec![1]), 2)
//# drive success => now(g(&std::sync::Mutex::new(vec![1]), 2))
#[rag]
fn f(shared: &std::sync::Mutex<Vec<u8>>, n: usize) -> usize {
    shared.lock().unwrap().len() + n
}

#[rag]
async fn g(shared: &std::sync::Mutex<Vec<u8>>, n: usize) -> usize {
    pause().await;
    shared.lock().unwrap().len() + n
}

//# shape a local borrowed by the tail
//# edition 2024
//# args n: value
//# drive success => f(1)
#[rag]
fn f(n: u8) -> usize {
    let cell = std::cell::RefCell::new(vec![n]);
    cell.borrow().len()
}

//# shape the value outlives everything
//# args a: debug
//# drive success => { let kept = f(noisy("a"), noisy("b")); effect("returned"); kept }
//# drive success => { let kept = now(g(noisy("a"), noisy("b"))); effect("returned"); kept }
#[rag]
fn f(a: Noisy, b: Noisy) -> (Noisy, Noisy) {
    (b, a)
}

#[rag]
async fn g(a: Noisy, b: Noisy) -> (Noisy, Noisy) {
    pause().await;
    (b, a)
}

//# shape panic
//# args a: value
//# drive panic => f(0, noisy("b"))
//# drive panic => now(g(0, noisy("b")))
//# drive success => f(1, noisy("b"))
#[rag]
fn f(a: u8, b: Noisy) -> u8 {
    let _held = noisy("held");
    assert!(a != 0, "{a} is nothing, {}", b.name());
    a
}

#[rag]
async fn g(a: u8, b: Noisy) -> u8 {
    let _held = noisy("held");
    pause().await;
    assert!(a != 0, "{a} is nothing, {}", b.name());
    a
}

//# shape panic caught inside
//# args a: value
//# drive success => f(0)
#[rag]
fn f(a: u8) -> bool {
    std::panic::catch_unwind(|| {
        let _held = noisy("held");
        assert!(a != 0, "{a} is nothing");
    })
    .is_err()
}

//# shape panic of a callee
//# args a: value
//# drive panic panic => f(0)
#[rag]
fn f(a: u8) -> u8 {
    let _held = noisy("held");
    inner(a)
}

#[rag]
fn inner(a: u8) -> u8 {
    assert!(a != 0, "{a} is nothing");
    a
}

//# shape error of a caller
//# drive success error => f()
//# returns opaque
#[rag]
fn f() -> Result<u8, Failed> {
    Err(Failed(g()))
}

#[rag]
fn g() -> u8 {
    1
}

//# shape panic with another payload
//# args a: value
//# drive panic => std::panic::catch_unwind(|| f(7)).map_err(|panic| *panic.downcast::<u8>().unwrap_or_default())
#[rag]
fn f(a: u8) -> u8 {
    std::panic::panic_any(a)
}

//# shape panic in a drop at the end
//# args a: value
//# drive panic => f(1)
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        effect("bomb");
        panic!("a drop that fails");
    }
}

#[rag]
fn f(a: u8) -> u8 {
    let _bomb = Bomb;
    let _held = noisy("held");
    a
}

//# shape error of a callee is recorded once
//# args a: value
//# returns result
//# without err
//# drive error error => f(0)
//# drive success success => f(1)
#[rag]
fn f(a: u8) -> Result<u8, Failed> {
    let a = inner(a)?;
    Ok(a)
}

#[rag]
fn inner(a: u8) -> Result<u8, Failed> {
    a.checked_sub(1).ok_or(Failed(a))
}

//# shape cancelled between polls
//# args a: debug
//# drive cancelled => cancelled(f(noisy("a"), noisy("b")), 1)
//# drive cancelled => cancelled(f(noisy("a"), noisy("b")), 2)
//# drive success => now(f(noisy("a"), noisy("b")))
//# drive => drop(f(noisy("a"), noisy("b")))
#[rag]
async fn f(a: Noisy, _: Noisy) -> usize {
    let _one = noisy("one");
    pause().await;
    let two = noisy("two");
    pause().await;
    a.name().len() + two.name().len()
}

//# shape cancelled in a select
//# args a: value
//# drive cancelled => now(either(f(1), pause()))
#[rag]
async fn f(a: u8) -> u8 {
    let _held = noisy("held");
    loop {
        pause().await;
        effect(a);
    }
}

async fn either<A>(one: impl Future<Output = A>, other: Pause) -> Option<A> {
    let (mut one, mut other) = (Box::pin(one), Box::pin(other));
    std::future::poll_fn(move |context| {
        if let Poll::Ready(one) = one.as_mut().poll(context) {
            return Poll::Ready(Some(one));
        }
        other.as_mut().poll(context).map(|()| None)
    })
    .await
}

//# shape Send
//# args a: debug
//# drive success => now(sendable(f(vec![1], &mut 2)))
//# drive success => now(sendable(g(std::cell::Cell::new(1))))
#[rag]
async fn f(a: Vec<u8>, b: &mut u8) -> Vec<u8> {
    pause().await;
    *b += 1;
    a
}

#[rag]
async fn g(a: std::cell::Cell<u8>) -> u8 {
    pause().await;
    a.get()
}

//# shape Send, generic
//# args a: debug
//# drive success => now(h(vec![1]))
#[rag]
async fn f<T: Debug + Send>(a: T) -> T {
    pause().await;
    a
}

fn h<'a, T: Debug + Send + 'a>(a: T) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(f(a))
}

//# shape not Send
//# args a: debug
//# drive success => now(f(Rc::new(1)))
#[rag]
async fn f(a: Rc<u8>) -> u8 {
    let other = Rc::clone(&a);
    pause().await;
    *other + 1
}

//# shape a value that is not Send across no await
//# args a: value
//# drive success => now(sendable(f(1)))
#[rag]
async fn f(a: u8) -> u8 {
    let b = {
        let shared = Rc::new(a);
        *shared
    };
    pause().await;
    b
}

//# shape spawned futures are 'static
//# args a: debug
//# drive success => now(spawned(f(vec![1])))
#[rag]
async fn f(a: Vec<u8>) -> usize {
    pause().await;
    a.len()
}

fn spawned<F: Future + Send + 'static>(future: F) -> Pin<Box<dyn Future<Output = F::Output>>> {
    Box::pin(future)
}

//# shape async blocks and closures inside
//# args a: value
//# drive success => now(f(1))
//# drive error => now(g(0)).is_ok()
//# returns opaque
#[rag]
async fn f(a: u8) -> u8 {
    let held = noisy("held");
    let add = async move |b: u8| {
        pause().await;
        effect(held.name());
        a + b
    };
    let block = async { add(1).await + add(2).await };
    block.await
}

#[rag]
async fn g(a: u8) -> Result<u8, Failed> {
    let tried: Result<u8, Failed> = async { Ok(a.checked_sub(1).ok_or(Failed(a))?) }.await;
    tried
}

//# shape captured by a closure that lives on
//# args a: debug
//# returns opaque
//# drive success => { let closure = f(noisy("a"), noisy("b")); effect("returned"); closure() }
#[rag]
fn f(a: Noisy, b: Noisy) -> impl FnOnce() -> usize {
    effect(b.name());
    move || a.name().len()
}

//# shape poll counts and wakers
//# args a: value
//# drive success => now(f(3))
#[rag]
async fn f(a: u8) -> u8 {
    for _ in 0..a {
        pause().await;
    }
    std::future::poll_fn(|context| {
        effect(context.waker().will_wake(std::task::Waker::noop()));
        Poll::Ready(())
    })
    .await;
    a
}

//# shape large futures and values
//# args n: value
//# returns opaque
//# drive success => f(1)[1023]
//# drive success => now(g(1))[1023]
#[rag]
fn f(n: u8) -> [u8; 1024] {
    [n; 1024]
}

#[rag]
async fn g(n: u8) -> [u8; 1024] {
    let all = [n; 1024];
    pause().await;
    all
}

//# shape evaluation order of the body
//# args a: value
//# drive success => f(1, 2)
#[rag]
fn f(a: u8, b: u8) -> u8 {
    with_effect("left", a) + { let _held = noisy("held"); with_effect("right", b) } * with_effect("last", 2)
}

//# shape thread and scope inside
//# args list: debug
//# drive success => f(vec![1, 2])
#[rag]
fn f(mut list: Vec<u8>) -> usize {
    std::thread::scope(|scope| {
        scope.spawn(|| list.push(3));
    });
    list.len()
}
