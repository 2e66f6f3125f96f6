//! The branches drawn before a name.

/// Deeper than this the branches would push the names off the line.
const DEEPEST: usize = 12;

/// `rails` says of each line above whether a sibling of it still follows; a root has no branch.
pub(super) fn branches(depth: usize, last: bool, rails: &[bool]) -> String {
    let branch = match (depth, last) {
        (0, _) => return String::new(),
        (_, true) => "└ ",
        (_, false) => "├ ",
    };
    if depth > DEEPEST {
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
        assert_eq!(branches(0, true, &[]), "");
        assert_eq!(branches(1, false, &[false]), "├ ");
        assert_eq!(branches(3, true, &[false, true, false]), "│   └ ");
    }

    #[test]
    fn a_deep_place_is_a_number() {
        assert_eq!(branches(9_999, true, &[false; 9_999]), "⋯9999 └ ");
    }
}
