//! The second parser, for documents that only the strict one refuses: values without places.

use plimsoll_tree::Flags;
use serde::Deserialize;
use serde_yaml::Value as Yaml;

use super::builder::Builder;
use super::scalar::{self, Value};
use super::{ReadError, Remark, RemarkKind, Span};

/// Longer documents, and those with more flow collections, are not tried: the parser needs the square of their nesting.
const MAX_LENGTH: usize = 1 << 20;
const MAX_BRACKETS: usize = 4096;

/// Reads the first document of a text; all its nodes get this span. The result is its first node, none when it is empty.
///
/// It reads YAML 1.2: texts that kubectl might read as something else, as it is not known whether they are quoted, are
/// flagged as not final.
///
/// # Errors
/// When this parser refuses it as well, or past a limit; the builder holds a part of it then, to be abandoned.
pub(super) fn load(text: &str, span: Span, builder: &mut Builder<'_>) -> Result<Option<u32>, ReadError> {
    // First of all: what is abandoned after a refusal is this document, not the one before.
    builder.start();
    let refused = || ReadError::Syntax("not readable".into());
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if text.len() > MAX_LENGTH || brackets > MAX_BRACKETS {
        return Err(refused());
    }
    let document = serde_yaml::Deserializer::from_str(text).next().ok_or_else(refused)?;
    let mut value = Yaml::deserialize(document).map_err(|_| refused())?;
    value.apply_merge().map_err(|_| refused())?;
    builder.pending = true;
    add(&value, span, builder)?;
    let root = builder.finish();
    if let Some(node) = root {
        builder.remarks.push(Remark {
            span,
            node: Some(node),
            kind: RemarkKind::Lenient,
            lost: Span::EMPTY,
        });
    }
    Ok(root)
}

/// The parser refuses nesting past 128 levels, so recursion ends.
fn add(value: &Yaml, span: Span, builder: &mut Builder<'_>) -> Result<(), ReadError> {
    match value {
        Yaml::Null => builder.scalar(&Value::Null, None, span, Flags::default()).map(drop),
        Yaml::Bool(value) => builder
            .scalar(&Value::Bool(*value), None, span, Flags::default())
            .map(drop),
        Yaml::Number(number) => builder.scalar(&json(number), None, span, Flags::default()).map(drop),
        Yaml::String(text) => {
            let known = matches!(scalar::plain(text), Value::Text(_));
            text_node(text, known, span, builder)
        }
        Yaml::Sequence(items) => {
            builder.open(false, span)?;
            for item in items {
                add(item, span, builder)?;
            }
            builder.close(span.end).map(drop)
        }
        Yaml::Mapping(members) => {
            let map = builder.open(true, span)?;
            for (key, member) in members {
                let mut known = true;
                match key {
                    Yaml::String(key) => {
                        known = matches!(scalar::plain(key), Value::Text(_));
                        builder.key(key, span);
                    }
                    Yaml::Bool(key) => builder.key(&scalar::key(Value::Bool(*key))?, span),
                    Yaml::Number(key) => builder.key(&scalar::key(json(key))?, span),
                    _ => return Err(ReadError::Value("a key that JSON cannot hold".into())),
                }
                let node = builder.part.len();
                add(member, span, builder)?;
                if !known {
                    // What is here may be named otherwise, and what is missing may be here.
                    builder.part.add_flags(map, Flags::NOT_FINAL);
                    unknown(node, span, builder);
                }
            }
            builder.close(span.end).map(drop)
        }
        // kubectl ignores tags of collections, and takes those of scalars that it does not know for texts.
        Yaml::Tagged(tagged) => match &tagged.value {
            Yaml::String(text) => text_node(text, false, span, builder),
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => text_node("", false, span, builder),
            collection => add(collection, span, builder),
        },
    }
}

fn text_node(text: &str, known: bool, span: Span, builder: &mut Builder<'_>) -> Result<(), ReadError> {
    let node = builder.scalar(&Value::Text(text.into()), None, span, Flags::default())?;
    if !known {
        unknown(node, span, builder);
    }
    Ok(())
}

/// Notes that kubectl may read a text otherwise.
fn unknown(node: u32, span: Span, builder: &mut Builder<'_>) {
    builder.part.add_flags(node, Flags::NOT_FINAL);
    builder.remarks.push(Remark {
        span,
        node: Some(node),
        kind: RemarkKind::UnknownScalar,
        lost: Span::EMPTY,
    });
}

fn json(number: &serde_yaml::Number) -> Value<'static> {
    if let Some(whole) = number.as_i64() {
        return Value::Integer(whole);
    }
    if let Some(whole) = number.as_u64() {
        return Value::Unsigned(whole);
    }
    scalar::as_json(number.as_f64().unwrap_or(f64::NAN))
}
