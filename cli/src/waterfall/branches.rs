//! The branch lines before the name of a span.

/// Returns the depth up to which branches leave room for names in a terminal of `width` columns.
pub(super) fn max_depth(width: usize) -> usize {
    (width / 12).clamp(2, 12)
}

/// Returns the branches of a line. `rails` holds for each level above whether another sibling follows. A root has no
/// branch; a line deeper than `max_depth` shows its depth as a number.
pub(super) fn branches(depth: usize, last: bool, rails: &[bool], max_depth: usize) -> String {
    let branch = match (depth, last) {
        (0, _) => return String::new(),
        (_, true) => "└ ",
        (_, false) => "├ ",
    };
    if depth > max_depth {
        return format!("⋯{depth} {branch}");
    }
    let rails = rails
        .iter()
        .skip(1)
        .map(|more| if *more { "│ " } else { "  " });
    rails.chain([branch]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rails_lead_to_the_siblings_that_follow() {
        assert_eq!(branches(0, true, &[], 9), "");
        assert_eq!(branches(1, false, &[false], 9), "├ ");
        assert_eq!(branches(3, true, &[false, true, false], 9), "│   └ ");
    }

    #[test]
    fn a_deep_line_shows_its_depth_as_a_number() {
        assert_eq!(branches(9_999, true, &[false; 9_999], 9), "⋯9999 └ ");
    }
}
