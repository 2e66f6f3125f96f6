//! Which records are kept: a level for all, and levels for the modules that are named.

use std::fmt;
use std::str::FromStr;

use crate::record::Level;

/// Libraries that our own clients are built of, which say much below WARNING.
const NOISY: [&str; 5] = ["h2", "hyper", "reqwest", "rustls", "sqlx"];

/// The least level that is kept; `None` keeps nothing.
type Least = Option<Level>;

/// The levels of records, as directives say them: `info,my_crate::search=debug,hyper=off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    base: Least,
    /// The longest first: the first that fits is the one that says most about a target.
    named: Vec<(Box<str>, Least)>,
}

impl Levels {
    /// Keeps nothing.
    #[cfg(any(feature = "yaml", test))]
    pub(crate) const OFF: Self = Self {
        base: None,
        named: Vec::new(),
    };

    /// Whether a call's record is kept, which belongs to the module that the function stands in.
    pub(crate) fn keep_call(&self, level: Level, module: &str) -> bool {
        if self.named.is_empty() {
            return admits(self.base, level);
        }
        admits(self.named(module).unwrap_or(self.base), level)
    }

    /// Whether an event's record is kept. The noisy libraries are heard from WARNING on, unless they are named.
    pub(crate) fn keep_event(&self, level: Level, target: &str) -> bool {
        match self.named(target) {
            Some(least) => admits(least, level),
            None => admits(self.base, level) && (level >= Level::Warning || !is_noisy(target)),
        }
    }

    /// No record below this level is kept, whatever its target; `None` where none is kept at all.
    pub(crate) fn least(&self) -> Least {
        let named = self.named.iter().filter_map(|(_, least)| *least);
        named.chain(self.base).min()
    }

    /// Reads what can be read of directives that were written for somebody else, and returns the rest.
    #[cfg(any(feature = "yaml", test))]
    pub(crate) fn from_foreign(directives: &str, base: Least) -> (Self, Vec<String>) {
        let mut parsed = Parsed::default();
        let mut left_out = vec![];
        for directive in split(directives) {
            match parse(directive) {
                Ok(directive) => parsed.add(directive),
                Err(_) if is_target(directive) => {
                    parsed.add((Some(directive), Some(Level::Trace)));
                }
                Err(_) => left_out.push(directive.to_owned()),
            }
        }
        (parsed.into_levels(base), left_out)
    }

    /// Reads directives; those that name no level for all leave `base`.
    pub(crate) fn parse(directives: &str, base: Least) -> Result<Self, ParseDirectivesError> {
        let mut parsed = Parsed::default();
        let mut wrong = vec![];
        for directive in split(directives) {
            match parse(directive) {
                Ok(directive) => parsed.add(directive),
                Err(why) => wrong.push(why),
            }
        }
        if parsed.base.is_none() && parsed.named.is_empty() && wrong.is_empty() {
            wrong.push("there is no directive: write a level, such as `info`".to_owned());
        }
        if wrong.is_empty() {
            Ok(parsed.into_levels(base))
        } else {
            Err(ParseDirectivesError(wrong.join("; ")))
        }
    }

    /// What is kept of records that no directive names.
    pub(crate) fn base(&self) -> Least {
        self.base
    }

    fn named(&self, target: &str) -> Option<Least> {
        let mut named = self.named.iter();
        named
            .find(|(name, _)| target.starts_with(&**name))
            .map(|(_, least)| *least)
    }
}

impl From<Level> for Levels {
    fn from(level: Level) -> Self {
        Self {
            base: Some(level),
            named: Vec::new(),
        }
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |least: Least| least.map_or("OFF", Level::as_str);
        out.write_str(word(self.base))?;
        self.named
            .iter()
            .try_for_each(|(name, least)| write!(out, ",{name}={}", word(*least)))
    }
}

/// Directives that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{0}")]
pub struct ParseDirectivesError(String);

fn admits(least: Least, level: Level) -> bool {
    least.is_some_and(|least| level >= least)
}

/// Whether the target is of a noisy library or of a part of one, such as `sqlx_core`.
fn is_noisy(target: &str) -> bool {
    let rest = NOISY.iter().find_map(|name| target.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('_'))
}

/// A target, or none for the level of all.
type Directive<'a> = (Option<&'a str>, Least);

#[derive(Default)]
struct Parsed<'a> {
    base: Option<Least>,
    named: Vec<(&'a str, Least)>,
}

impl<'a> Parsed<'a> {
    /// The last word on a target counts.
    fn add(&mut self, (target, least): Directive<'a>) {
        let Some(target) = target else {
            self.base = Some(least);
            return;
        };
        self.named.retain(|(known, _)| *known != target);
        self.named.push((target, least));
    }

    fn into_levels(mut self, base: Least) -> Levels {
        self.named
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Levels {
            base: self.base.unwrap_or(base),
            named: self
                .named
                .into_iter()
                .map(|(name, least)| (name.into(), least))
                .collect(),
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
            "`{directive}` asks for spans or fields, which only a filter of your own subscriber can: name a target"
        ));
    }
    let Some((target, level)) = directive.split_once('=') else {
        return least(directive).map(|least| (None, least)).map_err(|()| {
            format!(
                "`{directive}` is no level: use {LEVELS}, or name one as in `{directive}=debug`"
            )
        });
    };
    let (target, level) = (target.trim(), level.trim());
    if !is_target(target) {
        return Err(format!(
            "`{target}` is no target: name a module, as in `my_crate::search=debug`"
        ));
    }
    least(level)
        .map(|least| (Some(target), least))
        .map_err(|()| format!("`{level}` is no level: use {LEVELS}"))
}

const LEVELS: &str = "trace, debug, info, warning, error, critical or off";

fn least(word: &str) -> Result<Least, ()> {
    if word.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    Level::from_str(word).map(Some).map_err(|_| ())
}

fn is_target(text: &str) -> bool {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '.' | '-');
    text.chars().any(char::is_alphabetic) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INFO: Least = Some(Level::Info);

    fn levels(directives: &str) -> Levels {
        Levels::parse(directives, INFO).unwrap()
    }

    #[test]
    fn the_directive_that_says_most_about_a_target_counts() {
        let levels = levels("info,app=error,app::search=debug,app::search::bm25=off");
        let kept = |level, target| {
            let event = levels.keep_event(level, target);
            assert_eq!(event, levels.keep_call(level, target), "{target}");
            event
        };
        assert!(kept(Level::Debug, "app::search::vectors"));
        assert!(!kept(Level::Critical, "app::search::bm25::terms"));
        assert!(!kept(Level::Warning, "app::answer"));
        assert!(kept(Level::Info, "other") && !kept(Level::Debug, "other"));
        assert_eq!(levels.least(), Some(Level::Debug));
    }

    #[test]
    fn noisy_libraries_are_heard_from_warning_on_unless_they_are_named() {
        let quiet = levels("debug");
        for target in ["hyper::proto", "hyper_util::client", "sqlx_core", "h2"] {
            assert!(!quiet.keep_event(Level::Info, target), "{target}");
            assert!(quiet.keep_event(Level::Warning, target), "{target}");
        }
        assert!(quiet.keep_event(Level::Info, "hyperion"));
        assert!(levels("info,hyper=debug").keep_event(Level::Debug, "hyper::proto"));
        assert!(!levels("error").keep_event(Level::Warning, "hyper"));
    }

    #[test]
    fn an_annotated_function_is_heard_wherever_it_stands() {
        assert!(levels("info").keep_call(Level::Info, "reqwest::mine"));
    }

    #[test]
    fn off_keeps_nothing_and_the_base_stays_where_none_is_named() {
        assert!(!levels("off").keep_call(Level::Critical, "app"));
        assert_eq!(levels("OFF").least(), None);
        assert_eq!(Levels::OFF.least(), None);
        assert!(levels("app=debug").keep_event(Level::Info, "other"));
        assert_eq!(
            levels(" app = debug , ,warn").to_string(),
            "WARNING,app=DEBUG"
        );
    }

    #[test]
    fn the_last_word_on_a_target_counts() {
        assert_eq!(
            levels("a=debug,info,a=off,error").to_string(),
            "ERROR,a=OFF"
        );
    }

    #[test]
    fn every_wrong_directive_is_named_with_what_would_do() {
        let error = Levels::parse("inof,a=loud,[span]=info,=info,app", INFO)
            .unwrap_err()
            .to_string();
        for part in [
            "`inof` is no level",
            "`loud`",
            "[span]",
            "`` is no target",
            "`app=debug`",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(Levels::parse(" ,", INFO).is_err());
    }

    #[test]
    fn of_foreign_directives_what_can_be_read_is_used() {
        let (levels, left_out) = Levels::from_foreign("warn,app,x[span]=info,y=3", INFO);
        assert_eq!(levels.to_string(), "WARNING,app=TRACE");
        assert_eq!(left_out, ["x[span]=info", "y=3"]);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_as_the_same(text in "(info|off|warn)(,[a-z]{1,4}(::[a-z]{1,3})?=(debug|off|error)){0,5}") {
            let levels = levels(&text);
            prop_assert_eq!(Levels::parse(&levels.to_string(), None), Ok(levels));
        }

        #[test]
        fn any_text_is_read_without_harm(text in any::<String>()) {
            let (foreign, left_out) = Levels::from_foreign(&text, INFO);
            if let Ok(own) = Levels::parse(&text, INFO) {
                prop_assert_eq!(own, foreign);
                prop_assert!(left_out.is_empty());
            }
        }

        #[test]
        fn nothing_below_the_least_is_kept(
            text in "(info|off|warn)(,[a-c]{1,2}=(debug|off|trace|error)){0,4}",
            target in "[a-c]{1,3}",
        ) {
            let levels = levels(&text);
            for level in Level::ALL {
                if levels.least().is_none_or(|least| level < least) {
                    prop_assert!(!levels.keep_call(level, &target));
                    prop_assert!(!levels.keep_event(level, &target));
                }
            }
        }
    }
}
