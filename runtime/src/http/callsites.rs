//! The callsites of requests: those of the defaults are statics, others are made once for each operation and layer.

use std::sync::{PoisonError, RwLock};

use crate::context::Layer;
use crate::span::SpanCallsite;
use ragspan_core::record::keys;

/// Beyond these the default's name is used: what is made is kept for good.
const MOST: usize = 64;

/// The fields of a request, of which the last are known at its end only.
pub(super) const STATUS_OF_REQUEST: usize = 4;
pub(super) const GRPC_STATUS: usize = 5;

/// By which a request is known that is measured already.
pub(super) const SERVER: &str = "ragspan::http::server";

/// A request that is served.
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
        keys::HTTP_VERSION.field,
        keys::USER_AGENT.field,
        keys::HTTP_STATUS.field,
        keys::GRPC_STATUS.field,
    ],
);

pub(super) const STATUS_OF_CALL: usize = 2;

/// A request that is sent from outside of any call.
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

type Known = (
    &'static SpanCallsite,
    &'static str,
    Layer,
    &'static SpanCallsite,
);

static KNOWN: RwLock<Vec<Known>> = RwLock::new(Vec::new());

/// The site like `like` of this operation and layer.
pub(super) fn like(
    like: &'static SpanCallsite,
    operation: &'static str,
    layer: Layer,
) -> &'static SpanCallsite {
    let find = |known: &[Known]| {
        let same = |entry: &&Known| {
            std::ptr::eq(entry.0, like) && (entry.1, entry.2) == (operation, layer)
        };
        known.iter().find(same).map(|entry| entry.3)
    };
    let known = find(&KNOWN.read().unwrap_or_else(PoisonError::into_inner));
    if let Some(site) = known {
        return site;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(site) = find(&known) {
        return site;
    }
    if known.len() >= MOST {
        return like;
    }
    let site = SpanCallsite::leaked(like, operation, layer);
    known.push((like, operation, layer, site));
    site
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_made_once_for_each_name_and_no_more_than_a_few() {
        let query = || like(&REQUEST, "of_a_test", Layer::Api);
        assert!(std::ptr::eq(query(), query()));
        assert!(!std::ptr::eq(query(), like(&CALL, "of_a_test", Layer::Api)));
        assert!(format!("{:?}", query()).contains("of_a_test"));
        let mut made = Vec::new();
        for at in 0..MOST {
            made.push(like(
                &REQUEST,
                String::leak(format!("operation_{at}")),
                Layer::Api,
            ));
        }
        let is_default = |site: &&SpanCallsite| std::ptr::eq(*site, &raw const REQUEST);
        assert!(!made.first().is_some_and(is_default));
        assert!(made.last().is_some_and(is_default));
    }
}
