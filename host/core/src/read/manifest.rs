//! What reading a file gives.

use std::sync::Arc;

use plimsoll_tree::write::Part;

use super::position::Lines;

/// Bytes of a [`Manifest`]'s text: start and the byte after the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// Nothing, at the start.
    pub const EMPTY: Span = Span { start: 0, end: 0 };
}

/// One input text, read.
#[derive(Clone)]
pub struct Manifest {
    /// As shown to people: relative to the root of the input, with `/`; `<stdin>` for standard input.
    pub path: String,
    /// The text as it was parsed: UTF-8, without byte order mark, line ends as stored. Spans count in it.
    pub text: Arc<str>,
    /// How the text was stored, to tell offsets in the file from offsets in the text.
    pub encoding: Encoding,
    /// Its documents in order, those without content left out.
    pub documents: Vec<Document>,
    /// The nodes of all documents, in order.
    pub part: Part,
    /// Where each node's value stands, beside the nodes of `part`: quoted scalars with their quotes, block scalars from the
    /// first to the last character of their content (without header and last line break), collections from their first
    /// key, dash or bracket to the end of their last value; anchors and tags are left out. Where nothing is written it is
    /// empty. A value that an alias or merge key stands for has the span of what it stands for.
    pub spans: Vec<Span>,
    /// Where the key that names each node stands; empty for nodes without one.
    pub keys: Vec<Span>,
    /// Its Kubernetes objects, outer before inner.
    pub objects: Vec<ReadObject>,
    /// Why it holds no objects although nothing failed, if that is so.
    pub skipped: Option<Skip>,
    /// Documents that could not be read.
    pub failures: Vec<ReadFailure>,
    /// Comments, in order, for suppression.
    pub comments: Vec<Comment>,
    /// What was noticed on the way: findings of a later stage.
    pub remarks: Vec<Remark>,
    /// Where its lines start, found when first asked for ([`Manifest::position`]).
    pub lines: Lines,
    /// Whether it is judged as it stands.
    pub standing: Standing,
}

/// What a text is to the judging.
#[derive(Clone, Debug, Default)]
pub enum Standing {
    /// Judged as it stands.
    #[default]
    Own,
    /// What a renderer made of files, judged in their place.
    Rendered(Arc<Rendering>),
    /// Rendered, so not judged itself: it only has places. Holds the objects that it had.
    Replaced(Vec<ReadObject>),
}

/// Where a rendered text comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendering {
    /// What rendered it.
    pub by: Renderer,
    /// The folder of the chart or kustomization, as reports show it; empty for the root of the input.
    pub folder: String,
    /// Files of values that a chart was given, as reports show them; the later ones win.
    pub values: Vec<String>,
}

/// What renders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Renderer {
    /// `helm template`.
    Helm,
    /// `kustomize build`.
    Kustomize,
}

impl Manifest {
    /// The directory that it counts as part of: what was rendered at once is a place of its own.
    #[must_use]
    pub fn directory(&self) -> &str {
        match self.standing {
            Standing::Rendered(_) => &self.path,
            _ => self.path.rfind('/').map_or("", |slash| &self.path[..slash]),
        }
    }

    /// Leaves only its text and places, as it is judged in the form that a renderer gave it.
    pub fn replace(&mut self) {
        if !matches!(self.standing, Standing::Replaced(_)) {
            self.standing = Standing::Replaced(std::mem::take(&mut self.objects));
            self.skipped = None;
            self.failures.clear();
            self.remarks.clear();
        }
    }

    /// The objects that it holds, judged here or not.
    #[must_use]
    pub fn all_objects(&self) -> &[ReadObject] {
        match &self.standing {
            Standing::Replaced(objects) => objects,
            _ => &self.objects,
        }
    }

    /// What rendered it, if it is no file.
    #[must_use]
    pub fn rendering(&self) -> Option<&Rendering> {
        match &self.standing {
            Standing::Rendered(rendering) => Some(rendering),
            _ => None,
        }
    }

    /// Whether it is judged in the form that a renderer gave it.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        matches!(self.standing, Standing::Replaced(_))
    }
}

/// How a text was stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
}

/// One YAML or JSON document of a manifest.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its place in the text.
    pub span: Span,
    /// Its first node, in the manifest's part.
    pub root: u32,
    /// The node after its last.
    pub end: u32,
    /// Whether all its nodes have the document's span, as only the fallback parser could read it.
    pub coarse: bool,
    /// Why it holds no objects, if it holds none.
    pub skipped: Option<Skip>,
}

/// A Kubernetes object of a manifest.
#[derive(Clone, Debug)]
pub struct ReadObject {
    /// Its first node, in the manifest's part.
    pub root: u32,
    /// Index of its document.
    pub document: u32,
    /// API group, empty for the core group.
    pub group: String,
    /// API version within the group.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// `metadata.namespace`, when it is set and final.
    pub namespace: Namespace,
    /// `metadata.name`; empty when it has none or it is not final.
    pub name: String,
    /// The object that this one lies in: an index into the manifest's objects, always less than its own.
    pub owner: Option<u32>,
}

/// A namespace as an object states it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Namespace {
    /// None is stated.
    Unset,
    /// Stated, but not final.
    Unknown,
    /// This one.
    Named(String),
}

/// Why a file or document was not judged, though nothing is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Skip {
    /// No document in it looks like a Kubernetes object, or it does not parse and does not look like one.
    NotAManifest,
    /// A template that must be rendered first.
    Template,
    /// A mapping with an API version but no kind: OpenChoreo's workload descriptors.
    NoKind,
    /// Nothing but comments and white space.
    Empty,
}

impl Skip {
    /// The reason in the words of reports.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Skip::NotAManifest => "not a manifest",
            Skip::Template => "template",
            Skip::NoKind => "no kind",
            Skip::Empty => "empty",
        }
    }
}

/// A document that could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadFailure {
    /// Where, in the text; empty at the start where the whole file is meant.
    pub span: Span,
    /// Why, without any of the text.
    pub error: ReadError,
    /// Whether the text looks like a manifest (has `apiVersion` and `kind` at the left edge).
    pub looks_like_manifest: bool,
}

/// Why a document could not be read. No variant carries source text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// Not YAML or JSON; the parser's reason, without source text.
    #[error("{0}")]
    Syntax(String),
    /// Neither UTF-8 nor UTF-16.
    #[error("the text is neither UTF-8 nor UTF-16: is this a binary file?")]
    Encoding,
    /// The file is longer than allowed.
    #[error("the file has {found} bytes, more than the limit of {limit} (document size)")]
    Size {
        /// Bytes of the file.
        found: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Nested deeper than allowed.
    #[error("nested deeper than the limit of {0} levels (nesting depth)")]
    Depth(u32),
    /// Aliases expand to more nodes than allowed.
    #[error("aliases expand to more than the limit of {0} nodes (alias expansion)")]
    Aliases(u32),
    /// More documents than allowed.
    #[error("more than the limit of {0} documents in one file (document count)")]
    Documents(u32),
    /// More nodes than allowed.
    #[error("more than the limit of {0} nodes in one file (node count)")]
    Nodes(u32),
    /// A value that JSON and so the API server cannot hold, such as `.inf`.
    #[error("{0}")]
    Value(String),
}

/// A comment, without its `#`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment {
    /// From the `#` to the end of the line, in the text.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub alone: bool,
}

/// Something noticed while reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remark {
    /// Where, in the text.
    pub span: Span,
    /// The node concerned, where there is one.
    pub node: Option<u32>,
    /// What.
    pub kind: RemarkKind,
    /// Of a duplicate key: its value, which is in no node; else empty.
    pub lost: Span,
}

/// What was noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemarkKind {
    /// A key that comes again later in the same mapping: the last one wins. The span is the earlier key's.
    DuplicateKey,
    /// The strict parser refused the document; it was read after mending, or without positions.
    Lenient,
    /// In a document read without positions: a text whose reading by kubectl is not known.
    UnknownScalar,
}
