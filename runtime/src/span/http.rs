//! A response of a web service as an outcome: 5xx is an error, and anything less a success with its status.

use http::{Response, StatusCode};

use super::call::{Call, Polling};
use super::probe::Probe;
use crate::clock;
use crate::context::{RequestContext, TraceId};
use crate::record::{ErrorKind, Outcome};
use crate::value::Value;
use ragspan_core::record::keys;

impl<'a, B> Probe<'a, Response<B>> {
    /// A response says by its status how the call ended.
    #[inline(never)]
    pub fn classify(&self, call: &mut Call) {
        let status = self.returned().status();
        call.answered(status);
        call.note(keys::HTTP_STATUS.field, Value::U64(status.as_u16().into()));
    }

    /// The same, and the response of a success, if somebody wants it.
    #[inline(never)]
    pub fn classify_value(&self, call: &mut Call) -> Option<&'a Response<B>> {
        self.classify(call);
        self.value(call)
    }
}

impl Call {
    /// A status says how the call ended.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        if status.is_server_error() {
            self.fail(
                ErrorKind::Label(label(status)),
                format_args!("{status}"),
                None,
            );
            if let Some(watch) = &mut self.watch {
                watch.failed_by_status();
            }
        } else {
            self.set_outcome(Outcome::Success);
        }
    }

    /// Puts a value among those of the record.
    pub(crate) fn note(&mut self, name: &'static str, value: Value) {
        if let Some(watch) = &mut self.watch {
            watch.fields().push(name, value);
        }
    }

    /// Runs `body` inside the span; if that panics, the call is told so.
    pub(crate) fn inside<R>(&mut self, body: impl FnOnce() -> R) -> R {
        let _polling = Polling::of(self);
        body()
    }

    /// It was judged, but is not over yet.
    pub(crate) fn goes_on(&mut self) {
        self.judged = false;
    }

    /// Whether it has been told an error.
    pub(crate) fn has_failed(&self) -> bool {
        self.outcome == Outcome::Error
    }

    /// Microseconds since it began, where somebody wants to know.
    pub(crate) fn elapsed(&self) -> Option<u64> {
        let watch = self.watch.as_ref()?;
        Some(clock::now().micros_since(watch.start))
    }

    /// The trace, and the request's id as it is now, for whoever asked.
    pub(crate) fn names(&self) -> Option<(TraceId, Option<String>)> {
        let watch = self.watch.as_ref()?;
        let (trace, request) = (watch.trace_id()?, watch.request());
        let id = RequestContext::request_id_of(request.as_deref(), Some(trace));
        Some((trace, id.map(Into::into)))
    }
}

/// A label for each status that servers use; the others are one.
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
