//! The policy `probes`: whether Kubernetes can tell when a container serves, and what it does then.

use plimsoll_sdk::{Policy, Rule};

mod credential;
mod exempt;
mod rules;

/// The policy.
pub struct Probes;

impl Policy for Probes {
    const NAME: &'static str = "probes";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Finds containers that get traffic before they can serve it, and probes that cannot work.";
    type Settings = ();

    fn rules() -> &'static [&'static Rule<Self::Settings>] {
        rules::ALL
    }
}
