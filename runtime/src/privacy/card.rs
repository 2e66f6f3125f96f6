//! Finds card numbers by their length, prefix, grouping and check digit.

use std::ops::Range;

/// The pattern of texts that may hold a card's number, among many other numbers.
pub(super) const DIGITS: &str = "[0-9](?:[ -]?[0-9]){12,}";

/// Digits without a separator among them.
struct Group {
    at: Range<usize>,
    /// The separator between this group and the previous one.
    before: u8,
}

/// Returns the card numbers in `run`, the digits with single spaces or hyphens in `text`.
pub(super) fn find(text: &str, run: Range<usize>, mut found: impl FnMut(Range<usize>)) {
    let groups = groups(text.as_bytes(), run);
    let mut first = 0;
    while first < groups.len() {
        let rest = groups.get(first..).unwrap_or_default();
        match longest(text, rest) {
            Some((taken, at)) => {
                found(at);
                first += taken;
            }
            None => first += 1,
        }
    }
}

fn groups(bytes: &[u8], run: Range<usize>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut before = 0;
    for at in run {
        let byte = bytes.get(at).copied().unwrap_or_default();
        if !byte.is_ascii_digit() {
            before = byte;
            continue;
        }
        match groups.last_mut() {
            Some(group) if group.at.end == at => group.at.end += 1,
            _ => groups.push(Group {
                at: at..at + 1,
                before,
            }),
        }
    }
    groups
}

/// Returns the most groups, from the first on, that form a card's number: their count and range.
fn longest(text: &str, groups: &[Group]) -> Option<(usize, Range<usize>)> {
    let start = groups.first()?.at.start;
    (1..=groups.len().min(6)).rev().find_map(|taken| {
        let some = groups.get(..taken)?;
        let at = start..some.last()?.at.end;
        let fits = is_grouped(some) && is_separate(text, &at) && is_card(text.get(at.clone())?);
        fits.then_some((taken, at))
    })
}

/// Returns `true` for the usual grouping of card numbers: none, or four digits and then three to six at a time. The
/// parts of a UUID, and of ragspan's ids, do not match.
fn is_grouped(groups: &[Group]) -> bool {
    let [first, rest @ ..] = groups else {
        return false;
    };
    rest.is_empty()
        || first.at.len() == 4
            && rest.iter().all(|group| (3..=6).contains(&group.at.len()))
            && rest
                .windows(2)
                .all(|pair| pair.iter().all(|group| group.before == pair[0].before))
}

/// Returns `true` if the range is not part of a word, a hash or a decimal number.
fn is_separate(text: &str, at: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let (before, after) = (at.start.checked_sub(1), Some(at.end));
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_point = |byte: u8| matches!(byte, b'.' | b',');
    let decimal = is_point(byte(before)) && byte(at.start.checked_sub(2)).is_ascii_digit()
        || is_point(byte(after)) && byte(Some(at.end + 1)).is_ascii_digit();
    let head = text.get(..at.start).unwrap_or_default();
    (ends_with_escape(head) || !is_word(byte(before)))
        && !is_word(byte(after))
        && byte(before) != b'+'
        && !decimal
        && !head.ends_with("hash:")
}

/// Returns `true` after an escaped line feed of `Debug` output or a terminal color: both end with a letter that
/// does not belong to a word.
fn ends_with_escape(text: &str) -> bool {
    let color = text.strip_suffix('m').unwrap_or_default();
    let color = color.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == ';');
    color.ends_with("\x1b[") || ["\\n", "\\r", "\\t"].iter().any(|end| text.ends_with(end))
}

fn is_card(text: &str) -> bool {
    let digits: Vec<u8> = text
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| digit - b'0')
        .collect();
    is_issued(&digits) && is_checked(&digits)
}

/// Returns `true` if an issuer has numbers with this beginning and length. Times in milliseconds and nanoseconds do
/// not match.
fn is_issued(digits: &[u8]) -> bool {
    let [a, b, c, d, ..] = *digits else {
        return false;
    };
    let two = u16::from(a) * 10 + u16::from(b);
    let four = two * 100 + u16::from(c) * 10 + u16::from(d);
    match digits.len() {
        13 => a == 4,
        14 => matches!(two, 30 | 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16 => {
            matches!(two, 35 | 36 | 50..=69)
                || a == 4
                || (2221..=2720).contains(&four)
                || four == 9792
        }
        17 | 18 => matches!(two, 50 | 56..=69),
        19 => a == 4 || matches!(two, 50 | 56..=69),
        _ => false,
    }
}

/// Verifies the check digit by Luhn's algorithm.
fn is_checked(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let weighed = u32::from(*digit) * (1 + (index % 2) as u32);
            weighed / 10 + weighed % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cards(text: &str) -> Vec<&str> {
        let regex = regex::Regex::new(DIGITS).unwrap();
        let mut found = vec![];
        for run in regex.find_iter(text) {
            find(text, run.range(), |at| found.push(text.get(at).unwrap()));
        }
        found
    }

    #[test]
    fn the_issuers_test_numbers_are_found() {
        for card in [
            "4111111111111111",
            "4222222222222",
            "5555 5555 5555 4444",
            "3782-822463-10005",
            "3056 930902 5904",
            "6011111111111117",
            "2223003122003222",
            "6304000000000000000",
        ] {
            assert_eq!(cards(card), [card]);
            assert_eq!(cards(&format!("пay {card}.")), [card]);
            assert_eq!(
                cards(&format!("12 {card} 34")),
                [card],
                "beside other numbers"
            );
            assert_eq!(
                cards(&format!("one\\n{card}\\n")),
                [card],
                "printed by Debug"
            );
        }
        let two = "4111111111111111 5555555555554444";
        assert_eq!(cards(two).len(), 2);
    }

    #[test]
    fn other_long_numbers_are_not_cards() {
        for text in [
            "4111111111111112",
            "a4111111111111111",
            "4111111111111111f",
            "0.4111111111111111",
            "4111111111111111.25",
            "+4222222222222",
            "41111111-1111-1111-1111-111111111111",
            "12345678-4111-1111-1111-111111111111",
            "1732540000000",
            "4111 11111111 1111",
            "4111-1111 1111-1111",
            "41111111111111111111",
        ] {
            assert_eq!(cards(text), [""; 0], "{text}");
        }
    }
}
