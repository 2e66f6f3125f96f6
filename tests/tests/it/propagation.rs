//! A trace continues in the next service, and headers from untrusted callers are harmless.

#![expect(clippy::string_slice, reason = "ids and headers are ASCII")]

use std::collections::HashMap;

use ragspan::propagation::{Policy, extract, inject};
use ragspan::testing::{Capture, Captured, capture};
use ragspan::{LogContext, rag_span};
use serde_json::{Value, json};

use crate::programs::{HEADERS, succeed};

type Headers = HashMap<String, String>;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const ROOT: &str = "20261123T070701528973Z01a2073a-c418-7259-92e2-510a1ad7419e";
const CHILD: &str = "20261123T070701532515Z01a2073a-c41c-7ad2-9e80-dcd6c0d31bfe";

#[derive(LogContext)]
struct Request {
    user_id: &'static str,
    plan: &'static str,
}

/// A service that calls the next one; returns the headers of that call.
#[rag_span(layer = "api")]
fn first() -> Headers {
    call()
}

#[rag_span(layer = "retrieval")]
fn call() -> Headers {
    let mut headers = Headers::new();
    inject(&mut headers);
    headers
}

#[rag_span(layer = "api")]
fn second() -> Headers {
    tracing::info!("in the second service");
    call()
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// Returns the outbound headers and the records of a service that receives a request with these headers.
fn receive(policy: Policy, inbound: &Headers) -> (Headers, Captured) {
    let service = Capture::new().propagation(policy);
    service.run(|| extract(inbound).in_scope(second))
}

fn rejected(seen: &Captured) -> f64 {
    let count = seen.metric("ragspan_propagation_rejected_total", &[]);
    count.unwrap_or_default()
}

#[test]
fn a_trace_continues_over_two_hops() {
    let (outbound, sender) = capture(first);
    let (onward, there) = receive(Policy::new(), &outbound);
    let (_, behind) = receive(Policy::new(), &onward);
    let (root, caller) = (
        sender.record("first_complete"),
        sender.record("call_complete"),
    );
    let entry = there.record("second_complete");
    assert_eq!(entry["trace_id"], root["trace_id"]);
    assert_eq!(
        entry["parent_span_id"], caller["span_id"],
        "the whole id, not its end"
    );
    assert_eq!(entry["request_id"], root["request_id"]);
    assert_eq!(
        there.record("in the second service")["trace_id"],
        root["trace_id"]
    );
    let last = behind.record("second_complete");
    assert_eq!(last["trace_id"], root["trace_id"]);
    assert_eq!(
        last["parent_span_id"],
        there.record("call_complete")["span_id"]
    );
    assert_eq!(rejected(&there) + rejected(&behind), 0.0);
    assert_eq!(
        entry["context"]["remote_parent"], true,
        "so that it is listed as this service's root"
    );
    assert!(root["context"]["remote_parent"].is_null());
    // Each service adds up its own calls, and counts its own requests.
    assert_eq!(entry["metrics"]["spans"], 2);
    let requests = [("layer", "api"), ("status", "success")];
    assert_eq!(there.metric("rag_requests_total", &requests), Some(1.0));
}

#[test]
fn a_foreign_parent_is_forwarded_unchanged() {
    let inbound = headers(&[
        ("Traceparent", &format!("00-{TRACE}-{PARENT}-00")),
        ("tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
    ]);
    let (onward, seen) = receive(Policy::new(), &inbound);
    let entry = seen.record("second_complete");
    assert_eq!(entry["trace_id"], "0af76519-16cd-43dd-8448-eb211c80319c");
    assert_eq!(
        entry["parent_span_id"],
        "00000000-0000-0000-b7ad-6b7169203331"
    );
    let caller = seen.record("call_complete")["span_id"].as_str().unwrap();
    let low = caller.replace('-', "")[16..].to_owned();
    assert_eq!(
        onward["traceparent"],
        format!("00-{TRACE}-{low}-00"),
        "not sampled there, nor here"
    );
    let state = format!("ragspan={caller},congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
    assert_eq!(onward["tracestate"], state);
}

#[test]
fn state_is_ignored_after_a_foreign_hop() {
    let (mut outbound, _) = capture(first);
    outbound.insert("traceparent".to_owned(), format!("00-{TRACE}-{PARENT}-01"));
    let (_, seen) = receive(Policy::new(), &outbound);
    let entry = seen.record("second_complete");
    assert_eq!(
        entry["parent_span_id"],
        "00000000-0000-0000-b7ad-6b7169203331"
    );
}

#[test]
fn malformed_headers_begin_a_new_trace_and_are_counted() {
    let bad = [
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "\u{fffd}",
    ];
    for text in bad {
        let (_, seen) = receive(Policy::new(), &headers(&[("traceparent", text)]));
        let entry = seen.record("second_complete");
        assert_eq!(entry["trace_id"], entry["span_id"], "{text:?}");
        assert_eq!(entry["parent_span_id"], Value::Null);
        assert_eq!(rejected(&seen), 1.0, "{text:?}");
    }
    // Two lines of a header that may occur once contradict each other.
    let line = ("traceparent".to_owned(), format!("00-{TRACE}-{PARENT}-01"));
    let twice = vec![line.clone(), line];
    let (_, seen) = capture(|| extract(&twice).in_scope(second));
    let entry = seen.record("second_complete");
    assert_eq!(
        (&entry["trace_id"], rejected(&seen)),
        (&entry["span_id"], 1.0)
    );
    // An invalid `tracestate` is dropped, and the trace is kept.
    let inbound = headers(&[
        ("traceparent", &format!("00-{TRACE}-{PARENT}-01")),
        ("tracestate", "BAD"),
    ]);
    let (_, seen) = receive(Policy::new(), &inbound);
    assert_eq!(
        seen.record("second_complete")["trace_id"],
        "0af76519-16cd-43dd-8448-eb211c80319c"
    );
    assert_eq!(rejected(&seen), 1.0);
}

#[test]
fn only_named_fields_are_sent_as_baggage() {
    let policy = || Policy::new().baggage(["user_id", "plan", "session_id"]);
    let request = Request {
        user_id: "ada lovelace, é",
        plan: "free",
    };
    let send = |policy| {
        Capture::new()
            .propagation(policy)
            .run(|| request.in_scope(first))
    };
    let (outbound, sender) = send(Policy::new());
    let id = sender.record("first_complete")["request_id"]
        .as_str()
        .unwrap();
    assert_eq!(outbound["baggage"], format!("request_id={id}"));
    let (outbound, sender) = send(policy());
    let (_, there) = receive(policy(), &outbound);
    let entry = there.record("second_complete");
    assert_eq!(entry["user_id"], "ada lovelace, é");
    assert_eq!(entry["context"]["plan"], "free");
    assert_eq!(
        entry["session_id"],
        sender.record("first_complete")["session_id"]
    );
    // A policy without named fields accepts none from any caller.
    let (_, seen) = receive(Policy::new(), &outbound);
    let entry = seen.record("second_complete");
    assert_eq!(
        (&entry["user_id"], &entry["context"]["plan"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn an_invalid_request_id_in_baggage_is_ignored() {
    for id in ["x".repeat(200), "a%0Ab".to_owned(), "%1b%5b31m".to_owned()] {
        let (_, seen) = receive(
            Policy::new(),
            &headers(&[("baggage", &format!("request_id={id}"))]),
        );
        let made = seen.record("second_complete")["request_id"]
            .as_str()
            .unwrap();
        assert!(made.starts_with("req-"), "{made}");
        assert_eq!(rejected(&seen), 1.0);
    }
}

#[test]
fn a_new_trace_at_a_public_edge_records_the_received_one() {
    let inbound = headers(&[
        ("traceparent", &format!("00-{TRACE}-{PARENT}-01")),
        ("tracestate", "congo=1"),
        ("langsmith-trace", ROOT),
        ("baggage", "request_id=theirs,langsmith-project=theirs"),
    ]);
    let (onward, seen) = receive(Policy::new().trust(false), &inbound);
    let entry = seen.record("second_complete");
    assert_eq!(entry["trace_id"], entry["span_id"]);
    assert_eq!(
        entry["context"]["linked_trace_id"],
        "0af76519-16cd-43dd-8448-eb211c80319c"
    );
    assert_eq!(
        entry["context"]["linked_span_id"],
        "00000000-0000-0000-b7ad-6b7169203331"
    );
    assert_ne!(entry["request_id"], "theirs");
    let sent = json!(onward).to_string();
    assert!(
        !sent.contains("congo") && !sent.contains("theirs") && !sent.contains(TRACE),
        "{sent}"
    );
    assert!(!onward.contains_key("langsmith-trace"));
}

#[test]
fn a_langsmith_client_and_ragspan_share_one_trace() {
    let inbound = headers(&[
        ("langsmith-trace", &format!("{ROOT}.{CHILD}")),
        (
            "baggage",
            "langsmith-metadata=%7B%22a%22%3A1%7D,langsmith-project=rag,other=1",
        ),
    ]);
    let (onward, seen) = receive(Policy::new(), &inbound);
    let entry = seen.record("second_complete");
    assert_eq!(entry["trace_id"], ROOT[22..], "the first run");
    assert_eq!(entry["parent_span_id"], CHILD[22..], "the last");
    let order: Vec<&str> = onward["langsmith-trace"].split('.').collect();
    assert_eq!(order[..2], [ROOT, CHILD]);
    let ids = ["second_complete", "call_complete"].map(|message| &seen.record(message)["span_id"]);
    assert_eq!(order.len(), 4);
    for (segment, id) in order[2..].iter().zip(ids) {
        assert_eq!(segment[22..], *id);
    }
    assert!(
        onward["baggage"].contains("langsmith-metadata=%7B%22a%22%3A1%7D,langsmith-project=rag")
    );
    assert!(!onward["baggage"].contains("other"));
}

#[test]
fn a_langsmith_client_gets_the_trace_as_a_path_of_runs() {
    let always = || Policy::new().langsmith(true);
    let (outbound, seen) = Capture::new().propagation(always()).run(first);
    let order: Vec<&str> = outbound["langsmith-trace"].split('.').collect();
    let root = seen.record("first_complete")["span_id"].as_str().unwrap();
    let caller = seen.record("call_complete")["span_id"].as_str().unwrap();
    assert_eq!([&order[0][22..], &order[1][22..]], [root, caller]);
    assert!(
        order[0][..22] <= order[1][..22],
        "no run begins before its parent: {order:?}"
    );
    // An external trace has no root in the records: the trace of the service begins with the inbound request.
    let inbound = headers(&[("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]);
    let (onward, seen) = receive(always(), &inbound);
    let entry = seen.record("second_complete")["span_id"].as_str().unwrap();
    assert_eq!(
        onward["langsmith-trace"].split('.').next().unwrap()[22..],
        *entry
    );
}

#[test]
fn only_baggage_is_sent_outside_of_a_call() {
    let policy = Policy::new().baggage(["user_id"]).langsmith(true);
    let request = Request {
        user_id: "ada",
        plan: "free",
    };
    let send = || {
        let mut headers = Headers::new();
        inject(&mut headers);
        headers
    };
    let (outbound, _) = Capture::new()
        .propagation(policy)
        .run(|| request.in_scope(send));
    assert_eq!(outbound, headers(&[("baggage", "user_id=ada")]));
    assert_eq!(send(), Headers::new());
}

#[test]
fn a_request_received_within_a_call_has_its_own_trace() {
    #[rag_span(layer = "data")]
    fn loopback(inbound: &Headers) {
        extract(inbound).in_scope(second);
        tracing::info!("back");
    }
    let inbound = headers(&[("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]);
    let ((), seen) = capture(|| loopback(&inbound));
    let outer = seen.record("loopback_complete");
    assert_eq!(
        seen.record("second_complete")["trace_id"],
        "0af76519-16cd-43dd-8448-eb211c80319c"
    );
    assert_eq!(seen.record("back")["trace_id"], outer["trace_id"]);
    // A call can extract its parent itself.
    #[rag_span(layer = "api", context_from = extract(inbound))]
    fn handle(inbound: &Headers) {}
    let ((), seen) = capture(|| handle(&inbound));
    let entry = seen.record("handle_complete");
    assert_eq!(
        entry["parent_span_id"],
        "00000000-0000-0000-b7ad-6b7169203331"
    );
}

#[test]
fn ten_thousand_header_lines_and_eight_megabytes_are_handled_quickly() {
    let long = "x".repeat(8 << 20);
    let mut lines: Vec<(String, String)> = (0..10_000)
        .flat_map(|at| {
            let one = |name: &str| (name.to_owned(), format!("key{at}=value"));
            [one("baggage"), one("tracestate")]
        })
        .collect();
    for name in ["traceparent", "tracestate", "baggage", "langsmith-trace"] {
        lines.push((name.to_owned(), long.clone()));
    }
    let (onward, seen) = capture(|| extract(&lines).in_scope(second));
    assert_eq!(
        seen.record("second_complete")["parent_span_id"],
        Value::Null
    );
    assert!(rejected(&seen) >= 3.0);
    assert!(onward.values().all(|value| value.len() < 200), "{onward:?}");
}

#[test]
fn broken_headers_neither_panic_nor_make_memory_grow() {
    let stdout = succeed(HEADERS, &["20000", "7"]);
    let numbers: Vec<u64> = stdout
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [count, right, grown] = numbers[..] else {
        panic!("{stdout}")
    };
    assert_eq!(count, 20_000, "{stdout}");
    assert!(
        (1_000..19_000).contains(&right),
        "both kinds are tried: {stdout}"
    );
    // The limit allows for buffers that are reused, independent of the number of requests.
    assert!(grown < 16 * 1024, "{stdout}");
}
