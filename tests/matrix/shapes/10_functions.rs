// Functions and their signatures. `tests/src/matrix/shape.rs` describes the format of this file.

//# shape row fn
//# args a: value
//# drive success => f(1)
#[rag]
fn f(a: u8) -> u8 {
    effect("body");
    a + 1
}

//# shape row async fn
//# args a: value
//# drive success => now(f(1))
//# drive cancelled => cancelled(f(1), 1)
//# drive => cancelled(f(1), 0)
#[rag]
async fn f(a: u8) -> u8 {
    effect("body");
    pause().await;
    a + 1
}

//# shape fn without a value
//# returns nothing
//# drive success => f()
#[rag]
fn f() {
    effect("body");
}

//# shape one line
//# args a: value
//# drive success => f(1)
//# drive success => now(g(1))
#[rag]
fn f(a: u8) -> u8 { a + 1 }

#[rag]
async fn g(a: u8) -> u8 { a + 1 }

//# shape row Result, sync
//# args a: value
//# returns result
//# drive success => f(1)
//# drive error => f(0)
//# drive error => f(2)
#[rag]
fn f(a: u8) -> Result<u8, Failed> {
    let _held = noisy("held");
    if a == 0 {
        return Err(Failed(a));
    }
    effect("further");
    let a = checked(a)?;
    Ok(a + 1)
}

fn checked(a: u8) -> Result<u8, Failed> {
    if a == 2 { Err(Failed(2)) } else { Ok(a) }
}

//# shape row Result, async
//# args a: value
//# returns result
//# drive success => now(f(1))
//# drive error => now(f(0))
//# drive error => now(f(2))
//# drive cancelled => cancelled(f(1), 1)
#[rag]
async fn f(a: u8) -> Result<u8, Failed> {
    let _held = noisy("held");
    if a == 0 {
        return Err(Failed(a));
    }
    pause().await;
    let a = checked(a).await?;
    Ok(a + 1)
}

async fn checked(a: u8) -> Result<u8, Failed> {
    if a == 2 { Err(Failed(2)) } else { Ok(a) }
}

//# shape Option
//# args a: value
//# returns option
//# drive success => f(1)
//# drive none/empty => f(0)
#[rag]
fn f(a: u8) -> Option<u8> {
    let left = a.checked_sub(1)?;
    effect("some");
    Some(left)
}

//# shape Option, async
//# args a: value
//# returns option
//# drive success => now(f(1))
//# drive none/empty => now(f(0))
#[rag]
async fn f(a: u8) -> Option<u8> {
    pause().await;
    let left = a.checked_sub(1)?;
    Some(left)
}

//# shape row generic
//# args a: debug
//# drive success => f::<u8, 2>(1)
//# drive success => f::<_, 1>("text")
#[rag]
fn f<T, const N: usize>(a: T) -> [T; N]
where
    T: Clone + std::fmt::Debug,
{
    [(); N].map(|()| a.clone())
}

//# shape generic, async
//# args a: debug
//# drive success => now(f(1, "b"))
#[rag]
async fn f<A: std::fmt::Debug, B: Clone + Debug>(a: A, b: B) -> (A, B) {
    pause().await;
    (a, b.clone())
}

//# shape row const generics
//# args all: debug
//# drive success => f([1, 2, 3])
#[rag]
fn f<const N: usize>(all: [u8; N]) -> usize {
    all.iter().map(|one| usize::from(*one)).sum::<usize>() + N
}

//# shape row lifetimes
//# args a: value, b: value
//# drive success => f("a", "bb")
#[rag]
fn f<'a, 'b: 'a>(a: &'a str, b: &'b str) -> &'a str {
    if a.len() > b.len() { a } else { b }
}

//# shape lifetimes, async
//# args a: value, b: value
//# drive success => now(f("a", "bb"))
#[rag]
async fn f<'a>(a: &'a str, b: &str) -> &'a str {
    pause().await;
    effect(b);
    a
}

//# shape row borrowed mutably and returned
//# args n: value
//# drive success => { let mut list = vec![1, 2]; *f(&mut list, 0) += 5; list }
#[rag]
fn f<'a>(list: &'a mut Vec<u8>, n: usize) -> &'a mut u8 {
    effect("body");
    &mut list[n]
}

//# shape row borrowed mutably and returned in a Result
//# args n: value
//# returns result
//# drive success => { let mut list = vec![1, 2]; *f(&mut list, 0).unwrap() += 5; list }
//# drive error => f(&mut vec![], 0).map(|one| *one)
#[rag]
fn f<'a>(list: &'a mut Vec<u8>, n: usize) -> Result<&'a mut u8, Failed> {
    let held = noisy("held");
    effect(held.name());
    list.get_mut(n).ok_or(Failed(0))
}

//# shape borrowed mutably and returned by ?
//# args n: value
//# returns result
//# drive success => { let mut list = vec![1, 2]; *f(&mut list, 0).unwrap() += 5; list }
//# drive error => f(&mut vec![], 0).map(|one| *one)
#[rag]
fn f(list: &mut Vec<u8>, n: usize) -> Result<&mut u8, Failed> {
    let first = list.get_mut(n).ok_or(Failed(1))?;
    if *first == 0 {
        return Err(Failed(2));
    }
    Ok(first)
}

//# shape borrowed mutably and returned, async
//# args n: value
//# returns result
//# drive success => { let mut list = vec![1, 2]; *now(f(&mut list, 0)).unwrap() += 5; list }
//# drive error => now(f(&mut vec![], 0)).map(|one| *one)
#[rag]
async fn f<'a>(list: &'a mut Vec<u8>, n: usize) -> Result<&'a mut u8, Failed> {
    pause().await;
    list.get_mut(n).ok_or(Failed(0))
}

//# shape row impl Trait argument
//# args shown: value
//# drive success => f("a", [1, 2].iter().copied())
#[rag]
fn f(shown: impl ::tracing::Value + Display + Debug, all: impl Iterator<Item = u8>) -> String {
    format!("{shown}{}", all.sum::<u8>())
}

//# shape row impl Trait returned
//# args n: value
//# returns opaque
//# drive success => f(3).collect::<Vec<_>>()
#[rag]
fn f(n: u8) -> impl Iterator<Item = u8> + Clone {
    (0..n).map(|n| n * 2)
}

//# shape impl Trait in a Result
//# args n: value
//# returns opaque
//# drive success => f(3).map(|all| all.collect::<Vec<_>>())
//# drive error => f(0).map(|all| all.collect::<Vec<_>>())
#[rag]
fn f(n: u8) -> Result<impl Iterator<Item = u8>, Failed> {
    if n == 0 {
        return Err(Failed(n));
    }
    Ok(0..n)
}

//# shape impl Trait that borrows
//# args n: value
//# returns opaque
//# drive success => f(&[1, 2, 3], 1).collect::<Vec<_>>()
#[rag]
fn f<'a>(list: &'a [u8], n: usize) -> impl Iterator<Item = &'a u8> + 'a {
    effect("body");
    list.iter().skip(n)
}

//# shape use<..> captures
//# args n: value
//# returns opaque
//# edition 2024
//# drive success => { let all = { let local = vec![1, 2]; f(&local, 3) }; all.collect::<Vec<_>>() }
#[rag]
fn f(list: &[u8], n: usize) -> impl Iterator<Item = usize> + use<> {
    let count = list.len() + n;
    0..count
}

//# shape use<'a, T> captures
//# args n: value
//# returns opaque
//# edition 2024
//# drive success => f(&[1, 2], "a", 3).count()
#[rag]
fn f<'a, T: Clone>(list: &'a [T], other: &str, n: usize) -> impl Iterator<Item = T> + use<'a, T> {
    effect(other);
    list.iter().cloned().cycle().take(n)
}

//# shape row unsafe fn
//# args n: value
//# drive success => unsafe { f(&7, 1) }
#[rag]
unsafe fn f(p: *const u8, n: u8) -> u8 {
    effect("body");
    unsafe { *p + n }
}

//# shape row async unsafe fn
//# args n: value
//# drive success => now(unsafe { f(1) })
#[rag]
async unsafe fn f(n: u8) -> u8 {
    pause().await;
    n
}

//# shape row extern "C" fn
//# args n: value
//# drive success => { let p: extern "C" fn(u8) -> u8 = f; p(1) }
#[rag]
extern "C" fn f(n: u8) -> u8 {
    effect("body");
    n
}

//# shape unsafe extern "C" fn
//# args n: value
//# drive success => { let p: unsafe extern "C" fn(u8) -> u8 = f; unsafe { p(1) } }
#[rag]
unsafe extern "C" fn f(n: u8) -> u8 {
    n
}

//# shape row diverges
//# args n: value
//# returns opaque
//# drive panic => g(1)
#[rag]
fn f(n: u8) -> ! {
    let _held = noisy("held");
    panic!("{n} is out of order")
}

fn g(n: u8) -> u8 {
    f(n)
}

//# shape diverges, async
//# args n: value
//# returns opaque
//# drive panic => g(1)
//# drive cancelled => cancelled(f(0), 2)
#[rag]
async fn f(n: u8) -> ! {
    let _held = noisy("held");
    loop {
        pause().await;
        if n == 1 {
            panic!("{n} is out of order");
        }
    }
}

fn g(n: u8) -> u8 {
    now(f(n))
}

//# shape row inner attributes
//# args a: value
//# drive success => f(1)
#[rag]
fn f(a: u8) -> u8 {
    #![allow(unused_variables)]
    let unused = 1;
    a
}

//# shape inner attributes, async
//# args a: value
//# drive success => now(f(1))
#[rag]
async fn f(a: u8) -> u8 {
    #![allow(unused_variables, unreachable_code)]
    let unused = 1;
    pause().await;
    return a;
    effect("never");
}

//# shape row documented and lint attributes
//# args a: value
//# drive success => f(1, 2)
/// Documented,
///
/// # Panics
///
/// and must be used.
#[rag]
#[must_use]
#[inline]
#[allow(clippy::missing_const_for_fn, unused_variables)]
pub fn f(a: u8, b: u8) -> u8 {
    //! Inside too.
    a
}

//# shape attributes of arguments
//# args a: value
//# drive success => f(1, 2)
#[rag]
fn f(#[cfg(all())] a: u8, #[cfg(any())] a: Missing, #[allow(unused_variables)] b: u8) -> u8 {
    #[cfg(any())]
    compile_error!("not here");
    a
}

//# shape attributes of arguments, async
//# args a: value
//# drive success => now(f(1, 2))
#[rag]
async fn f(#[cfg(all())] a: u8, #[cfg(any())] a: Missing, #[allow(unused_variables)] b: u8) -> u8 {
    pause().await;
    a
}

//# shape cfg on the function
//# args a: value
//# drive success => f(1)
#[cfg(all())]
#[rag]
fn f(a: u8) -> u8 {
    a
}

#[cfg(any())]
#[rag]
fn f(a: Missing) {}

//# shape row local item named Ok
//# args a: value
//# returns result
//# prelude
//# drive success => f(1)
//# drive error => now(g(0))
#[rag]
fn f(a: u8) -> Result<u8, Failed> {
    #[allow(non_snake_case)]
    fn Ok(a: u8) -> Result<u8, Failed> {
        effect("own Ok");
        Result::Ok(a)
    }
    Ok(a)
}

#[rag]
async fn g(a: u8) -> Result<u8, Failed> {
    struct Err;
    let _ = Err;
    enum Option {
        Some,
    }
    use Option::Some;
    let _ = Some;
    Result::Err(Failed(a))
}

//# shape row Result of Box dyn Error
//# args a: value
//# returns result
//# drive success => f(1)
//# drive error => f(0).map_err(|error| error.to_string())
//# drive error => f(2).map_err(|error| error.to_string())
#[rag]
fn f(a: u8) -> Result<u8, Box<dyn Error>> {
    match a {
        0 => Err(From::from("zero")),
        2 => Err(Box::new(Failed(2))),
        _ => Ok("1".parse::<u8>()? + a),
    }
}

//# shape Result of Box dyn Error, async
//# args a: value
//# returns result
//# drive success => now(sendable(f(1)))
//# drive error => now(f(0)).map_err(|error| error.to_string())
#[rag]
async fn f(a: u8) -> Result<u8, Box<dyn Error + Send + Sync>> {
    pause().await;
    if a == 0 {
        Err("zero")?;
    }
    Ok("1".parse::<u8>()? + a)
}

//# shape row recursion
//# args n: value
//# drive success success success => f(2)
#[rag]
fn f(n: u8) -> u8 {
    if n == 0 { 0 } else { 1 + f(n - 1) }
}

//# shape row recursion, async
//# args n: value
//# drive success success success => now(f(2))
//# drive cancelled cancelled cancelled => cancelled(f(2), 1)
#[rag]
async fn f(n: u8) -> u8 {
    if n == 0 {
        pause().await;
        0
    } else {
        1 + Box::pin(f(n - 1)).await
    }
}

//# shape recursion, async and Send
//# args n: value
//# drive success success success => now(sendable(f(2)))
#[rag]
fn f(n: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async move { if n == 0 { 0 } else { 1 + f(n - 1).await } })
}

//# shape row patterns in arguments
//# args x: value
//# drive success => f((1, noisy("b")), (noisy("c"), "d"), [4, 5], Noisy("e"))
#[rag]
fn f((x, _): (u8, Noisy), (_, name): (Noisy, &str), [mut first, ..]: [u8; 2], _: Noisy) -> u8 {
    effect(name);
    first += x;
    first
}

//# shape mut arguments
//# args a: value
//# drive success => f(1, vec![2])
//# drive success => now(g(1, vec![2]))
#[rag]
fn f(mut a: u8, mut list: Vec<u8>) -> Vec<u8> {
    a += 1;
    list.push(a);
    list
}

#[rag]
async fn g(mut a: u8, mut list: Vec<u8>) -> Vec<u8> {
    a += 1;
    pause().await;
    list.push(a);
    list
}

//# shape mut argument that is shortened
//# args text: value
//# drive success => now(f(""))
#[rag]
async fn f(mut text: &str) -> usize {
    let local = String::from("local");
    if text.is_empty() {
        text = &local;
    }
    pause().await;
    text.len()
}

//# shape raw identifiers
//# args r#type: value
//# drive success => r#match("abc", 1)
//# drive success => now(r#loop("abc"))
#[rag]
fn r#match(r#type: &str, r#fn: usize) -> usize {
    r#type.len() + r#fn
}

#[rag]
async fn r#loop(r#type: &str) -> usize {
    pause().await;
    r#type.len()
}

//# shape arguments that are not used
//# returns nothing
//# drive success => f(1, noisy("b"), noisy("c"))
//# drive success => now(g(1, noisy("b"), noisy("c")))
#[rag]
fn f(_a: u8, _b: Noisy, _: Noisy) {
    effect("body");
}

#[rag]
async fn g(_a: u8, _b: Noisy, _: Noisy) {
    pause().await;
}

//# shape arguments named like the expansion's
//# args call: value, ret: value, __call: value, __ret: value
//# prelude
//# drive success => f(1, 2, 3, 4, 5, 6, 7)
//# drive success => now(g(1, 2, 3, 4, 5, 6, 7))
#[rag]
#[allow(non_snake_case, clippy::many_single_char_names)]
fn f(call: u8, ret: u8, __call: u8, __ret: u8, CALLSITE: u8, value: u8, __value: u8) -> u8 {
    let callsite = call + ret;
    let (span, fields, probe, this) = (__call, __ret, CALLSITE, value);
    callsite + span + fields + probe + this + __value
}

#[rag]
#[allow(non_snake_case)]
async fn g(call: u8, ret: u8, __call: u8, __ret: u8, CALLSITE: u8, value: u8, __value: u8) -> u8 {
    pause().await;
    call + ret + __call + __ret + CALLSITE + value + __value
}

//# shape more names like the expansion's
//# args callsite: value, span: value, this: value, args: value
//# prelude
//# drive success => f(1, 2, 3, 4, 5)
#[rag]
#[allow(non_snake_case, clippy::similar_names)]
fn f(callsite: u8, span: u8, this: u8, args: u8, __callsite: u8) -> u8 {
    struct SpanCallsite;
    struct Call;
    struct Probe;
    mod private {}
    mod __private {}
    let _ = (SpanCallsite, Call, Probe);
    callsite + span + this + args + __callsite
}

//# shape made by macro_rules
//# args n: value
//# drive success => doubled(2)
macro_rules! made {
    ($name:ident, $by:expr, $type:ty) => {
        #[rag]
        fn $name(n: $type) -> $type {
            n * $by
        }
    };
}

made!(doubled, 1 + 1, u8);

//# shape made by macro_rules, with an expression of the caller
//# drive success => f(2)
macro_rules! made {
    ($name:ident, |$n:ident: $type:ty| $body:expr) => {
        #[rag]
        fn $name($n: $type) -> $type {
            let n = 7;
            effect(n);
            $body
        }
    };
}

made!(f, |n: u8| n + 1);

//# shape made by macro_rules, with a block of the caller
//# drive success => f(2)
//# drive success => now(tripled(2))
macro_rules! made {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($n:ident: $type:ty),*) -> $ret:ty $body:block) => {
        $(#[$meta])*
        #[rag]
        $vis fn $name($($n: $type),*) -> $ret $body
    };
}

made! {
    fn f(n: u8) -> u8 {
        n + 1
    }
}

macro_rules! made_async {
    ($(#[$meta:meta])* $vis:vis async fn $name:ident($($n:ident: $type:ty),*) -> $ret:ty $body:block) => {
        $(#[$meta])*
        #[rag]
        $vis async fn $name($($n: $type),*) -> $ret $body
    };
}

made_async! {
    /// Documented.
    pub async fn tripled(n: u8) -> u8 {
        pause().await;
        n * 3
    }
}

//# shape function in a function
//# args a: value
//# drive success success => f(1)
#[rag]
fn f(a: u8) -> u8 {
    #[rag]
    fn inner(a: u8) -> u8 {
        effect("inner");
        a + 1
    }
    inner(a) + 1
}

//# shape alias of Result
//# args a: value
//# returns result
//# drive success => f(1)
//# drive error => now(g(0))
type Outcome<T> = Result<T, Failed>;

#[rag]
fn f(a: u8) -> Outcome<u8> {
    a.checked_sub(1).ok_or(Failed(a))
}

#[rag]
async fn g(a: u8) -> Outcome<u8> {
    pause().await;
    a.checked_sub(1).ok_or(Failed(a))
}

//# shape generic Into Result
//# args a: value
//# returns result
//# drive success => f(1, Ok(2))
//# drive error => f(0, Err(Failed(7)))
#[rag]
fn f<T: Into<Result<u8, Failed>>>(a: u8, from: T) -> Result<u8, Failed> {
    from.into().map(|b| a + b)
}

//# shape a type parameter returned
//# args a: debug
//# returns opaque
//# drive success => f(Ok::<u8, Failed>(1))
//# drive success => f(2)
#[rag]
fn f<T: Debug>(a: T) -> T {
    a
}

//# shape Result of an error without Debug and Display
//# args a: value
//# returns opaque
//# drive success => f(1).is_ok()
//# drive error => f(0).is_ok()
struct Silent;

#[rag]
fn f(a: u8) -> Result<u8, Silent> {
    if a == 0 { Err(Silent) } else { Ok(a) }
}

//# shape Result of Option
//# args a: value
//# returns option
//# drive success => f(2)
//# drive success/empty => f(1)
//# drive error => f(0)
#[rag]
fn f(a: u8) -> Result<Option<u8>, Failed> {
    match a {
        0 => Err(Failed(a)),
        1 => Ok(None),
        _ => Ok(Some(a)),
    }
}

//# shape lists
//# args n: value
//# returns list
//# ok v.len()
//# drive success => f(2)
//# drive success/empty => f(0)
//# drive success/empty => now(g(0))
#[rag]
fn f(n: u8) -> Vec<u8> {
    (0..n).collect()
}

#[rag]
async fn g(n: u8) -> Vec<u8> {
    pause().await;
    (0..n).collect()
}

//# shape slices, arrays and tuples
//# args a: debug
//# drive success => f([1, 2], (3, "four"), &[5, 6])
#[rag]
fn f(a: [u8; 2], (b, text): (u8, &'static str), c: &[u8]) -> ([u8; 2], &'static str, u8) {
    let [first, second] = a;
    ([second, first], text, b + c.iter().sum::<u8>())
}

//# shape closure returned
//# args n: value
//# returns opaque
//# drive success => f(1)(2)
//# drive success => g(1)(2)
#[rag]
fn f(n: u8) -> impl Fn(u8) -> u8 {
    let held = noisy("captured");
    move |m| {
        effect(held.name());
        n + m
    }
}

#[rag]
fn g(n: u8) -> Box<dyn Fn(u8) -> u8> {
    Box::new(move |m| n * m)
}

//# shape function pointers and closures taken
//# args n: value
//# drive success => f(1, |n| n + 1, tick)
#[rag]
fn f(n: u8, one: impl FnOnce(u8) -> u8, other: fn() -> u8) -> u8 {
    let ticked = other() > 0;
    one(n) + u8::from(ticked)
}

fn tick() -> u8 {
    1
}

//# shape unsized and dyn values
//# args wide: value
//# drive success => f(true)
//# drive success => f(false)
#[rag]
fn f(wide: bool) -> Box<dyn Debug> {
    if wide { Box::new(1_u64) } else { Box::new("narrow") }
}

//# shape coercions to the declared type
//# args a: value
//# drive success => f(1).len()
//# drive success => now(g(1)).len()
#[rag]
fn f(a: u8) -> &'static [u8] {
    if a == 0 {
        return &[];
    }
    &[1, 2]
}

#[rag]
async fn g(a: u8) -> Box<[u8]> {
    if a == 0 {
        return Box::new([]);
    }
    Box::new([1, 2])
}

//# shape inference from the declared type
//# args a: value
//# returns list
//# ok v.len()
//# drive success => f("1 2")
//# drive success => now(g("1 2"))
#[rag]
fn f(a: &str) -> Vec<u64> {
    let mut all = Default::default();
    if a.is_empty() {
        return all;
    }
    all = a.split(' ').map(|word| word.parse().unwrap_or_default()).collect();
    all
}

#[rag]
async fn g(a: &str) -> Vec<u64> {
    pause().await;
    a.split(' ').filter_map(|word| word.parse().ok()).collect()
}

//# shape never in branches
//# args a: value
//# drive success => f(1)
//# drive panic => f(0)
#[rag]
fn f(a: u8) -> u8 {
    let a: u8 = match a {
        0 => panic!("nothing left"),
        1 => return with_effect("early", 9),
        a => a,
    };
    a
}

//# shape body of a return alone
//# args a: value
//# drive success => f(1)
#[rag]
#[allow(clippy::needless_return)]
fn f(a: u8) -> u8 {
    return a;
}

//# shape labels and loops
//# args a: value
//# drive success => f(3)
//# drive success => now(g(3))
#[rag]
fn f(a: u8) -> u8 {
    let found = 'outer: loop {
        for n in 0..a {
            if n == 2 {
                break 'outer n;
            }
        }
        return 0;
    };
    found + 1
}

#[rag]
async fn g(a: u8) -> u8 {
    let mut n = 0;
    'outer: while n < a {
        n += 1;
        loop {
            pause().await;
            if n == 2 {
                break 'outer;
            }
            continue 'outer;
        }
    }
    n
}

//# shape let else and if let
//# args a: debug
//# returns result
//# drive success => f(Some(1))
//# drive error => f(None)
#[rag]
fn f(a: Option<u8>) -> Result<u8, Failed> {
    let Some(a) = a else {
        return Err(Failed(0));
    };
    if let 1 = a {
        return Ok(with_effect("one", a));
    }
    Ok(a)
}

//# shape ? in every position
//# args a: value
//# returns result
//# drive success => f(1)
//# drive error => f(2)
//# drive error => f(3)
//# drive error => f(4)
#[rag]
fn f(a: u8) -> Result<(u8, u8), Failed> {
    let held = noisy("held");
    let pair = (unless(a, 2)?, { unless(a, 3)? });
    let closure = || -> Result<u8, Failed> { Ok(unless(a, 9)? + 1) };
    effect(held.name());
    match unless(a, 4)? {
        0 => Ok(pair),
        n => Ok((n, closure()?)),
    }
}

fn unless(a: u8, bad: u8) -> Result<u8, Failed> {
    if a == bad { Err(Failed(bad)) } else { Ok(a) }
}

//# shape track_caller
//# drive success => { let line = line!(); let (at, same) = f(file!()); (at - line, same) }
#[rag]
#[track_caller]
fn f(file: &str) -> (u32, bool) {
    let caller = std::panic::Location::caller();
    (caller.line(), caller.file() == file)
}

//# shape track_caller, attribute below
//# drive success => { let line = line!(); let (at, same) = f(file!()); (at - line, same) }
#[track_caller]
#[rag]
fn f(file: &str) -> (u32, bool) {
    let caller = std::panic::Location::caller();
    (caller.line(), caller.file() == file)
}

//# shape deprecated, cold, no_mangle
//# args a: value
//# drive success => f(1)
#[rag]
#[cold]
#[inline(never)]
#[doc(hidden)]
fn f(a: u8) -> u8 {
    a
}

//# shape visibility in a module
//# args a: value
//# drive success => inside::f(1)
mod inside {
    #[rag]
    pub(super) fn f(a: u8) -> u8 {
        self::deeper::g(a) + 1
    }

    mod deeper {
        pub(in super::super) fn g(a: u8) -> u8 {
            a
        }
    }
}

//# shape higher ranked and dyn arguments
//# args n: value
//# drive success => f(&|text| text.len(), 1, &"shown")
#[rag]
fn f(count: &dyn for<'a> Fn(&'a str) -> usize, n: usize, shown: &dyn Display) -> usize {
    count("four") + n + shown.to_string().len()
}

//# shape macros in the body
//# args a: value
//# drive success => f(1)
#[rag]
fn f(a: u8) -> String {
    macro_rules! early {
        ($e:expr) => {
            if $e > 10 {
                return String::new();
            }
        };
    }
    early!(a);
    assert!(matches!(a, 0..=10));
    format!("{a:?} {:>3}", vec![a].len())
}

//# shape const block and static in the body
//# args a: value
//# drive success => f(1)
#[rag]
fn f(a: u8) -> u8 {
    static CALLSITE: u8 = 3;
    const CALL: u8 = 4;
    a + CALLSITE + CALL + const { 1 + 1 }
}
