//! Holds policies without end.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::{bundle, guest};

guest!(
    "endless",
    check: |_, _| Ok(Vec::new()),
    describe: |mut description: plimsoll_hostile_guests::judge::Description| {
        description.name = format!("endless-{}", bundle::part());
        description
    },
);
