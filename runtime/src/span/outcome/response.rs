//! Classifies a response of the `http` crate: 5xx is an error, any other status a success.

use http::Response;
use ragspan_core::record::keys;

use super::probe::Probe;
use crate::span::call::Call;
use crate::value::Value;

impl<'a, B> Probe<'a, Response<B>> {
    /// Classifies the response by its status, and records the status.
    #[inline(never)]
    pub fn classify(&self, call: &mut Call) {
        let status = self.returned().status();
        call.classify_status(status);
        call.record_value(keys::HTTP_STATUS.field, Value::U64(status.as_u16().into()));
    }

    /// Classifies the response, and returns it if it is a success and the call has listeners.
    #[inline(never)]
    pub fn classify_value(&self, call: &mut Call) -> Option<&'a Response<B>> {
        self.classify(call);
        self.value(call)
    }
}
