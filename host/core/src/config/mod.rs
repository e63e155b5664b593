//! `plimsoll.yaml`: what an operator decides for a whole folder.
//!
//! Read by the same reader as manifests, so every error has a place: YAML 1.1 scalars, so `off` is `false`. Unknown keys
//! are refused, for a misspelt one would silently change nothing. Errors never repeat values.

mod admission;
mod apply;
mod keys;
mod parse;
mod rules;
mod section;
mod show;

use serde_json::{Map, Value};

use crate::policy::Severity;

pub use admission::{Admission, Exempt, Mode, OnFailure, OnUpdate, OwnedPods};
pub use apply::apply;
pub use keys::KEYS;
pub use parse::parse;
pub use rules::{Exclusion, RuleEntry, RuleSettings, is_date};
pub use show::show;

/// File name that is looked for.
pub const FILE_NAME: &str = "plimsoll.yaml";

/// What `plimsoll.yaml` says. The default is what holds without one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Config {
    /// Kubernetes version that the manifests are for, such as `1.35`.
    pub kubernetes: Option<String>,
    /// OpenChoreo version, such as `1.2`.
    pub openchoreo: Option<String>,
    /// The least severity that fails a run.
    pub fail_on: Option<FailOn>,
    /// Globs of files, from the config's folder, that are not read.
    pub exclude: Vec<String>,
    /// Namespace of objects that name none.
    pub default_namespace: Option<String>,
    /// Namespaces whose objects are all in the input, so that absence counts.
    pub closed_world: Vec<String>,
    /// Environments by glob of paths from the config's folder, in the order written.
    pub environments: Map<String, Value>,
    /// What is known of the cluster.
    pub cluster: Map<String, Value>,
    /// What is decided of rules, in the order written.
    pub rules: Vec<RuleEntry>,
    /// Settings of policies, and policies added, in the order written.
    pub policies: Vec<PolicyEntry>,
    /// The baseline's file, from the config's folder.
    pub baseline: Option<String>,
    /// Whether waivers in manifests must give reasons.
    pub require_reasons: bool,
    /// What is decided of admission.
    pub admission: Admission,
}

/// The least severity that fails a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Info,
    /// Nothing.
    Never,
}

impl FailOn {
    /// Whether a finding of this severity fails the run.
    #[must_use]
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity >= Severity::Error,
            FailOn::Warning => severity >= Severity::Warning,
            FailOn::Info => true,
            FailOn::Never => false,
        }
    }
}

/// One entry of `policies`.
#[derive(Clone, PartialEq, Debug)]
pub struct PolicyEntry {
    /// Which policy.
    pub source: PolicySource,
    /// Its settings as JSON text; empty for the defaults.
    pub settings: String,
    /// Whether its findings are reported.
    pub enabled: bool,
    /// What is answered at admission where it gives no verdict.
    pub on_failure: OnFailure,
    /// Line of the entry, from 1.
    pub line: u32,
}

/// Where a policy comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PolicySource {
    /// A built-in one, by its name.
    BuiltIn(String),
    /// A component's file, from the config's folder.
    Path(String),
}

/// What is wrong with a config.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ConfigError {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode characters, from 1.
    pub column: u32,
    /// Why, without any of the text's values.
    pub message: String,
}
