//! The cursor: a node that knows its place.

use std::fmt;

use plimsoll_tree::{Flags, Kind, Symbol, Tree};

/// What a manifest says of something: this, nothing, or something that cannot be known before it is rendered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<T> {
    /// It is this.
    Known(T),
    /// Something is or may be there, but what is decided later.
    Unknown,
    /// Nothing is there.
    Absent,
}

impl<T> Value<T> {
    /// What is known; `None` for unknown and absent alike, so never conclude absence from it.
    pub fn known(self) -> Option<T> {
        match self {
            Value::Known(value) => Some(value),
            Value::Unknown | Value::Absent => None,
        }
    }

    /// Whether nothing is there, for sure.
    pub fn is_absent(&self) -> bool {
        matches!(self, Value::Absent)
    }

    /// Whether it is decided later.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Value::Unknown)
    }

    /// Applies a function to what is known.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Value<U> {
        self.and_then(|value| Value::Known(change(value)))
    }

    /// Goes on with what is known.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Value<U>) -> Value<U> {
        match self {
            Value::Known(value) => next(value),
            Value::Unknown => Value::Unknown,
            Value::Absent => Value::Absent,
        }
    }

    /// What is known, or this where nothing is there; unknown stays unknown.
    pub fn or_default(self, default: T) -> Value<T> {
        match self {
            Value::Absent => Value::Known(default),
            other => other,
        }
    }
}

impl<T> From<Option<T>> for Value<T> {
    fn from(option: Option<T>) -> Self {
        option.map_or(Value::Absent, Value::Known)
    }
}

/// A node of the tree together with the tree: a cursor that remembers where it is. Copying it is free.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree<'t>,
    index: u32,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Node<'_> {}

impl fmt::Debug for Node<'_> {
    // Never the value: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.index)
    }
}

impl<'t> Node<'t> {
    /// The node with this index; reading one that does not exist gives nothing.
    #[must_use]
    pub fn new(tree: &'t Tree<'t>, index: u32) -> Self {
        Node { tree, index }
    }

    /// Its index in the tree: its place.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The tree it is in.
    #[must_use]
    pub fn tree(self) -> &'t Tree<'t> {
        self.tree
    }

    /// What it is; `Null` where there is no such node.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.tree.node(self.index).map_or(Kind::Null, |node| node.kind)
    }

    /// Its flags.
    #[must_use]
    pub fn flags(self) -> Flags {
        self.tree.node(self.index).map_or(Flags::default(), |node| node.flags)
    }

    /// Whether its value is decided here and not later.
    #[must_use]
    pub fn is_final(self) -> bool {
        !self.flags().has(Flags::NOT_FINAL)
    }

    /// The key that names it, if it is a member of a map.
    #[must_use]
    pub fn key(self) -> Option<Symbol> {
        self.tree.node(self.index)?.key
    }

    /// The text of its key, empty without one.
    #[must_use]
    pub fn key_text(self) -> &'t str {
        self.key().map_or("", |key| self.tree.text(key))
    }

    /// The member with this key. An explicit `null` counts as absent, as the API server takes it. Unknown where a map may
    /// get members later, or where something that is not final stands in the map's place.
    #[must_use]
    pub fn get(self, key: Symbol) -> Value<Node<'t>> {
        match self.tree.get(self.index, key) {
            Some(index) => {
                let node = Node { tree: self.tree, index };
                match node.kind() {
                    Kind::Null if !node.is_final() => Value::Unknown,
                    Kind::Null => Value::Absent,
                    _ => Value::Known(node),
                }
            }
            None if self.is_final() => Value::Absent,
            None => Value::Unknown,
        }
    }

    /// The node at a path of keys.
    #[must_use]
    pub fn at(self, path: &[Symbol]) -> Value<Node<'t>> {
        path.iter()
            .fold(Value::Known(self), |node, &key| node.and_then(|node| node.get(key)))
    }

    /// The member whose key has this text, which need not be in the vocabulary. Compares texts: for rare keys.
    #[must_use]
    pub fn get_text(self, key: &str) -> Value<Node<'t>> {
        match self.members().find(|member| member.key_text() == key) {
            Some(node) if node.kind() == Kind::Null && node.is_final() => Value::Absent,
            Some(node) if node.kind() == Kind::Null => Value::Unknown,
            Some(node) => Value::Known(node),
            None if self.is_final() => Value::Absent,
            None => Value::Unknown,
        }
    }

    /// The children: members of a map, items of a sequence; none of a scalar.
    pub fn children(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let tree = self.tree;
        tree.children(self.index).map(move |index| Node { tree, index })
    }

    /// The members of a map, in order; none of anything else.
    pub fn members(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let holds = self.kind() == Kind::Map;
        self.children().filter(move |_| holds)
    }

    /// The items of a sequence, in order; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let holds = self.kind() == Kind::Sequence;
        self.children().filter(move |_| holds)
    }

    /// The items of the sequence that is the member with this key; none where it is absent or unknown.
    pub fn items_of(self, key: Symbol) -> impl Iterator<Item = Node<'t>> + use<'t> {
        self.get(key).known().into_iter().flat_map(Node::items)
    }

    /// Whether it is a map or sequence without members, and stays so.
    #[must_use]
    pub fn is_empty(self) -> bool {
        matches!(self.kind(), Kind::Map | Kind::Sequence) && self.is_final() && self.children().next().is_none()
    }

    /// The text of a string that is final.
    #[must_use]
    pub fn text(self) -> Value<&'t str> {
        self.symbol().map(|symbol| self.tree.text(symbol))
    }

    /// The symbol of a string that is final.
    #[must_use]
    pub fn symbol(self) -> Value<Symbol> {
        if !self.is_final() {
            return Value::Unknown;
        }
        self.tree.symbol(self.index).into()
    }

    /// A string's text even where it is not final (`postgres://$(USER):…`): for looking at, never for comparing.
    #[must_use]
    pub fn raw_text(self) -> Option<&'t str> {
        self.tree.symbol(self.index).map(|symbol| self.tree.text(symbol))
    }

    /// The bytes of [`Node::raw_text`], for who looks for something in it that is seldom there: a text is checked to be one at
    /// each access.
    #[must_use]
    pub fn raw_bytes(self) -> Option<&'t [u8]> {
        self.tree.symbol(self.index).map(|symbol| self.tree.bytes(symbol))
    }

    /// The value of a whole number.
    #[must_use]
    pub fn integer(self) -> Value<i64> {
        if !self.is_final() {
            return Value::Unknown;
        }
        self.tree.integer(self.index).into()
    }

    /// The value of a boolean.
    #[must_use]
    pub fn boolean(self) -> Value<bool> {
        if !self.is_final() {
            return Value::Unknown;
        }
        match self.kind() {
            Kind::True => Value::Known(true),
            Kind::False => Value::Known(false),
            _ => Value::Absent,
        }
    }

    /// The text of the member with this key: `node.get(key)` and then its text.
    #[must_use]
    pub fn text_of(self, key: Symbol) -> Value<&'t str> {
        self.get(key).and_then(Node::text)
    }

    /// The whole number of the member with this key.
    #[must_use]
    pub fn integer_of(self, key: Symbol) -> Value<i64> {
        self.get(key).and_then(Node::integer)
    }

    /// The boolean of the member with this key.
    #[must_use]
    pub fn boolean_of(self, key: Symbol) -> Value<bool> {
        self.get(key).and_then(Node::boolean)
    }

    /// How the scalar was written, where its JSON value differs (`0777`, `yes`).
    #[must_use]
    pub fn original(self) -> Option<&'t str> {
        self.tree.original(self.index)
    }
}
