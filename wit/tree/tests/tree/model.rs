//! A tree as a plain value, and how to write, read and make such values.

use plimsoll_tree::write::{Part, Scalar};
use plimsoll_tree::{Flags, Kind, Symbol, Tree};
use proptest::prelude::*;

/// A node with all in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    pub flags: u32,
    pub original: Option<String>,
    pub value: Value,
    /// A number that stays with it when things around it change; no part of the tree.
    pub id: u32,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Sequence(Vec<Item>),
    Map(Vec<(String, Item)>),
}

impl Item {
    pub fn new(value: Value, flags: u32, id: u32) -> Self {
        Item {
            flags,
            original: None,
            value,
            id,
        }
    }

    pub fn children(&self) -> Vec<(Option<&str>, &Item)> {
        match &self.value {
            Value::Sequence(items) => items.iter().map(|item| (None, item)).collect(),
            Value::Map(members) => members.iter().map(|(key, item)| (Some(key.as_str()), item)).collect(),
            _ => Vec::new(),
        }
    }

    fn children_mut(&mut self) -> Vec<&mut Item> {
        match &mut self.value {
            Value::Sequence(items) => items.iter_mut().collect(),
            Value::Map(members) => members.iter_mut().map(|(_, item)| item).collect(),
            _ => Vec::new(),
        }
    }

    /// This node and all in it, in preorder.
    pub fn preorder(&self) -> Vec<&Item> {
        let mut all = vec![self];
        for (_, child) in self.children() {
            all.extend(child.preorder());
        }
        all
    }

    /// Applies a change to this node and all in it, in preorder.
    pub fn each(&mut self, change: &mut impl FnMut(&mut Item)) {
        change(self);
        for child in self.children_mut() {
            child.each(change);
        }
    }

    /// Keeps what passes, of all below this node.
    pub fn retain(&mut self, keep: &impl Fn(&Item) -> bool) {
        match &mut self.value {
            Value::Sequence(items) => items.retain(keep),
            Value::Map(members) => members.retain(|(_, item)| keep(item)),
            _ => {}
        }
        for child in self.children_mut() {
            child.retain(keep);
        }
    }

    /// The node with this number, here or below.
    pub fn find_mut(&mut self, id: u32) -> Option<&mut Item> {
        if self.id == id {
            return Some(self);
        }
        self.children_mut().into_iter().find_map(|child| child.find_mut(id))
    }

    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Text(text) => text.as_str().into(),
            Value::Sequence(items) => items.iter().map(Item::json).collect(),
            Value::Map(members) => members.iter().map(|(key, item)| (key.clone(), item.json())).collect(),
        }
    }
}

/// Numbers all nodes in preorder, from 0.
pub fn number(roots: &mut [Item]) {
    let mut next = 0;
    for root in roots {
        root.each(&mut |item| {
            item.id = next;
            next += 1;
        });
    }
}

/// Writes a node; returns its index.
pub fn write(part: &mut Part, key: Option<&str>, item: &Item) -> u32 {
    let key = key.map(|key| part.intern(key));
    let flags = Flags(item.flags);
    let scalar = match &item.value {
        Value::Null => Scalar::Null,
        Value::Bool(value) => Scalar::Bool(*value),
        Value::Integer(value) => Scalar::Integer(*value),
        Value::Float(value) => Scalar::Float(*value),
        Value::Text(text) => Scalar::Text(text),
        Value::Sequence(_) | Value::Map(_) => {
            let kind = if matches!(item.value, Value::Map(_)) {
                Kind::Map
            } else {
                Kind::Sequence
            };
            let node = part.open(kind, key, flags);
            for (key, child) in item.children() {
                write(part, key, child);
            }
            assert_eq!(part.close(), Some(node));
            return node;
        }
    };
    let node = part.scalar(key, flags, scalar);
    if let Some(original) = &item.original {
        part.set_original(node, original);
    }
    node
}

/// A part of these roots.
pub fn part(roots: &[Item]) -> Part {
    let mut part = Part::new();
    for root in roots {
        write(&mut part, None, root);
    }
    part
}

/// Reads a node, with its index as its number.
pub fn read(tree: &Tree<'_>, index: u32) -> Item {
    let node = tree.node(index).unwrap();
    let value = match node.kind {
        Kind::Null => Value::Null,
        Kind::False => Value::Bool(false),
        Kind::True => Value::Bool(true),
        Kind::Integer => Value::Integer(tree.integer(index).unwrap()),
        Kind::Float => Value::Float(tree.float(index).unwrap()),
        Kind::String => Value::Text(tree.text(tree.symbol(index).unwrap()).to_owned()),
        Kind::Sequence => Value::Sequence(tree.children(index).map(|child| read(tree, child)).collect()),
        Kind::Map => Value::Map(
            tree.children(index)
                .map(|child| (key(tree, child).unwrap(), read(tree, child)))
                .collect(),
        ),
    };
    Item {
        flags: node.flags.0 & !Flags::ORIGINAL.0,
        original: tree.original(index).map(str::to_owned),
        value,
        id: index,
    }
}

/// Reads all roots from a node on to another.
pub fn read_roots(tree: &Tree<'_>, from: u32, to: u32) -> Vec<Item> {
    let mut roots = Vec::new();
    let mut at = from;
    while at < to {
        assert_eq!(key(tree, at), None, "a root has no key");
        roots.push(read(tree, at));
        at = tree.end(at);
    }
    roots
}

pub fn key(tree: &Tree<'_>, index: u32) -> Option<String> {
    let key: Option<Symbol> = tree.node(index).unwrap().key;
    key.map(|key| tree.text(key).to_owned())
}

/// Keys that often meet: of the vocabulary, not of it, empty.
pub fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["metadata", "labels", "spec", "a", "b", ""]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        prop_oneof![prop::num::f64::NORMAL, prop::num::f64::SUBNORMAL, -1e6..1e6].prop_map(Value::Float),
        any_key().prop_map(Value::Text),
        any::<String>().prop_map(Value::Text),
    ]
}

fn flags() -> impl Strategy<Value = u32> {
    prop_oneof![3 => Just(0_u32), 1 => Just(2_u32), 1 => Just(4_u32), 1 => Just(6_u32)]
}

/// A value, numbered 0 throughout.
pub fn item() -> impl Strategy<Value = Item> {
    let leaf = (flags(), prop::option::weighted(0.2, ".{0,6}"), scalar()).prop_map(|(flags, original, value)| Item {
        flags,
        original,
        value,
        id: 0,
    });
    leaf.prop_recursive(5, 48, 6, |inner| {
        let values = prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Sequence),
            prop::collection::vec((any_key(), inner), 0..6).prop_map(|mut members| {
                let mut keys = Vec::new();
                members.retain(|(key, _)| {
                    !keys.contains(key) && {
                        keys.push(key.clone());
                        true
                    }
                });
                Value::Map(members)
            }),
        ];
        (flags(), values).prop_map(|(flags, value)| Item::new(value, flags, 0))
    })
}

/// Some roots, numbered.
pub fn roots() -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(item(), 0..4).prop_map(|mut roots| {
        number(&mut roots);
        roots
    })
}
