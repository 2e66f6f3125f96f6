//! The benchmark program with a counting allocator: for the allocations of one variant, never for its time.

#[global_allocator]
static ALLOCATOR: ragspan_benches::allocations::Counting = ragspan_benches::allocations::Counting;

fn main() -> std::process::ExitCode {
    ragspan_benches::program::main()
}
