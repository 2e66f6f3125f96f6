//! An annotated call: its tracing span, its node in the span tree, how it ended, and what it left behind.

mod call;
mod document;
mod event;
mod future;
mod opening;
mod panics;
mod pending;
#[expect(
    unnameable_types,
    reason = "expansions call methods of the rungs and never name one"
)]
mod probe;
mod running;
mod scope;
mod site;
mod stream;
mod value;
mod watch;
mod words;

pub use call::Call;
pub use document::Document;
pub use event::EventSite;
pub use future::{Annotated, Making};
pub use opening::Opening;
pub(crate) use panics::install as install_panic_hook;
pub use probe::{ErrorType, MayBeEmpty, Probe, is_empty};
pub use running::Running;
pub(crate) use scope::scope_is_enabled;
pub use scope::{LogContext, ScopeSite};
pub use site::Site;
pub use stream::Streamed;
pub use value::{Field, Metric, ToCost, ToUsage, field, metric};
