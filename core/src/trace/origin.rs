//! The rule for the origin of an error: the span in which the failure that ended a call began.
//!
//! The rule follows the failure downwards from the call that it ended. A failure that a caller handled is never on that
//! path, however deep it is.

use super::{Span, Tree};

/// How much later than its caller a call may end and still have ended it: start and duration are rounded separately.
const ROUNDING_US: i64 = 1;

impl<T> Tree<T> {
    /// Returns the position of the span to report as the failure of the trace.
    ///
    /// Where the root failed, it is the origin of the root's error. Otherwise it is the origin of the last failure that
    /// was handled, or that is under way while the root has not ended. `None` where no span failed.
    #[must_use]
    pub fn failure(&self) -> Option<usize> {
        self.error_origin().or_else(|| {
            let last = self.last_failure()?;
            Some(self.origin_of(last))
        })
    }

    /// Returns the position of the span in which the root's error began; `None` where the root did not fail.
    #[must_use]
    pub fn error_origin(&self) -> Option<usize> {
        let root = self.root()?;
        let failed = self.nodes()[root].span.is_failure();
        failed.then(|| self.origin_of(root))
    }

    /// Returns the position of the span in which the error of the span at `failed` began.
    ///
    /// One step down leads to the span that [`Span::error_origin`] names. Where the tree does not hold that span, or none
    /// is named, it leads to the last failed child whose error the span passed on. Without such a child the error began
    /// in the span itself.
    ///
    /// # Panics
    ///
    /// If `failed` is not a position in [`Tree::nodes`].
    #[must_use]
    pub fn origin_of(&self, failed: usize) -> usize {
        let mut position = failed;
        // Records of another program may name each other in a circle, so the number of steps is bounded.
        for _ in self.nodes() {
            match self.step_to_origin(position) {
                Some(next) if next != position => position = next,
                _ => break,
            }
        }
        position
    }

    fn step_to_origin(&self, position: usize) -> Option<usize> {
        let span = &self.nodes()[position].span;
        let Some(id) = &span.error_origin else {
            return self.last_failed_child(position, |child| span.passes_on(child));
        };
        let named = self.find(id);
        named
            .filter(|named| self.nodes()[*named].span.is_failure())
            .or_else(|| {
                self.last_failed_child(position, |child| child.error_origin.as_ref() == Some(id))
            })
    }

    fn last_failed_child(&self, parent: usize, is_it: impl Fn(&Span) -> bool) -> Option<usize> {
        let parent = &self.nodes()[parent];
        let latest_end = parent.span.end_us().saturating_add(ROUNDING_US);
        let children = parent.children.iter().copied();
        children
            .filter(|child| {
                let child = &self.nodes()[*child].span;
                child.is_failure() && child.end_us() <= latest_end && is_it(child)
            })
            .max_by_key(|child| self.end_of(*child))
    }

    /// Returns the position of the failed span that ended last, of those whose parent did not fail.
    fn last_failure(&self) -> Option<usize> {
        let failed = |position: &usize| self.nodes()[*position].span.is_failure();
        (0..self.nodes().len())
            .filter(failed)
            .filter(|position| !self.nodes()[*position].parent.as_ref().is_some_and(failed))
            .max_by_key(|position| self.end_of(*position))
    }

    fn end_of(&self, position: usize) -> (i64, u64) {
        let span = &self.nodes()[position].span;
        (span.end_us(), span.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SpanError;
    use super::super::tree::tests::{span, tree};
    use super::*;
    use crate::Outcome;

    fn ended(outcome: Outcome, span: Span) -> Span {
        Span {
            outcome: Some(outcome),
            ..span
        }
    }

    fn failed(span: Span, message: &str) -> Span {
        Span {
            error: Some(SpanError::new("error", message)),
            ..ended(Outcome::Error, span)
        }
    }

    fn passing(span: Span, message: &str, origin: &str) -> Span {
        Span {
            error_origin: Some(origin.into()),
            ..failed(span, message)
        }
    }

    fn reported(spans: &[Span]) -> Option<String> {
        let tree = tree(spans);
        let origin = tree.failure()?;
        tree.nodes()[origin].span.span_id.clone()
    }

    #[test]
    fn a_handled_failure_is_not_the_origin_however_deep_it_is() {
        let spans = [
            passing(span("root", None, 0, 100), "no answer", "late"),
            ended(Outcome::Success, span("search", Some("root"), 1, 30)),
            failed(span("deep", Some("search"), 2, 20), "index missing"),
            failed(span("late", Some("root"), 50, 40), "no answer"),
        ];
        assert_eq!(reported(&spans).as_deref(), Some("late"));
    }

    #[test]
    fn an_error_without_a_named_origin_is_followed_by_its_root_cause() {
        let mut root = failed(span("root", None, 0, 100), "cannot answer");
        root.error.as_mut().expect("an error").chain = vec!["refused".into()];
        let spans = [
            root,
            failed(span("first", Some("root"), 1, 10), "refused"),
            failed(span("second", Some("root"), 20, 10), "refused"),
            failed(span("below", Some("second"), 21, 8), "refused"),
            failed(span("other", Some("root"), 40, 10), "busy"),
            failed(span("after", Some("root"), 40, 90), "refused"),
        ];
        assert_eq!(reported(&spans).as_deref(), Some("below"));
    }

    #[test]
    fn a_root_whose_error_no_child_had_is_the_origin_itself() {
        let spans = [
            failed(span("root", None, 0, 100), "no context"),
            failed(span("handled", Some("root"), 1, 10), "busy"),
        ];
        assert_eq!(reported(&spans).as_deref(), Some("root"));
    }

    #[test]
    fn a_panic_began_in_the_innermost_call_that_it_ended() {
        let panicked = |span| ended(Outcome::Panic, span);
        let spans = [
            panicked(span("root", None, 0, 100)),
            panicked(span("caught", Some("root"), 1, 10)),
            panicked(span("outer", Some("root"), 20, 80)),
            panicked(span("inner", Some("outer"), 30, 70)),
        ];
        assert_eq!(reported(&spans).as_deref(), Some("inner"));
    }

    #[test]
    fn an_origin_that_is_not_recorded_leads_to_the_deepest_span_that_names_it() {
        let spans = [
            passing(span("root", None, 0, 100), "x", "remote"),
            passing(span("call", Some("root"), 1, 90), "x", "remote"),
            failed(span("handled", Some("root"), 1, 10), "busy"),
        ];
        assert_eq!(reported(&spans).as_deref(), Some("call"));
    }

    #[test]
    fn of_a_root_that_did_not_fail_the_last_handled_failure_is_reported() {
        let spans = [
            ended(Outcome::Success, span("root", None, 0, 100)),
            failed(span("first", Some("root"), 1, 10), "busy"),
            passing(span("second", Some("root"), 20, 10), "refused", "below"),
            failed(span("below", Some("second"), 21, 5), "refused"),
        ];
        assert_eq!(tree(&spans).error_origin(), None);
        assert_eq!(reported(&spans).as_deref(), Some("below"));
        assert_eq!(reported(&spans[..1]), None);
        assert_eq!(reported(&[]), None);
    }

    #[test]
    fn origins_that_name_each_other_end_the_search() {
        let spans = [
            passing(span("root", None, 0, 100), "x", "child"),
            passing(span("child", Some("root"), 1, 90), "x", "root"),
        ];
        assert!(reported(&spans).is_some());
    }
}
