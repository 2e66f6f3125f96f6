//! Filters records by level: one level for all targets, and levels for single targets.

use std::fmt;
use std::str::FromStr;

use crate::record::Level;

/// Libraries that our own clients use, and that emit many events below WARNING.
const NOISY: [&str; 5] = ["h2", "hyper", "reqwest", "rustls", "sqlx"];

/// The lowest level that is recorded; `None` records nothing.
type MinLevel = Option<Level>;

/// The levels of records, parsed from directives such as `info,my_crate::search=debug,hyper=off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    base: MinLevel,
    /// By target, the longest first: the first target that matches is the most specific.
    targets: Vec<(Box<str>, MinLevel)>,
}

impl Levels {
    /// Allows no record.
    #[cfg(any(feature = "yaml", test))]
    pub(crate) const OFF: Self = Self {
        base: None,
        targets: Vec::new(),
    };

    /// Returns whether the record of a call is allowed. The target is the module of the annotated function.
    pub(crate) fn allows_call(&self, level: Level, module: &str) -> bool {
        if self.targets.is_empty() {
            return allows(self.base, level);
        }
        allows(self.min_of_target(module).unwrap_or(self.base), level)
    }

    /// Returns whether the record of an event is allowed. Events of the noisy libraries are allowed from WARNING on,
    /// unless a directive names the library.
    pub(crate) fn allows_event(&self, level: Level, target: &str) -> bool {
        match self.min_of_target(target) {
            Some(min) => allows(min, level),
            None => allows(self.base, level) && (level >= Level::Warning || !is_noisy(target)),
        }
    }

    /// Returns the lowest level that is allowed for any target; `None` if no record is allowed at all.
    pub(crate) fn min_level(&self) -> MinLevel {
        let targets = self.targets.iter().filter_map(|(_, min)| *min);
        targets.chain(self.base).min()
    }

    /// Parses directives that were written for another program, as `RUST_LOG` is. Returns the directives that cannot be
    /// parsed as well.
    #[cfg(any(feature = "yaml", test))]
    pub(crate) fn from_rust_log(directives: &str, base: MinLevel) -> (Self, Vec<String>) {
        let mut parsed = Parsed::default();
        let mut ignored = vec![];
        for directive in split(directives) {
            match parse(directive) {
                Ok(directive) => parsed.add(directive),
                Err(_) if is_target(directive) => {
                    parsed.add((Some(directive), Some(Level::Trace)));
                }
                Err(_) => ignored.push(directive.to_owned()),
            }
        }
        (parsed.into_levels(base), ignored)
    }

    /// Parses directives. If none of them gives a level for all targets, that level is `base`.
    pub(crate) fn parse(directives: &str, base: MinLevel) -> Result<Self, ParseDirectivesError> {
        let mut parsed = Parsed::default();
        let mut errors = vec![];
        for directive in split(directives) {
            match parse(directive) {
                Ok(directive) => parsed.add(directive),
                Err(error) => errors.push(error),
            }
        }
        if parsed.base.is_none() && parsed.targets.is_empty() && errors.is_empty() {
            errors.push("there is no directive: write a level, such as `info`".to_owned());
        }
        if errors.is_empty() {
            Ok(parsed.into_levels(base))
        } else {
            Err(ParseDirectivesError(errors.join("; ")))
        }
    }

    /// Returns the level of the targets that no directive names.
    pub(crate) fn base(&self) -> MinLevel {
        self.base
    }

    fn min_of_target(&self, target: &str) -> Option<MinLevel> {
        let mut targets = self.targets.iter();
        targets
            .find(|(name, _)| target.starts_with(&**name))
            .map(|(_, min)| *min)
    }
}

impl From<Level> for Levels {
    fn from(level: Level) -> Self {
        Self {
            base: Some(level),
            targets: Vec::new(),
        }
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |min: MinLevel| min.map_or("OFF", Level::as_str);
        out.write_str(text(self.base))?;
        self.targets
            .iter()
            .try_for_each(|(name, min)| write!(out, ",{name}={}", text(*min)))
    }
}

/// An error of directives that cannot be parsed: names each of them, and a directive that would be accepted.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{0}")]
pub struct ParseDirectivesError(String);

ragspan_core::debug_as_display!(ParseDirectivesError);

fn allows(min: MinLevel, level: Level) -> bool {
    min.is_some_and(|min| level >= min)
}

/// Returns whether the target belongs to a noisy library or to a part of one, such as `sqlx_core`.
fn is_noisy(target: &str) -> bool {
    let rest = NOISY.iter().find_map(|name| target.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('_'))
}

/// A target, or `None` for all targets, and its level.
type Directive<'a> = (Option<&'a str>, MinLevel);

#[derive(Default)]
struct Parsed<'a> {
    base: Option<MinLevel>,
    targets: Vec<(&'a str, MinLevel)>,
}

impl<'a> Parsed<'a> {
    /// Adds a directive; a later directive for the same target replaces an earlier one.
    fn add(&mut self, (target, min): Directive<'a>) {
        let Some(target) = target else {
            self.base = Some(min);
            return;
        };
        self.targets.retain(|(known, _)| *known != target);
        self.targets.push((target, min));
    }

    fn into_levels(mut self, base: MinLevel) -> Levels {
        self.targets
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let targets = self.targets.into_iter();
        Levels {
            base: self.base.unwrap_or(base),
            targets: targets.map(|(name, min)| (name.into(), min)).collect(),
        }
    }
}

fn split(directives: &str) -> impl Iterator<Item = &str> {
    directives
        .split(',')
        .map(str::trim)
        .filter(|directive| !directive.is_empty())
}

fn parse(directive: &str) -> Result<Directive<'_>, String> {
    if directive.contains(['[', '{']) {
        return Err(format!(
            "`{directive}` selects spans or fields, which only a filter of your own subscriber can do: name a target"
        ));
    }
    let Some((target, level)) = directive.split_once('=') else {
        return min_level(directive).map(|min| (None, min)).map_err(|()| {
            format!(
                "`{directive}` is not a level: use {LEVELS}, or name one as in `{directive}=debug`"
            )
        });
    };
    let (target, level) = (target.trim(), level.trim());
    if !is_target(target) {
        return Err(format!(
            "`{target}` is not a target: name a module, as in `my_crate::search=debug`"
        ));
    }
    min_level(level)
        .map(|min| (Some(target), min))
        .map_err(|()| format!("`{level}` is not a level: use {LEVELS}"))
}

const LEVELS: &str = "trace, debug, info, warning, error, critical or off";

fn min_level(text: &str) -> Result<MinLevel, ()> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    Level::from_str(text).map(Some).map_err(|_| ())
}

fn is_target(text: &str) -> bool {
    let is_valid =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '.' | '-');
    text.chars().any(char::is_alphabetic) && text.chars().all(is_valid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INFO: MinLevel = Some(Level::Info);

    fn levels(directives: &str) -> Levels {
        Levels::parse(directives, INFO).unwrap()
    }

    #[test]
    fn the_most_specific_directive_applies() {
        let levels = levels("info,app=error,app::search=debug,app::search::bm25=off");
        let allowed = |level, target| {
            let event = levels.allows_event(level, target);
            assert_eq!(event, levels.allows_call(level, target), "{target}");
            event
        };
        assert!(allowed(Level::Debug, "app::search::vectors"));
        assert!(!allowed(Level::Critical, "app::search::bm25::terms"));
        assert!(!allowed(Level::Warning, "app::answer"));
        assert!(allowed(Level::Info, "other") && !allowed(Level::Debug, "other"));
        assert_eq!(levels.min_level(), Some(Level::Debug));
    }

    #[test]
    fn noisy_libraries_are_recorded_from_warning_on_unless_they_are_named() {
        let quiet = levels("debug");
        for target in ["hyper::proto", "hyper_util::client", "sqlx_core", "h2"] {
            assert!(!quiet.allows_event(Level::Info, target), "{target}");
            assert!(quiet.allows_event(Level::Warning, target), "{target}");
        }
        assert!(quiet.allows_event(Level::Info, "hyperion"));
        assert!(levels("info,hyper=debug").allows_event(Level::Debug, "hyper::proto"));
        assert!(!levels("error").allows_event(Level::Warning, "hyper"));
    }

    #[test]
    fn an_annotated_function_is_recorded_whatever_its_module_is_called() {
        assert!(levels("info").allows_call(Level::Info, "reqwest::mine"));
    }

    #[test]
    fn off_allows_nothing_and_the_base_stays_where_no_level_for_all_is_given() {
        assert!(!levels("off").allows_call(Level::Critical, "app"));
        assert_eq!(levels("OFF").min_level(), None);
        assert_eq!(Levels::OFF.min_level(), None);
        assert!(levels("app=debug").allows_event(Level::Info, "other"));
        assert_eq!(
            levels(" app = debug , ,warn").to_string(),
            "WARNING,app=DEBUG"
        );
    }

    #[test]
    fn a_later_directive_for_the_same_target_replaces_an_earlier_one() {
        assert_eq!(
            levels("a=debug,info,a=off,error").to_string(),
            "ERROR,a=OFF"
        );
    }

    #[test]
    fn every_wrong_directive_is_named_with_a_fix() {
        let error = Levels::parse("inof,a=loud,[span]=info,=info,app", INFO)
            .unwrap_err()
            .to_string();
        for part in [
            "`inof` is not a level",
            "`loud`",
            "[span]",
            "`` is not a target",
            "`app=debug`",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(Levels::parse(" ,", INFO).is_err());
    }

    #[test]
    fn the_directives_of_rust_log_that_can_be_parsed_are_used() {
        let (levels, ignored) = Levels::from_rust_log("warn,app,x[span]=info,y=3", INFO);
        assert_eq!(levels.to_string(), "WARNING,app=TRACE");
        assert_eq!(ignored, ["x[span]=info", "y=3"]);
    }

    proptest! {
        #[test]
        fn displayed_levels_parse_to_the_same_levels(text in "(info|off|warn)(,[a-z]{1,4}(::[a-z]{1,3})?=(debug|off|error)){0,5}") {
            let levels = levels(&text);
            prop_assert_eq!(Levels::parse(&levels.to_string(), None), Ok(levels));
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(text in any::<String>()) {
            let (foreign, ignored) = Levels::from_rust_log(&text, INFO);
            if let Ok(own) = Levels::parse(&text, INFO) {
                prop_assert_eq!(own, foreign);
                prop_assert!(ignored.is_empty());
            }
        }

        #[test]
        fn nothing_below_the_lowest_level_is_allowed(
            text in "(info|off|warn)(,[a-c]{1,2}=(debug|off|trace|error)){0,4}",
            target in "[a-c]{1,3}",
        ) {
            let levels = levels(&text);
            for level in Level::ALL {
                if levels.min_level().is_none_or(|min| level < min) {
                    prop_assert!(!levels.allows_call(level, &target));
                    prop_assert!(!levels.allows_event(level, &target));
                }
            }
        }
    }
}
