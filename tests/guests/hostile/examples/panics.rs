//! Panics.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;

guest!("panics", check: |_, _| panic!("on purpose"));
