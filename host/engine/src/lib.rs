//! Runs policy components in wasmtime under limits.
