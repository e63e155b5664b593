//! Labels of namespaces, as far as they can be known.
//!
//! Source: Kubernetes documentation, page "Namespaces" (automatic labelling): the API server sets
//! `kubernetes.io/metadata.name`, whatever the manifest says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_tree::Symbol;

use crate::selector::Labels;
use crate::visible::{Scopes, Seen};
use crate::{Bundle, Node, Value, word};

/// How many definitions of one namespace are read.
const MAX_DEFINITIONS: usize = 64;

/// The labels of one namespace: those of every definition that is seen, together.
pub(crate) struct NamespaceLabels<'t> {
    name: Symbol,
    /// `metadata.labels` of each definition.
    maps: Vec<Value<Node<'t>>>,
}

impl Labels for &NamespaceLabels<'_> {
    fn label(&self, key: Symbol, key_text: &str) -> Value<Symbol> {
        if key == word!("kubernetes.io/metadata.name") {
            return Value::Known(self.name);
        }
        // A namespace that is not defined here may have any label.
        let mut found = if self.maps.is_empty() {
            Value::Unknown
        } else {
            Value::Absent
        };
        for map in &self.maps {
            found = match (found, map.label(key, key_text)) {
                (Value::Known(a), Value::Known(b)) if a == b => Value::Known(a),
                (found, Value::Absent) => found,
                (Value::Absent, label) => label,
                _ => Value::Unknown,
            };
        }
        found
    }
}

/// The labels of a namespace by the directory it is seen from and its name.
type Made<'t> = BTreeMap<(u32, Symbol), Rc<NamespaceLabels<'t>>>;

/// The Namespace objects of a bundle.
pub(crate) struct NamespaceObjects<'t> {
    by_name: Seen<Symbol>,
    made: RefCell<Made<'t>>,
}

impl<'t> NamespaceObjects<'t> {
    pub(crate) fn new(bundle: &Bundle<'t>, scopes: &Scopes<'t>) -> Self {
        let entries = bundle
            .of_kind(Symbol(0), word!("Namespace"))
            .filter(|namespace| namespace.name_symbol() != Symbol(0))
            .map(|namespace| (namespace.name_symbol(), namespace.scope(), namespace.index()));
        NamespaceObjects {
            by_name: Seen::new(scopes, entries),
            made: RefCell::default(),
        }
    }

    /// The labels of the namespace of this name, as seen from a directory.
    pub(crate) fn labels(
        &self,
        bundle: &Bundle<'t>,
        scopes: &Scopes<'t>,
        from: u32,
        name: Symbol,
    ) -> Rc<NamespaceLabels<'t>> {
        if let Some(known) = self.made.borrow().get(&(from, name)) {
            return Rc::clone(known);
        }
        let mut found = Vec::new();
        self.by_name.seen(scopes, from, &name, &mut found);
        found.sort_unstable();
        found.dedup();
        let mut maps: Vec<Value<Node<'t>>> = found
            .iter()
            .take(MAX_DEFINITIONS)
            .filter_map(|&index| bundle.object(index))
            .map(|namespace| namespace.root().at(&[word!("metadata"), word!("labels")]))
            .collect();
        if found.len() > MAX_DEFINITIONS {
            maps.push(Value::Unknown);
        }
        let labels = Rc::new(NamespaceLabels { name, maps });
        self.made.borrow_mut().insert((from, name), Rc::clone(&labels));
        labels
    }
}
