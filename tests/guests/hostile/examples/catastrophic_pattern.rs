//! Has a pattern that takes a backtracking matcher for ever.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;
use plimsoll_hostile_guests::judge::Description;

guest!(
    "catastrophic-pattern",
    check: |_, _| Ok(Vec::new()),
    describe: |mut description: Description| {
        description.settings_schema =
            r#"{"type": "object", "properties": {"name": {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}}}"#.to_owned();
        description
    },
);
