//! The `snake_case` of a type's or variant's name.

use syn::Ident;
use syn::ext::IdentExt;

/// Converts `NoContext` to `no_context` and `HTTPError` to `http_error`.
pub(crate) fn snake(name: &Ident) -> String {
    let letters: Vec<char> = name.unraw().to_string().chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if starts_word(&letters, at) && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Returns `true` for an upper-case letter that follows a letter of another case or precedes a lower-case letter.
fn starts_word(letters: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| letters.get(before));
    let ends_word = before.is_some_and(|letter| !letter.is_uppercase());
    let leads_word = letters
        .get(at + 1)
        .is_some_and(|letter| letter.is_lowercase());
    letters[at].is_uppercase() && (ends_word || leads_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_letters_start_a_new_part() {
        for (name, expected) in [
            ("NoContext", "no_context"),
            ("HTTPError", "http_error"),
            ("Io", "io"),
            ("S3", "s3"),
            ("S3Error", "s3_error"),
            ("Utf8Error", "utf8_error"),
            ("OverHTTP2", "over_http2"),
            ("timeout", "timeout"),
            ("A", "a"),
            ("Too_Long", "too_long"),
            ("r#Self_", "self_"),
            ("ÜberLang", "über_lang"),
        ] {
            let name = syn::parse_str::<Ident>(name).unwrap_or_else(|_| panic!("{name}"));
            assert_eq!(snake(&name), expected);
        }
    }
}
