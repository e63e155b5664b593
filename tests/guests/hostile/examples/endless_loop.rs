//! Computes without end.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;

guest!(
    "endless-loop",
    check: |_, _| {
        let mut number = 1_u64;
        loop {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
    }
);
