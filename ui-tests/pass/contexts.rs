//! `#[derive(LogContext)]` accepts every kind of struct and enum, and every option on a field.
#![deny(warnings)]

use std::borrow::Cow;
use std::fmt::Display;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use ragspan::scope::ContextVisitor;
use ragspan::LogContext;

#[derive(LogContext)]
struct Unit;

#[derive(LogContext)]
struct Newtype(#[log(flatten)] Unit);

#[derive(LogContext)]
struct Tuple<'a, T>(
    #[log(rename = "user_id")] &'a str,
    #[log(flatten)] T,
    #[log(skip)] u8,
    #[log(redact, rename = "key")] NotAValue,
);

#[derive(Clone, Copy)]
struct NotAValue;

impl NotAValue {
    fn number(&self) -> u8 {
        7
    }

    fn parts(&self) -> (Unit, Unit) {
        (Unit, Unit)
    }
}

/// The derive adds only the bounds that the recorded fields need, and none on `S`, whose field is skipped.
#[derive(LogContext)]
struct Generic<'a, D, H, P: 'a, C, M, S, const N: usize>
where
    P: Clone,
{
    #[log(display)]
    displayed: Option<D>,
    #[log(hash, rename = "r#odd name")]
    hashed: H,
    #[log(debug)]
    printed: &'a [P],
    #[log(flatten)]
    context: Option<C>,
    #[log(metric)]
    number: Option<M>,
    #[log(metric, with = |array| array.len())]
    array: [u8; N],
    #[log(skip)]
    skipped: PhantomData<S>,
    r#type: Option<&'a str>,
    #[log(metric)]
    r#match: u64,
}

#[derive(LogContext)]
struct Held<'a> {
    #[log(flatten)]
    boxed: Box<dyn LogContext + Send + 'a>,
    #[log(flatten)]
    arc: Arc<dyn LogContext + 'a>,
    #[log(flatten)]
    rc: Rc<Newtype>,
    #[log(flatten)]
    cow: Cow<'a, Cloned>,
    #[log(flatten)]
    reference: &'a dyn LogContext,
    #[log(flatten, with = NotAValue::parts_first)]
    made: NotAValue,
}

impl NotAValue {
    fn parts_first(&self) -> Unit {
        self.parts().0
    }
}

#[derive(Clone, LogContext)]
struct Cloned {}

#[derive(LogContext)]
struct With<'a, T: Display> {
    #[log(with = NotAValue::number)]
    path: NotAValue,
    #[log(with = |value| value.number())]
    closure: NotAValue,
    #[log(with = |value: &NotAValue| -> u8 { value.number() + 1 }, rename = "block")]
    typed: NotAValue,
    #[log(hash, with = |text| text.get(..1))]
    borrowed: &'a str,
    #[log(display, with = |value| value.to_string())]
    shown: T,
    #[log(debug, with = std::convert::identity)]
    same: u8,
    #[log(metric, with = |value| if value.is_empty() { None } else { Some(0.5) })]
    option: String,
    #[log(with = |_| "constant")]
    ignored: u8,
    #[log(hash, with = |value| value)]
    reference: Option<u8>,
}

/// A recursive type, on which a bound would be cyclic.
#[derive(LogContext)]
struct Chain<T> {
    #[log(display)]
    value: T,
    #[log(flatten)]
    next: Option<Box<Chain<T>>>,
}

#[derive(LogContext)]
enum Caller<'a, T, const N: usize> {
    User {
        user_id: T,
        #[log(redact)]
        token: NotAValue,
        #[log(skip)]
        raw: [u8; N],
    },
    #[allow(dead_code)]
    Service(#[log(flatten)] Cloned),
    Job(#[log(rename = "job")] &'a str, #[log(metric, rename = "tries")] u8, #[log(skip)] NotAValue),
    Hidden(#[log(redact, rename = "who")] NotAValue),
    Empty {},
    None,
}

#[derive(LogContext)]
enum Single {
    Only { user_id: u8 },
}

#[derive(LogContext)]
enum Never {}

#[derive(LogContext)]
enum Silent {
    A,
    B(#[log(skip)] u8),
}

#[derive(LogContext)]
struct Configured {
    #[cfg(all())]
    user_id: u8,
    #[cfg(any())]
    user_id: NoSuchType,
    #[cfg_attr(all(), log(redact))]
    key: NotAValue,
}

#[derive(LogContext)]
enum ConfiguredToo {
    #[cfg(any())]
    Gone(NoSuchType),
    Present {
        #[cfg(any())]
        gone: NoSuchType,
        present: u8,
    },
}

/// A type from a macro fragment is in an invisible group.
macro_rules! request {
    ($name:ident, $field:ident, $held:ty, $other:ty, $with:expr) => {
        #[derive(LogContext)]
        struct $name<T> {
            #[log(hash)]
            generic: $other,
            #[log(display)]
            $field: $held,
            #[log(metric, with = $with)]
            number: $held,
        }
    };
}

request!(Made, user_id, Option<u8>, Option<T>, |number| *number);

mod elsewhere {
    pub mod telemetry {
        pub use ragspan as renamed;
    }
}

mod other {
    #[derive(ragspan::LogContext)]
    #[log(crate = crate::elsewhere::telemetry::renamed)]
    pub enum Context<T> {
        All {
            user_id: T,
            #[log(hash)]
            email: &'static str,
            #[log(metric)]
            turn: u8,
            #[log(flatten)]
            inner: Option<super::Cloned>,
        },
    }

    #[derive(ragspan::ErrorType)]
    #[error_type(crate = super::elsewhere::telemetry::renamed)]
    pub enum Failure<E> {
        #[error_type(level = "warning", action = "queued", fields(after))]
        Busy { after: u8 },
        #[error_type(transparent)]
        Inner(E),
    }

    #[derive(ragspan::ErrorType)]
    #[error_type("gone", crate = ::ragspan)]
    pub struct Gone;
}

struct Hand;

impl LogContext for Hand {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        out.metric("turn", &1_u8);
        out.nested(&Unit);
    }
}

fn seen(context: &impl LogContext, shown: &[&str]) {
    let ((), seen) = ragspan::testing::capture(|| context.in_scope(|| tracing::info!("event")));
    let text = seen.records()[0].to_string();
    for part in shown {
        assert!(text.contains(part), "{part} in {text}");
    }
}

fn main() {
    seen(&Newtype(Unit), &[]);
    seen(&Tuple("ada", Unit, 1, NotAValue), &["\"user_id\":\"ada\"", "\"key\":\"[redacted]\""]);
    let generic = Generic::<'_, _, _, _, _, _, NotAValue, 3> {
        displayed: Some(1.5),
        hashed: 'x',
        printed: [1, 2].as_slice(),
        context: Some(Hand),
        number: None::<u8>,
        array: [0; 3],
        skipped: PhantomData,
        r#type: Some("t"),
        r#match: 9,
    };
    seen(&generic, &["\"displayed\":\"1.5\"", "\"printed\":\"[1, 2]\"", "\"array\":3", "\"type\":\"t\"", "\"turn\":1", "\"match\":9"]);
    let held = Held {
        boxed: Box::new(Unit),
        arc: Arc::new(Cloned {}),
        rc: Rc::new(Newtype(Unit)),
        cow: Cow::Owned(Cloned {}),
        reference: &Single::Only { user_id: 4 },
        made: NotAValue,
    };
    seen(&held, &["\"user_id\":\"4\""]);
    let with = With {
        path: NotAValue,
        closure: NotAValue,
        typed: NotAValue,
        borrowed: "text",
        shown: 2,
        same: 3,
        option: "x".to_owned(),
        ignored: 4,
        reference: None,
    };
    seen(&with, &["\"path\":7", "\"closure\":7", "\"block\":8", "\"borrowed\":\"hash:", "\"shown\":\"2\"", "\"option\":0.5", "\"ignored\":\"constant\""]);
    let next = Some(Box::new(Chain { value: 2, next: None }));
    seen(&Chain { value: 1, next }, &["\"value\":\"2\""]);
    let user: Caller<'_, _, 2> = Caller::User { user_id: Some(1), token: NotAValue, raw: [0; 2] };
    seen(&user, &["\"user_id\":\"1\"", "\"token\":\"[redacted]\""]);
    for (caller, shown) in [
        (Caller::Job("nightly", 2, NotAValue), "\"job\":\"nightly\""),
        (Caller::Hidden(NotAValue), "\"who\":\"[redacted]\""),
        (Caller::Empty {}, "\"user_id\":null"),
        (Caller::None, "\"user_id\":null"),
    ] {
        let caller: Caller<'_, u8, 0> = caller;
        seen(&caller, &[shown]);
    }
    seen(&None::<Never>, &[]);
    seen(&Silent::A, &[]);
    seen(&Silent::B(1), &[]);
    seen(&Configured { user_id: 1, key: NotAValue }, &["\"user_id\":\"1\"", "[redacted]"]);
    seen(&ConfiguredToo::Present { present: 1 }, &["\"present\":1"]);
    seen(&Made { generic: Some('x'), user_id: Some(1), number: Some(5) }, &["\"user_id\":\"1\"", "\"number\":5", "\"generic\":\"hash:"]);
    let all = other::Context::All { user_id: "ada", email: "x", turn: 1, inner: None };
    seen(&all, &["\"user_id\":\"ada\"", "\"email\":\"hash:", "\"turn\":1"]);
    for (failure, label) in [
        (other::Failure::Busy { after: 1 }, "busy"),
        (other::Failure::Inner(other::Gone), "gone"),
    ] {
        assert_eq!(ragspan::ErrorType::error_type(&failure), label);
    }
}
