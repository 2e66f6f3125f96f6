//! The benchmark program.

fn main() -> std::process::ExitCode {
    ragspan_benches::program::main()
}
