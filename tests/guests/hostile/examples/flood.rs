//! Answers with as many violations as fit an answer, so that who shows them must choose.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::{guest, violation};

guest!(
    "flood",
    check: |_, _| Ok((0..5_000).map(|number| violation(&format!("drop {number}"))).collect())
);
