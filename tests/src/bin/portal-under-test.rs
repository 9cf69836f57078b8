//! The `devportal` program, built beside the tests so that they can start it as a process of its own.

fn main() -> std::process::ExitCode {
    server::cli::main()
}
