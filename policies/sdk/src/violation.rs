//! Violations: what a rule reports. They start from a node, so that the place is right by construction.

use plimsoll_kube::{Join, Node};

/// `Error`: it will break, or it leaks, on the evidence of the input; `Warning`: risky; `Info`: advice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Advice.
    Info,
    /// Risky.
    Warning,
    /// Will break, or leaks. The host reports it as a warning below [`Confidence::High`].
    Error,
}

/// How sure a rule is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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

impl Confidence {
    /// One step less sure; low stays low.
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Confidence::Certain => Confidence::High,
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
        }
    }
}

/// A place in the bundle: a node's value, or the key that names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The value.
    Value(u32),
    /// The key.
    Key(u32),
}

impl From<Node<'_>> for Place {
    fn from(node: Node<'_>) -> Self {
        Place::Value(node.index())
    }
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
    /// What is there, in a few words.
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
    /// Adds a member to a map (`key` names it) or an item to a sequence (`key` is the index to insert before, or `-`).
    Insert {
        /// The map or sequence.
        into: Place,
        /// The new member's key.
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

/// What a rule reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Instead of the rule's own severity.
    pub severity: Option<Severity>,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// What is wrong: one line, at most some 120 characters, never a secret's value.
    pub message: String,
    /// Why, and what to do.
    pub help: Option<String>,
    /// Where.
    pub at: Place,
    /// A part of the scalar there.
    pub within: Option<Range>,
    /// Whether the values at `at` and at all related places are secret.
    pub sensitive: bool,
    /// Where else.
    pub related: Vec<Related>,
    /// How to repair it.
    pub fix: Option<Fix>,
}

impl Violation {
    /// A violation at a node, of confidence high unless said otherwise.
    #[must_use]
    pub fn new(at: impl Into<Place>, message: impl Into<String>) -> Self {
        Violation {
            severity: None,
            confidence: Confidence::High,
            message: message.into(),
            help: None,
            at: at.into(),
            within: None,
            sensitive: false,
            related: Vec::new(),
            fix: None,
        }
    }

    /// Instead of the rule's own severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// How sure the rule is.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Why, and what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A part of the scalar, in bytes of its text.
    #[must_use]
    pub fn within(mut self, bytes: std::ops::Range<usize>) -> Self {
        if let (Ok(start), Ok(end)) = (u32::try_from(bytes.start), u32::try_from(bytes.end)) {
            self.within = Some(Range { start, end });
        }
        self
    }

    /// The values at this violation's places are secret: the host masks them everywhere.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Another place that explains it.
    #[must_use]
    pub fn related(mut self, at: impl Into<Place>, message: impl Into<String>) -> Self {
        self.related.push(Related {
            at: at.into(),
            message: message.into(),
        });
        self
    }

    /// How to repair it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Trusts it no further than the join it rests on: one step less sure where the two ends are far apart, and advice at
    /// most where one end is defined twice.
    #[must_use]
    pub fn through(mut self, join: &Join<'_>) -> Self {
        if join.distant {
            self.confidence = self.confidence.lowered();
        }
        if join.ambiguous {
            self.severity = Some(Severity::Info);
        }
        self
    }
}
