//! Asks for the time besides the bundle.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, unsafe_code, reason = "generated")]

wit_bindgen::generate!({
    inline: "
        package test:clock@0.1.0;
        world asks-for-a-clock {
            include plimsoll:policy/policy@0.1.0;
            import wasi:clocks/monotonic-clock@0.2.0;
        }
        package wasi:clocks@0.2.0 {
            interface monotonic-clock { now: func() -> u64; }
        }
    ",
    path: "wit",
    world: "test:clock/asks-for-a-clock",
    generate_all,
});

use exports::plimsoll::policy::judge::{Description, Guest, Violation};

struct Component;

impl Guest for Component {
    fn describe() -> Description {
        Description {
            name: "asks-for-a-clock".to_owned(),
            version: wasi::clocks::monotonic_clock::now().to_string(),
            summary: String::new(),
            rules: Vec::new(),
            settings_schema: String::new(),
        }
    }

    fn explain(_: u32) -> String {
        plimsoll::policy::bundle::facts()
    }

    fn check(_: Vec<u32>, _: String) -> Result<Vec<Violation>, String> {
        Ok(Vec::new())
    }
}

export!(Component);
