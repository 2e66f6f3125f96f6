//! Reads numbers in figures and in words, so that `2,000`, `2000` and `two thousand` are the same.

const UNITS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: &[&str] = &[
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

const POWERS: &[(&str, f64)] = &[
    ("hundred", 100.0),
    ("thousand", 1000.0),
    ("million", 1_000_000.0),
    ("billion", 1_000_000_000.0),
];

/// The numeric meaning of one word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Numeral {
    /// A value of its own, such as `9`, `nine` or `1,204`.
    Value(f64),
    /// Twenty to ninety, which a unit may follow.
    Tens(f64),
    /// A word that multiplies the number before it.
    Power(f64),
}

impl Numeral {
    /// Parses one lower-case word; `None` if it is not a number.
    ///
    /// `one` is none: as a pronoun it is far more frequent.
    #[must_use]
    pub(crate) fn read(word: &str) -> Option<Self> {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.replace(',', "").parse().ok().map(Self::Value);
        }
        if let Some(value) = UNITS.iter().position(|unit| *unit == word && word != "one") {
            return Some(Self::Value(value as f64));
        }
        if let Some(index) = TENS.iter().position(|tens| *tens == word) {
            return Some(Self::Tens((index + 2) as f64 * 10.0));
        }
        let power = POWERS.iter().find(|(name, _)| *name == word);
        power.map(|(_, factor)| Self::Power(*factor))
    }

    /// The number that this and the next word are together, if they are one number.
    #[must_use]
    pub(crate) fn join(self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Tens(tens), Self::Value(unit)) if (1.0..10.0).contains(&unit) => {
                Some(Self::Value(tens + unit))
            }
            (Self::Value(value) | Self::Tens(value) | Self::Power(value), Self::Power(factor)) => {
                Some(Self::Value(value * factor))
            }
            _ => None,
        }
    }

    /// The value alone, in one spelling.
    #[must_use]
    pub(crate) fn spelled(self) -> String {
        let (Self::Value(value) | Self::Tens(value) | Self::Power(value)) = self;
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(words: &[&str]) -> String {
        let numerals = words.iter().map(|word| Numeral::read(word).unwrap());
        numerals
            .reduce(|a, b| a.join(b).unwrap())
            .unwrap()
            .spelled()
    }

    #[test]
    fn figures_and_words_agree() {
        assert_eq!(spelled(&["2,000"]), "2000");
        assert_eq!(spelled(&["two", "thousand"]), "2000");
        assert_eq!(spelled(&["twenty", "five"]), "25");
        assert_eq!(spelled(&["0.80"]), "0.8");
        assert_eq!(spelled(&["three", "hundred", "thousand"]), "300000");
    }

    #[test]
    fn other_words_are_not_numbers() {
        for word in ["one", "queen", "", "9am", "1.2.3"] {
            assert_eq!(Numeral::read(word), None, "{word}");
        }
    }

    #[test]
    fn two_values_side_by_side_are_two_numbers() {
        let (nine, ten) = (Numeral::Value(9.0), Numeral::Value(10.0));
        assert_eq!(nine.join(ten), None);
        assert_eq!(Numeral::Tens(20.0).join(ten), None);
    }
}
