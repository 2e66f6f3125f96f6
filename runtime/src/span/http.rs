//! A response of a web service as an outcome: 5xx is an error, and anything less a success with its status.

use http::{Response, StatusCode};

use super::call::Call;
use super::probe::Probe;
use crate::record::{ErrorKind, Outcome};
use crate::value::Value;

impl<'a, B> Probe<'a, Response<B>> {
    /// A response says by its status how the call ended.
    #[inline(never)]
    pub fn judge(&self, call: &mut Call) {
        call.answered(self.returned().status());
    }

    /// The same, and the response of a success, if somebody wants it.
    #[inline(never)]
    pub fn settle(&self, call: &mut Call) -> Option<&'a Response<B>> {
        self.judge(call);
        self.value(call)
    }
}

impl Call {
    fn answered(&mut self, status: StatusCode) {
        if status.is_server_error() {
            self.fail(
                ErrorKind::Label(label(status)),
                format_args!("{status}"),
                None,
            );
        } else {
            self.set_outcome(Outcome::Success);
        }
        if let Some(watch) = &mut self.watch {
            let status = Value::U64(status.as_u16().into());
            watch.fields().push("http_status", status);
        }
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
