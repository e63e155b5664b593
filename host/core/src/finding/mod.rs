//! From violations to findings: checked, cleaned, located, masked.

mod accept;
mod clean;
mod finder;
mod fingerprint;
mod mask;
mod scalar;

use serde::Serialize;

use crate::policy::{Confidence, Edit, Severity};
use crate::read::Span;

pub(crate) use accept::identity;
pub use accept::{Judgement, accept, accept_with, sort};
pub use clean::{clean_block, clean_line};
pub(crate) use fingerprint::fingerprint_of;
pub use mask::{MASK, Masks};
pub(crate) use scalar::source_span;

/// What the host has accepted and located.
#[derive(Clone, Debug)]
pub struct Finding {
    /// `policy/rule`.
    pub rule: String,
    /// The policy's name.
    pub policy: String,
    /// How bad, after confidence has been considered.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What is wrong: one clean, masked line.
    pub message: String,
    /// Why, and what to do; clean and masked, may have several lines.
    pub help: Option<String>,
    /// The object judged.
    pub object: Identity,
    /// The object that it lies in.
    pub owner: Option<Identity>,
    /// RFC 6901 pointer from the object's own root.
    pub path: String,
    /// Where: in the file that it comes from, where it stands in a rendered text and that is known.
    pub place: Location,
    /// Where it stands in a rendered text.
    pub rendered: Option<AsRendered>,
    /// Where else.
    pub related: Vec<RelatedPlace>,
    /// How to repair it.
    pub fix: Option<ProposedFix>,
    /// Whether the values at its places are secret.
    pub sensitive: bool,
    /// The same for the same fault after lines or files have moved: 32 hexadecimal digits.
    pub fingerprint: String,
    /// What holds it back, if anything does.
    pub suppressed: Option<Suppression>,
}

/// What says that a finding does not count.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Suppression {
    /// `comment`, `annotation`, `config`, `baseline` or [`Suppression::SINCE`].
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Until when, as a date.
    pub until: Option<String>,
    /// Where that is said.
    pub file: Option<String>,
    /// Line there, from 1.
    pub line: Option<u32>,
}

impl Suppression {
    /// By the revision that the run compares with: the finding was there already.
    pub const SINCE: &str = "since";
}

/// Which object. All empty where a finding is about a text that holds none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Group and version, as in the object.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Effective namespace, if it has one that is known.
    pub namespace: Option<String>,
    /// Name; empty when it has none.
    pub name: String,
}

/// A place in the input: a manifest of the bundle and bytes of its text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// Index of the manifest.
    pub manifest: usize,
    /// Bytes of its text.
    pub span: Span,
}

/// Another place that explains a finding.
#[derive(Clone, Debug)]
pub struct RelatedPlace {
    /// What is there; clean and masked.
    pub message: String,
    /// The object that it lies in.
    pub object: Identity,
    /// RFC 6901 pointer from that object's root.
    pub path: String,
    /// Where.
    pub place: Location,
    /// Where it stands in a rendered text.
    pub rendered: Option<AsRendered>,
}

/// A place in what a renderer made, and what is known of where it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AsRendered {
    /// In the rendered text.
    pub place: Location,
    /// How the place of the finding was found.
    pub found: Found,
}

/// How the place in a file was found that a rendered place comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// It is that very place.
    Exact,
    /// It is the nearest place around it that is known, or what made all of it.
    Near,
    /// It is in no file as it stands: the rendered text is its place.
    Nowhere,
}

/// A repair as the policy proposed it, with the places it speaks of resolved to nodes.
#[derive(Clone, Debug)]
pub struct ProposedFix {
    /// One clean line.
    pub title: String,
    /// Whether it may be applied without asking.
    pub safe: bool,
    /// What changes.
    pub edits: Vec<Edit>,
}
