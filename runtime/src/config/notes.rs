//! Notes on a valid configuration: parts that this build does not support, and likely mistakes.

use super::keys::{self, KEYS, KeyInfo, SECTIONS, Section, Support};
use super::settings::LoadedSettings;
use super::walk::FoundKeys;
use crate::context::Layer;
use ragspan_core::spelling;

/// Returns the notes, a line each.
pub(super) fn notes(settings: &LoadedSettings, found: &FoundKeys<'_>) -> Vec<String> {
    let mut notes: Vec<_> = SECTIONS
        .iter()
        .filter(|section| found.section(section.path).is_some())
        .filter(|section| settings.is_enabled(section.parent()))
        .filter_map(|section| note(section, settings))
        .collect();
    notes.extend(unsupported_keys(settings));
    notes.extend(misspelt_layers(settings));
    notes.extend(
        fallback(settings).map(|reason| format!("{reason}: records go to standard output")),
    );
    if settings.is_enabled(keys::ALERTING.path) && is_mail_address_missing(settings) {
        notes.push(
            "logging.alerting.alert_channels has `email`, but no address is set; add `email`"
                .to_owned(),
        );
    }
    notes
}

/// Returns a note for each name that is nearly that of a layer; it may be that of a custom layer.
fn misspelt_layers(settings: &LoadedSettings) -> impl Iterator<Item = String> {
    let known = Layer::ALL.map(Layer::name);
    let lists = [keys::STDOUT_LAYERS, keys::FILE_LAYERS, keys::SQLITE_LAYERS];
    let names = lists
        .into_iter()
        .filter_map(|key| settings.get_optional(key))
        .flatten();
    names.filter_map(move |name| {
        let near = spelling::nearest(name, known).filter(|near| near != name)?;
        Some(format!(
            "`layers` has `{name}`, which is a custom layer: did you mean `{near}`?"
        ))
    })
}

/// Returns the reason why records go to standard output although it is not enabled, if they do.
pub(super) fn fallback(settings: &LoadedSettings) -> Option<&'static str> {
    let is_needed =
        settings.is_enabled(keys::RECORDS.path) && supported_backend(settings).is_none();
    is_needed.then(|| match enabled_backends(settings).next() {
        Some(_) => "none of the enabled backends is in this build",
        None => "no backend is enabled",
    })
}

/// Returns an enabled backend that is in this build.
fn supported_backend(settings: &LoadedSettings) -> Option<&'static Section> {
    enabled_backends(settings).find(|section| section.support.is_in_build())
}

fn enabled_backends(settings: &LoadedSettings) -> impl Iterator<Item = &'static Section> {
    let sections = SECTIONS.iter().copied();
    let backends = sections.filter(|section| is_backend(section));
    backends.filter(|section| settings.is_enabled(section.path))
}

fn is_backend(section: &Section) -> bool {
    section.parent() == keys::BACKENDS.path
}

fn note(section: &Section, settings: &LoadedSettings) -> Option<String> {
    let (path, name) = (section.path, section.name());
    let switch = section.switch().map(|index| &KEYS[index]);
    let is_enabled = settings.is_enabled(path);
    if let Some(switch) = switch.filter(|_| is_backend(section) && !is_enabled) {
        let is_forgotten = settings.position(switch).is_none();
        return is_forgotten.then(|| {
            format!(
                "{path} is not enabled; add `enabled: true`, or `enabled: false` to hide this note"
            )
        });
    }
    if !is_enabled || section.support.is_in_build() {
        return None;
    }
    let verb = if switch.is_some() { "enabled" } else { "set" };
    let note = format!("{path} is {verb}, but {name} is not in this build");
    Some(with_fix(note, section.support))
}

/// Adds to a note how to get the support, if there is a way.
fn with_fix(note: String, support: Support) -> String {
    match support {
        Support::Feature(feature) => format!("{note}; enable the feature `{feature}`"),
        Support::Always | Support::Planned => note,
    }
}

/// Returns a note for each section with keys that are set and not in this build.
fn unsupported_keys(settings: &LoadedSettings) -> impl Iterator<Item = String> {
    let keys = KEYS.iter().filter(|key| !key.support.is_in_build());
    let set: Vec<_> = keys
        .filter(|key| settings.position(key).is_some())
        .collect();
    let same = |one: &&KeyInfo, other: &&KeyInfo| {
        (one.section.path, one.support) == (other.section.path, other.support)
    };
    let groups = set.chunk_by(same).map(note_on_keys);
    groups.collect::<Vec<_>>().into_iter()
}

/// Returns a note on keys of one section.
fn note_on_keys(keys: &[&KeyInfo]) -> String {
    let names: Vec<_> = keys.iter().map(|key| key.name()).collect();
    let (section, support) = (keys[0].section.path, keys[0].support);
    let note = match &names[..] {
        [name] => format!("{section}.{name} is set, but {name} is not in this build"),
        _ => format!(
            "{section}: {} are set, but they are not in this build",
            names.join(", ")
        ),
    };
    with_fix(note, support)
}

fn is_mail_address_missing(settings: &LoadedSettings) -> bool {
    let mut channels = settings.get(keys::ALERT_CHANNELS).iter();
    channels.any(|channel| channel == "email") && settings.get_optional(keys::ALERT_EMAIL).is_none()
}
