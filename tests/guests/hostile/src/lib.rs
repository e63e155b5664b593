//! What the hostile policies share: the contract's types, a policy that is harmless until told otherwise, and one macro.
//!
//! They are written against the bare contract, without the SDK, as a stranger would write them. Off wasm32 this crate and
//! its examples are empty: the names of a component's exports do not link natively.

#![cfg(target_arch = "wasm32")]

#[allow(missing_docs, unsafe_code, reason = "generated; the contract holds the comments")]
#[allow(clippy::all, reason = "generated")]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "policy",
        pub_export_macro: true,
        export_macro_name: "export",
    });
}

#[doc(hidden)]
pub use bindings::export;
pub use bindings::exports::plimsoll::policy::judge;
pub use bindings::plimsoll::policy::bundle;

use judge::{Confidence, Description, Place, Pointer, Rule, Severity, Violation};

/// A description with one rule, `some-rule`.
pub fn description(name: &str) -> Description {
    Description {
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        summary: "A policy for tests.".to_owned(),
        rules: vec![Rule {
            id: "some-rule".to_owned(),
            title: "Some rule".to_owned(),
            severity: Severity::Warning,
            kinds: Vec::new(),
            context: Vec::new(),
            previous: false,
        }],
        settings_schema: String::new(),
    }
}

/// A violation of rule 0 at an object itself.
pub fn violation(message: &str) -> Violation {
    Violation {
        rule: 0,
        severity: None,
        confidence: Confidence::High,
        message: message.to_owned(),
        help: None,
        at: Place::Pointer(Pointer {
            object: 0,
            path: String::new(),
        }),
        within: None,
        sensitive: false,
        related: Vec::new(),
        fix: None,
    }
}

/// Exports a policy: its name, and what it does when asked to judge; `describe` and `explain` where they differ from the
/// harmless ones.
#[macro_export]
macro_rules! guest {
    ($name:literal, check: $check:expr $(, describe: $describe:expr)? $(, explain: $explain:expr)? $(,)?) => {
        struct Component;

        impl $crate::judge::Guest for Component {
            #[allow(unreachable_code, unused_variables, reason = "one of the two")]
            fn describe() -> $crate::judge::Description {
                let description = $crate::description($name);
                $(return ($describe)(description);)?
                description
            }

            #[allow(unreachable_code, unused_variables, reason = "one of the two")]
            fn explain(rule: u32) -> String {
                $(return ($explain)(rule);)?
                "# Some rule\n".to_owned()
            }

            fn check(rules: Vec<u32>, settings: String) -> Result<Vec<$crate::judge::Violation>, String> {
                ($check)(rules, settings)
            }
        }

        $crate::export!(Component with_types_in $crate::bindings);
    };
}
