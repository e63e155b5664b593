//! Texts that would drive a terminal, hide or turn around what is shown.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::judge::{Description, Violation};
use plimsoll_hostile_guests::{guest, violation};

const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}txt\u{2066}\u{200b}\r\nforged: line";

guest!(
    "escapes-in-texts",
    check: |_, settings: String| {
        if !settings.is_empty() {
            return Err(HOSTILE.to_owned());
        }
        Ok(vec![Violation { help: Some(HOSTILE.to_owned()), ..violation(HOSTILE) }])
    },
    describe: |mut description: Description| {
        description.summary = HOSTILE.to_owned();
        description.rules[0].title = HOSTILE.to_owned();
        description.version = HOSTILE.to_owned();
        description.settings_schema = "{}".to_owned();
        description
    },
    explain: |_| HOSTILE.to_owned(),
);
