//! Calls itself without end.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;

/// Needs no memory of its own, so that the machine's stack ends before the guest's.
fn deeper(level: u64) -> u64 {
    if std::hint::black_box(level) == u64::MAX {
        return level;
    }
    deeper(level + 1).wrapping_add(std::hint::black_box(level))
}

guest!("deep-recursion", check: |_, _| Err(deeper(0).to_string()));
