//! From a file to a manifest: decodes, cuts, reads every document by the parser that can, and gathers what came of it.

use std::sync::Arc;

use super::builder::Builder;
use super::json::Json;
use super::mend::Mended;
use super::position::Lines;
use super::split::{self, Piece};
use super::yaml::{self, Fault};
use super::{
    Comment, Document, Encoding, Limits, Manifest, ReadError, ReadFailure, Remark, RemarkKind, Skip, Span, Standing,
    decode, fallback, objects, pending, template,
};

/// Reads a file's bytes: decodes, cuts into documents, builds nodes and finds the objects. Never fails as a whole: what
/// could not be read is in [`Manifest::failures`], and does not keep what stands before and after it from being read.
///
/// `path` is only kept, for people to know the file by.
#[must_use]
pub fn manifest(path: &str, bytes: &[u8], limits: &Limits) -> Manifest {
    // Spans are 32 bits wide.
    let limit = limits.size.min(u64::from(u32::MAX - 1));
    let found = bytes.len() as u64;
    if found > limit {
        return refused(path, bytes, ReadError::Size { found, limit });
    }
    match decode::decode(bytes) {
        Ok((text, encoding)) => read(path, text, encoding, limits),
        Err(error) => refused(path, bytes, error),
    }
}

/// The same for a text that is decoded already and may be shared with others.
#[must_use]
pub fn manifest_of_text(path: &str, text: Arc<str>, limits: &Limits) -> Manifest {
    let limit = limits.size.min(u64::from(u32::MAX - 1));
    let found = text.len() as u64;
    if found > limit {
        return refused(path, text.as_bytes(), ReadError::Size { found, limit });
    }
    read(path, text, Encoding::Utf8, limits)
}

/// A file of which nothing can be read.
fn refused(path: &str, bytes: &[u8], error: ReadError) -> Manifest {
    // The start is enough to tell a manifest by.
    let start = bytes.get(..bytes.len().min(1 << 16)).unwrap_or(&[]);
    let mut manifest = empty(path, Arc::from(""), Encoding::Utf8, Builder::new(&Limits::default(), 0));
    manifest.failures.push(ReadFailure {
        span: Span::EMPTY,
        error,
        looks_like_manifest: template::looks_like_manifest(&String::from_utf8_lossy(start)),
    });
    manifest
}

fn empty(path: &str, text: Arc<str>, encoding: Encoding, builder: Builder<'_>) -> Manifest {
    Manifest {
        path: path.to_owned(),
        text,
        encoding,
        documents: Vec::new(),
        part: builder.part,
        spans: builder.spans,
        keys: builder.keys,
        objects: Vec::new(),
        skipped: None,
        failures: Vec::new(),
        comments: Vec::new(),
        remarks: builder.remarks,
        lines: Lines::default(),
        standing: Standing::Own,
    }
}

fn read(path: &str, text: Arc<str>, encoding: Encoding, limits: &Limits) -> Manifest {
    let mut reader = Reader {
        text: &text,
        limits,
        builder: Builder::new(limits, text.len()),
        documents: Vec::new(),
        failures: Vec::new(),
        comments: Vec::new(),
        template: false,
    };
    reader.stream();
    let Reader {
        builder,
        mut documents,
        failures,
        mut comments,
        template,
        ..
    } = reader;
    if template {
        let mut manifest = empty(path, Arc::clone(&text), encoding, Builder::new(limits, 0));
        manifest.skipped = Some(Skip::Template);
        return manifest;
    }
    let mut manifest = empty(path, Arc::clone(&text), encoding, builder);
    manifest.objects = objects::find(&mut manifest.part, &mut documents);
    manifest.skipped = match documents.first() {
        _ if !manifest.objects.is_empty() || !failures.is_empty() => None,
        None => Some(Skip::Empty),
        Some(_) => documents
            .iter()
            .filter_map(|document| document.skipped)
            .max_by_key(|&skip| skip == Skip::NoKind),
    };
    // Documents that are read again after mending are the only ones out of order.
    comments.sort_unstable_by_key(|comment| comment.span.start);
    manifest.documents = documents;
    manifest.failures = failures;
    manifest.comments = comments;
    manifest
}

struct Reader<'t> {
    text: &'t str,
    limits: &'t Limits,
    builder: Builder<'t>,
    documents: Vec<Document>,
    failures: Vec<ReadFailure>,
    comments: Vec<Comment>,
    template: bool,
}

impl Reader<'_> {
    fn stream(&mut self) {
        let from = if split::may_be_json(self.text) {
            match self.json() {
                Some(from) => from,
                None => return,
            }
        } else {
            0
        };
        let limit = self.limits.documents as usize;
        for (number, piece) in split::pieces(self.text, from, limit.saturating_add(1))
            .iter()
            .enumerate()
        {
            // Empty documents count: they take their time, too.
            if number >= limit || self.documents.len() >= limit {
                return self.full(piece.range.start);
            }
            self.piece(piece);
            if self.template {
                return;
            }
        }
    }

    /// Reads JSON values, as long as there are some. Returns where YAML goes on, if it does: kubectl turns to it unless two
    /// values were read already.
    fn json(&mut self) -> Option<usize> {
        let mut json = Json::new(self.text);
        self.builder.pending = pending::find(self.text, 0) != usize::MAX;
        let mut values = 0;
        let mut done = 0;
        loop {
            if values >= self.limits.documents {
                self.full(done);
                return None;
            }
            match json.next(&mut self.builder) {
                Ok(None) => return None,
                Ok(Some((root, span))) => {
                    values += 1;
                    done = json.at;
                    if let Some(root) = root {
                        self.document(root, span, false);
                    }
                }
                Err(fault) => {
                    self.builder.abandon();
                    if values < 2 && matches!(fault.error, ReadError::Syntax(_)) {
                        return Some(Json::rest(self.text, done));
                    }
                    self.fail(fault, done..self.text.len());
                    return None;
                }
            }
        }
    }

    /// Notes that what follows is not read, as there are as many documents as there may be.
    fn full(&mut self, from: usize) {
        let rest = self.text.get(from..).unwrap_or("");
        if rest.trim().is_empty() {
            return;
        }
        self.failures.push(ReadFailure {
            span: span(from, self.text.len()),
            error: ReadError::Documents(self.limits.documents),
            looks_like_manifest: template::looks_like_manifest(rest),
        });
    }

    fn document(&mut self, root: u32, span: Span, coarse: bool) {
        self.documents.push(Document {
            span,
            root,
            end: self.builder.part.len(),
            coarse,
            skipped: None,
        });
    }

    fn fail(&mut self, fault: Fault, range: std::ops::Range<usize>) {
        let text = self.text.get(range).unwrap_or("");
        self.failures.push(ReadFailure {
            span: fault.span,
            error: fault.error,
            looks_like_manifest: template::looks_like_manifest(text),
        });
    }

    fn piece(&mut self, piece: &Piece) {
        let mut range = piece.range.clone();
        let mut text = self.text.get(range.clone()).unwrap_or("");
        if let Some(bare) = text.strip_prefix('\u{FEFF}') {
            range.start += text.len() - bare.len();
            text = bare;
        }
        let content = text.trim();
        if content.is_empty() {
            return;
        }
        let first = range.start + (text.len() - text.trim_start().len());
        let span = span(first, first + content.len());
        let error = if piece.refused {
            Some((0, "only a comment may follow `---` on its line"))
        } else {
            decode::control(text).map(|at| (at, "control characters are not allowed"))
        };
        if let Some((at, reason)) = error {
            if template::is_template(text) {
                self.template = true;
                return;
            }
            let at = offset(range.start + at);
            let fault = Fault::new(Span { start: at, end: at }, ReadError::Syntax(reason.into()));
            return self.fail(fault, range);
        }
        // kubectl takes one carriage return from the end of each line, the parser would see two line breaks.
        if memchr::memmem::find(text.as_bytes(), b"\r\r\n").is_some()
            && self.coarse(&text.replace("\r\r\n", "\r\n"), span).is_some()
        {
            return;
        }
        let comments = self.comments.len();
        let base = offset(range.start);
        let fault = match yaml::load(text, base, self.limits, &mut self.builder, &mut self.comments) {
            Ok(root) => {
                if let Some(root) = root {
                    self.document(root, span, false);
                }
                return;
            }
            Err(fault) => fault,
        };
        self.builder.abandon();
        self.comments.truncate(comments);
        if template::is_template(text) {
            self.template = true;
            return;
        }
        let read =
            !fault.certain && (self.mended(text, base, &fault, span).is_some() || self.coarse(text, span).is_some());
        if !read {
            self.fail(fault, range);
        }
    }

    /// Reads a document after putting blanks where the parser misses them; none when that does not help.
    fn mended(&mut self, text: &str, base: u32, fault: &Fault, span: Span) -> Option<()> {
        let mut mended = Mended::new(text);
        let mut problem = fault.clone();
        let mut at = problem.span.start.saturating_sub(base);
        let comments = self.comments.len();
        loop {
            let ReadError::Syntax(reason) = &problem.error else {
                return None;
            };
            if !mended.mend(reason, at as usize) {
                return None;
            }
            let first = self.builder.part.len();
            match yaml::load(&mended.text, 0, self.limits, &mut self.builder, &mut self.comments) {
                Ok(root) => {
                    let root = root?;
                    let back = |span: &mut Span| {
                        span.start = base + offset(mended.original(span.start as usize));
                        span.end = base + offset(mended.original(span.end as usize));
                    };
                    self.builder.spans.iter_mut().skip(first as usize).for_each(back);
                    let keys = self.builder.keys.iter_mut().skip(first as usize);
                    keys.filter(|span| **span != Span::EMPTY).for_each(back);
                    let comments = self.comments.iter_mut().skip(comments);
                    comments.for_each(|comment| back(&mut comment.span));
                    let remarks = self.builder.document_remarks();
                    for remark in remarks.iter_mut() {
                        back(&mut remark.span);
                        if remark.lost != Span::EMPTY {
                            back(&mut remark.lost);
                        }
                    }
                    self.builder.remarks.push(Remark {
                        span: fault.span,
                        node: Some(root),
                        kind: RemarkKind::Lenient,
                        lost: Span::EMPTY,
                    });
                    self.document(root, span, false);
                    return Some(());
                }
                Err(next) => {
                    self.builder.abandon();
                    self.comments.truncate(comments);
                    at = next.span.start;
                    problem = next;
                }
            }
        }
    }

    /// Reads a document without places; none when that fails as well.
    fn coarse(&mut self, text: &str, span: Span) -> Option<()> {
        match fallback::load(text, span, &mut self.builder) {
            Ok(Some(root)) => {
                self.document(root, span, true);
                Some(())
            }
            Ok(None) => None,
            Err(_) => {
                self.builder.abandon();
                None
            }
        }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn span(start: usize, end: usize) -> Span {
    Span {
        start: offset(start),
        end: offset(end),
    }
}
