// Methods, traits and whole blocks.

//# shape row method by reference
//# args n: value
//# drive success => Index::new().f(1)
//# drive success => now(Index::new().g(1))
struct Index {
    found: Vec<u8>,
    _held: Noisy,
}

impl Index {
    fn new() -> Self {
        Self { found: vec![1, 2], _held: noisy("index") }
    }

    #[rag]
    fn f(&self, n: usize) -> u8 {
        effect("body");
        self.found[n]
    }

    #[rag]
    async fn g(&self, n: usize) -> u8 {
        pause().await;
        self.found[n]
    }
}

//# shape row method by mutable reference
//# args n: value
//# drive success success => { let mut index = Index { found: vec![] }; index.f(1).f(2); index.found }
//# drive success => { let mut index = Index { found: vec![] }; now(index.g(1)).found.push(3); index.found }
struct Index {
    found: Vec<u8>,
}

impl Debug for Index {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.found)
    }
}

impl Index {
    #[rag]
    fn f(&mut self, n: u8) -> &mut Self {
        self.found.push(n);
        self
    }

    #[rag]
    async fn g(&mut self, n: u8) -> &mut Self {
        pause().await;
        self.found.push(n);
        self
    }
}

//# shape row method by value
//# args n: value
//# drive success => Index(noisy("index"), 1).f(2)
//# drive success => Index(noisy("index"), 1).g(2)
//# drive success => now(Index(noisy("index"), 1).h(2))
#[derive(Debug)]
struct Index(Noisy, u8);

impl Index {
    #[rag]
    fn f(mut self, n: u8) -> Self {
        self.1 += n;
        self
    }

    #[rag]
    fn g(self, n: u8) -> u8 {
        let _held = noisy("held");
        effect(self.0.name());
        self.1 + n
    }

    #[rag]
    async fn h(mut self, n: u8) -> u8 {
        let _held = noisy("held");
        self.1 += n;
        pause().await;
        self.1
    }
}

//# shape row self in a Box, an Rc, a Pin
//# args n: value
//# drive success => Box::new(Index(noisy("index"))).boxed(1)
//# drive success => Rc::new(Index(noisy("index"))).counted(1)
//# drive success => pin!(Index(noisy("index"))).pinned(1)
//# drive success => now(Box::new(Index(noisy("index"))).boxed_async(1))
//# drive success => now(pin!(Index(noisy("index"))).pinned_async(1))
struct Index(Noisy);

impl Index {
    #[rag]
    fn boxed(self: Box<Self>, n: u8) -> u8 {
        effect(self.0.name());
        n
    }

    #[rag]
    fn counted(self: Rc<Self>, n: u8) -> u8 {
        let _held = noisy("held");
        effect(self.0.name());
        n
    }

    #[rag]
    fn pinned(self: Pin<&mut Self>, n: u8) -> &'static str {
        effect(n);
        self.0.name()
    }

    #[rag]
    async fn boxed_async(self: Box<Self>, n: u8) -> u8 {
        pause().await;
        effect(self.0.name());
        n
    }

    #[rag]
    async fn pinned_async(self: Pin<&mut Self>, n: u8) -> &'static str {
        pause().await;
        effect(n);
        self.0.name()
    }
}

//# shape row associated function
//# args n: value
//# drive success => Index::<u8>::new(1)
//# drive success => now(Index::<u8>::open(1))
#[derive(Debug)]
struct Index<T>(T);

impl<T: From<u8> + Debug> Index<T> {
    #[rag]
    fn new(n: u8) -> Self {
        Self(T::from(n))
    }

    #[rag]
    async fn open(n: u8) -> Self {
        pause().await;
        Self::new_from(n)
    }

    fn new_from(n: u8) -> Self {
        Self(n.into())
    }
}

//# shape method of a generic type
//# args n: value
//# drive success => Index(&"a").f(1)
//# drive success => now(sendable(Index(&"a").g(1)))
struct Index<'a, T: ?Sized>(&'a T);

impl<'a, T: Debug + ?Sized + Sync> Index<'a, T> {
    #[rag]
    fn f(&self, n: u8) -> (&'a T, u8) {
        (self.0, n)
    }

    #[rag]
    async fn g(&self, n: u8) -> (&'a T, u8) {
        pause().await;
        (self.0, n)
    }
}

//# shape row trait method with a body
//# args n: value
//# drive success => Index.provided(1)
//# drive success => (&Index as &dyn Search).provided(1)
trait Search {
    #[rag]
    fn provided(&self, n: u8) -> u8 {
        effect("provided");
        self.required() + n
    }

    fn required(&self) -> u8;
}

struct Index;

impl Search for Index {
    fn required(&self) -> u8 {
        1
    }
}

//# shape row method in an impl of a trait
//# args n: value
//# drive success => Index.find(1)
//# drive error => Index.find(0)
//# returns result
trait Search {
    type Error;

    fn find(&self, n: u8) -> Result<u8, Self::Error>;
}

struct Index;

impl Search for Index {
    type Error = Failed;

    #[rag]
    fn find(&self, n: u8) -> Result<u8, Failed> {
        n.checked_sub(1).ok_or(Failed(n))
    }
}

//# shape Result of Self Error
//# args n: value
//# drive success => Index.find(1)
//# drive error => Index.find(0)
//# returns result
trait Search {
    type Error: Error;

    fn find(&self, n: u8) -> Result<u8, Self::Error>;
}

struct Index;

impl Search for Index {
    type Error = Failed;

    #[rag]
    fn find(&self, n: u8) -> Result<u8, Self::Error> {
        n.checked_sub(1).ok_or(Failed(n))
    }
}

//# shape trait method with a generic Result
//# args n: value
//# drive success => Index.find(1)
//# drive error => Index.find(0)
//# returns result
trait Search {
    type Error: Error;

    fn inner(&self, n: u8) -> Result<u8, Self::Error>;

    #[rag]
    fn find(&self, n: u8) -> Result<u8, Self::Error> {
        let found = self.inner(n)?;
        Ok(found + 1)
    }
}

struct Index;

impl Search for Index {
    type Error = Failed;

    fn inner(&self, n: u8) -> Result<u8, Failed> {
        n.checked_sub(1).ok_or(Failed(n))
    }
}

//# shape row where Self: Sized
//# args n: value
//# drive success => Index(noisy("index")).f(1)
trait Search {
    #[rag]
    fn f(self, n: u8) -> (Self, u8)
    where
        Self: Sized + Debug,
    {
        effect("body");
        (self, n)
    }
}

#[derive(Debug)]
struct Index(#[allow(dead_code)] Noisy);

impl Search for Index {}

//# shape row async fn in an impl of a trait
//# args n: value
//# drive success => now(Index.f(1))
//# drive cancelled => cancelled(Index.f(1), 1)
trait Search {
    fn f(&self, n: u8) -> impl Future<Output = u8>;
}

struct Index;

impl Search for Index {
    #[rag]
    async fn f(&self, n: u8) -> u8 {
        pause().await;
        n
    }
}

//# shape row async fn in a trait
//# args n: value
//# drive success => now(Index.f(1))
#[allow(async_fn_in_trait)]
trait Search {
    #[rag]
    async fn f(&self, n: u8) -> u8 {
        pause().await;
        n + self.g().await
    }

    async fn g(&self) -> u8;
}

struct Index;

impl Search for Index {
    async fn g(&self) -> u8 {
        1
    }
}

//# shape row async fn in a trait with a Send bound
//# args n: value
//# drive success => spawned(&Index)
trait Search: Sync {
    fn f(&self, n: u8) -> impl Future<Output = u8> + Send;
}

fn spawned(search: &impl Search) -> u8 {
    now(sendable(search.f(1)))
}

struct Index;

impl Search for Index {
    #[rag]
    async fn f(&self, n: u8) -> u8 {
        pause().await;
        n
    }
}

//# shape row async_trait, attribute on the method of an impl
//# args n: value
//# drive success => now(sendable(Index(noisy("index")).f(1)))
//# drive cancelled => cancelled(Index(noisy("index")).f(1), 1)
//# prelude
#[async_trait::async_trait]
trait Search {
    async fn f(&self, n: u8) -> u8;
}

struct Index(Noisy);

#[async_trait::async_trait]
impl Search for Index {
    #[rag]
    async fn f(&self, n: u8) -> u8 {
        effect("body");
        pause().await;
        effect(self.0.name());
        n
    }
}

//# shape row async_trait, default method
//# args n: value
//# drive success => now(sendable(Index.f(1)))
//# prelude
#[async_trait::async_trait]
trait Search: Sync {
    #[rag]
    async fn f(&self, n: u8) -> u8 {
        pause().await;
        n + self.g()
    }

    fn g(&self) -> u8;
}

struct Index;

impl Search for Index {
    fn g(&self) -> u8 {
        1
    }
}

//# shape async_trait, Result and borrowed arguments
//# args text: value
//# returns result
//# drive success => now(sendable(Index.f("a", &mut vec![1])))
//# drive error => now(sendable(Index.f("", &mut vec![1])))
//# prelude
#[async_trait::async_trait]
trait Search {
    async fn f<'a>(&self, text: &'a str, list: &mut Vec<u8>) -> Result<&'a str, Failed>;
}

struct Index;

#[async_trait::async_trait]
impl Search for Index {
    #[rag]
    async fn f<'a>(&self, text: &'a str, list: &mut Vec<u8>) -> Result<&'a str, Failed> {
        pause().await;
        list.push(2);
        if text.is_empty() {
            return Err(Failed(0));
        }
        Ok(text)
    }
}

//# shape async_trait that is not Send
//# args n: value
//# drive success => now(Index.f(1))
//# prelude
#[async_trait::async_trait(?Send)]
trait Search {
    async fn f(&self, n: u8) -> u8;
}

struct Index;

#[async_trait::async_trait(?Send)]
impl Search for Index {
    #[rag]
    async fn f(&self, n: u8) -> u8 {
        let shared = Rc::new(n);
        pause().await;
        *shared
    }
}

//# shape async_trait, attribute above it on the impl
//# drive success success => (now(sendable(Index.f(1))), now(Index.g()))
//# prelude
//# block
#[async_trait::async_trait]
trait Search {
    async fn f(&self, n: u8) -> u8;
    async fn g(&self);
}

struct Index;

#[rag]
#[async_trait::async_trait]
impl Search for Index {
    async fn f(&self, n: u8) -> u8 {
        effect("body");
        pause().await;
        n
    }

    async fn g(&self) {
        pause().await;
    }
}

//# shape async_trait, attribute below it on the impl
//# drive success success => (now(sendable(Index.f(1))), now(Index.g()))
//# prelude
//# block
#[async_trait::async_trait]
trait Search {
    async fn f(&self, n: u8) -> u8;
    async fn g(&self);
}

struct Index;

#[async_trait::async_trait]
#[rag]
impl Search for Index {
    async fn f(&self, n: u8) -> u8 {
        effect("body");
        pause().await;
        n
    }

    async fn g(&self) {
        pause().await;
    }
}

//# shape row whole impl
//# drive success => Index::new(1).1
//# drive success success => Index::new(1).f(2)
//# drive success success => now(Index::new(1).g(2))
//# drive success => Index::new(1).quiet()
//# drive success error => Index::new(1).h()
//# returns opaque
//# block
struct Index(Noisy, u8);

#[rag]
impl Index {
    const STEP: u8 = 1;

    pub fn new(n: u8) -> Self {
        Self(noisy("index"), n)
    }

    fn f(&self, n: u8) -> u8 {
        effect(self.0.name());
        self.1 + n + Self::STEP
    }

    async fn g(mut self, n: u8) -> u8 {
        self.1 += n;
        pause().await;
        self.1
    }

    #[rag(only skip)]
    const fn quiet(&self) -> u8 {
        self.1
    }

    fn h(&mut self) -> Result<u8, Failed> {
        Err(Failed(self.1))
    }
}

//# shape whole impl, with arguments of a method
//# block
//# returns opaque
//# drive success success => { let index = Index(vec![1]); (index.f(), index.g(2)) }
//# drive error => Index(vec![]).g(0)
struct Index(Vec<u8>);

#[rag]
impl Index {
    #[rag(only ok(|v| got = *v), context(length = self.0.len()))]
    fn f(&self) -> usize {
        self.0.len()
    }

    #[rag(only operation = "other", context(n), err(Debug))]
    fn g(&self, n: u8) -> Result<u8, Failed> {
        n.checked_sub(1).ok_or(Failed(n))
    }
}

//# shape whole generic impl
//# drive success => Index([1, 2]).first().copied()
//# drive success => now(sendable(Index([1, 2]).last()))
//# returns opaque
//# block
struct Index<T, const N: usize>([T; N]);

#[rag]
impl<T: Clone + Sync + Debug, const N: usize> Index<T, N> {
    fn first(&self) -> Option<&T> {
        self.0.first()
    }

    async fn last(&self) -> Option<T>
    where
        T: Send,
    {
        pause().await;
        self.0.last().cloned()
    }
}

//# shape whole impl of a trait
//# drive success success => Index.f(1) + Index::g()
//# returns opaque
//# block
trait Search {
    type Item;
    const STEP: u8;

    fn f(&self, n: Self::Item) -> Self::Item;
    fn g() -> u8;
}

struct Index;

#[rag]
impl Search for Index {
    type Item = u8;
    const STEP: u8 = 2;

    fn f(&self, n: u8) -> u8 {
        n + Self::STEP
    }

    fn g() -> u8 {
        effect("g");
        Self::STEP
    }
}

//# shape whole trait
//# drive success => Index.f(1)
//# drive => Index.quiet()
//# returns opaque
//# block
#[rag]
trait Search {
    fn required(&self) -> u8;

    fn f(&self, n: u8) -> u8 {
        self.required() + n
    }

    #[rag(only skip)]
    fn quiet(&self) -> u8 {
        2
    }
}

struct Index;

impl Search for Index {
    fn required(&self) -> u8 {
        1
    }
}

//# shape method with the attribute's arguments from self
//# drive success => (Index(1).f(), Index(1).twice())
//# without context
struct Index(u8);

impl Index {
    #[rag(context(n = self.0, twice = self.twice()))]
    fn f(&self) -> u8 {
        self.0
    }

    const fn twice(&self) -> u8 {
        self.0 * 2
    }
}

//# shape Drop and operators
//# returns nothing
//# drive success success success => { drop(Index(1)); Index(1) == Index(2) }
struct Index(u8);

impl Drop for Index {
    fn drop(&mut self) {
        inner(self.0);
    }
}

#[rag]
fn inner(n: u8) {
    effect(n);
}

impl PartialEq for Index {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

//# shape recursion of methods
//# args n: value
//# drive success success success => Index.even(2)
struct Index;

impl Index {
    #[rag]
    fn even(&self, n: u8) -> bool {
        n == 0 || self.odd(n - 1)
    }

    #[rag]
    fn odd(&self, n: u8) -> bool {
        n != 0 && self.even(n - 1)
    }
}
