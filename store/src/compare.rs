//! Writes the conditions on text and on fields inside JSON as SQL, with every word of the user bound.

use ragspan_core::escape;

use super::condition::{Condition, Field, Literal, Number, ObjectColumn, Ordering, Test};
use super::select::Select;

/// How a value is read from JSON.
#[derive(Debug, Clone, Copy)]
enum Read {
    /// As SQL value: a text without its quotes, a number, or 0 and 1.
    Value,
    /// As the name of its type; `true` and `false` are types.
    Type,
    /// As it was written: SQLite has no integers of more than 64 bits.
    Json,
}

impl Select {
    /// Selects records with `text` in them; the case of ASCII letters does not count.
    pub(super) fn and_containing(mut self, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.join().push("(message");
            self.push_contains(text);
            for column in [" OR error", " OR context"] {
                self.builder.push(column);
                self.push_contains(text);
                // The column is JSON, in which quotes and some other characters are escaped.
                self.builder.push(column);
                self.push_contains(&escaped(text));
            }
            self.builder.push(")");
        }
        self
    }

    pub(super) fn and_conditions(self, conditions: &[Condition]) -> Self {
        conditions.iter().fold(self, Self::and_condition)
    }

    fn and_condition(mut self, condition: &Condition) -> Self {
        self.join();
        let field = &condition.field;
        match &condition.test {
            Test::Is(literal) => self.push_equal(field, literal, true),
            Test::IsNot(literal) => self.push_equal(field, literal, false),
            Test::Ordered(ordering, number) => self.push_ordered(field, *ordering, number),
            Test::Contains(text) => {
                self.push_field(Read::Value, field);
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

    /// Writes the first value that is there: of the column, then of each object.
    fn push_field(&mut self, read: Read, field: &Field) {
        use ObjectColumn::{Context, Metrics};
        let (column, objects, path) = match field {
            Field::In(object, path) => (None, &[*object][..], path),
            Field::Named(column, path) => (*column, &[Context, Metrics][..], path),
        };
        self.builder.push("coalesce(");
        if let Some(column) = column {
            self.builder.push(column.sql()).push(", ");
        }
        for object in objects {
            self.push_read(read, *object, &path.nested);
            if let Some(dotted) = &path.dotted {
                self.push_read(read, *object, dotted);
            }
        }
        self.builder.push("NULL)");
    }

    /// A column that does not hold JSON has no fields; without this check SQLite would refuse the query.
    fn push_read(&mut self, read: Read, object: ObjectColumn, path: &str) {
        let json = match object {
            ObjectColumn::Context => "(CASE WHEN json_valid(context) THEN context END",
            ObjectColumn::Metrics => "(CASE WHEN json_valid(metrics) THEN metrics END",
            ObjectColumn::Error => "(CASE WHEN json_valid(error) THEN error END",
        };
        let (function, between) = match read {
            Read::Value => ("json_extract", ", "),
            Read::Type => ("json_type", ", "),
            Read::Json => ("", " -> "),
        };
        self.builder.push(function).push(json).push(between);
        self.builder.push_bind(path.to_owned()).push("), ");
    }

    fn push_equal(&mut self, field: &Field, literal: &Literal, equal: bool) {
        let read = match literal {
            Literal::Flag(_) => Read::Type,
            Literal::Number(Number::Big(..), _) => Read::Json,
            _ => Read::Value,
        };
        self.push_field(read, field);
        let builder = &mut self.builder;
        if *literal == Literal::Null {
            builder.push(if equal { " IS NULL" } else { " IS NOT NULL" });
            return;
        }
        builder.push(if equal { " IN (" } else { " NOT IN (" });
        match literal {
            Literal::Null => &mut *builder,
            Literal::Flag(flag) => builder.push_bind(flag.to_string()),
            Literal::Text(text) => builder.push_bind(text.clone()),
            Literal::Quoted(inside, whole) => {
                builder.push_bind(inside.clone()).push(", ");
                builder.push_bind(whole.clone())
            }
            Literal::Number(number, text) => {
                match number {
                    Number::Integer(integer) => builder.push_bind(*integer),
                    Number::Real(real) => builder.push_bind(*real),
                    Number::Big(..) => builder.push_bind(format!("\"{text}\"")),
                };
                builder.push(", ").push_bind(text.clone())
            }
        };
        builder.push(")");
    }

    /// SQLite sorts every text above every number, so only numbers are compared.
    fn push_ordered(&mut self, field: &Field, ordering: Ordering, number: &Number) {
        self.builder.push("(typeof(");
        self.push_field(Read::Value, field);
        self.builder.push(") IN ('integer', 'real') AND ");
        self.push_field(Read::Value, field);
        self.builder.push(match ordering {
            Ordering::Below => " < ",
            Ordering::AtMost => " <= ",
            Ordering::Above => " > ",
            Ordering::AtLeast => " >= ",
        });
        match number {
            Number::Integer(integer) => self.builder.push_bind(*integer),
            Number::Big(real, _) | Number::Real(real) => self.builder.push_bind(*real),
        };
        self.builder.push(")");
    }
}

/// Returns `text` as it is written inside of a JSON string.
fn escaped(text: &str) -> String {
    let mut escaped = Vec::new();
    escape::write(text, &mut escaped);
    String::from_utf8_lossy(&escaped).into_owned()
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
