//! Error messages for unknown names: a suggestion for the likely spelling, and the list of known names.

use ragspan_core::spelling;

/// Returns the message for an unknown name, with a suggestion if one is close enough.
pub(crate) fn unknown(kind: &str, name: &str, known: &[&str]) -> String {
    let suggestion = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? "),
        None => String::new(),
    };
    let known = known.join(", ");
    format!("unknown {kind} `{name}`; {suggestion}known {kind}s: {known}")
}

/// Returns the known name with the smallest edit distance, if it is close enough to be the intended one. Case is ignored.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    spelling::nearest(name, known.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["context", "metrics", "operation", "ok", "Display"];

    #[test]
    fn a_misspelled_name_gets_a_suggestion() {
        for (name, intended) in [
            ("contxt", "context"),
            ("metric", "metrics"),
            ("operatoin", "operation"),
            ("Context", "context"),
            ("display", "Display"),
            ("k", "ok"),
        ] {
            assert_eq!(nearest(name, NAMES), Some(intended), "{name}");
        }
    }

    #[test]
    fn a_different_name_gets_no_suggestion() {
        assert_eq!(nearest("banana", NAMES), None);
        assert_eq!(nearest("context", &[]), None);
        assert_eq!(nearest("1", &["0"]), None);
    }

    #[test]
    fn the_message_lists_the_known_names() {
        let near = unknown("argument", "metric", &["metrics", "ok"]);
        assert_eq!(
            near,
            "unknown argument `metric`; did you mean `metrics`? known arguments: metrics, ok"
        );
        let far = unknown("argument", "banana", &["ok"]);
        assert_eq!(far, "unknown argument `banana`; known arguments: ok");
    }
}
