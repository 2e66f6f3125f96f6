//! An allocator that counts what this thread allocates while it is asked to.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// A number of allocations and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// How often memory was asked for, or for more of it.
    pub times: u64,
    /// How much was asked for; of a block that grew, by how much.
    pub bytes: u64,
}

thread_local! {
    static COUNTED: Cell<Option<Allocated>> = const { Cell::new(None) };
}

/// Counts what `body` allocates on this thread; `None` under another allocator.
pub fn counted(body: impl FnOnce()) -> Option<Allocated> {
    if !is_counting() {
        body();
        return None;
    }
    COUNTED.set(Some(Allocated::default()));
    body();
    COUNTED.take()
}

fn is_counting() -> bool {
    COUNTED.set(Some(Allocated::default()));
    drop(std::hint::black_box(Box::new(0_u8)));
    COUNTED.take().is_some_and(|allocated| allocated.times > 0)
}

fn count_allocation(bytes: usize) {
    // A thread that is ending counts no more.
    let _written = COUNTED.try_with(|counted| {
        if let Some(Allocated { times, bytes: sum }) = counted.get() {
            counted.set(Some(Allocated {
                times: times + 1,
                bytes: sum + bytes as u64,
            }));
        }
    });
}

/// The system's allocator, counting.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator cannot be wrapped without; each call is passed through as it came"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_allocation(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_allocation(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_allocation(size.saturating_sub(layout.size()));
        unsafe { System.realloc(block, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    #[test]
    fn what_the_body_allocates_is_counted_and_nothing_else() {
        let mut grown = Vec::<u8>::with_capacity(10);
        let allocated = counted(|| {
            grown.reserve_exact(100);
            drop(std::hint::black_box(vec![0_u8; 7]));
            std::thread::scope(|scope| drop(scope.spawn(|| vec![0_u8; 1_000_000]).join()));
        });
        let allocated = allocated.unwrap();
        assert!(allocated.times >= 2, "{allocated:?}");
        assert!((97..100_000).contains(&allocated.bytes), "{allocated:?}");
    }

    #[test]
    fn a_body_that_allocates_nothing_costs_nothing() {
        assert_eq!(counted(|| ()), Some(Allocated::default()));
    }
}
