//! The policy `ports`: what clients dial, what Services forward to, and what containers listen on.

use plimsoll_sdk::{Policy, Rule};

mod exposed;
mod rules;

/// The policy.
pub struct Ports;

impl Policy for Ports {
    const NAME: &'static str = "ports";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Finds Services, probes and settings that speak of ports on which nothing listens.";
    type Settings = ();

    fn rules() -> &'static [&'static Rule<Self::Settings>] {
        rules::ALL
    }
}
