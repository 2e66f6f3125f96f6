//! What a configuration asks for that this build cannot give, and what it likely did not mean.

use super::keys::{BACKENDS, Built, KEYS, RECORDS, SECTIONS, Section, last, parent};
use super::settings::Settings;
use super::walk::Found;

/// A line for each, to be told at the start.
pub(super) fn notes(settings: &Settings, found: &Found<'_>) -> Vec<String> {
    let given = |section: &&Section| found.section(section.path).is_some();
    let mut notes: Vec<_> = SECTIONS
        .iter()
        .filter(given)
        .filter(|section| settings.is_on(parent(section.path)))
        .filter_map(|section| note(section, settings))
        .collect();
    notes.extend(later(settings));
    if settings.is_on(RECORDS) && enabled(settings).next().is_some() && runs(settings).is_none() {
        notes.push(
            "none of the enabled backends is in this build: records go to standard output"
                .to_owned(),
        );
    }
    if settings.is_on("logging.alerting") && mail_without_address(settings) {
        notes.push(
            "logging.alerting.alert_channels has `email`, but nobody gets mail: add `email`"
                .to_owned(),
        );
    }
    notes
}

/// Whether records go anywhere by the backends that are enabled.
pub(super) fn runs(settings: &Settings) -> Option<&'static Section> {
    enabled(settings).find(|section| section.built.is_in())
}

fn enabled(settings: &Settings) -> impl Iterator<Item = &'static Section> {
    let backends = SECTIONS
        .iter()
        .filter(|section| parent(section.path) == BACKENDS);
    backends.filter(|section| settings.is_on(section.path))
}

fn note(section: &Section, settings: &Settings) -> Option<String> {
    let path = section.path;
    let is_on = settings.is_on(path);
    if section.switched && !is_on && parent(path) == BACKENDS {
        let unsaid = settings
            .slot(&format!("{path}.enabled"))
            .is_some_and(|slot| slot.at.is_none());
        return unsaid.then(|| {
            format!("{path} is not enabled: add `enabled: true`, or `enabled: false` to be silent")
        });
    }
    if !is_on || section.built.is_in() {
        return None;
    }
    let verb = if section.switched { "enabled" } else { "set" };
    Some(match section.built {
        Built::With(feature) => {
            format!(
                "{path} is {verb}, but {} is not in this build: turn on the feature `{feature}`",
                last(path)
            )
        }
        Built::Always | Built::Later => {
            format!("{path} is {verb}, but {} is not in this build", last(path))
        }
    })
}

/// The keys that are set, and do nothing yet in a section that does something.
fn later(settings: &Settings) -> impl Iterator<Item = String> {
    let keys = KEYS.iter().filter(|key| !key.built.is_in());
    let set = keys.filter(|key| {
        settings
            .slot(key.path)
            .is_some_and(|slot| slot.at.is_some())
    });
    set.map(|key| {
        format!(
            "{} is set, but {} is not in this build",
            key.path,
            key.name()
        )
    })
}

fn mail_without_address(settings: &Settings) -> bool {
    let channels = settings.texts("logging.alerting.alert_channels");
    channels.iter().any(|channel| channel == "email")
        && settings.text("logging.alerting.email").is_empty()
}
