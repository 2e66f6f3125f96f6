//! The callsites of requests: statics for the default names, and one leaked callsite for each other operation and
//! layer.

use std::sync::{PoisonError, RwLock};

use http::Method;

use crate::context::Layer;
use crate::span::SpanCallsite;
use ragspan_core::record::keys;

/// The most callsites that are leaked; further operations get the default callsite.
const MAX_LEAKED: usize = 256;

/// The indices of the fields of `REQUEST` that are recorded at the end of the request.
pub(super) const STATUS_OF_REQUEST: usize = 5;
pub(super) const GRPC_STATUS: usize = 6;

/// The module of server callsites; an outer layer that measures a request already is recognised by it.
pub(super) const SERVER: &str = "ragspan::http::server";

/// The default callsite of a request to a server.
pub(super) static REQUEST: SpanCallsite = SpanCallsite::new(
    &REQUEST,
    "http_request",
    Layer::Api,
    SERVER,
    file!(),
    line!(),
    &[
        keys::HTTP_METHOD.field,
        keys::HTTP_PATH.field,
        keys::HTTP_ROUTE.field,
        keys::HTTP_VERSION.field,
        keys::USER_AGENT.field,
        keys::HTTP_STATUS.field,
        keys::GRPC_STATUS.field,
    ],
);

/// The index of the field of `CALL` that is recorded at the end of the request.
pub(super) const STATUS_OF_CALL: usize = 2;

/// The callsite of a client's request that is sent outside any call.
pub(super) static CALL: SpanCallsite = SpanCallsite::new(
    &CALL,
    "http_call",
    Layer::Custom("http"),
    "ragspan::http::client",
    file!(),
    line!(),
    &[
        keys::HTTP_METHOD.field,
        keys::HTTP_HOST.field,
        keys::HTTP_STATUS.field,
    ],
);

/// A leaked callsite, with the default that it was derived from, its operation and its layer.
struct Derived {
    default: &'static SpanCallsite,
    operation: &'static str,
    layer: Layer,
    callsite: &'static SpanCallsite,
}

static DERIVED: RwLock<Vec<Derived>> = RwLock::new(Vec::new());

/// Returns a callsite with the fields of `default` and another operation and layer. After [`MAX_LEAKED`] callsites it
/// returns `default`.
pub(super) fn derive(
    default: &'static SpanCallsite,
    operation: &'static str,
    layer: Layer,
) -> &'static SpanCallsite {
    derive_named(default, layer, |known| known == operation, || operation)
}

/// Returns the callsite of requests with this method to this route; its operation is `GET /users/{id}`.
pub(super) fn derive_route(method: &Method, route: &str) -> &'static SpanCallsite {
    let method = known_method(method);
    let is_same = |known: &str| {
        let rest = known.strip_prefix(method);
        rest.and_then(|rest| rest.strip_prefix(' ')) == Some(route)
    };
    let name = || -> &'static str { String::leak(format!("{method} {route}")) };
    derive_named(&REQUEST, Layer::Api, is_same, name)
}

/// Returns the method's name. A client may send any other method, which must not become a name of its own.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT",
    ];
    let known = KNOWN.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("HTTP")
}

fn derive_named(
    default: &'static SpanCallsite,
    layer: Layer,
    is_operation: impl Fn(&str) -> bool,
    operation: impl Fn() -> &'static str,
) -> &'static SpanCallsite {
    let find = |all: &[Derived]| {
        let is_same = |derived: &&Derived| {
            std::ptr::eq(derived.default, default)
                && derived.layer == layer
                && is_operation(derived.operation)
        };
        all.iter().find(is_same).map(|derived| derived.callsite)
    };
    let is_full = |all: &[Derived]| all.len() >= MAX_LEAKED;
    {
        let all = DERIVED.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(callsite) = find(&all).or_else(|| is_full(&all).then_some(default)) {
            return callsite;
        }
    }
    let mut all = DERIVED.write().unwrap_or_else(PoisonError::into_inner);
    // Another thread may have added it between the two locks.
    if let Some(callsite) = find(&all).or_else(|| is_full(&all).then_some(default)) {
        return callsite;
    }
    let operation = operation();
    let callsite = SpanCallsite::leaked(default, operation, layer);
    all.push(Derived {
        default,
        operation,
        layer,
        callsite,
    });
    callsite
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callsite_is_leaked_once_for_each_name_and_at_most_256_are() {
        let query = || derive(&REQUEST, "of_a_test", Layer::Api);
        assert!(std::ptr::eq(query(), query()));
        assert!(!std::ptr::eq(
            query(),
            derive(&CALL, "of_a_test", Layer::Api)
        ));
        assert!(format!("{:?}", query()).contains("of_a_test"));
        let mut derived = Vec::new();
        for index in 0..MAX_LEAKED {
            derived.push(derive(
                &REQUEST,
                String::leak(format!("operation_{index}")),
                Layer::Api,
            ));
        }
        let is_default = |callsite: &&SpanCallsite| std::ptr::eq(*callsite, &raw const REQUEST);
        assert!(!derived.first().is_some_and(is_default));
        assert!(derived.last().is_some_and(is_default));
    }
}
