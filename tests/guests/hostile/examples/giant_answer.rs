//! Answers with a message of 8 MB.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::{guest, violation};

guest!("giant-answer", check: |_, _| Ok(vec![violation(&"x".repeat(8 << 20))]));
