//! Writes the conditions on text and on fields inside JSON as SQL, with every word of the user bound.

use super::condition::{Condition, Literal, ObjectColumn, Ordering, Test};
use super::select::Select;

impl Select {
    /// Selects records with `text` in them; the case of ASCII letters does not count.
    pub(super) fn and_containing(mut self, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.join().push("(message");
            self.push_contains(text);
            self.builder.push(" OR error");
            self.push_contains(text);
            self.builder.push(" OR context");
            self.push_contains(text);
            self.builder.push(")");
        }
        self
    }

    pub(super) fn and_conditions(self, conditions: &[Condition]) -> Self {
        conditions.iter().fold(self, Self::and_condition)
    }

    fn and_condition(mut self, condition: &Condition) -> Self {
        self.join();
        match &condition.test {
            Test::Is(literal) => self.push_equal(condition, literal, true),
            Test::IsNot(literal) => self.push_equal(condition, literal, false),
            Test::Ordered(ordering, number) => self.push_ordered(condition, *ordering, *number),
            Test::Contains(text) => {
                self.push_field("json_extract", condition);
                self.push_contains(text);
            }
        }
        self
    }

    fn push_contains(&mut self, text: &str) {
        self.builder
            .push(" LIKE ")
            .push_bind(containing(text))
            .push(" ESCAPE '\\'");
    }

    /// A column that does not hold JSON has no fields; without this check SQLite would refuse the query.
    fn push_field(&mut self, function: &'static str, condition: &Condition) {
        let column = match condition.position {
            ObjectColumn::Context => "(CASE WHEN json_valid(context) THEN context END, ",
            ObjectColumn::Metrics => "(CASE WHEN json_valid(metrics) THEN metrics END, ",
        };
        let dotted = condition.dotted.as_ref().unwrap_or(&condition.nested);
        self.builder.push("coalesce(").push(function).push(column);
        self.builder.push_bind(condition.nested.clone()).push("), ");
        self.builder.push(function).push(column);
        self.builder.push_bind(dotted.clone()).push("))");
    }

    fn push_equal(&mut self, condition: &Condition, literal: &Literal, equal: bool) {
        // JSON's true and false come out of `json_extract` as numbers, so their type is asked for.
        let function = match literal {
            Literal::Flag(_) => "json_type",
            _ => "json_extract",
        };
        self.push_field(function, condition);
        let opening = if equal { " IN (" } else { " NOT IN (" };
        let builder = &mut self.builder;
        match literal {
            Literal::Null => builder.push(if equal { " IS NULL" } else { " IS NOT NULL" }),
            Literal::Flag(flag) => builder.push(opening).push_bind(flag.to_string()).push(")"),
            Literal::Text(text) => builder.push(opening).push_bind(text.clone()).push(")"),
            Literal::Number(number, text) => {
                builder.push(opening).push_bind(*number);
                builder.push(", ").push_bind(text.clone()).push(")")
            }
        };
    }

    /// SQLite sorts every text above every number, so only numbers are compared.
    fn push_ordered(&mut self, condition: &Condition, ordering: Ordering, number: f64) {
        self.builder.push("(typeof(");
        self.push_field("json_extract", condition);
        self.builder.push(") IN ('integer', 'real') AND ");
        self.push_field("json_extract", condition);
        self.builder.push(match ordering {
            Ordering::Below => " < ",
            Ordering::AtMost => " <= ",
            Ordering::Above => " > ",
            Ordering::AtLeast => " >= ",
        });
        self.builder.push_bind(number).push(")");
    }
}

/// Returns the `LIKE` pattern of texts that contain `text`; wildcards in `text` are escaped.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
