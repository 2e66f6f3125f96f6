//! Spans and span ids that an annotation can name.

use tracing::span::Id;

/// A span or a span id that can be the parent or a cause of another span; `None` is no span.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a span",
    label = "not a span",
    note = "pass a span or its id: `parent = &span`, or `parent = None` for the root of a new trace; `follows_from` takes a list of them"
)]
pub trait SpanRef {
    /// Returns the id.
    fn id(self) -> Option<Id>;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Option<Id>>> SpanRef for T {
    fn id(self) -> Option<Id> {
        self.into()
    }
}

/// A list of spans that another span follows from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of spans",
    label = "not a list of spans",
    note = "pass a list, even for one span: `follows_from = [&span]`"
)]
pub trait SpanRefs {
    /// Returns the ids.
    fn ids(self) -> impl Iterator<Item = Id>;
}

#[diagnostic::do_not_recommend]
impl<T: IntoIterator<Item: SpanRef>> SpanRefs for T {
    fn ids(self) -> impl Iterator<Item = Id> {
        self.into_iter().filter_map(SpanRef::id)
    }
}
