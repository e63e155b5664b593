//! Runs policies natively over marked YAML: a rule's page, its cases, and texts in unit tests.
//!
//! A marked text says in comments what a rule must find, on the line where the finding's place starts:
//!
//! ```yaml
//! # settings: {"label": "team"}
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata:
//!   name: web # warning: missing-owner
//! ```
//!
//! The severity is the one that users see: an error below confidence high is a warning. Several marks on a line are
//! joined by commas. Marks are cut off before the text is read, so that they may stand in block scalars too. A text may
//! start with comment lines that direct the run:
//!
//! | line | meaning |
//! |---|---|
//! | `# settings: JSON` | the policy's settings |
//! | `# rules: a, b` | which rules run, instead of the one that the text belongs to |
//! | `# facts: JSON` | what the operator says: `namespace`, `kubernetes`, `openchoreo`, `closed-world`, `environments`, `environment`, `cluster`, `request` |
//!
//! and anywhere `# file: dev/app.yaml` on a line of its own starts another file (`# file: live.yaml (context)`: only looked
//! at); before the first it is called `case.yaml`.

mod compare;
mod docs;
mod marked;
mod native;
mod page;
mod run;

use std::path::Path;

use plimsoll_core::policy::{Confidence, Severity};

use crate::Policy;

pub use docs::{Counts, check_pages, documented};
pub use native::Native;

/// A finding as the host shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Path of the file.
    pub file: String,
    /// Line where the place starts, from 1, counted in the whole text that was given.
    pub line: u32,
    /// Severity, after confidence has been considered.
    pub severity: Severity,
    /// The rule's id, without the policy.
    pub rule: String,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// What is wrong.
    pub message: String,
    /// Why, and what to do.
    pub help: Option<String>,
    /// RFC 6901 pointer from the object's root.
    pub path: String,
    /// The source text at the place.
    pub text: String,
    /// Whether its values are masked in every output.
    pub sensitive: bool,
    /// Other places: file, line and what is there.
    pub related: Vec<(String, u32, String)>,
    /// What a fix would do, if one is offered.
    pub fix: Option<String>,
    /// Whether that fix is safe; false without one.
    pub safe: bool,
}

/// What a rule finds in a text; marks are ignored.
///
/// # Panics
/// When the text cannot be read or the policy cannot judge it.
#[must_use]
pub fn findings<P: Policy>(rule: &str, text: &str) -> Vec<Seen> {
    let found = marked::Marked::parse(text, 1).and_then(|marked| run::run(&Native::<P>::new(), rule, &marked));
    match found {
        Ok(found) => found,
        Err(problem) => panic!("{problem}"),
    }
}

/// Asserts that a rule finds in a marked text exactly what is marked.
///
/// # Panics
/// With the differences, when it does not.
pub fn expect<P: Policy>(rule: &str, text: &str) {
    if let Err(problem) = compare::check(&Native::<P>::new(), rule, text, 1) {
        panic!("{problem}");
    }
}

/// Runs every page's examples and every case of a policy natively: what the crate's `tests/docs.rs` calls, with
/// `env!("CARGO_MANIFEST_DIR")`.
///
/// # Panics
/// With everything that [`check_pages`] finds wrong.
pub fn run_rule_docs<P: Policy>(policy_dir: impl AsRef<Path>) {
    if let Err(problems) = check_pages(&Native::<P>::new(), policy_dir.as_ref()) {
        panic!("{problems}");
    }
}
