//! The assertions that spans and events have in common.

/// Implements the assertions that both have.
macro_rules! assertions {
    ($of:ident) => {
        impl<'a> $of<'a> {
            /// Asserts that a call of this operation encloses it, at any distance.
            #[track_caller]
            pub fn assert_under(self, operation: &str) -> Self {
                self.0.assert_under(operation);
                self
            }

            /// Asserts that it has this field, metric, or id of the request with this value; numbers are compared
            /// by value.
            #[track_caller]
            pub fn assert_field(self, field: &str, value: impl Into<Value>) -> Self {
                self.0.assert_field(field, &value.into());
                self
            }

            /// Asserts that it has neither such a field nor such a metric, not even a redacted one.
            #[track_caller]
            pub fn assert_no_field(self, field: &str) -> Self {
                self.0.assert_no_field(field);
                self
            }

            /// Asserts that it belongs to this user.
            #[track_caller]
            pub fn assert_user(self, user_id: &str) -> Self {
                self.0.assert_user(user_id);
                self
            }

            /// Asserts the level of its record.
            #[track_caller]
            pub fn assert_level(self, level: Level) -> Self {
                self.0.assert_level(level);
                self
            }

            /// Returns the whole record, parsed.
            #[must_use]
            pub fn record(self) -> &'a Value {
                self.0.record.json
            }
        }
    };
}
