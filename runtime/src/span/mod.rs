//! An annotated call: its tracing span, its node in the span tree, how it ended, and what it left behind.

mod call;
mod future;
mod panics;
#[expect(
    unnameable_types,
    reason = "expansions call methods of the rungs and never name one"
)]
mod probe;
mod scope;
mod site;
mod value;

pub use call::Call;
pub use future::Annotated;
pub(crate) use panics::install as install_panic_hook;
pub use probe::{ErrorType, MayBeEmpty, Probe, is_empty};
pub(crate) use scope::scope_is_enabled;
pub use scope::{LogContext, ScopeSite};
pub use site::Site;
pub use value::{Field, Metric, field, metric};
