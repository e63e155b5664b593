//! Answers with a million violations.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::judge::{Place, Violation};
use plimsoll_hostile_guests::{guest, violation};

guest!(
    "million-violations",
    check: |_, _| Ok((0..1_000_000)
        .map(|number| Violation { at: Place::Node(number), ..violation("") })
        .collect())
);
