//! The branches drawn before a name.

/// So deep a line may lie that the branches leave room for names in a terminal of `width` columns.
pub(super) fn deepest(width: usize) -> usize {
    (width / 12).clamp(2, 12)
}

/// `rails` says of each line above whether a sibling of it still follows; a root has no branch. What
/// is deeper than `deepest` says its depth by a number.
pub(super) fn branches(depth: usize, last: bool, rails: &[bool], deepest: usize) -> String {
    let branch = match (depth, last) {
        (0, _) => return String::new(),
        (_, true) => "└ ",
        (_, false) => "├ ",
    };
    if depth > deepest {
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
    fn rails_run_down_to_the_siblings_that_follow() {
        assert_eq!(branches(0, true, &[], 9), "");
        assert_eq!(branches(1, false, &[false], 9), "├ ");
        assert_eq!(branches(3, true, &[false, true, false], 9), "│   └ ");
    }

    #[test]
    fn a_deep_place_is_a_number() {
        assert_eq!(branches(9_999, true, &[false; 9_999], 9), "⋯9999 └ ");
    }
}
