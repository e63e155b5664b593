//! Wants the host to fetch its schema.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::guest;
use plimsoll_hostile_guests::judge::Description;

guest!(
    "remote-schema",
    check: |_, _| Ok(Vec::new()),
    describe: |mut description: Description| {
        description.settings_schema = r#"{"$ref": "http://127.0.0.1:9/schema.json"}"#.to_owned();
        description
    },
);
