//! Rules that find secrets in a text by their form, and replace them by the name of their rule.
//!
//! A prefilter decides for a whole text whether any built-in rule may match. It is one pass of one automaton and
//! ignores boundaries, so that it can scan many texts at once. Only texts that it does not exclude are checked rule
//! by rule.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::names::Names;
use super::{card, named};

/// A rule that redacts parts of texts by their form.
///
/// A match is replaced by `[redacted:` and the [name](Self::name) of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Redaction {
    /// Private keys in PEM, up to their last line or the end of the text.
    PrivateKeys,
    /// The user and password of a URL, as in `postgres://app:hunter2@db`, and keys among its parameters.
    UrlCredentials,
    /// JSON web tokens.
    Jwt,
    /// The credentials after `Bearer`, or another scheme of an `Authorization`.
    Bearer,
    /// Keys of known services: OpenAI, Anthropic, AWS, Google, GitHub, Slack, LangSmith, Stripe and others.
    ApiKeys,
    /// Values after the name of a secret, as in `password=hunter2`, `x-api-key: ..` and `{"client_secret": ".."}`.
    NamedValues,
    /// E-mail addresses.
    Emails,
    /// Numbers of payment cards whose check digit is right.
    Cards,
}

impl Redaction {
    /// All rules, in the order in which they are applied.
    pub const ALL: [Self; 8] = [
        Self::PrivateKeys,
        Self::UrlCredentials,
        Self::Jwt,
        Self::Bearer,
        Self::ApiKeys,
        Self::NamedValues,
        Self::Emails,
        Self::Cards,
    ];

    /// Returns the name in the configuration, in records and in the metric `ragspan_redactions_total`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivateKeys => "private_keys",
            Self::UrlCredentials => "url_credentials",
            Self::Jwt => "jwt",
            Self::Bearer => "bearer",
            Self::ApiKeys => "api_keys",
            Self::NamedValues => "named_values",
            Self::Emails => "emails",
            Self::Cards => "cards",
        }
    }

    /// The pattern; its capture group, if there is one, is redacted.
    fn shape(self) -> String {
        match self {
            Self::PrivateKeys => PEM.to_owned(),
            Self::UrlCredentials => URL.to_owned(),
            Self::Jwt => format!("{START}({JWT})"),
            Self::Bearer => BEARER.to_owned(),
            Self::ApiKeys => format!("{START}({})", KEYS.join("|")),
            Self::NamedValues => named::shape(),
            Self::Emails => EMAIL.to_owned(),
            Self::Cards => card::DIGITS.to_owned(),
        }
    }

    /// A pattern that every text with a match of the rule contains, independent of its surroundings.
    fn hint(self) -> String {
        match self {
            Self::PrivateKeys => "-----BEGIN ".to_owned(),
            Self::UrlCredentials => "@|(?i:[?&](?:a|c|p|re|s|t|x-)[a-z_-]*=)".to_owned(),
            Self::Jwt => "eyJ[A-Za-z0-9_-]{8}".to_owned(),
            Self::Bearer => "(?i:bearer|authorization)".to_owned(),
            Self::ApiKeys => KEYS.join("|"),
            Self::NamedValues => named::HINT.to_owned(),
            Self::Emails => "@|%40".to_owned(),
            Self::Cards => "[0-9](?:[ -]?[0-9]){12}".to_owned(),
        }
    }

    /// Returns `true` if the text of this capture group is likely a secret.
    fn fits(self, group: usize, found: &str) -> bool {
        match (self, group) {
            // `sk-` and the like also begin words with hyphens.
            (Self::ApiKeys, _) => {
                let (head, _) = found.split_once('-').unwrap_or_default();
                let is_word = !head.is_empty()
                    && head.len() < 6
                    && head.bytes().all(|byte| byte.is_ascii_lowercase());
                !is_word || found.bytes().any(|byte| byte.is_ascii_digit())
            }
            // A token, not a word.
            (Self::Bearer, 1) => {
                let has = |is: fn(&u8) -> bool| found.bytes().skip(1).any(|byte| is(&byte));
                has(u8::is_ascii_digit)
                    || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
            }
            // `git@github.com:` is not an e-mail address.
            (Self::Emails, _) => !found.starts_with("git@"),
            // A user name alone is not a secret; a token in its place is.
            (Self::UrlCredentials, 1 | 2) => found.contains(':') || found.len() >= 16,
            // `http://db:5432/@x` has a port, and not a password with a slash.
            (Self::UrlCredentials, 3) => !begins_with_port(found),
            // The value of a parameter, unless an earlier pass redacted it.
            (Self::UrlCredentials, _) => !found.starts_with("[redacted"),
            _ => true,
        }
    }
}

/// The start of a word, also after an escape of `Debug`, of a URL or of a terminal.
const START: &str = r"(?:\b|_|\\[nrt]|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]*m)";

const PEM: &str = r"(?s:-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z))";

const JWT: &str = r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3}";

/// The user info of a URL; parameters with the name of a secret.
///
/// A password that is not percent-encoded may have any character. The address of a database or of a broker seldom has an
/// `@` after its host, so its user info ends at the last one. In other addresses a path may have one.
const URL: &str = concat!(
    r"(?i:\b(?:postgres|postgresql|mysql|mariadb|mongodb|redis|rediss|valkey|amqp|amqps|mssql|sqlserver|oracle|clickhouse|cockroachdb",
    r"|neo4j|bolt|nats|kafka|ldap|ldaps|smtp|smtps|ftp|sftp)(?:\+[a-z0-9_]+)?://)([^\s\x00-\x1f<>\x22'`]+)@",
    r"|[A-Za-z0-9]://(?:([^\s\x00-\x1f\\/?#<>\x22'`]+)@|([^\s\x00-\x1f\\/?#<>\x22'`:@\[]*:[^\s\x00-\x1f\\<>\x22'`@]+)@[A-Za-z0-9\[])",
    r"|(?i:[?&](?:api[_-]?key|access[_-]?token|refresh[_-]?token|auth[_-]?token|client[_-]?secret|password|passwd|pwd|secret|token|sig|signature",
    r"|x-amz-signature|x-amz-security-token|x-goog-signature)=)([^\s\x00-\x1f&;#<>\x22'`\\]+)",
);

/// Returns `true` if the text after the first colon is a number and the end of a host's part.
fn begins_with_port(info: &str) -> bool {
    let after = info.split_once(':').map_or("", |(_, after)| after);
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    after.bytes().take(end).all(|byte| byte.is_ascii_digit())
}

const BEARER: &str = concat!(
    r"(?i-u:bearer(?:[ \t]+|%20|\+|:[ \t]*))([A-Za-z0-9._~+/=-]{8,})",
    r"|(?i-u:authorization[\x22']?[ \t]*[:=][ \t]*[\x22']?(?:basic|digest|token|apikey|api-key)[ \t]+)([A-Za-z0-9._~+/=:-]{6,})",
);

const EMAIL: &str =
    r"(?:[\p{L}\p{N}._+-]|%2[Bb])+(?:@|%40)(?:[\p{L}\p{N}][\p{L}\p{N}-]*\.)+\p{L}{2,24}";

/// The prefixes of the keys of services, and their least lengths.
const KEYS: [&str; 29] = [
    // OpenAI, Anthropic, OpenRouter, Langfuse, DeepSeek
    r"sk-[A-Za-z0-9_-]{16,}",
    r"pk-lf-[A-Za-z0-9-]{16,}",
    // AWS
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    // Google
    r"AIza[A-Za-z0-9_-]{30,}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"GOCSPX-[A-Za-z0-9_-]{20,}",
    // GitHub, GitLab
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"glpat-[A-Za-z0-9_-]{20,}",
    // Slack
    r"xox[a-z]-[A-Za-z0-9-]{10,}",
    r"xapp-[A-Za-z0-9-]{10,}",
    r"hooks\.slack\.com/[A-Za-z]+/[A-Za-z0-9/_]{20,}",
    // LangSmith
    r"lsv2_[a-z]{2,8}_[A-Za-z0-9_]{16,}",
    r"ls__[A-Za-z0-9]{20,}",
    // Stripe
    r"[srp]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"whsec_[A-Za-z0-9+/=]{20,}",
    // Hugging Face, Groq, Replicate, Pinecone, Perplexity, xAI, Tavily, Fireworks
    r"hf_[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{30,}",
    r"r8_[A-Za-z0-9]{30,}",
    r"pcsk_[A-Za-z0-9_]{20,}",
    r"pplx-[A-Za-z0-9]{30,}",
    r"xai-[A-Za-z0-9]{30,}",
    r"tvly-[A-Za-z0-9-]{16,}",
    // SendGrid, npm, PyPI, crates.io
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-[A-Za-z0-9_-]{40,}",
    // Databricks, DigitalOcean, Azure storage
    r"dapi[a-f0-9]{32}",
    r"do[opr]_v1_[a-f0-9]{40,}",
    r"AccountKey=[A-Za-z0-9+/=]{40,}",
];

/// A compiled rule.
#[derive(Debug)]
struct Rule {
    name: Box<str>,
    /// The built-in rule; `None` for a user's expression.
    known: Option<Redaction>,
    regex: Regex,
    /// The names of the configuration, for [`Redaction::NamedValues`].
    names: Names,
}

impl Rule {
    fn known(rule: Redaction, names: &Names) -> Self {
        let ascii = matches!(
            rule,
            Redaction::Jwt
                | Redaction::Bearer
                | Redaction::ApiKeys
                | Redaction::NamedValues
                | Redaction::Cards
        );
        Self {
            names: names.clone(),
            name: rule.name().into(),
            known: Some(rule),
            regex: compile_builtin(&rule.shape(), !ascii),
        }
    }

    /// Returns the ranges of its matches, in order.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = vec![];
        if self.known == Some(Redaction::Cards) {
            for run in self.regex.find_iter(text) {
                card::find(text, run.range(), |at| found.push(at));
            }
            return found;
        }
        if self.known == Some(Redaction::NamedValues) {
            return named::find(text, &self.regex, &self.names);
        }
        for captures in self.regex.captures_iter(text) {
            let groups = captures.iter().enumerate().skip(1);
            let group = groups.filter_map(|(at, part)| Some((at, part?))).next();
            let whole = captures.get(0).map(|whole| (0, whole));
            let part = group.filter(|_| self.known.is_some()).or(whole);
            let fits = |at, text| self.known.is_none_or(|rule| rule.fits(at, text));
            if let Some((_, part)) = part.filter(|(at, part)| fits(*at, part.as_str())) {
                found.push(part.range());
            }
        }
        found
    }

    /// Redacts its matches in the text; `None` if there are none.
    fn replace(&self, text: &str) -> Option<(String, u64)> {
        let found = self.find(text);
        let mut out = String::with_capacity(text.len());
        let mut written = 0;
        for at in &found {
            out.push_str(text.get(written..at.start).unwrap_or_default());
            // Writing to a string cannot fail.
            _ = write!(out, "[redacted:{}]", self.name);
            written = at.end;
        }
        out.push_str(text.get(written..).unwrap_or_default());
        (!found.is_empty()).then_some((out, found.len() as u64))
    }
}

/// Compiles a built-in expression.
fn compile_builtin(pattern: &str, unicode: bool) -> Regex {
    RegexBuilder::new(pattern)
        .unicode(unicode)
        .build()
        .unwrap_or_else(|error| unreachable!("{error}"))
}

/// The number of matches by rule.
#[derive(Debug, Default)]
pub(crate) struct Hits(Vec<(Box<str>, u64)>);

impl Hits {
    fn add(&mut self, name: &str, count: u64) {
        match self.0.iter_mut().find(|(there, _)| **there == *name) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((name.into(), count)),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, count)| (&**name, *count))
    }
}

/// The enabled rules.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// The prefilter; `None` if no built-in rule is enabled.
    hint: Option<Regex>,
    /// The user's expressions may depend on surrounding text, so they are applied to one text at a time.
    has_patterns: bool,
}

impl Rules {
    pub(super) fn new(known: &[Redaction], patterns: &[(String, Regex)], names: &Names) -> Self {
        let known = || {
            Redaction::ALL
                .into_iter()
                .filter(|rule| known.contains(rule))
        };
        let hints: Vec<String> = known().map(|rule| format!("(?:{})", rule.hint())).collect();
        let patterns = patterns.iter().map(|(name, regex)| Rule {
            name: name.as_str().into(),
            known: None,
            regex: regex.clone(),
            names: Names::default(),
        });
        Self {
            has_patterns: patterns.len() > 0,
            rules: known()
                .map(|rule| Rule::known(rule, names))
                .chain(patterns)
                .collect(),
            hint: (!hints.is_empty()).then(|| compile_builtin(&hints.join("|"), false)),
        }
    }

    /// Returns `true` if no rule is enabled.
    pub(crate) fn is_off(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns `true` if a rule may match in one of the texts that are concatenated in this one.
    pub(crate) fn may_find(&self, texts: &str) -> bool {
        self.has_patterns || self.hint.as_ref().is_some_and(|hint| hint.is_match(texts))
    }

    /// Redacts the matches of all rules in the text.
    pub(crate) fn redact<'t>(&self, text: &'t str, hits: &mut Hits) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        let hinted = self.hint.as_ref().is_some_and(|hint| hint.is_match(&text));
        for rule in &self.rules {
            if !hinted && rule.known.is_some() {
                continue;
            }
            if let Some((without, count)) = rule.replace(&text) {
                hits.add(&rule.name, count);
                text = Cow::Owned(without);
            }
        }
        text
    }
}

/// An error of a user's redaction rule.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactionError {
    /// The name is not valid.
    #[error(
        "a pattern's name has at most 40 small letters, digits and underscores, and is not the name of a built-in rule"
    )]
    Name,
    /// The expression has a syntax error.
    #[error("the pattern is not a regular expression: {0}")]
    Syntax(String),
    /// The expression needs too much memory.
    #[error("the pattern is too large: repeat less")]
    TooLarge,
    /// The expression matches the empty text, and so every text.
    #[error("the pattern matches the empty text: make it match at least one character")]
    Empty,
}

ragspan_core::debug_as_display!(RedactionError);

/// The memory limit of one compiled expression, in bytes; the same limit applies to its state while it runs.
const MAX_MEMORY: usize = 1 << 20;

/// Checks the name of a user's expression.
pub(crate) fn check_name(name: &str) -> Result<(), RedactionError> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_ours = Redaction::ALL.iter().any(|rule| rule.name() == name);
    if name.is_empty() || name.len() > 40 || !name.bytes().all(letter) || is_ours {
        return Err(RedactionError::Name);
    }
    Ok(())
}

/// Compiles a user's expression, which runs in linear time.
pub(crate) fn compile(pattern: &str) -> Result<Regex, RedactionError> {
    let built = RegexBuilder::new(pattern)
        .size_limit(MAX_MEMORY)
        .dfa_size_limit(MAX_MEMORY)
        .build();
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => RedactionError::TooLarge,
        other => RedactionError::Syntax(last_line(&other.to_string())),
    })?;
    if regex.is_match("") {
        return Err(RedactionError::Empty);
    }
    Ok(regex)
}

/// Returns the reason: the last line, after the lines that show the position.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests;
