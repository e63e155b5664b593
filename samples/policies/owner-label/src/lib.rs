//! The policy `owner-label`: workloads say who owns them.

use plimsoll_sdk::{Policy, Rule};
use serde::Deserialize;

mod missing_owner;

/// What the component exports.
pub struct OwnerLabel;

/// What operators may set.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Key of the label that names the owner.
    pub label: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            label: "owner".to_owned(),
        }
    }
}

impl Policy for OwnerLabel {
    const NAME: &'static str = "owner-label";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Workloads say who owns them.";
    const SETTINGS_SCHEMA: &'static str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn rules() -> &'static [&'static Rule<Settings>] {
        static ALL: &[&Rule<Settings>] = &[&missing_owner::RULE];
        ALL
    }

    fn validate(settings: &Settings) -> Result<(), String> {
        let name = settings.label.rsplit('/').next().unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > 63 || !name.bytes().all(allowed) {
            return Err(format!("label: `{}` cannot be the key of a label", settings.label));
        }
        Ok(())
    }
}

plimsoll_sdk::policy!(OwnerLabel);
