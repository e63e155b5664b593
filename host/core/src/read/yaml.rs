//! One YAML document: the parser's events made into nodes.

mod block;

use std::borrow::Cow;
use std::cell::Cell;

use plimsoll_tree::Flags;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::builder::{Builder, Closed};
use super::input::{Bytes, Stop, restore};
use super::marks::{Marks, Token};
use super::pending;
use super::place::Text;
use super::scalar::{self, Value};
use super::{Comment, Limits, ReadError, Span};

/// Why a document could not be read, and where in its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Where.
    pub span: Span,
    /// Why.
    pub error: ReadError,
    /// Whether kubectl refuses it for the same reason, so that no other parser need be asked.
    pub certain: bool,
}

impl Fault {
    /// A fault that no other parser mends, but where the syntax may only be too new or too old.
    pub(super) fn new(span: Span, error: ReadError) -> Self {
        let certain = !matches!(error, ReadError::Syntax(_));
        Fault { span, error, certain }
    }
}

const COMPLEX_KEY: &str = "a key that is itself a mapping or sequence, which JSON cannot hold";

/// What an anchor names.
enum Anchor {
    /// A map or sequence that is not closed yet.
    Open,
    /// A scalar, maybe a key.
    Scalar {
        value: String,
        style: ScalarStyle,
        tag: Option<String>,
        span: Span,
    },
    /// A map or sequence.
    Node(Closed),
}

struct Loader<'t, 'b, 'l> {
    text: Text<'t>,
    /// Where the text starts in the whole, and its length.
    base: u32,
    length: usize,
    builder: &'b mut Builder<'l>,
    /// By the parser's numbers, from 1.
    anchors: Vec<Anchor>,
    /// Anchor and flow style of what is open.
    open: Vec<(usize, bool)>,
    /// Brackets that are open.
    brackets: u32,
    /// End of the last token.
    last: usize,
    marks: Marks<'t>,
    /// The next place where a value to be filled in may stand.
    pending: usize,
    comments: &'b mut Vec<Comment>,
}

/// Reads the first document of a text into the builder, as kubectl's parser reads no other. The result is its first node,
/// none when it is empty.
///
/// # Errors
/// When it cannot be read; the builder holds a part of it then, to be abandoned.
pub(super) fn load(
    text: &str,
    base: u32,
    limits: &Limits,
    builder: &mut Builder<'_>,
    comments: &mut Vec<Comment>,
) -> Result<Option<u32>, Fault> {
    // kubectl ends every document with a line break.
    let ended;
    let length = text.len();
    let text = if text.ends_with('\n') {
        text
    } else {
        ended = format!("{text}\n");
        &ended
    };
    let place = (base, length);
    let ascii = text.is_ascii();
    let before = comments.len();
    let mut loader = Loader::new(text, ascii, place, builder, comments);
    if block::read(&mut loader).is_ok() {
        return Ok(loader.builder.finish());
    }
    builder.abandon();
    comments.truncate(before);
    if ascii {
        load_as::<true>(text, place, limits, builder, comments)
    } else {
        load_as::<false>(text, place, limits, builder, comments)
    }
}

fn load_as<const ASCII: bool>(
    text: &str,
    (base, length): (u32, usize),
    limits: &Limits,
    builder: &mut Builder<'_>,
    comments: &mut Vec<Comment>,
) -> Result<Option<u32>, Fault> {
    let stop = Cell::new(None);
    // Flow collections are buffered by the parser before they come to be counted as nodes.
    let entries = limits.nodes / 8;
    let mut loader = Loader::new(text, ASCII, (base, length), builder, comments);
    for event in Parser::new(Bytes::<ASCII>::new(text, limits.depth, entries, &stop)) {
        let (event, span) = event.map_err(|error| loader.refusal(&error, stop.get(), limits))?;
        let (start, end) = (span.start.index(), span.end.index());
        if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
            loader.pass(start, start, Token::Other)?;
            break;
        }
        loader.event::<ASCII>(event, start, end)?;
    }
    Ok(loader.builder.finish())
}

impl<'t, 'b, 'l> Loader<'t, 'b, 'l> {
    fn new(
        text: &'t str,
        ascii: bool,
        (base, length): (u32, usize),
        builder: &'b mut Builder<'l>,
        comments: &'b mut Vec<Comment>,
    ) -> Self {
        builder.start();
        Loader {
            text: Text(text),
            base,
            length,
            builder,
            anchors: Vec::new(),
            open: Vec::new(),
            brackets: 0,
            last: 0,
            marks: Marks::new(Text(text), ascii),
            pending: pending::find(text, 0),
            comments,
        }
    }
}

impl Loader<'_, '_, '_> {
    /// A scalar without anchor and tag.
    #[inline]
    fn bare(&mut self, value: &str, style: ScalarStyle, start: usize, end: usize) -> Result<(), Fault> {
        let place = self.scalar_place(value, style, false, start, end);
        self.scalar_token(value, style, place, end)?;
        let span = self.span(place);
        self.scalar(value, style, None, span, Flags::default())
            .map_err(|error| self.fault(place.0, error))
    }

    fn span(&self, place: (usize, usize)) -> Span {
        span(place, self.base, self.length)
    }

    fn refusal(&self, error: &ScanError, stop: Option<Stop>, limits: &Limits) -> Fault {
        let reason = match stop {
            Some(Stop::Depth) => ReadError::Depth(limits.depth),
            Some(Stop::Length) => ReadError::Nodes(limits.nodes / 8),
            None => ReadError::Syntax(error.info().to_owned()),
        };
        self.fault(error.marker().index(), reason)
    }

    #[inline]
    fn event<const ASCII: bool>(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), Fault> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let value = if ASCII { value } else { restore(value) };
                let place = self.scalar_place(&value, style, anchor > 0 || tag.is_some(), start, end);
                self.scalar_token(&value, style, place, end)?;
                let span = self.span(place);
                let tag = tag.map(|tag| full(&tag));
                if anchor > 0 {
                    self.anchor_name(start)?;
                    let named = Anchor::Scalar {
                        value: value.clone().into_owned(),
                        style,
                        tag: tag.clone(),
                        span,
                    };
                    self.name(anchor, named);
                }
                self.scalar(&value, style, tag.as_deref(), span, Flags::default())
                    .map_err(|error| self.fault(place.0, error))
            }
            Event::MappingStart(anchor, tag) => self.start(true, anchor, tag.is_some(), start),
            Event::SequenceStart(anchor, tag) => self.start(false, anchor, tag.is_some(), start),
            Event::MappingEnd | Event::SequenceEnd => self.end(start),
            Event::Alias(anchor) => {
                self.pass(start, end, Token::Other)?;
                self.anchor_name(start)?;
                self.alias(anchor).map_err(|error| self.fault(start, error))
            }
            _ => Ok(()),
        }
    }

    /// Passes a scalar, and refuses what kubectl's parser reads otherwise or not at all.
    #[inline]
    fn scalar_token(
        &mut self,
        value: &str,
        style: ScalarStyle,
        place: (usize, usize),
        end: usize,
    ) -> Result<(), Fault> {
        match style {
            ScalarStyle::Plain => {
                let token = if self.open.is_empty() {
                    Token::Text
                } else {
                    Token::Plain
                };
                self.pass(place.0, place.1, token)?;
                if self.brackets > 0 && value.starts_with('?') {
                    // A key to kubectl's parser, a part of the text to newer ones.
                    let reason = "a plain text must not start with `?` inside brackets";
                    return Err(self.fault(place.0, ReadError::Syntax(reason.into())));
                }
            }
            ScalarStyle::SingleQuoted => self.pass(place.0, place.1, Token::Quoted)?,
            ScalarStyle::DoubleQuoted => {
                self.pass(place.0, place.1, Token::Quoted)?;
                let escaped = place.1.saturating_sub(place.0) != value.len() + 2;
                if let Some(at) = escaped.then(|| self.text.escaped_slash(place.0, place.1)).flatten() {
                    let reason = "while parsing a quoted scalar, found unknown escape character `\\/`";
                    return Err(Fault {
                        certain: true,
                        ..self.fault(at, ReadError::Syntax(reason.into()))
                    });
                }
            }
            // Blank lines behind the content belong to it.
            ScalarStyle::Literal | ScalarStyle::Folded => self.pass(place.0, end.max(place.1), Token::Block)?,
        }
        if self.pending < place.0 {
            self.pending = pending::find(self.text.0, place.0);
        }
        self.builder.pending = self.pending < place.1;
        Ok(())
    }

    /// Refuses the name of an anchor or alias that kubectl's parser would cut short.
    fn anchor_name(&self, mut at: usize) -> Result<(), Fault> {
        while self.text.byte(at) == b'!' {
            at = self.text.after_property(at);
        }
        match self.text.odd_name(at + 1) {
            Some(odd) => {
                let reason = "the name of an anchor may only have letters, digits, `_` and `-`";
                Err(self.fault(odd, ReadError::Syntax(reason.into())))
            }
            None => Ok(()),
        }
    }

    /// Notes that a token stands here: what lies between tokens may hold comments.
    #[inline]
    fn pass(&mut self, start: usize, end: usize, token: Token) -> Result<(), Fault> {
        let flow = self.brackets > 0;
        self.last = self.last.max(end);
        let (base, length) = (self.base, self.length);
        let comments = &mut *self.comments;
        let note = |place, alone| {
            let span = span(place, base, length);
            comments.push(Comment { span, alone });
        };
        self.marks.pass(start, end, token, flow, note).map_err(|refusal| Fault {
            span: self.span(self.text.visible(refusal.at)),
            error: ReadError::Syntax(refusal.reason.into()),
            certain: true,
        })
    }

    fn fault(&self, at: usize, error: ReadError) -> Fault {
        Fault::new(self.span(self.text.visible(at)), error)
    }

    #[inline]
    fn scalar_place(
        &self,
        value: &str,
        style: ScalarStyle,
        properties: bool,
        start: usize,
        end: usize,
    ) -> (usize, usize) {
        let first = |at| if properties { self.text.after_properties(at) } else { at };
        match style {
            ScalarStyle::Plain if value.is_empty() => {
                // The parser gives the place of the token that showed that nothing is there.
                let at = match self.text.byte(start) {
                    _ if properties => end,
                    b':' => start + 1,
                    _ => start,
                };
                (at, at)
            }
            ScalarStyle::Plain => (first(start), end),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let start = first(start);
                (start, self.text.closing_quote(start))
            }
            ScalarStyle::Literal | ScalarStyle::Folded if value.is_empty() => {
                let header = self.text.block_header(self.last);
                (header, header)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let start = if properties {
                    self.text.block_content(self.text.block_header(self.last))
                } else {
                    start
                };
                (start, self.text.trimmed(start, end))
            }
        }
    }

    #[inline]
    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        tag: Option<&str>,
        span: Span,
        flags: Flags,
    ) -> Result<(), ReadError> {
        let bare = style == ScalarStyle::Plain;
        if self.builder.awaits_key() {
            let merges = value == "<<" && tag.map_or(bare, |tag| tag == "!" || scalar::is_merge_tag(tag));
            if merges {
                self.builder.merge_key(span);
                return Ok(());
            }
            let key = scalar::key(resolve(value, bare, tag)?)?;
            self.builder.key(&key, span);
            return Ok(());
        }
        if self.builder.merges() {
            let reason = "a merge key (`<<`) needs a mapping or a sequence of mappings";
            return Err(ReadError::Value(reason.into()));
        }
        let resolved = match resolve(value, bare, tag)? {
            Value::Float(float) => scalar::as_json(float),
            other => other,
        };
        let written = (bare || tag.is_some()).then_some(value);
        self.builder.scalar(&resolved, written, span, flags).map(drop)
    }

    fn start(&mut self, map: bool, anchor: usize, tagged: bool, start: usize) -> Result<(), Fault> {
        if self.builder.awaits_key() {
            return Err(self.fault(start, ReadError::Value(COMPLEX_KEY.into())));
        }
        let mut first = if anchor > 0 || tagged {
            self.text.after_properties(start)
        } else {
            start
        };
        let dash = (!map && self.brackets == 0 && self.builder.in_map()).then(|| self.text.dash(self.last));
        let dash = dash.filter(|&at| self.text.is_entry(at));
        let flow = dash.is_none() && matches!(self.text.byte(first), b'[' | b'{');
        if flow {
            self.pass(first, first + 1, Token::Other)?;
            self.brackets += 1;
        } else if let Some(dash) = dash {
            // Of a sequence that is no further in than its key the parser gives the place behind the dash.
            first = dash;
        } else if !map && self.text.byte(first) != b'-' {
            first = self.text.dash(self.last);
        }
        let span = self.span((first, first));
        self.builder.open(map, span).map_err(|error| self.fault(first, error))?;
        if anchor > 0 {
            self.anchor_name(start)?;
            self.name(anchor, Anchor::Open);
        }
        self.open.push((anchor, flow));
        Ok(())
    }

    fn end(&mut self, start: usize) -> Result<(), Fault> {
        let (anchor, flow) = self.open.pop().unwrap_or_default();
        if flow {
            self.pass(start, start + 1, Token::Other)?;
            self.brackets = self.brackets.saturating_sub(1);
        }
        let end = self.span((self.last, self.last)).end;
        let closed = self.builder.close(end).map_err(|error| self.fault(start, error))?;
        if let Some(closed) = closed.filter(|_| anchor > 0) {
            self.name(anchor, Anchor::Node(closed));
        }
        Ok(())
    }

    fn name(&mut self, anchor: usize, named: Anchor) {
        // Numbered from 1, without gaps.
        if anchor > self.anchors.len() {
            self.anchors.resize_with(anchor, || Anchor::Open);
        }
        if let Some(place) = self.anchors.get_mut(anchor - 1) {
            *place = named;
        }
    }

    fn alias(&mut self, anchor: usize) -> Result<(), ReadError> {
        match anchor.checked_sub(1).and_then(|at| self.anchors.get(at)) {
            None | Some(Anchor::Open) => Err(ReadError::Value("an anchor whose value contains itself".into())),
            Some(Anchor::Scalar {
                value,
                style,
                tag,
                span,
            }) => {
                let (value, style, tag, span) = (value.clone(), *style, tag.clone(), *span);
                if !self.builder.awaits_key() {
                    self.builder.count_aliased(1)?;
                }
                self.scalar(&value, style, tag.as_deref(), span, Flags::ALIAS)
            }
            Some(&Anchor::Node(closed)) => {
                if self.builder.awaits_key() {
                    return Err(ReadError::Value(COMPLEX_KEY.into()));
                }
                self.builder.alias(closed)
            }
        }
    }
}

/// A place in a document as one in the whole text.
fn span((start, end): (usize, usize), base: u32, length: usize) -> Span {
    let offset = |at: usize| base.saturating_add(u32::try_from(at.min(length)).unwrap_or(u32::MAX));
    Span {
        start: offset(start),
        end: offset(end),
    }
}

fn full(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

#[inline]
fn resolve<'v>(value: &'v str, bare: bool, tag: Option<&str>) -> Result<Value<'v>, ReadError> {
    match tag {
        Some(tag) => scalar::tagged(tag, value),
        None if bare => Ok(scalar::plain(value)),
        None => Ok(Value::Text(Cow::Borrowed(value))),
    }
}
