//! Reads a condition on a field of a record, such as `context.top_k>=5`, into plain data.

use std::str::FromStr;

/// A condition on a field in a record's `context` or `metrics`.
///
/// A path of letters, digits, `_` and `-` with dots between, then one of `=` `!=` `<` `<=` `>` `>=` and
/// `~` (contains; ignores case), then a value. `null` means a missing value; the ordering operators take
/// numbers, and so does all of `metrics`. A field that is not there passes only `=null`.
///
/// ```
/// use ragspan_store::Condition;
/// assert!("context.top_k>=5".parse::<Condition>().is_ok());
/// assert!("context.model~gpt".parse::<Condition>().is_ok());
/// assert!("user = 'ada'".parse::<Condition>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub(super) position: ObjectColumn,
    /// The path as JSON path, through nested objects.
    pub(super) nested: String,
    /// The path as one name with dots in it, where it has any: a field may be called `http.method`.
    pub(super) dotted: Option<String>,
    pub(super) test: Test,
}

/// The object that a path begins in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectColumn {
    Context,
    Metrics,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Is(Literal),
    IsNot(Literal),
    Ordered(Ordering, f64),
    Contains(String),
}

/// A value to be equal to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Flag(bool),
    /// A number, and its text: a field that holds `"5"` is equal to 5.
    Number(f64, String),
    Text(String),
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ordering {
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// The text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseConditionError {
    /// The operator is missing.
    #[error(
        "`{0}` has no operator: use =, !=, <, <=, >, >= or ~, as in context.model=gpt-4o (quote < and >)"
    )]
    NoOperator(String),
    /// The path begins elsewhere, or holds something that no path holds.
    #[error(
        "`{0}` is not a path: use context.<name> or metrics.<name>, of letters, digits, _ and -, with dots between"
    )]
    NoPath(String),
    /// The operator, or the place, needs a number.
    #[error("`{0}` is not a number: give one, or use = or ~ on a field of context")]
    NoNumber(String),
}

impl FromStr for Condition {
    type Err = ParseConditionError;

    fn from_str(text: &str) -> Result<Self, ParseConditionError> {
        let (path, operator, value) =
            split(text).ok_or_else(|| ParseConditionError::NoOperator(text.to_owned()))?;
        let (position, names) =
            position(path).ok_or_else(|| ParseConditionError::NoPath(path.to_owned()))?;
        let dotted = names.contains('.').then(|| format!("$.\"{names}\""));
        Ok(Self {
            position,
            nested: format!("$.\"{}\"", names.replace('.', "\".\"")),
            dotted,
            test: test(position, operator, value)?,
        })
    }
}

/// The operators, each before those that it begins with.
const OPERATORS: [&str; 7] = ["!=", ">=", "<=", "=", ">", "<", "~"];

fn split(text: &str) -> Option<(&str, &'static str, &str)> {
    let at = text.find(['!', '=', '<', '>', '~'])?;
    let (path, rest) = text.split_at_checked(at)?;
    let operator = OPERATORS
        .into_iter()
        .find(|operator| rest.starts_with(operator))?;
    Some((path.trim(), operator, rest.strip_prefix(operator)?.trim()))
}

fn position(path: &str) -> Option<(ObjectColumn, &str)> {
    let (position, names) = match path.split_once('.')? {
        ("context", names) => (ObjectColumn::Context, names),
        ("metrics", names) => (ObjectColumn::Metrics, names),
        _ => return None,
    };
    names.split('.').all(is_name).then_some((position, names))
}

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.chars().all(good)
}

fn test(position: ObjectColumn, operator: &str, value: &str) -> Result<Test, ParseConditionError> {
    let ordered = |ordering| number(value).map(|number| Test::Ordered(ordering, number));
    match operator {
        "<" => ordered(Ordering::Below),
        "<=" => ordered(Ordering::AtMost),
        ">" => ordered(Ordering::Above),
        ">=" => ordered(Ordering::AtLeast),
        "~" if position == ObjectColumn::Context => Ok(Test::Contains(value.to_owned())),
        "!=" => literal(position, value).map(Test::IsNot),
        "=" => literal(position, value).map(Test::Is),
        _ => Err(ParseConditionError::NoNumber(format!("~{value}"))),
    }
}

fn literal(position: ObjectColumn, value: &str) -> Result<Literal, ParseConditionError> {
    Ok(match (value, position) {
        ("null", _) => Literal::Null,
        (value, ObjectColumn::Metrics) => Literal::Number(number(value)?, value.to_owned()),
        ("true", _) => Literal::Flag(true),
        ("false", _) => Literal::Flag(false),
        (value, _) => match number(value) {
            Ok(number) => Literal::Number(number, value.to_owned()),
            Err(_) => Literal::Text(value.to_owned()),
        },
    })
}

/// `inf` and `nan` are words here: no record holds them as numbers.
fn number(value: &str) -> Result<f64, ParseConditionError> {
    value
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| ParseConditionError::NoNumber(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Condition {
        text.parse().expect("a condition")
    }

    #[test]
    fn a_path_is_read_as_nested_and_as_one_name() {
        let deep = read("context.http.method=GET");
        assert_eq!(deep.nested, "$.\"http\".\"method\"");
        assert_eq!(deep.dotted.as_deref(), Some("$.\"http.method\""));
        assert_eq!(read("metrics.cost_usd>0").dotted, None);
    }

    #[test]
    fn the_longest_operator_counts_and_values_have_their_kind() {
        for (text, test) in [
            ("context.a>=5", Test::Ordered(Ordering::AtLeast, 5.0)),
            ("context.a <= -0.5", Test::Ordered(Ordering::AtMost, -0.5)),
            ("context.a<5", Test::Ordered(Ordering::Below, 5.0)),
            ("context.a=5", Test::Is(Literal::Number(5.0, "5".into()))),
            ("context.a=true", Test::Is(Literal::Flag(true))),
            ("context.a!=null", Test::IsNot(Literal::Null)),
            ("context.a=a=b", Test::Is(Literal::Text("a=b".into()))),
            ("context.a=nan", Test::Is(Literal::Text("nan".into()))),
            ("context.a=", Test::Is(Literal::Text(String::new()))),
            ("context.a~GPT", Test::Contains("GPT".into())),
        ] {
            assert_eq!(read(text).test, test, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_condition_is_refused_with_the_fix() {
        for (text, fix) in [
            ("context.a", "as in context.model"),
            ("context.a!5", "use ="),
            ("user_id=ada", "context.<name>"),
            ("context=5", "context.<name>"),
            ("context.=5", "context.<name>"),
            ("context.a..b=5", "context.<name>"),
            ("context.a' OR 1=1", "context.<name>"),
            ("context.a>much", "not a number"),
            ("metrics.a=much", "not a number"),
            ("metrics.a~1", "not a number"),
            ("metrics.a>inf", "not a number"),
        ] {
            let error = text.parse::<Condition>().expect_err(text).to_string();
            assert!(error.contains(fix), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_panic(text in any::<String>()) {
            _ = text.parse::<Condition>();
        }

        #[test]
        fn any_well_formed_condition_is_read(
            text in "(context|metrics)\\.[a-z_]{1,8}(\\.[a-z0-9-]{1,8}){0,3} ?(=|!=|<|<=|>|>=) ?-?[0-9]{1,9}(\\.[0-9]{1,6})?"
        ) {
            prop_assert!(text.parse::<Condition>().is_ok(), "{}", text);
        }
    }
}
