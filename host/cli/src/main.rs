//! The binary: see the library.

/// Threads that judge at the same time wait for each other in musl's own allocator.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    plimsoll::main()
}
