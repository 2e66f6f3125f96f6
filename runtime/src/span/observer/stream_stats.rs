//! The timing of a stream.

/// The items that a stream has yielded so far.
#[derive(Debug, Default)]
pub(in crate::span) struct StreamStats {
    pub(in crate::span) items: u64,
    /// Microseconds from the start of the call to the first item.
    pub(in crate::span) first_item: Option<u64>,
    /// The longest time that the consumer waited for an item after the first one, in microseconds.
    pub(in crate::span) longest_gap: u64,
}
