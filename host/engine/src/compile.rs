//! How policies are compiled: the part of wasmtime's configuration that compiled code depends on.
//!
//! The build script of the built-in policies includes this file, so that what it compiles is what the engine loads.

use wasmtime::{Config, OptLevel};

/// Bytes of stack that a guest may use.
const WASM_STACK: usize = 512 << 10;

/// The configuration that compiled code depends on. The caller adds where memory comes from, and the target.
pub fn config() -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        // The limit that decides, and its backstop.
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        // Same input, same answer, on every machine.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        // An empty call is nearly three times as fast without.
        .concurrency_support(false)
        // Nothing that the policies' languages do not need.
        .wasm_memory64(false)
        .wasm_tail_call(false)
        // Multi-memory stays on: wasmtime's own adapters between the parts of one component need it.
        // Traps are told by their kind; no frames of the guest are shown.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}
