//! Checks of values against each other.

use super::keys::{self, Key, KeyInfo, OptionalKey};
use super::problem::{Problem, Problems};
use super::settings::LoadedSettings;

/// The minimum length of the key of hashes, in bytes.
const MIN_HASH_KEY: usize = 16;

/// Adds a problem for each check that fails.
pub(super) fn check(settings: &LoadedSettings, problems: &mut Problems) {
    check_ages(settings, problems);
    check_archive(settings, problems);
    check_channels(settings, problems);
    check_hash_key(settings, problems);
}

/// Adds a problem at the position of the key.
pub(super) fn add(
    settings: &LoadedSettings,
    key: &KeyInfo,
    message: &str,
    problems: &mut Problems,
) {
    problems.add(Problem::new(key.path, settings.position(key), message));
}

/// A record is hot first, then warm, then cold.
fn check_ages(settings: &LoadedSettings, problems: &mut Problems) {
    let ages: [(Key<u64>, Key<u64>); 2] = [
        (keys::HOT_DAYS, keys::WARM_DAYS),
        (keys::WARM_DAYS, keys::COLD_DAYS),
    ];
    for (shorter, longer) in ages {
        let (min, max) = (settings.get(shorter), settings.get(longer));
        let (shorter, longer) = (shorter.info(), longer.info());
        // A default gives way: whoever sets one age need not set the others.
        if min > max && settings.position(longer).is_some() {
            let (shorter, name) = (shorter.name(), longer.name());
            let message = format!("expected {name} ({max}) to be at least {shorter} ({min})");
            add(settings, longer, &message, problems);
        }
    }
}

fn check_archive(settings: &LoadedSettings, problems: &mut Problems) {
    let key = keys::ARCHIVE_TO_S3;
    if settings.is_true(key) && settings.get_optional(keys::S3_BUCKET).is_none() {
        let message = "`archive_to_s3` needs `s3_bucket`; add the name of the bucket";
        add(settings, key.info(), message, problems);
    }
}

fn check_channels(settings: &LoadedSettings, problems: &mut Problems) {
    if !settings.is_enabled(keys::ALERTING.path) {
        return;
    }
    let channels = settings.get(keys::ALERT_CHANNELS);
    let addresses: [(&str, OptionalKey<str>); 2] = [
        ("slack", keys::SLACK_WEBHOOK),
        ("webhook", keys::ALERT_WEBHOOK),
    ];
    for (channel, address) in addresses {
        let is_chosen = channels.iter().any(|chosen| chosen == channel);
        if is_chosen && settings.get_optional(address).is_none() {
            let message = format!(
                "`{channel}` needs `{}`; add its address",
                address.info().name()
            );
            add(settings, keys::ALERT_CHANNELS.info(), &message, problems);
        }
    }
}

/// A short key can be found from the hashes by trying all keys, and then the hashed values can be found too.
fn check_hash_key(settings: &LoadedSettings, problems: &mut Problems) {
    let key = settings.get_optional(keys::HASH_KEY).unwrap_or_default();
    if !key.is_empty() && key.len() < MIN_HASH_KEY {
        let message = format!(
            "the key is too short; use at least {MIN_HASH_KEY} bytes, such as the output of `openssl rand -hex 32`"
        );
        add(settings, keys::HASH_KEY.info(), &message, problems);
    }
}
