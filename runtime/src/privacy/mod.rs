//! Redacts secrets: values of fields with a secret's name, and texts that look like secrets.
//!
//! Names are checked when a value is recorded, on the caller's thread; texts are scanned once, by the worker,
//! before any sink receives them.

mod card;
mod named;
mod names;
mod rules;
mod secret;
mod settings;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

#[cfg(feature = "yaml")]
pub(crate) use named::is_like_a_secret;
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

/// The current rules for texts.
static CURRENT: LazyLock<RwLock<Arc<Rules>>> =
    LazyLock::new(|| RwLock::new(Arc::new(Settings::default().rules())));

/// Replaces the settings of the whole process.
pub(crate) fn install(settings: &Settings) {
    names::install(Names::new(&settings.fields, &settings.allowed));
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings.rules());
}

/// The current rules for texts.
pub(crate) fn rules() -> Arc<Rules> {
    Arc::clone(&CURRENT.read().unwrap_or_else(PoisonError::into_inner))
}

/// Returns the text with its secrets redacted, as in a record.
///
/// The rules are those of the configuration after [`start`](crate::start), and the default ones before. Use it for
/// text that leaves the program other than in records, such as an error page.
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
