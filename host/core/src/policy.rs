//! What policies say, in the host's own types: the contract's records (`wit/policy.wit`) once they have crossed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::read::Span;

/// `error`: it will break, or it leaks, on the evidence of the input; `warning`: risky; `info`: advice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Advice.
    Info,
    /// Risky.
    Warning,
    /// Will break, or leaks.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// How sure a policy is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A hint.
    Low,
    /// One strong heuristic.
    Medium,
    /// Two independent facts agree and none disagrees.
    High,
    /// Follows from API semantics alone.
    Certain,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
            Confidence::Certain => "certain",
        })
    }
}

/// One documented thing that a policy checks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Within the policy; users see `policy/id`.
    pub id: String,
    /// One line.
    pub title: String,
    /// What a violation is unless it says otherwise.
    pub severity: Severity,
    /// Kinds it judges (`Deployment.apps`, `Service`); empty for all.
    pub kinds: Vec<String>,
    /// Kinds it must see besides; `*` for everything, with a `?` behind it what it can do without.
    pub context: Vec<String>,
    /// Whether it compares with the state before an update.
    pub previous: bool,
}

impl Rule {
    /// The kinds, or `*`, that it must see besides.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        let needed = self.context.iter().filter(|kind| !kind.ends_with('?'));
        needed.map(String::as_str)
    }

    /// The kinds, or `*`, that it looks at besides, needed or not.
    pub fn looks_at(&self) -> impl Iterator<Item = &str> {
        self.context.iter().map(|kind| kind.strip_suffix('?').unwrap_or(kind))
    }
}

/// A policy in its own words, cleaned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// Lower-case words joined by `-`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// Its rules; their positions are their numbers.
    pub rules: Vec<Rule>,
    /// JSON Schema of its settings, empty when it has none.
    pub settings_schema: String,
}

/// What a violation or edit points at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A node's value.
    Node(u32),
    /// The key that names a node.
    Key(u32),
    /// An RFC 6901 pointer into an object.
    Pointer {
        /// The object's index.
        object: u32,
        /// The pointer.
        path: String,
    },
    /// Bytes of a file's text: for the host's own reading, where what it speaks of became no node. No guest can say it.
    Text {
        /// Index of the manifest.
        manifest: usize,
        /// Bytes of its text.
        span: Span,
        /// The node that it has to do with, whose object is then the finding's.
        node: Option<u32>,
    },
}

/// Bytes of a scalar's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// Another place that explains a violation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    /// Where.
    pub at: Place,
    /// What is there.
    pub message: String,
}

/// One change of a fix. Values are JSON text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Gives a node another value.
    Set {
        /// The node.
        at: Place,
        /// Its new value.
        value: String,
    },
    /// Adds a member or item.
    Insert {
        /// The map or sequence.
        into: Place,
        /// The new member's key; in a sequence the index to insert before, or `-`.
        key: String,
        /// Its value.
        value: String,
    },
    /// Gives a member another key.
    Rename {
        /// The member.
        at: Place,
        /// Its new key.
        key: String,
    },
    /// Takes a member or item away.
    Remove(Place),
}

/// A repair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// One line.
    pub title: String,
    /// Whether it keeps the meaning, or provably repairs what would be refused or ignored.
    pub safe: bool,
    /// What changes.
    pub edits: Vec<Edit>,
}

/// What a policy reports, as it said it: texts not yet cleaned, places not yet checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Position of the rule in the policy's description.
    pub rule: u32,
    /// Instead of the rule's own.
    pub severity: Option<Severity>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What is wrong.
    pub message: String,
    /// Why, and what to do.
    pub help: Option<String>,
    /// Where.
    pub at: Place,
    /// A part of the scalar there.
    pub within: Option<Range>,
    /// Whether the values at `at` and all related places are secret.
    pub sensitive: bool,
    /// Where else.
    pub related: Vec<Related>,
    /// How to repair it.
    pub fix: Option<Fix>,
}

/// Judges bundles: a component in the engine, or the same policy compiled natively (tests, benchmarks).
pub trait Judge: Send + Sync {
    /// What it is.
    fn description(&self) -> &Description;
    /// A rule's page.
    ///
    /// # Errors
    /// When the policy failed to answer.
    fn explain(&self, rule: u32) -> Result<String, EvaluationFailure>;
    /// Judges a bundle by these rules. An empty `settings` means the defaults.
    ///
    /// # Errors
    /// When the policy gave no verdict; that is never a finding.
    fn check(
        &self,
        bundle: &crate::bundle::Bundle,
        rules: &[u32],
        settings: &str,
    ) -> Result<Vec<Violation>, EvaluationFailure>;
    /// The same where an answer is of use only within so much time. What can run endlessly must be cut off then; what
    /// cannot may ignore it.
    ///
    /// # Errors
    /// As [`check`](Self::check), and [`EvaluationFailure::Deadline`].
    fn check_within(
        &self,
        bundle: &crate::bundle::Bundle,
        rules: &[u32],
        settings: &str,
        within: std::time::Duration,
    ) -> Result<Vec<Violation>, EvaluationFailure> {
        let _ = within;
        self.check(bundle, rules, settings)
    }
}

/// Why a policy gave no verdict.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EvaluationFailure {
    /// It used up its fuel: the limit that decides, as it is the same everywhere.
    #[error("used up its fuel ({0} units): it computes without end, or the input is too large for its limit")]
    Fuel(u64),
    /// It ran past the deadline, in milliseconds.
    #[error("did not answer within {0} ms")]
    Deadline(u64),
    /// It asked for more memory than its limit, in bytes.
    #[error("asked for more memory than its limit of {0} bytes")]
    Memory(u64),
    /// It used up its stack.
    #[error("used up its stack")]
    Stack,
    /// It panicked or trapped.
    #[error("broke off: {0}")]
    Trap(String),
    /// Its answer was too large, malformed, or not UTF-8.
    #[error("gave an answer that cannot be taken: {0}")]
    Answer(String),
    /// It refused the settings, or they do not fit its schema.
    #[error("refuses its settings: {0}")]
    Settings(String),
    /// It says that it cannot judge.
    #[error("cannot judge: {0}")]
    Refused(String),
    /// It is not a component that this host can run.
    #[error("cannot be loaded: {0}")]
    Load(String),
    /// It imports what the host does not lend.
    #[error("asks for `{0}`, and a policy may import nothing but plimsoll:policy/bundle")]
    Import(String),
    /// It was built for another version of the contract.
    #[error("speaks another version of the contract ({0}); this host knows plimsoll:policy@0.1.0")]
    Version(String),
}

impl EvaluationFailure {
    /// The kind in one word, as in JSON output and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            EvaluationFailure::Fuel(_) => "fuel",
            EvaluationFailure::Deadline(_) => "deadline",
            EvaluationFailure::Memory(_) => "memory",
            EvaluationFailure::Stack => "stack",
            EvaluationFailure::Trap(_) => "trap",
            EvaluationFailure::Answer(_) => "answer",
            EvaluationFailure::Settings(_) => "settings",
            EvaluationFailure::Refused(_) => "refused",
            EvaluationFailure::Load(_) => "load",
            EvaluationFailure::Import(_) => "import",
            EvaluationFailure::Version(_) => "version",
        }
    }
}
