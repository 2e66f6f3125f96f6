//! Redacts secrets: values of fields with a secret's name, and texts that look like secrets.
//!
//! Names count where a value is taken, on the caller's thread; how a text looks is asked once, by the worker, before any sink has it.

mod card;
mod names;
mod rules;
mod secret;
mod settings;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use names::Names;
pub(crate) use names::is_secret;
pub(crate) use rules::{Hits, Rules};
pub use rules::{Redaction, RedactionError};
#[cfg(feature = "yaml")]
pub(crate) use rules::{check_name, compile};
pub use secret::Secret;
pub(crate) use settings::Settings;

/// The text in place of a redacted value.
pub(crate) const REDACTED: &str = "[redacted]";

/// The rules for texts that count now.
static NOW: LazyLock<RwLock<Arc<Rules>>> =
    LazyLock::new(|| RwLock::new(Arc::new(Settings::default().rules())));

/// From now on these settings count, in all of this process.
pub(crate) fn install(settings: &Settings) {
    names::install(Names::new(&settings.fields, &settings.allowed));
    *NOW.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings.rules());
}

/// The rules for texts that count now.
pub(crate) fn rules() -> Arc<Rules> {
    Arc::clone(&NOW.read().unwrap_or_else(PoisonError::into_inner))
}

/// The text without what looks like a secret: as a record would show it.
///
/// By the rules of the configuration after [`start`](crate::start), and by the default ones before. For text that goes another way than through records,
/// as an error page.
///
/// ```
/// let text = ragspan::privacy::redact("no answer from postgres://app:hunter2@db/rag");
/// assert_eq!(text, "no answer from postgres://[redacted:url_credentials]@db/rag");
/// assert_eq!(ragspan::privacy::redact("nothing in here"), "nothing in here");
/// ```
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    rules().redact(text, &mut Hits::default())
}
