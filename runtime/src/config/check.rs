//! What must hold between values, each of which is right by itself.

use super::problem::{Problem, Problems};
use super::settings::Settings;

/// Where the key of hashes stands.
pub(super) const HASH_KEY: &str = "logging.privacy.hash_key";

/// In bytes.
const MIN_HASH_KEY: usize = 16;

/// Adds what is wrong.
pub(super) fn check(settings: &Settings, problems: &mut Problems) {
    ages(settings, problems);
    archive(settings, problems);
    channels(settings, problems);
    hash_key(settings, problems);
}

fn add(settings: &Settings, path: &str, message: String, problems: &mut Problems) {
    let at = settings.slot(path).and_then(|slot| slot.at);
    problems.add(Problem::new(path, at, message));
}

/// A record is hot first, then warm, then cold.
fn ages(settings: &Settings, problems: &mut Problems) {
    for (younger, older) in [("hot_days", "warm_days"), ("warm_days", "cold_days")] {
        let path = |name: &str| format!("logging.retention.{name}");
        let (least, most) = (settings.whole(&path(younger)), settings.whole(&path(older)));
        if least > most {
            let set = |name: &str| {
                settings
                    .slot(&path(name))
                    .is_some_and(|slot| slot.at.is_some())
            };
            let wrong = if set(older) { older } else { younger };
            let message = format!("expected {younger} ({least}) to be at most {older} ({most})");
            add(settings, &path(wrong), message, problems);
        }
    }
}

fn archive(settings: &Settings, problems: &mut Problems) {
    let path = "logging.retention.archive_to_s3";
    if settings.flag(path) && settings.text("logging.retention.s3_bucket").is_empty() {
        add(
            settings,
            path,
            "it needs `s3_bucket`: name the bucket".to_owned(),
            problems,
        );
    }
}

fn channels(settings: &Settings, problems: &mut Problems) {
    let path = "logging.alerting.alert_channels";
    if !settings.is_on("logging.alerting") {
        return;
    }
    for (channel, key) in [("slack", "slack_webhook"), ("webhook", "webhook")] {
        let chosen = settings.texts(path).iter().any(|chosen| chosen == channel);
        let address = settings.slot(&format!("logging.alerting.{key}"));
        if chosen && address.is_none_or(|slot| slot.value.is_none()) {
            let message = format!("`{channel}` needs `{key}`: add its address");
            add(settings, path, message, problems);
        }
    }
}

/// With a short key whoever has the hashes finds it by trying, and then the values.
fn hash_key(settings: &Settings, problems: &mut Problems) {
    let key = settings.text(HASH_KEY);
    if !key.is_empty() && key.len() < MIN_HASH_KEY {
        let message = format!(
            "it is too short to be a secret: at least {MIN_HASH_KEY} bytes, such as `openssl rand -hex 32` prints"
        );
        add(settings, HASH_KEY, message, problems);
    }
}
