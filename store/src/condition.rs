//! Reads a condition on a field of a record, such as `context.top_k>=5`, into plain data.

use std::str::FromStr;

use ragspan_core::Level;
use ragspan_core::record::RecordKey;

/// A condition on a field of a record.
///
/// A path, then one of `=` `!=` `<` `<=` `>` `>=` and `~` (contains; ignores case), then a value. A path is a field of the
/// record, such as `tenant_id` (or `tenant`), `level` or `operation`; a name in `context` or `metrics`; or begins with
/// `context.`, `metrics.` or `error.`. A record's own field precedes a name in `context`, which precedes one in `metrics`.
/// Names of letters, digits, `_` and `-` have dots between them; any other name is quoted: `context."my field"`.
///
/// `null` means a missing value; the ordering operators take numbers, and so does all of `metrics`. A value in quotes is a
/// text, such as `"5"`. A field that is not there passes only `=null`.
///
/// ```
/// use ragspan_store::Condition;
/// assert!("context.top_k>=5".parse::<Condition>().is_ok());
/// assert!("tenant_id=acme".parse::<Condition>().is_ok());
/// assert!("context.model~gpt".parse::<Condition>().is_ok());
/// assert!("tenant_id".parse::<Condition>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub(super) field: Field,
    pub(super) test: Test,
}

/// The value that a path refers to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    /// A value in one object.
    In(ObjectColumn, JsonPath),
    /// A column, if there is one of this name, else a value in `context`, else one in `metrics`.
    Named(Option<NamedColumn>, JsonPath),
}

impl Field {
    /// Returns whether the value is always a number.
    fn is_metric(&self) -> bool {
        matches!(self, Self::In(ObjectColumn::Metrics, _))
    }
}

/// The position of a value in an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonPath {
    /// The path as JSON path, through nested objects.
    pub(super) nested: String,
    /// The path as one name with dots in it, where it has any: a field may be called `http.method`.
    pub(super) dotted: Option<String>,
}

/// The object that a path begins in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectColumn {
    Context,
    Metrics,
    Error,
}

/// A column that a path can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedColumn {
    /// A key of the record.
    Key(RecordKey),
    Operation,
    Status,
    Layer,
    Model,
    ErrorType,
    DurationMs,
}

impl NamedColumn {
    /// Returns the column of a name. The identities have short names, as the options of the command.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "user" => Self::Key(RecordKey::UserId),
            "request" => Self::Key(RecordKey::RequestId),
            "session" => Self::Key(RecordKey::SessionId),
            "tenant" => Self::Key(RecordKey::TenantId),
            "trace" => Self::Key(RecordKey::TraceId),
            "span" => Self::Key(RecordKey::SpanId),
            "operation" => Self::Operation,
            "status" => Self::Status,
            "layer" => Self::Layer,
            "model" => Self::Model,
            "error_type" => Self::ErrorType,
            "duration_ms" => Self::DurationMs,
            name => Self::Key(RecordKey::ALL.into_iter().find(|key| key.name() == name)?),
        })
    }

    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Key(key) => key.name(),
            Self::Operation => "operation",
            Self::Status => "status",
            Self::Layer => "layer",
            Self::Model => "model",
            Self::ErrorType => "error_type",
            Self::DurationMs => "duration_ms",
        }
    }
}

/// The comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Is(Literal),
    IsNot(Literal),
    Ordered(Ordering, Number),
    Contains(String),
}

/// A value to be equal to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Flag(bool),
    /// A number, and its text: a field that holds `"5"` is equal to 5.
    Number(Number, String),
    Text(String),
    /// A text in quotes, which may belong to the text of the field: without them, and with them.
    Quoted(String, String),
}

/// A number, as exact as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    /// An integer that SQLite has no type for: its nearest float, and its digits.
    Big(f64, String),
    Real(f64),
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
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseConditionError {
    /// The operator is missing.
    #[error(
        "`{0}` has no operator: use =, !=, <, <=, >, >= or ~, as in context.model=gpt-4o (quote < and >)"
    )]
    NoOperator(String),
    /// The path holds something that no path holds.
    #[error(
        "`{0}` is not a path: use a field such as tenant_id, context.<name> or metrics.<name>, of letters, digits, _ and \
         -, with dots between; quote any other name, as in context.\"my field\""
    )]
    NoPath(String),
    /// The operator, or the place, needs a number.
    #[error("`{0}` is not a number: give one, or use = or ~ on a field of context")]
    NoNumber(String),
}

ragspan_core::debug_as_display!(ParseConditionError);

impl FromStr for Condition {
    type Err = ParseConditionError;

    fn from_str(text: &str) -> Result<Self, ParseConditionError> {
        let (path, operator, value) =
            split(text).ok_or_else(|| ParseConditionError::NoOperator(text.to_owned()))?;
        let field = field(path).ok_or_else(|| ParseConditionError::NoPath(path.to_owned()))?;
        let test = test(&field, operator, value)?;
        Ok(Self { field, test })
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

fn field(path: &str) -> Option<Field> {
    let object = match path.split_once('.') {
        Some(("context", names)) => Some((ObjectColumn::Context, names)),
        Some(("metrics", names)) => Some((ObjectColumn::Metrics, names)),
        Some(("error", names)) => Some((ObjectColumn::Error, names)),
        _ => None,
    };
    if let Some((object, names)) = object {
        return Some(Field::In(object, json_path(names)?));
    }
    let is_object = matches!(path, "context" | "metrics" | "error");
    let path = Some(path).filter(|_| !is_object)?;
    Some(Field::Named(NamedColumn::of(path), json_path(path)?))
}

fn json_path(names: &str) -> Option<JsonPath> {
    let quoted = names
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    if let Some(name) = quoted {
        let good = !name.is_empty() && !name.contains('"');
        return good.then(|| JsonPath {
            nested: format!("$.\"{name}\""),
            dotted: None,
        });
    }
    names.split('.').all(is_name).then(|| JsonPath {
        nested: format!("$.\"{}\"", names.replace('.', "\".\"")),
        dotted: names.contains('.').then(|| format!("$.\"{names}\"")),
    })
}

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.chars().all(good)
}

fn test(field: &Field, operator: &str, value: &str) -> Result<Test, ParseConditionError> {
    let ordered = |ordering| number(value).map(|number| Test::Ordered(ordering, number));
    match operator {
        "<" => ordered(Ordering::Below),
        "<=" => ordered(Ordering::AtMost),
        ">" => ordered(Ordering::Above),
        ">=" => ordered(Ordering::AtLeast),
        "~" if !field.is_metric() => Ok(Test::Contains(value.to_owned())),
        "!=" => literal(field, value).map(Test::IsNot),
        "=" => literal(field, value).map(Test::Is),
        _ => Err(ParseConditionError::NoNumber(format!("~{value}"))),
    }
}

fn literal(field: &Field, value: &str) -> Result<Literal, ParseConditionError> {
    let is_level = matches!(
        field,
        Field::Named(Some(NamedColumn::Key(RecordKey::Level)), _)
    );
    Ok(match value {
        "null" => Literal::Null,
        value if field.is_metric() => Literal::Number(number(value)?, value.to_owned()),
        "true" => Literal::Flag(true),
        "false" => Literal::Flag(false),
        value if is_level => {
            let level = value.parse().ok().map(|level: Level| level.to_string());
            Literal::Text(level.unwrap_or_else(|| value.to_owned()))
        }
        value => match (unquoted(value), number(value)) {
            (Some(inside), _) => Literal::Quoted(inside.to_owned(), value.to_owned()),
            (None, Ok(number)) => Literal::Number(number, value.to_owned()),
            (None, Err(_)) => Literal::Text(value.to_owned()),
        },
    })
}

/// Returns the text between a pair of quotes.
fn unquoted(value: &str) -> Option<&str> {
    let between = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    between('"').or_else(|| between('\''))
}

/// `inf` and `nan` are words here: no record holds them as numbers.
fn number(value: &str) -> Result<Number, ParseConditionError> {
    if let Ok(integer) = value.parse() {
        return Ok(Number::Integer(integer));
    }
    let real: Option<f64> = value.parse().ok().filter(|number: &f64| number.is_finite());
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
    match real {
        Some(real) if is_integer => Ok(Number::Big(real, value.to_owned())),
        Some(real) => Ok(Number::Real(real)),
        None => Err(ParseConditionError::NoNumber(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Condition {
        text.parse().expect("a condition")
    }

    fn path(text: &str) -> JsonPath {
        match read(text).field {
            Field::In(_, path) | Field::Named(_, path) => path,
        }
    }

    #[test]
    fn a_path_is_read_as_nested_and_as_one_name() {
        let deep = path("context.http.method=GET");
        assert_eq!(deep.nested, "$.\"http\".\"method\"");
        assert_eq!(deep.dotted.as_deref(), Some("$.\"http.method\""));
        assert_eq!(path("metrics.cost_usd>0").dotted, None);
        let quoted = path("context.\"my field.x\"=5");
        assert_eq!(quoted.nested, "$.\"my field.x\"");
        assert_eq!(quoted.dotted, None);
    }

    #[test]
    fn every_key_of_a_record_and_every_identity_is_a_field() {
        let objects = [RecordKey::Context, RecordKey::Metrics, RecordKey::Error];
        for key in RecordKey::ALL {
            let condition = format!("{}=x", key.name()).parse::<Condition>();
            if objects.contains(&key) {
                condition.expect_err("it is an object");
                continue;
            }
            let field = condition.expect("it is a field").field;
            let is_column =
                matches!(field, Field::Named(Some(NamedColumn::Key(found)), _) if found == key);
            assert!(is_column, "{}", key.name());
        }
        for (short, long) in [
            ("user", "user_id"),
            ("tenant", "tenant_id"),
            ("session", "session_id"),
            ("request", "request_id"),
        ] {
            assert_eq!(NamedColumn::of(short), NamedColumn::of(long));
        }
        assert_eq!(NamedColumn::of("plan"), None);
    }

    #[test]
    fn the_longest_operator_counts_and_values_have_their_kind() {
        let integer = |value| Number::Integer(value);
        let big = "18446744073709551615";
        for (text, test) in [
            ("context.a>=5", Test::Ordered(Ordering::AtLeast, integer(5))),
            (
                "context.a <= -0.5",
                Test::Ordered(Ordering::AtMost, Number::Real(-0.5)),
            ),
            ("context.a<5", Test::Ordered(Ordering::Below, integer(5))),
            (
                "context.a=5",
                Test::Is(Literal::Number(integer(5), "5".into())),
            ),
            (
                "context.a=18446744073709551615",
                Test::Is(Literal::Number(
                    Number::Big(18_446_744_073_709_551_615.0, big.into()),
                    big.into(),
                )),
            ),
            ("context.a=true", Test::Is(Literal::Flag(true))),
            ("context.a!=null", Test::IsNot(Literal::Null)),
            ("context.a=a=b", Test::Is(Literal::Text("a=b".into()))),
            ("context.a=nan", Test::Is(Literal::Text("nan".into()))),
            ("context.a=", Test::Is(Literal::Text(String::new()))),
            (
                "context.a=\"5\"",
                Test::Is(Literal::Quoted("5".into(), "\"5\"".into())),
            ),
            ("context.a=\"", Test::Is(Literal::Text("\"".into()))),
            ("context.a~GPT", Test::Contains("GPT".into())),
            ("level=warn", Test::Is(Literal::Text("WARNING".into()))),
        ] {
            assert_eq!(read(text).test, test, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_condition_is_refused_with_the_fix() {
        for (text, fix) in [
            ("context.a", "as in context.model"),
            ("context.a!5", "use ="),
            ("context.\"a\"b\"=5", "context.<name>"),
            ("=5", "context.<name>"),
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
