//! Reports a rule that it does not have.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::judge::Violation;
use plimsoll_hostile_guests::{guest, violation};

guest!("rule-not-asked-for", check: |_, _| Ok(vec![Violation { rule: 7, ..violation("x") }]));
