//! Asks for the tree again and again: almost no work of its own, much of the host's.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::{bundle, guest};

guest!(
    "tree-loop",
    check: |_, _| loop {
        std::hint::black_box(bundle::tree());
    }
);
