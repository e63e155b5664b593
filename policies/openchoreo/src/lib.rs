//! The policy `openchoreo`: whether OpenChoreo serves what is written, and renders what was meant.
//!
//! What is wrong with the containers that it describes is said by the policies that judge containers; here is what only the
//! platform knows.

use plimsoll_sdk::{Policy, Rule};
use serde::Deserialize;

mod rules;

/// The policy.
pub struct Openchoreo;

/// What operators may set.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Whether the data plane's network plugin enforces NetworkPolicies.
    pub network_policies_enforced: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            network_policies_enforced: true,
        }
    }
}

impl Policy for Openchoreo {
    const NAME: &'static str = "openchoreo";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Finds what OpenChoreo does not serve, cannot render, or renders into something that breaks.";
    const SETTINGS_SCHEMA: &'static str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn rules() -> &'static [&'static Rule<Self::Settings>] {
        rules::ALL
    }
}
