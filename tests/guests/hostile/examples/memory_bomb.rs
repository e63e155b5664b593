//! Takes memory without end.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;

guest!(
    "memory-bomb",
    check: |_, _| {
        let mut kept = Vec::new();
        loop {
            kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
        }
    }
);
