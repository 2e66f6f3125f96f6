//! The result of one check.

use crate::style::Tone;

/// The status of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Warn,
    Fail,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    pub(super) const fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warn => Tone::Odd,
            Self::Fail => Tone::Bad,
        }
    }
}

/// The subject of a check, its status, the details, and how to fix a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) status: Status,
    pub(super) detail: String,
    pub(super) fix: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, detail: String) -> Self {
        Self {
            name,
            status: Status::Ok,
            detail,
            fix: None,
        }
    }

    pub(super) fn warn(name: &'static str, detail: String, fix: &str) -> Self {
        Self {
            name,
            status: Status::Warn,
            detail,
            fix: Some(fix.to_owned()),
        }
    }

    pub(super) fn fail(name: &'static str, detail: String, fix: &str) -> Self {
        Self {
            status: Status::Fail,
            ..Self::warn(name, detail, fix)
        }
    }
}
