//! The policy `cors`: which sites may read answers with a visitor's browser.

use plimsoll_sdk::{Policy, Rule};
use serde::Deserialize;

mod exposed;
mod extract;
mod origin;
mod report;
mod rules;
mod variable;

/// The policy.
pub struct Cors;

/// What operators may set.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Paths whose answers any site may read: `/assets` and all below it, `/v1/*/public`, `/docs/**`.
    pub public_paths: Vec<String>,
}

impl Policy for Cors {
    const NAME: &'static str = "cors";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Cross-origin rules that let more sites in than was meant.";
    const SETTINGS_SCHEMA: &'static str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn rules() -> &'static [&'static Rule<Self::Settings>] {
        rules::ALL
    }

    fn validate(settings: &Self::Settings) -> Result<(), String> {
        match settings.public_paths.iter().find(|path| !path.starts_with('/')) {
            Some(path) => Err(format!("public-paths: {path:?} does not begin with a slash")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_with_a_slash() {
        let settings = |path: &str| Settings {
            public_paths: vec![path.to_owned()],
        };
        assert_eq!(Cors::validate(&settings("/assets")), Ok(()));
        assert!(Cors::validate(&settings("assets")).is_err());
    }
}
