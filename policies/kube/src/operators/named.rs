//! Rows of the table, applied to an object.

use super::special::Found;
use super::table::{Make, Name, Ports, ROWS, Where};
use super::{Made, Place, at, one};
use crate::{Node, Object, Value};

/// What objects of a kind make by the table.
pub(super) fn makes_of(group: &str, kind: &str) -> Option<&'static [Make]> {
    let row = ROWS
        .binary_search_by(|&(row_group, row_kind, _)| (row_group, row_kind).cmp(&(group, kind)))
        .ok()?;
    ROWS.get(row).map(|&(_, _, makes)| makes)
}

/// Adds what one row makes.
pub(super) fn add<'t>(object: Object<'t>, make: &Make, found: &mut Found<'t>) {
    let &Make(product, name, ports, place) = make;
    let root = object.root();
    let own = match object.name() {
        "" => Value::Unknown,
        name => Value::Known(name),
    };
    let fill =
        |pattern: &str, key: &str| own.map(|own| pattern.replace("{key}", &key.replace('_', "-")).replace("{}", own));
    let mut names: Vec<Value<String>> = Vec::new();
    match name {
        Name::Own(pattern) => names.push(fill(pattern, "")),
        Name::At(path) => names.extend(at(root, path).into_iter().map(text)),
        Name::AtOrOwn(path) => match one(root, path) {
            Value::Absent => names.push(own.map(str::to_owned)),
            node => names.push(text(node)),
        },
        Name::Keys(path, pattern) => {
            let map = one(root, path);
            names.extend(
                map.known()
                    .into_iter()
                    .flat_map(Node::members)
                    .map(|member| fill(pattern, member.key_text())),
            );
            if map.is_unknown() || map.known().is_some_and(|map| !map.is_final()) {
                names.push(Value::Unknown);
            }
        }
        Name::Each(path, pattern) => names.extend(
            at(root, path)
                .into_iter()
                .map(|node| node.and_then(Node::text).and_then(|key| fill(pattern, key))),
        ),
    }
    let place = match place {
        Where::Here => Place::Beside,
        Where::Anywhere => Place::Anywhere,
        Where::At(path) => match one(root, path).and_then(Node::text) {
            Value::Known(namespace) => Place::Named(namespace),
            Value::Absent => Place::Beside,
            Value::Unknown => Place::Anywhere,
        },
    };
    let ports = match ports {
        Ports::Are(ports) => Value::Known(ports.to_vec()),
        Ports::Unless(path, ports) => match one(root, path) {
            Value::Absent => Value::Known(ports.to_vec()),
            _ => Value::Unknown,
        },
        Ports::At(path, default) => match one(root, path) {
            Value::Absent => Value::Known(vec![default]),
            node => match node.and_then(Node::integer) {
                Value::Known(number) => Value::Known(vec![number]),
                _ => Value::Unknown,
            },
        },
        Ports::Open => Value::Unknown,
    };
    for name in names {
        match name {
            Value::Known(name) => found.made.push(Made {
                by: object,
                product,
                name,
                place,
                ports: ports.clone(),
            }),
            Value::Unknown => found.unnamed.push((product, object)),
            Value::Absent => {}
        }
    }
}

/// The text of a name's node; unknown for anything else that stands there.
fn text(node: Value<Node<'_>>) -> Value<String> {
    match node.and_then(Node::text) {
        Value::Known(name) => Value::Known(name.to_owned()),
        Value::Absent if node.known().is_some() => Value::Unknown,
        Value::Absent => Value::Absent,
        Value::Unknown => Value::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        for pair in ROWS.windows(2) {
            let key = |at: usize| pair.get(at).map(|row| (row.0, row.1));
            assert!(key(0) < key(1), "{:?} stands before {:?}", key(0), key(1));
        }
    }

    #[test]
    fn every_row_is_found() {
        for &(group, kind, makes) in ROWS {
            assert!(!makes.is_empty());
            assert_eq!(
                makes_of(group, kind).map(<[Make]>::len),
                Some(makes.len()),
                "{group} {kind}"
            );
        }
        assert!(makes_of("apps", "Deployment").is_none());
    }
}
