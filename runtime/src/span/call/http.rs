//! The calls of HTTP requests, whose outcome is a status.

use http::StatusCode;

use super::lifecycle::Call;
use super::poll_guard::PollGuard;
use crate::clock;
use crate::context::{RequestContext, TraceId};
use crate::record::{ErrorKind, Outcome};
use crate::value::Value;

impl Call {
    /// Sets the outcome by the status of a response: 5xx is an error, any other status a success.
    pub(crate) fn classify_status(&mut self, status: StatusCode) {
        if status.is_server_error() {
            self.fail(
                ErrorKind::Label(label(status)),
                format_args!("{status}"),
                None,
            );
            if let Some(observer) = &mut self.observer {
                observer.set_failed_by_status();
            }
        } else {
            self.set_outcome(Outcome::Success);
        }
    }

    /// Records a value under a name that is not a field of the callsite.
    pub(crate) fn record_value(&mut self, name: &'static str, value: Value) {
        if let Some(observer) = &mut self.observer {
            observer.fields().push(name, value);
        }
    }

    /// Runs `body` inside the span, and stores a panic that unwinds through it.
    pub(crate) fn inside<R>(&mut self, body: impl FnOnce() -> R) -> R {
        let _guard = PollGuard::enter(self);
        body()
    }

    /// Continues after a classification, until the body of the response has ended.
    pub(crate) fn continue_running(&mut self) {
        self.resume();
    }

    /// Returns whether the last classification was an error.
    pub(crate) fn has_failed(&self) -> bool {
        self.outcome == Outcome::Error
    }

    /// Returns the microseconds since the start of the call, if there is a pipeline.
    pub(crate) fn elapsed(&self) -> Option<u64> {
        let observer = self.observer.as_ref()?;
        Some(clock::now().micros_since(observer.start))
    }

    /// Returns the trace id and the current request id, if there is a pipeline.
    pub(crate) fn ids(&self) -> Option<(TraceId, Option<String>)> {
        let observer = self.observer.as_ref()?;
        let (trace, request) = (observer.trace_id()?, observer.request());
        let id = RequestContext::request_id_of(request.as_deref(), Some(trace));
        Some((trace, id.map(Into::into)))
    }
}

/// Returns the error type of a status. Rare statuses share one label.
fn label(status: StatusCode) -> &'static str {
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => "http_500",
        StatusCode::NOT_IMPLEMENTED => "http_501",
        StatusCode::BAD_GATEWAY => "http_502",
        StatusCode::SERVICE_UNAVAILABLE => "http_503",
        StatusCode::GATEWAY_TIMEOUT => "http_504",
        _ => "http_5xx",
    }
}
