//! Objects by kind, identity and label; made when first asked for.

use std::collections::HashMap;

use plimsoll_tree::{Symbol, Tree, word};

use super::Bundle;

/// Group and kind.
type KindKey = (Symbol, Symbol);
/// Group, kind, namespace as in the tree, name.
type IdentityKey = (Symbol, Symbol, u32, Symbol);

#[derive(Default)]
pub(super) struct Indexes {
    /// All symbols, by text.
    symbols: HashMap<Box<str>, Symbol>,
    kinds: HashMap<KindKey, Vec<u32>>,
    identities: HashMap<IdentityKey, Vec<u32>>,
    labels: HashMap<(Symbol, Symbol), Vec<u32>>,
}

impl Indexes {
    fn new(tree: &Tree<'_>) -> Self {
        let mut indexes = Indexes::default();
        let mut used = Vec::new();
        for index in 0..tree.objects() {
            let Some(object) = tree.object(index) else { continue };
            let identity = (object.group, object.kind, object.namespace, object.name);
            used.extend([object.group, object.kind, object.name]);
            used.extend(object.namespace());
            indexes
                .kinds
                .entry((object.group, object.kind))
                .or_default()
                .push(index);
            indexes.identities.entry(identity).or_default().push(index);
            let labels = tree
                .get(object.root, word!("metadata"))
                .and_then(|node| tree.get(node, word!("labels")));
            for label in labels.into_iter().flat_map(|labels| tree.children(labels)) {
                let key = tree.node(label).and_then(|node| node.key);
                if let (Some(key), Some(value)) = (key, tree.symbol(label)) {
                    used.extend([key, value]);
                    indexes.labels.entry((key, value)).or_default().push(index);
                }
            }
        }
        for symbol in used {
            let text = tree.text(symbol);
            if !indexes.symbols.contains_key(text) {
                indexes.symbols.insert(text.into(), symbol);
            }
        }
        indexes
    }
}

impl Bundle {
    fn indexes(&self) -> &Indexes {
        self.indexes.get_or_init(|| Indexes::new(&self.tree()))
    }

    /// The objects of a group and kind, ascending.
    #[must_use]
    pub fn by_kind(&self, group: &str, kind: &str) -> &[u32] {
        let indexes = self.indexes();
        let symbol = |text: &str| indexes.symbols.get(text).copied();
        let key = symbol(group).zip(symbol(kind));
        key.and_then(|key| indexes.kinds.get(&key))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The objects of an identity, ascending; more than one where directories are alternatives. Without a namespace: those
    /// that have none.
    #[must_use]
    pub fn by_identity(&self, group: &str, kind: &str, namespace: Option<&str>, name: &str) -> &[u32] {
        let indexes = self.indexes();
        let symbol = |text: &str| indexes.symbols.get(text).copied();
        let key = || {
            let namespace = match namespace {
                Some(namespace) => symbol(namespace)?.0,
                None => plimsoll_tree::NONE,
            };
            Some((symbol(group)?, symbol(kind)?, namespace, symbol(name)?))
        };
        key()
            .and_then(|key| indexes.identities.get(&key))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The objects with this label in `metadata.labels`, ascending.
    #[must_use]
    pub fn by_label(&self, key: &str, value: &str) -> &[u32] {
        let indexes = self.indexes();
        let symbol = |text: &str| indexes.symbols.get(text).copied();
        let key = symbol(key).zip(symbol(value));
        key.and_then(|key| indexes.labels.get(&key))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}
