//! Has a name that is none.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;

guest!("../secrets", check: |_, _| Ok(Vec::new()));
