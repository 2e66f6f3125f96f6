//! The atomics of the handshakes. A test puts loom's in their place.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
