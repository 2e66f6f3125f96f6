//! Finds the values that follow the name of a secret in a text: in connection strings, headers, JSON and `Debug` output.
//!
//! The pattern finds a name that may be a secret's, and the sign after it. The words of the name decide whether it is
//! one, and the form of the value where it ends.

use std::ops::Range;

use regex::Regex;

use super::names::Names;

/// A part of a name that every name of a secret has.
macro_rules! core {
    () => {
        "(?i:passw(?:or)?d|passphrase|pwd|[_-]pass|secret|credential|creds|token|bearer|cookie|authorization|jwt|dsn|cvv|ssn|webhook\
         |(?:api|access|private|signing|encryption|account|auth|master|ssh)[ _-]?key|[_-]key|connection[ _-]?string|card[ _-]?number)"
    };
}

/// What may be between a name and its value: the end of the name, quotes, escapes and the sign.
macro_rules! sign {
    () => {
        r#"[A-Za-z0-9_.-]*(?:\\*["'])?[ \t]*(?:=>|:=|==?|:|%3[AaDd])"#
    };
}

/// The pattern of the prefilter.
pub(super) const HINT: &str = concat!(core!(), sign!());

/// The pattern of a name and its sign; the name is its group.
pub(super) fn shape() -> String {
    format!(r"([A-Za-z0-9_.-]*{}[A-Za-z0-9_.-]*){}", core!(), sign!())
}

/// Returns the ranges of the values in the text, in order.
pub(super) fn find(text: &str, pattern: &Regex, names: &Names) -> Vec<Range<usize>> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(captures) = pattern.captures_at(text, at) {
        let (Some(whole), Some(name)) = (captures.get(0), captures.get(1)) else {
            break;
        };
        at = whole.end();
        if !names.has(&name.as_str().replace(' ', "_")) {
            continue;
        }
        let is_assigned = !whole.as_str().ends_with(':');
        if let Some(value) = value(text, at, name.as_str(), is_assigned) {
            at = value.end;
            found.push(value);
        }
    }
    found
}

/// Returns the range of the value that begins here; `None` if it is not likely a secret.
fn value(text: &str, start: usize, name: &str, is_assigned: bool) -> Option<Range<usize>> {
    let start = skip(text, start, [' ', '\t']);
    let start = start + wrapper(text.get(start..)?);
    let rest = text.get(start..)?;
    let slashes = rest.len() - rest.trim_start_matches('\\').len();
    let quote = rest.get(slashes..)?.chars().next()?;
    if matches!(quote, '"' | '\'') {
        let start = start + slashes + 1;
        let end = start + quoted(text.get(start..)?, slashes, quote);
        return checked(text, start..end);
    }
    if quote == '[' && !is_mark(rest) {
        let end = start + rest.find(']').map_or(rest.len(), |end| end + 1);
        return checked(text, start..end);
    }
    let name = name.to_ascii_lowercase();
    if name.ends_with("cookie") {
        let end = start + line(rest);
        return checked(text, start..end).filter(|_| {
            rest.get(..line(rest))
                .is_some_and(|line| line.contains('='))
        });
    }
    if name.ends_with("authorization") {
        return authorization(text, start);
    }
    let end = start + bare(rest);
    let word = text.get(start..end)?;
    let is_last = || is_end(text.get(end..).unwrap_or_default());
    let is_token = name.ends_with("token");
    let fits = is_assigned || is_like_a_secret(word) || !is_token && is_last();
    checked(text, start..end).filter(|_| fits)
}

/// Returns `true` if the text goes on with another name, a sign or nothing, and not with a word of a sentence.
fn is_end(rest: &str) -> bool {
    let next = rest.trim_start_matches([' ', '\t']);
    let word = next.split_whitespace().next().unwrap_or_default();
    rest.len() == next.len()
        || word.contains(['=', ':'])
        || !next.starts_with(char::is_alphanumeric)
}

/// Returns the value of the header `Authorization` without its scheme.
fn authorization(text: &str, start: usize) -> Option<Range<usize>> {
    let line = text.get(start..start + line(text.get(start..)?))?;
    let scheme = line
        .split_once(' ')
        .map_or(0, |(scheme, _)| scheme.len() + 1);
    let start = start + scheme;
    let end = start + bare(text.get(start..)?);
    checked(text, start..end).filter(|at| text.get(at.clone()).is_some_and(is_like_a_secret))
}

/// Returns the range unless it is empty, is redacted already, or has no value.
fn checked(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let value = text.get(at.clone())?;
    let is_redacted = is_mark(value) && value.find(']') == Some(value.len() - 1);
    let none = ["null", "none", "nil", "true", "false", "undefined"];
    let is_none = none.iter().any(|none| value.eq_ignore_ascii_case(none));
    let is_shown = value.trim_matches(['*', 'x', '.', ' ']).is_empty();
    (!is_redacted && !is_none && !is_shown).then_some(at)
}

/// Returns `true` for a redacted value.
fn is_mark(value: &str) -> bool {
    value.starts_with("[redacted")
}

fn skip(text: &str, start: usize, letters: [char; 2]) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + rest.len() - rest.trim_start_matches(letters).len()
}

/// Returns the length of the names that `Debug` writes around a value: `Some(`, and the `b` of `b"..`.
fn wrapper(rest: &str) -> usize {
    let mut length = 0;
    while let Some((name, _)) = rest.get(length..).and_then(|rest| rest.split_once('(')) {
        if name.is_empty()
            || name.len() > 32
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            break;
        }
        length += name.len() + 1;
    }
    let rest = rest.get(length..).unwrap_or_default();
    length + usize::from(rest.starts_with("b\""))
}

/// Returns the length of a value up to its closing quote, which as many backslashes precede as the opening one.
fn quoted(rest: &str, slashes: usize, quote: char) -> usize {
    let bytes = rest.as_bytes();
    let mut run = 0;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == quote as u8 && is_close(run, slashes) {
            // A connection string writes a quote in a value twice.
            if slashes > 0 || quote == '"' || bytes.get(at + 1) != Some(byte) {
                return at - slashes;
            }
            at += 1;
        }
        run = if *byte == b'\\' { run + 1 } else { 0 };
        at += 1;
    }
    rest.len()
}

/// Returns `true` if a quote after so many backslashes closes a value that was opened after `slashes`.
fn is_close(run: usize, slashes: usize) -> bool {
    run == slashes || slashes == 0 && run.is_multiple_of(2) || run < slashes
}

/// Returns the length of a value without quotes.
fn bare(rest: &str) -> usize {
    let mark = if is_mark(rest) {
        rest.find(']').map_or(0, |end| end + 1)
    } else {
        0
    };
    let tail = rest.get(mark..).unwrap_or_default();
    let is_end = |(at, letter): &(usize, char)| {
        letter.is_whitespace()
            || matches!(letter, '"' | '\'' | '`' | '<' | '>')
            || letter.is_control()
            || matches!(letter, ',' | ';' | '&')
                && is_separator(tail.get(at + 1..).unwrap_or_default())
            || *letter == '\\'
                && tail
                    .get(at + 1..)
                    .is_some_and(|rest| rest.starts_with(['n', 'r', 't', '"', '\'', '\\', 'u']))
    };
    let end = tail
        .char_indices()
        .find(is_end)
        .map_or(tail.len(), |(at, _)| at);
    let value = tail.get(..end).unwrap_or_default();
    mark + value.trim_end_matches([')', ']', '}', '.']).len()
}

/// Returns `true` if this text, after a comma or the like, is not more of the same value.
fn is_separator(rest: &str) -> bool {
    let end = rest.find(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '&'));
    let next = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    next.is_empty() || next.contains(['=', ':', '"', '\''])
}

/// Returns the length of the rest of a line, which may be in quotes or escaped.
fn line(rest: &str) -> usize {
    let end = rest.find(['\n', '\r', '"', '\'', '\u{0}']);
    let escaped = ["\\n", "\\r"].iter().filter_map(|end| rest.find(end)).min();
    end.into_iter().chain(escaped).min().unwrap_or(rest.len())
}

/// Returns `true` for a value that is not a plain word.
pub(crate) fn is_like_a_secret(word: &str) -> bool {
    let has = |is: fn(char) -> bool| word.chars().any(is);
    let is_mixed = has(|letter| letter.is_uppercase())
        && has(|letter| letter.is_lowercase())
        && !word.chars().skip(1).all(char::is_lowercase);
    word.chars().count() >= 6 && (has(|letter| letter.is_ascii_digit()) || is_mixed)
        || word.len() >= 24
}

#[cfg(test)]
mod tests {
    use crate::privacy::{Hits, Settings};

    fn redacted(text: &str) -> String {
        let mut settings = Settings::default();
        settings.allowed.push("csrf_token".to_owned());
        let rules = settings.rules();
        let once = rules.redact(text, &mut Hits::default()).into_owned();
        assert_eq!(
            rules.redact(&once, &mut Hits::default()),
            once,
            "once is enough"
        );
        once.replace("[redacted:named_values]", "~")
    }

    /// Texts, and the same with their secrets as `~`.
    const REDACTED: &[(&str, &str)] = &[
        (
            "host=db user=app password=hunter2",
            "host=db user=app password=~",
        ),
        ("password=hunter2 host=db", "password=~ host=db"),
        (
            "host=db password='hun ter''2' user=app",
            "host=db password='~' user=app",
        ),
        (
            "Server=db;User Id=app;Password=hun;ter2;Timeout=5",
            "Server=db;User Id=app;Password=~;Timeout=5",
        ),
        ("pwd = swordfish", "pwd = ~"),
        ("PGPASSWORD=swordfish psql", "PGPASSWORD=~ psql"),
        ("export OPENAI_API_KEY=abc", "export OPENAI_API_KEY=~"),
        ("x-api-key: abc", "x-api-key: ~"),
        (
            "X-Auth-Token: abc123\r\nHost: db",
            "X-Auth-Token: ~\r\nHost: db",
        ),
        (
            "Cookie: sid=abc; theme=dark\nHost: db",
            "Cookie: ~\nHost: db",
        ),
        (
            "curl -H 'Cookie: sid=abc; b=c' http://x",
            "curl -H 'Cookie: ~' http://x",
        ),
        ("set-cookie: sid=abc; Path=/", "set-cookie: ~"),
        ("Authorization: Custom abc123def", "Authorization: Custom ~"),
        (r#"{"api_key":"abc"}"#, r#"{"api_key":"~"}"#),
        (
            r#"{"api_key": "a\"b\\", "n": 1}"#,
            r#"{"api_key": "~", "n": 1}"#,
        ),
        (
            r#"{\"api_key\":\"abc\",\"n\":1}"#,
            r#"{\"api_key\":\"~\",\"n\":1}"#,
        ),
        (
            r#"{\\\"api_key\\\":\\\"abc\\\"}"#,
            r#"{\\\"api_key\\\":\\\"~\\\"}"#,
        ),
        (
            r#"body was {"clientSecret" : "abc"}"#,
            r#"body was {"clientSecret" : "~"}"#,
        ),
        (r#"{"api_keys":["a","b"],"n":1}"#, r#"{"api_keys":~,"n":1}"#),
        (
            r#"Config { password: Some("abc"), n: 1 }"#,
            r#"Config { password: Some("~"), n: 1 }"#,
        ),
        (r#"Config { password: abc }"#, "Config { password: ~ }"),
        (r#"{"x-api-key": b"abc"}"#, r#"{"x-api-key": b"~"}"#),
        ("{'password': 'abc'}", "{'password': '~'}"),
        ("password: swordfish", "password: ~"),
        ("password: swordfish host: db", "password: ~ host: db"),
        ("db_password=a,b", "db_password=~"),
        (
            "login(user=app, password=abc)",
            "login(user=app, password=~)",
        ),
        ("api key: abc123x", "api key: ~"),
        ("password%3Dhunter2", "password%3D~"),
        (r#"{"token":"abc""#, r#"{"token":"~""#),
        (r#"{"token":"abc"#, r#"{"token":"~"#),
    ];

    #[test]
    fn a_value_after_a_secrets_name_is_redacted() {
        for &(text, shown) in REDACTED {
            assert_eq!(redacted(text), shown, "{text}");
        }
    }

    #[test]
    fn text_about_a_secret_is_not_redacted() {
        for text in [
            "unexpected token: comma",
            "password: must be at least 8 characters",
            "invalid api key: ask your admin for one",
            "max_tokens=512 prompt_tokens: 12 token_count=5",
            "cache_key=abc primary_key: 12345678",
            "authorization: failed for tenant acme",
            "cookie: missing",
            r#"{"password":null,"api_key":"","secret":true}"#,
            r#"{"usage":{"total_tokens":12}}"#,
            "csrf_token=abc",
            "password=******** secret=[redacted]",
            "has_password=true",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
