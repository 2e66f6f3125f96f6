//! Records the status of a gRPC response, from its trailers, or from its headers if it has no body.

use super::callsites::GRPC_STATUS;
use crate::record::ErrorKind;
use crate::span::Call;

/// The code that is recorded if the status is not a number.
const UNKNOWN: u16 = 2;

/// Records the status that was sent, `None` if it is not a number; a status other than 0 fails the call.
pub(super) fn record_status(call: &mut Call, status: Option<u16>) {
    let status = status.unwrap_or(UNKNOWN);
    call.fields(GRPC_STATUS, &[&status]);
    if status != 0 && !call.has_failed() {
        let label = label(status);
        call.fail(
            ErrorKind::Label(label),
            format_args!("status {status} ({label})"),
            None,
        );
        call.continue_running();
    }
}

/// Returns the label of a status; statuses that gRPC does not define share one label.
fn label(status: u16) -> &'static str {
    match status {
        1 => "grpc_cancelled",
        2 => "grpc_unknown",
        3 => "grpc_invalid_argument",
        4 => "grpc_deadline_exceeded",
        5 => "grpc_not_found",
        6 => "grpc_already_exists",
        7 => "grpc_permission_denied",
        8 => "grpc_resource_exhausted",
        9 => "grpc_failed_precondition",
        10 => "grpc_aborted",
        11 => "grpc_out_of_range",
        12 => "grpc_unimplemented",
        13 => "grpc_internal",
        14 => "grpc_unavailable",
        15 => "grpc_data_loss",
        16 => "grpc_unauthenticated",
        _ => "grpc_other",
    }
}
