//! What can be said of a call and of an event alike.

/// The sentences that both have.
macro_rules! sentences {
    ($of:ident) => {
        impl<'a> $of<'a> {
            /// A call of this operation was around it, at whatever distance.
            #[track_caller]
            pub fn under(self, operation: &str) -> Self {
                self.0.under(operation);
                self
            }

            /// It has this field, this metric, or this id of the request, with this value; numbers are compared by what they are worth.
            #[track_caller]
            pub fn with(self, field: &str, value: impl Into<Value>) -> Self {
                self.0.with(field, &value.into());
                self
            }

            /// It has no such field and no such metric, not even a redacted one.
            #[track_caller]
            pub fn without(self, field: &str) -> Self {
                self.0.without(field);
                self
            }

            /// It was for this user.
            #[track_caller]
            pub fn for_user(self, user_id: &str) -> Self {
                self.0.for_user(user_id);
                self
            }

            /// Its record is of this level.
            #[track_caller]
            pub fn at_level(self, level: Level) -> Self {
                self.0.at_level(level);
                self
            }

            /// Its whole record, parsed, for whatever is not asked here.
            #[must_use]
            pub fn record(self) -> &'a Value {
                self.0.entry.record
            }
        }
    };
}
