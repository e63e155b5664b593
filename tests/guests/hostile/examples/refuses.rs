//! Says that it cannot judge.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;

guest!("refuses", check: |_, _| Err("the moon is not full".to_owned()));
