//! Provisional.
use std::sync::Arc;

use plimsoll_tree::write::{Part, Scalar};
use plimsoll_tree::{Flags, Kind, Symbol};
use saphyr_parser::{Event, Parser, ScalarStyle};

use super::*;

pub(super) fn quick(path: &str, text: Arc<str>, _limits: &Limits) -> Manifest {
    let mut m = Manifest {
        path: path.to_owned(),
        text: text.clone(),
        encoding: Encoding::Utf8,
        documents: vec![],
        part: Part::new(),
        spans: vec![],
        keys: vec![],
        objects: vec![],
        skipped: None,
        failures: vec![],
        comments: vec![],
        remarks: vec![],
        lines: Lines::default(),
    };
    let mut starts: Vec<u32> = text.char_indices().map(|(i, _)| i as u32).collect();
    starts.push(text.len() as u32);
    let at = |m: usize| starts.get(m).copied().unwrap_or(text.len() as u32);
    let mut stack: Vec<(u32, bool)> = vec![];
    let mut key: Option<(Symbol, Span)> = None;
    let mut root = 0;
    for event in Parser::new_from_str(&text) {
        let (event, span) = match event {
            Ok(e) => e,
            Err(e) => {
                m.part.truncate(root);
                m.spans.truncate(root as usize);
                m.keys.truncate(root as usize);
                m.failures.push(ReadFailure {
                    span: Span {
                        start: at(e.marker().index()),
                        end: at(e.marker().index()),
                    },
                    error: ReadError::Syntax(e.info().to_owned()),
                    looks_like_manifest: true,
                });
                return m;
            }
        };
        let span = Span {
            start: at(span.start.index()),
            end: at(span.end.index()),
        };
        match event {
            Event::DocumentStart(_) => root = m.part.len(),
            Event::DocumentEnd if m.part.len() > root => {
                let document = m.documents.len() as u32;
                m.documents.push(Document {
                    span: m.spans[root as usize],
                    root,
                    end: m.part.len(),
                    coarse: false,
                    skipped: None,
                });
                object(&mut m, root, document, None);
            }
            Event::Scalar(value, style, _, _) => {
                if matches!(stack.last(), Some((n, _)) if m.part.kind(*n) == Some(Kind::Map)) && key.is_none() {
                    key = Some((m.part.intern(&value), span));
                    continue;
                }
                let k = key.take();
                let scalar = match (style, value.as_ref()) {
                    (ScalarStyle::Plain, "" | "~" | "null") => Scalar::Null,
                    (ScalarStyle::Plain, "true" | "yes" | "on") => Scalar::Bool(true),
                    (ScalarStyle::Plain, "false" | "no" | "off") => Scalar::Bool(false),
                    (ScalarStyle::Plain, v) => v
                        .parse()
                        .map(Scalar::Integer)
                        .or_else(|_| v.parse().map(Scalar::Float))
                        .unwrap_or(Scalar::Text(v)),
                    (_, v) => Scalar::Text(v),
                };
                m.part.scalar(k.map(|k| k.0), Flags::default(), scalar);
                m.spans.push(span);
                m.keys.push(k.map_or(Span::EMPTY, |k| k.1));
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let map = matches!(event, Event::MappingStart(..));
                let k = key.take();
                let n = m.part.open(
                    if map { Kind::Map } else { Kind::Sequence },
                    k.map(|k| k.0),
                    Flags::default(),
                );
                m.spans.push(span);
                m.keys.push(k.map_or(Span::EMPTY, |k| k.1));
                stack.push((n, map));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                stack.pop();
                if let Some(n) = m.part.close() {
                    m.spans[n as usize].end = span.end;
                }
            }
            _ => {}
        }
    }
    m
}

fn object(m: &mut Manifest, root: u32, document: u32, owner: Option<u32>) {
    let get = |m: &mut Manifest, n: u32, k: &str| {
        let s = m.part.intern(k);
        m.part.get(n, s)
    };
    let text = |m: &mut Manifest, n: Option<u32>| n.and_then(|n| m.part.string(n).map(str::to_owned));
    let (api, kind) = (get(m, root, "apiVersion"), get(m, root, "kind"));
    let (Some(api), Some(kind)) = (text(m, api), text(m, kind)) else {
        return;
    };
    let meta = get(m, root, "metadata");
    let name = meta.and_then(|n| get(m, n, "name"));
    let namespace = meta.and_then(|n| get(m, n, "namespace"));
    let (group, version) = api.rsplit_once('/').unwrap_or(("", &api));
    let (group, version) = (group.to_owned(), version.to_owned());
    let name = text(m, name).unwrap_or_default();
    let namespace = text(m, namespace).map_or(Namespace::Unset, Namespace::Named);
    let list = kind == "List";
    m.objects.push(ReadObject {
        root,
        document,
        group,
        version,
        kind,
        namespace,
        name,
        owner,
    });
    let own = m.objects.len() as u32 - 1;
    if list && let Some(items) = get(m, root, "items") {
        for item in m.part.children(items) {
            object(m, item, document, Some(own));
        }
    }
}
