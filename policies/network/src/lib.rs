//! The policy `network`: which pods may talk to which.

use plimsoll_sdk::{Policy, Rule};

mod allow_all;
mod common;
mod dead;
mod denial;
mod dns;
mod flows;
mod outside;
mod rules;

pub use outside::PROXIES;

/// The policy.
pub struct Network;

impl Policy for Network {
    const NAME: &'static str = "network";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Finds pods that anyone may reach, and policies that do not say what they seem to.";
    type Settings = ();

    fn rules() -> &'static [&'static Rule<Self::Settings>] {
        rules::ALL
    }
}
