//! What the operator says of the whole, as a map in the tree.

use plimsoll_tree::write::{Part, Scalar};
use plimsoll_tree::{Flags, Kind, Symbol, word};
use serde_json::Value;

use super::Options;

/// The facts as a part of their own; what is not known is absent.
pub(super) fn part(options: &Options) -> Part {
    let mut part = Part::new();
    part.open(Kind::Map, None, Flags::default());
    let texts = [
        (word!("kubernetes"), &options.kubernetes),
        (word!("openchoreo"), &options.openchoreo),
        (word!("namespace"), &options.default_namespace),
        (word!("environment"), &options.environment),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            part.scalar(Some(key), Flags::default(), Scalar::Text(text));
        }
    }
    if !options.closed_world.is_empty() {
        part.open(Kind::Sequence, Some(word!("closed-world")), Flags::default());
        for namespace in &options.closed_world {
            part.scalar(None, Flags::default(), Scalar::Text(namespace));
        }
        part.close();
    }
    for (key, map) in [
        (word!("environments"), &options.environments),
        (word!("cluster"), &options.cluster),
    ] {
        if !map.is_empty() {
            write_map(&mut part, Some(key), map);
        }
    }
    if let Some(request) = &options.request {
        write(&mut part, Some(word!("request")), request);
    }
    part.close();
    part
}

fn write_map(part: &mut Part, key: Option<Symbol>, map: &serde_json::Map<String, Value>) {
    part.open(Kind::Map, key, Flags::default());
    for (key, value) in map {
        let key = part.intern(key);
        write(part, Some(key), value);
    }
    part.close();
}

/// Recursive: JSON values that were parsed are at most 128 levels deep.
fn write(part: &mut Part, key: Option<Symbol>, value: &Value) {
    let scalar = match value {
        Value::Null => Scalar::Null,
        Value::Bool(value) => Scalar::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Scalar::Integer(integer),
            None => Scalar::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Scalar::Text(text),
        Value::Array(items) => {
            part.open(Kind::Sequence, key, Flags::default());
            for item in items {
                write(part, None, item);
            }
            part.close();
            return;
        }
        Value::Object(map) => return write_map(part, key, map),
    };
    part.scalar(key, Flags::default(), scalar);
}
