//! Records show a field as the attributes of `#[derive(LogContext)]` define it.
#![deny(clippy::pedantic)]

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::net::Ipv4Addr;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;

use ragspan::scope::ContextVisitor;
use ragspan::testing::{Captured, capture};
use ragspan::{LogContext, rag_span};
use serde_json::{Value, json};

use crate::programs::CONFIGURED;

#[rag_span(layer = "api")]
fn answer() {
    tracing::info!("asked");
    ragspan::rag::token_budget(4, 1, 1, 2);
}

/// Returns the records of a call and an event in a scope.
fn inside(context: &impl LogContext) -> Captured {
    capture(|| context.in_scope(answer)).1
}

/// Returns the context and the metrics of an event, which come from the scope only.
fn shown(context: &impl LogContext) -> (Value, Value) {
    let seen = inside(context);
    let event = seen.record("asked");
    (event["context"].clone(), event["metrics"].clone())
}

/// A secret value, which is identified by its number.
#[derive(Clone)]
struct Secret(u8);

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "canary-{}", self.0)
    }
}

#[derive(LogContext)]
struct Hidden {
    #[log(hash)]
    email: &'static str,
    #[log(hash)]
    user_id: Secret,
    #[log(hash)]
    phone: Option<Secret>,
    #[log(hash, with = |secret| Some(secret.clone()), rename = "made")]
    other: Secret,
    #[log(redact)]
    key: Secret,
    #[log(skip)]
    #[expect(dead_code, reason = "to be left out")]
    password: Secret,
}

fn hidden(phone: Option<u8>) -> Hidden {
    Hidden {
        email: "canary@example.com",
        user_id: Secret(1),
        phone: phone.map(Secret),
        other: Secret(1),
        key: Secret(2),
        password: Secret(3),
    }
}

#[test]
fn a_hashed_or_redacted_value_is_in_no_record() {
    let seen = inside(&hidden(Some(4)));
    assert!(seen.records().len() > 3, "{:?}", seen.messages());
    for record in seen.records() {
        let line = record.to_string();
        assert!(!line.contains("canary"), "{line}");
        assert_eq!(record["context"]["key"], "[redacted]");
        let user = record["user_id"].as_str().unwrap();
        let digits = user.strip_prefix("hash:").unwrap();
        assert!(digits.len() == 16 && u64::from_str_radix(digits, 16).is_ok());
    }
}

#[test]
fn equal_values_have_equal_hashes_and_none_has_no_hash() {
    let some = inside(&hidden(Some(1)));
    let (user, context) = {
        let record = some.record("asked");
        (record["user_id"].clone(), record["context"].clone())
    };
    assert_eq!((&user, &user), (&context["phone"], &context["made"]));
    assert_ne!(user, context["email"]);
    let none = inside(&hidden(None));
    assert_eq!(none.record("asked")["context"].get("phone"), None);
    assert_eq!(none.record("asked")["user_id"], user);
}

#[derive(LogContext)]
struct Numbers {
    #[log(metric)]
    turn: u32,
    #[log(metric, rename = "trial_days")]
    days: Option<i64>,
    #[log(metric)]
    score: f64,
    #[log(metric)]
    duration_ms: u8,
    #[log(metric, with = |text| text.len())]
    question: &'static str,
    #[log(with = |text: &&str| text.len() > 3)]
    long: &'static str,
}

fn numbers(score: f64, days: Option<i64>) -> Numbers {
    let duration_ms = 200;
    Numbers {
        turn: 3,
        days,
        score,
        duration_ms,
        question: "why?",
        long: "why?",
    }
}

#[test]
fn a_metric_is_among_the_metrics_of_calls_and_events() {
    let seen = inside(&numbers(0.5, Some(14)));
    let all = seen.records();
    for record in all {
        let metrics = &record["metrics"];
        assert_eq!(
            (&metrics["turn"], &metrics["score"]),
            (&3.into(), &0.5.into())
        );
        assert_eq!(
            (&metrics["trial_days"], &metrics["question"]),
            (&14.into(), &4.into())
        );
        assert!(record["context"].get("turn").is_none());
        assert_eq!(record["context"]["long"], true);
    }
    let took = |message| seen.record(message)["metrics"]["duration_ms"].clone();
    assert_eq!(took("asked"), 200);
    assert_ne!(took("answer_complete"), 200);
}

#[test]
fn a_metric_that_is_not_a_number_is_omitted_and_does_not_replace_an_outer_one() {
    let (_, metrics) = shown(&numbers(f64::NAN, None));
    assert_eq!(
        metrics,
        json!({"turn": 3, "duration_ms": 200, "question": 4})
    );
    let ((), seen) = capture(|| {
        numbers(0.25, Some(1)).in_scope(|| numbers(f64::INFINITY, None).in_scope(answer));
    });
    let metrics = &seen.record("asked")["metrics"];
    assert_eq!(
        (&metrics["score"], &metrics["trial_days"]),
        (&0.25.into(), &1.into())
    );
}

#[derive(Debug)]
enum Plan {
    Free,
}

#[derive(LogContext)]
struct Printed {
    #[log(display)]
    client: Ipv4Addr,
    #[log(debug)]
    plan: Plan,
    #[log(display, rename = "via")]
    proxy: Option<Ipv4Addr>,
    #[log(debug, with = |pair: &(u8, u8)| pair.1)]
    pair: (u8, u8),
    #[log(display)]
    long: String,
    #[log(display)]
    session_id: Option<u8>,
    tenant_id: u64,
}

fn printed(proxy: Option<Ipv4Addr>) -> Printed {
    Printed {
        client: Ipv4Addr::LOCALHOST,
        plan: Plan::Free,
        proxy,
        pair: (1, 2),
        long: "x".repeat(70_000),
        session_id: Some(9),
        tenant_id: 18_446_744_073_709_551_615,
    }
}

#[test]
fn a_field_is_formatted_as_its_attribute_asks_and_truncated() {
    let seen = inside(&printed(None));
    let record = seen.record("asked");
    let context = &record["context"];
    assert_eq!(
        (&context["client"], &context["plan"]),
        (&"127.0.0.1".into(), &"Free".into())
    );
    assert_eq!((&context["pair"], context.get("via")), (&"2".into(), None));
    let long = context["long"].as_str().unwrap();
    assert!(long.ends_with("x [cut 4464 bytes]") && long.len() < 70_000);
    let seen = inside(&printed(Some(Ipv4Addr::BROADCAST)));
    assert_eq!(seen.record("asked")["context"]["via"], "255.255.255.255");
}

#[test]
fn reserved_fields_are_text() {
    let seen = inside(&printed(None));
    let record = seen.record("asked");
    assert_eq!(record["session_id"], "9");
    assert_eq!(record["tenant_id"], "18446744073709551615");
}

#[derive(Clone, LogContext)]
struct Client {
    user_id: &'static str,
    #[log(rename = "tier")]
    plan: Option<&'static str>,
}

#[derive(LogContext)]
struct Outer<'a, C: Clone + LogContext, const N: usize>
where
    C: 'a,
{
    #[log(flatten)]
    client: C,
    #[log(flatten)]
    maybe: Option<Client>,
    #[log(flatten)]
    shared: Arc<Client>,
    #[log(flatten)]
    local: Rc<Client>,
    #[log(flatten)]
    boxed: Box<dyn LogContext + 'a>,
    #[log(flatten)]
    borrowed: Cow<'a, C>,
    #[log(flatten, with = |many| &many[0])]
    many: [Client; N],
    #[log(rename = "tier")]
    last: u8,
}

#[test]
fn a_flattened_context_has_its_fields_in_order() {
    #[derive(LogContext)]
    struct Region(#[log(rename = "region")] &'static str);

    let client = |user_id, plan| Client { user_id, plan };
    let mut outer = Outer {
        client: client("ada", Some("free")),
        maybe: None,
        shared: client("bob", None).into(),
        local: client("cid", None).into(),
        boxed: Box::new(Region("eu")),
        borrowed: Cow::Owned(client("dan", None)),
        many: [client("eve", None), client("fay", None)],
        last: 7,
    };
    let seen = inside(&outer);
    let record = seen.record("asked");
    // The last field of a name wins.
    assert_eq!(
        (&record["user_id"], &record["context"]["tier"]),
        (&"eve".into(), &7.into())
    );
    assert_eq!(record["context"]["region"], "eu");
    outer.many[0].user_id = "gus";
    outer.maybe = Some(client("ian", Some("gold")));
    assert_eq!(inside(&outer).record("asked")["user_id"], "gus");
    assert_eq!(inside(&outer.maybe).record("asked")["user_id"], "ian");
    assert!(inside(&None::<Client>).record("asked")["user_id"].is_null());
}

#[derive(LogContext)]
enum Caller<T> {
    User {
        user_id: T,
        #[log(redact)]
        token: Secret,
        #[log(skip)]
        #[expect(dead_code, reason = "to be left out")]
        raw: Vec<u8>,
    },
    Delegate(#[log(flatten)] Client, #[log(rename = "hops", metric)] u8),
    Job(#[log(rename = "job")] &'static str),
    Nobody,
}

#[test]
fn an_enum_has_the_fields_of_its_current_variant() {
    let (token, raw) = (Secret(1), vec![]);
    let user = inside(&Caller::User {
        user_id: 7,
        token,
        raw,
    });
    let record = user.record("asked");
    assert_eq!(record["user_id"], "7");
    assert_eq!(record["context"], json!({"token": "[redacted]"}));
    let client = Client {
        user_id: "ada",
        plan: Some("free"),
    };
    let delegate = inside(&Caller::<u8>::Delegate(client, 2));
    let record = delegate.record("asked");
    assert_eq!(
        (&record["user_id"], &record["metrics"]),
        (&"ada".into(), &json!({"hops": 2}))
    );
    assert_eq!(record["context"], json!({"tier": "free"}));
    let ((), seen) = capture(|| {
        Caller::<u8>::Job("nightly").in_scope(|| Caller::<u8>::Nobody.in_scope(answer));
    });
    assert_eq!(seen.record("asked")["context"], json!({"job": "nightly"}));
}

thread_local! {
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

fn ask(text: &str) -> usize {
    ASKED.set(ASKED.get() + 1);
    text.len()
}

#[derive(LogContext)]
struct Asks {
    #[log(with = |text| ask(text))]
    plain: &'static str,
    #[log(metric, with = |text| ask(text))]
    metric: &'static str,
    #[log(hash, with = |text| ask(text))]
    hashed: &'static str,
}

const ASKS: Asks = Asks {
    plain: "a",
    metric: "bb",
    hashed: "ccc",
};

#[rag_span(layer = "api", context_from = ASKS)]
fn with_context() {
    answer();
}

#[test]
fn a_with_function_is_called_once_per_scope_and_only_when_enabled() {
    let asked = || ASKED.replace(0);
    ASKS.in_scope(answer);
    with_context();
    assert_eq!(asked(), 0);
    let seen = inside(&ASKS);
    assert_eq!((asked(), seen.records().len()), (3, 4));
    let ((), seen) = capture(with_context);
    assert_eq!(
        (
            asked(),
            seen.record("answer_complete")["metrics"]["metric"].as_u64()
        ),
        (3, Some(2))
    );
}

#[rag_span(layer = "api", context_from = (caller, numbers(0.5, None)).0)]
fn from_context(caller: &Caller<&'static str>) {
    answer();
}

#[rag_span(layer = "api", context_from = hidden)]
async fn from_option(hidden: Option<Hidden>) {
    answer();
}

#[test]
fn a_call_takes_every_kind_of_context() {
    let client = Client {
        user_id: "ada",
        plan: None,
    };
    let ((), seen) = capture(|| from_context(&Caller::Delegate(client, 4)));
    for message in ["from_context_complete", "answer_complete", "asked"] {
        let record = seen.record(message);
        assert_eq!(
            (&record["user_id"], &record["metrics"]["hops"]),
            (&"ada".into(), &4.into())
        );
    }
    let ((), seen) = capture(|| crate::ends::runtime().block_on(from_option(Some(hidden(None)))));
    assert!(seen.records().len() > 3);
    for record in seen.records() {
        assert!(record["user_id"].as_str().unwrap().starts_with("hash:"));
        assert!(!record.to_string().contains("canary"));
    }
}

#[test]
fn a_call_has_the_metrics_of_its_context_and_of_the_enclosing_scope() {
    let ((), seen) = capture(|| {
        numbers(0.5, None).in_scope(|| {
            let client = Client {
                user_id: "ada",
                plan: None,
            };
            from_context(&Caller::Delegate(client, 4));
        });
    });
    let metrics = &seen.record("asked")["metrics"];
    assert_eq!((&metrics["turn"], &metrics["hops"]), (&3.into(), &4.into()));
}

#[test]
fn bound_fields_and_logger_fields_have_metrics_and_are_redacted() {
    let ((), seen) = capture(|| {
        let _outer = hidden(Some(4)).enter();
        numbers(0.5, None).bind();
        tracing::info!("bound");
        ragspan::scope::unbind("turn");
        tracing::info!("unbound");
        let log = numbers(0.25, Some(1)).logger();
        ragspan::event!(log, INFO, "logged");
    });
    let metrics = |message| seen.record(message)["metrics"].clone();
    let expected = json!({"turn": 3, "score": 0.5, "duration_ms": 200, "question": 4});
    assert_eq!(metrics("bound"), expected);
    assert_eq!(metrics("unbound").get("turn"), None);
    assert_eq!(metrics("unbound")["score"], 0.5);
    assert_eq!(
        (
            metrics("logged")["score"].clone(),
            metrics("logged")["turn"].clone()
        ),
        (0.25.into(), 3.into())
    );
    assert!(!format!("{:?}", seen.records()).contains("canary"));
}

#[test]
fn a_manual_implementation_has_every_form() {
    struct Hand(Secret);
    impl LogContext for Hand {
        fn visit(&self, out: &mut ContextVisitor<'_>) {
            out.field("plain", &true);
            out.redacted("user_id");
            out.hashed("session_id", &self.0);
            out.display("shown", &1.5);
            out.debug("debugged", &"a\"b");
            out.metric("turn", &Some(3_u8));
            out.metric("none", &None::<u8>);
            out.nested(&Some(Client {
                user_id: "ada",
                plan: Some("free"),
            }));
        }
    }
    let seen = inside(&Hand(Secret(1)));
    let record = seen.record("asked");
    let context = json!({"plain": true, "shown": "1.5", "debugged": "\"a\\\"b\"", "tier": "free"});
    assert_eq!(
        (&record["context"], &record["metrics"]),
        (&context, &json!({"turn": 3}))
    );
    assert_eq!(record["user_id"], "ada");
    assert!(record["session_id"].as_str().unwrap().starts_with("hash:"));
}

/// Returns the hash of `ada@example.com` in a new process with this key.
fn hash_of(key: Option<&str>) -> String {
    let mut program = Command::new(CONFIGURED);
    program.arg("hash").env_remove("RAGSPAN_HASH_KEY");
    program.envs(key.map(|key| ("RAGSPAN_HASH_KEY", key)));
    let output = program.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("ada@"), "{text}");
    let record: Value = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|record: &Value| record["message"] == "hashed")
        .unwrap();
    record["context"]["email"].as_str().unwrap().to_owned()
}

#[test]
fn processes_with_the_same_key_make_the_same_hashes() {
    let one = hash_of(Some("0123456789abcdef"));
    // Computed by another implementation of HMAC-SHA-256.
    assert_eq!(one, "hash:512383176ce1b4c2");
    assert_ne!(hash_of(Some("another key of the same length")), one);
    let (own, others) = (hash_of(None), hash_of(None));
    assert_ne!(own, others);
    assert_eq!((own.len(), others.len()), (21, 21));
}
