// Functions that return futures and streams.

//# shape row impl Future
//# args n: value
//# returns value
//# drive success => now(f(1))
//# drive cancelled => cancelled(f(1), 1)
#[rag]
fn f(n: u8) -> impl Future<Output = u8> {
    async move {
        effect("body");
        pause().await;
        n
    }
}

//# shape impl Future that is never polled
//# without context, metrics, fields
//# drive => cancelled(f(1), 0)
#[rag]
fn f(n: u8) -> impl Future<Output = u8> {
    async move { n }
}

//# shape impl Future, with statements before it
//# args n: value
//# drive success => now(f(1))
#[rag]
fn f(n: u8) -> impl Future<Output = u8> + Send {
    effect("before");
    let held = noisy("held");
    async move {
        pause().await;
        effect(held.name());
        n
    }
}

//# shape impl Future of a Result
//# args n: value
//# returns result
//# drive success => now(sendable(f("text", 1)))
//# drive error => now(f("text", 0))
//# drive panic => now(f("text", 9))
#[rag]
fn f<'a>(text: &'a str, n: u8) -> impl Future<Output = Result<u8, Failed>> + Send + 'a {
    let length = text.len();
    async move {
        pause().await;
        effect(length);
        assert!(n != 9, "nine");
        n.checked_sub(1).ok_or(Failed(n))
    }
}

//# shape row Pin Box dyn Future
//# args n: value
//# drive success => now(sendable(f(1)))
//# drive cancelled => cancelled(f(1), 1)
#[rag]
fn f(n: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async move {
        pause().await;
        n
    })
}

//# shape row Box pin with statements before it
//# args n: value
//# drive success => now(sendable(f("text", 1)))
#[rag]
fn f<'a>(text: &'a str, n: u8) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    effect("before");
    let length = text.len();
    Box::pin(async move {
        pause().await;
        length + usize::from(n)
    })
}

//# shape row BoxFuture
//# args n: value
//# returns result
//# drive success => now(sendable(f(1)))
//# drive error => now(f(0))
#[rag]
fn f<'a>(n: u8) -> BoxFuture<'a, Result<u8, Failed>> {
    if n == 0 {
        return Box::pin(async move { Err(Failed(n)) });
    }
    boxed(async move { Ok(n) })
}

//# shape a method that returns a future of self
//# args n: value
//# drive success => now(sendable(Index(2).f(1)))
//# drive success => now(sendable(Index(2).g(1)))
struct Index(u8);

impl Index {
    #[rag]
    fn f(&self, n: u8) -> impl Future<Output = u8> + Send + '_ {
        async move { self.0 + n }
    }

    #[rag]
    fn g(&self, n: u8) -> Pin<Box<dyn Future<Output = u8> + Send + '_>> {
        Box::pin(async move { self.0 + n })
    }
}

//# shape a trait method that returns a future
//# args n: value
//# drive success => now(sendable(Index.f(1)))
trait Search {
    fn f(&self, n: u8) -> impl Future<Output = u8> + Send;
}

struct Index;

impl Search for Index {
    #[rag]
    #[allow(clippy::manual_async_fn)]
    fn f(&self, n: u8) -> impl Future<Output = u8> + Send {
        async move {
            pause().await;
            n
        }
    }
}

//# shape a future made by another function
//# args n: value
//# drive success => now(f(1))
#[rag]
fn f(n: u8) -> impl Future<Output = u8> {
    std::future::ready(n)
}

//# shape a named future
//# args n: value
//# without err, ret, ok, empty
//# drive success => now(f(1))
#[rag]
fn f(n: u8) -> std::future::Ready<u8> {
    std::future::ready(n)
}

//# shape drop order of a returned future
//# args a: debug
//# drive success => now(f(noisy("a"), noisy("b"), noisy("c")))
//# drive cancelled => cancelled(f(noisy("a"), noisy("b"), noisy("c")), 1)
#[rag]
fn f(a: Noisy, b: Noisy, _: Noisy) -> impl Future<Output = usize> {
    let _held = noisy("held");
    effect(b.name());
    async move {
        let _inside = noisy("inside");
        pause().await;
        a.name().len()
    }
}

//# shape async fn that returns a future
//# args n: value
//# returns opaque
//# drive success => now(async { f(1).await.await })
#[rag]
async fn f(n: u8) -> impl Future<Output = u8> {
    pause().await;
    async move { n }
}

//# shape impl Stream
//# args n: value
//# returns opaque
//# drive success => items(f(2))
//# drive cancelled => taken(f(2), 1)
#[rag]
fn f(n: u8) -> impl Stream<Item = u8> {
    effect("before");
    countdown(n)
}

//# shape Pin Box dyn Stream
//# args n: value
//# returns opaque
//# drive success => items(sendable(f(2)))
//# drive cancelled => taken(f(2), 1)
#[rag]
fn f(n: u8) -> Pin<Box<dyn Stream<Item = u8> + Send>> {
    Box::pin(countdown(n))
}

//# shape Result of impl Stream
//# args n: value
//# returns opaque
//# drive success => f(2).map(items)
//# drive cancelled => f(2).map(|stream| taken(stream, 1))
//# drive error => f(0).map(items)
#[rag]
fn f(n: u8) -> Result<impl Stream<Item = u8>, Failed> {
    if n == 0 {
        return Err(Failed(n));
    }
    Ok(countdown(n))
}

//# shape async fn of impl Stream
//# args n: value
//# returns opaque
//# drive success => items(now(f(2)))
//# drive cancelled => taken(now(f(2)), 1)
//# drive cancelled => cancelled(f(2), 1)
#[rag]
async fn f(n: u8) -> impl Stream<Item = u8> {
    pause().await;
    countdown(n)
}

//# shape async fn of Result of a boxed stream
//# args n: value
//# returns opaque
//# drive success => now(f(2)).map(items)
//# drive error => now(f(0)).map(items)
#[rag]
async fn f(n: u8) -> Result<Pin<Box<dyn Stream<Item = u8> + Send>>, Failed> {
    pause().await;
    if n == 0 {
        return Err(Failed(n));
    }
    Ok(Box::pin(countdown(n)))
}

//# shape async_stream
//# args n: value
//# returns opaque
//# prelude
//# drive success => items(f(2))
//# drive cancelled => taken(f(2), 1)
//# drive panic => items(f(9))
#[rag]
fn f(n: u8) -> impl Stream<Item = u8> {
    async_stream::stream! {
        let held = noisy("held");
        for item in 0..n {
            pause().await;
            yield item;
            assert!(n != 9, "{}", held.name());
        }
    }
}

//# shape a stream that borrows
//# args list: debug
//# returns opaque
//# prelude
//# drive success => items(f(&[1, 2]))
#[rag]
fn f<'a>(list: &'a [u8]) -> impl Stream<Item = &'a u8> + 'a {
    async_stream::stream! {
        for item in list {
            yield item;
        }
    }
}

//# shape a stream whose item is an error
//# args n: value
//# returns opaque
//# prelude
//# drive success => items(f(2))
//# drive error => items(f(0))
#[rag]
fn f(n: u8) -> impl Stream<Item = Result<u8, Failed>> {
    async_stream::try_stream! {
        if n == 0 {
            Err(Failed(n))?;
        }
        yield n;
    }
}

//# shape an empty stream
//# args n: value
//# returns opaque
//# drive success => items(f(0))
#[rag]
fn f(n: u8) -> impl Stream<Item = u8> {
    countdown(n)
}

//# shape a stream that is never polled
//# args n: value
//# returns opaque
//# drive cancelled => drop(f(2))
// The function has run, unlike that of a future, so the call is recorded.
#[rag]
fn f(n: u8) -> impl Stream<Item = u8> {
    countdown(n)
}
