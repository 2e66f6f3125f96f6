//! Records why a call failed or was cancelled.

use std::error::Error;
use std::fmt::{Arguments, Debug};

use ragspan_core::record::keys;

use super::call_observer::CallObserver;
use crate::cancel;
use crate::context::CallPath;
use crate::record::{ErrorKind, Failure, Outcome};
use crate::span::panic_report::stored_backtrace;

/// At most this many sources of an error are recorded: the first ones, and the deepest.
const MAX_CHAIN: usize = 16;

/// At most this many sources are read, since an error may be among its own.
const MAX_SOURCES: usize = 1024;

impl CallObserver {
    /// Records an error and its sources.
    pub(in crate::span) fn fail(
        &mut self,
        kind: ErrorKind,
        message: Arguments<'_>,
        source: Option<&(dyn Error + 'static)>,
    ) {
        let text = &mut self.record.fields.text;
        let message = text.print(message);
        let sources = std::iter::successors(source, |&error| error.source());
        let mut sources = sources.take(MAX_SOURCES);
        let first = sources.by_ref().take(MAX_CHAIN - 1);
        let mut chain: Vec<_> = first
            .map(|error| text.print(format_args!("{error}")))
            .collect();
        let (mut deepest, mut left_out) = (sources.next(), 0);
        for error in sources {
            deepest = Some(error);
            left_out += 1;
        }
        chain.extend(deepest.map(|error| text.print(format_args!("{error}"))));
        self.record.failure = Some(Failure {
            kind,
            message,
            chain,
            left_out,
            origin_span_id: None,
            path: CallPath::default(),
            backtrace: None,
        });
    }

    /// Records the backtrace in the `Debug` output of an error report.
    pub(in crate::span) fn report_backtrace(&mut self, report: &dyn Debug) {
        let printed = format!("{report:?}");
        let backtrace = printed.split_once("Stack backtrace:");
        if let (Some((_, backtrace)), Some(failure)) = (backtrace, &mut self.record.failure) {
            failure.backtrace = Some(stored_backtrace(backtrace.trim_start_matches('\n')));
        }
    }

    /// Records the backtrace of a panic.
    pub(in crate::span) fn panic_backtrace(&mut self, backtrace: &str) {
        if let Some(failure) = &mut self.record.failure {
            failure.backtrace = Some(backtrace.into());
        }
    }

    /// Marks the failure as one by a status code.
    #[cfg(feature = "http")]
    pub(in crate::span) fn set_failed_by_status(&mut self) {
        self.failed_by_status = true;
    }

    /// Records the reason of the cancellation, if it is known.
    pub(in crate::span) fn record_cancellation(&mut self) {
        if let Some(reason) = cancel::current_reason() {
            self.fields()
                .push_text(keys::CANCELLED_BY.field, reason.as_str());
        }
    }

    /// Applies the outcome that the annotation's `outcome` returned, which takes precedence over the value.
    pub(in crate::span) fn override_outcome(&mut self, outcome: Outcome) {
        if !outcome.is_failure() {
            self.record.failure = None;
        } else if self.record.failure.is_none() {
            let kind = if outcome == Outcome::Panic {
                ErrorKind::Label("panic")
            } else {
                ErrorKind::Unknown
            };
            let message = format_args!("the value returned was classified as a failure");
            self.fail(kind, message, None);
        }
    }

    /// Replaces the error's type by a label.
    pub(in crate::span) fn set_error_type(&mut self, label: &'static str) {
        if let Some(failure) = &mut self.record.failure {
            failure.kind = ErrorKind::Label(label);
        }
    }
}
