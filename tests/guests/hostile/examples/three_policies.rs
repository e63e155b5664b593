//! Holds three policies, each with a name of its own.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::{bundle, guest, violation};

guest!(
    "three-0",
    check: |_, _| Ok(vec![violation(&format!("found by {}", bundle::part()))]),
    describe: |mut description: plimsoll_hostile_guests::judge::Description| {
        description.name = match bundle::part() {
            part @ 0..3 => format!("three-{part}"),
            _ => String::new(),
        };
        description
    },
);
