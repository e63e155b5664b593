//! Takes memory without end.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;

guest!(
    "memory-bomb",
    check: |_, _| {
        let mut kept = Vec::new();
        loop {
            kept.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
        }
    }
);
