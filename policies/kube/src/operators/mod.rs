//! Objects that exist because another object asks an operator for them: never missing, and served where the operator serves
//! them.
//!
//! What an operator makes is known by name; its pods are not in the input, so nothing is known of them here.

mod named;
mod special;
mod table;

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::lookup::{Lookup, MAX_CANDIDATES};
use crate::{Bundle, Node, Object, Value, openchoreo, word, work};

/// What sort of object is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Product {
    /// A Service.
    Service,
    /// A Secret.
    Secret,
    /// A ConfigMap.
    ConfigMap,
    /// A ServiceAccount.
    ServiceAccount,
    /// A Namespace.
    Namespace,
}

/// Something that an operator makes.
#[derive(Clone, PartialEq, Eq)]
pub struct Made<'t> {
    /// The object that asks for it.
    pub by: Object<'t>,
    /// What it is.
    pub product: Product,
    /// Its name.
    pub name: String,
    /// Where it is; unknown where that cannot be told: it may be anywhere.
    pub place: Place<'t>,
    /// The ports that a Service is served on, all of them; unknown where the object leaves that to something else. Empty for
    /// what is no Service.
    pub ports: Value<Vec<i64>>,
}

/// In which namespace a made object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'t> {
    /// In that of the object that asks for it.
    Beside,
    /// In this one.
    Named(&'t str),
    /// In the cell of the asking Component's project and environment: its namespace is made up by the platform.
    Cell,
    /// In any.
    Anywhere,
}

/// What the operators of a bundle make. Made when first asked for ([`Bundle::operators`]).
pub struct Operators<'t> {
    made: Vec<Made<'t>>,
    by_name: Lookup<(Product, String)>,
    /// Those that make things whose names are decided later.
    unnamed: Lookup<Product>,
    /// Those that install what is not in the input, and in which namespace; none for any.
    open: Vec<(Object<'t>, Option<&'t str>)>,
    /// What was found for directory and namespace, so that no list is walked twice.
    known_open: RefCell<BTreeMap<(u32, u32), bool>>,
    known_unnamed: RefCell<BTreeMap<(Product, u32, u32), bool>>,
}

impl<'t> Operators<'t> {
    /// Of every object of the bundle; linear.
    pub(crate) fn new(bundle: &Bundle<'t>) -> Self {
        let mut found = special::Found::default();
        for (group, kind) in bundle.kinds() {
            let (group_text, kind_text) = (bundle.tree().text(group), bundle.tree().text(kind));
            let makes = named::makes_of(group_text, kind_text);
            let special = special::of(group_text, kind_text);
            if makes.is_none() && special.is_none() {
                continue;
            }
            for object in bundle.of_kind(group, kind) {
                makes
                    .into_iter()
                    .flatten()
                    .for_each(|make| named::add(object, make, &mut found));
                if let Some(special) = special {
                    special(object, &mut found);
                }
            }
        }
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Operators {
            by_name: Lookup::new(
                found
                    .made
                    .iter()
                    .enumerate()
                    .map(|(at, made)| ((made.product, made.name.clone()), made.by.scope(), number(at))),
            ),
            unnamed: Lookup::new(
                found
                    .unnamed
                    .iter()
                    .map(|&(product, object)| (product, object.scope(), object.index())),
            ),
            made: found.made,
            open: found.open,
            known_open: RefCell::default(),
            known_unnamed: RefCell::default(),
        }
    }

    /// Everything that is made, in the order of kinds and objects.
    #[must_use]
    pub fn all(&self) -> &[Made<'t>] {
        &self.made
    }

    /// What a name means that an object uses: in this namespace, or in the object's own. Unknown where alternatives differ
    /// in ports, or where something of a name that is decided later may be it; absent where no operator makes it.
    pub fn find(
        &self,
        bundle: &Bundle<'t>,
        from: Object<'t>,
        product: Product,
        namespace: Option<&str>,
        name: &str,
    ) -> Value<&Made<'t>> {
        let key = (product, name.to_owned());
        let mut unsure = false;
        for candidates in [self.by_name.own(&key, from.scope()), self.by_name.all(&key)] {
            let mut found: Vec<&Made<'t>> = Vec::new();
            for made in candidates
                .iter()
                .take(MAX_CANDIDATES)
                .filter_map(|&(_, at)| self.made.get(at as usize))
            {
                work::count();
                match is_there(bundle, from, made, namespace) {
                    Value::Known(true) => found.push(made),
                    Value::Known(false) => {}
                    _ => unsure |= bundle.sees(from, made.by),
                }
            }
            let objects: Vec<Object<'t>> = found.iter().map(|made| made.by).collect();
            let joins = bundle.nearest(from, &objects);
            let near = |made: &&Made<'t>| joins.iter().any(|join| join.objects.contains(&made.by));
            let mut near: Vec<&Made<'t>> = found.into_iter().filter(near).collect();
            // A Component says that there is a Service, its Workload on which ports.
            if near
                .iter()
                .any(|made| made.place == Place::Cell && !made.ports.is_unknown())
            {
                near.retain(|made| made.place != Place::Cell || !made.ports.is_unknown());
            }
            if let Some((first, others)) = near.split_first() {
                return if others.iter().all(|other| other.ports == first.ports) {
                    Value::Known(first)
                } else {
                    Value::Unknown
                };
            }
        }
        if unsure || self.may_be_unnamed(bundle, from, product, namespace) {
            Value::Unknown
        } else {
            Value::Absent
        }
    }

    /// Whether something that is decided later may have any name.
    fn may_be_unnamed(&self, bundle: &Bundle<'t>, from: Object<'t>, product: Product, namespace: Option<&str>) -> bool {
        if self.unnamed.all(&product).is_empty() {
            return false;
        }
        let key = (product, from.scope(), namespace_number(bundle, from, namespace));
        if let Some(&known) = self.known_unnamed.borrow().get(&key) {
            return known;
        }
        let (own, all) = (self.unnamed.own(&product, from.scope()), self.unnamed.all(&product));
        let mut near = own.iter().chain(all.iter().take(MAX_CANDIDATES));
        let may = near.any(|&(_, object)| {
            work::count();
            bundle.object(object).is_some_and(|object| {
                bundle.sees(from, object) && is_beside(bundle, from, object, namespace) != Value::Known(false)
            })
        });
        self.known_unnamed.borrow_mut().insert(key, may);
        may
    }

    /// Whether something in a namespace (none: the object's own) is installed by a chart, an operator's catalogue or the
    /// like, so that what is not in the input may yet be there: absence means nothing.
    #[must_use]
    pub fn is_open(&self, bundle: &Bundle<'t>, from: Object<'t>, namespace: Option<&str>) -> bool {
        if self.open.is_empty() {
            return false;
        }
        let key = (from.scope(), namespace_number(bundle, from, namespace));
        if let Some(&known) = self.known_open.borrow().get(&key) {
            return known;
        }
        let wanted = namespace.unwrap_or(from.namespace_text());
        let open =
            self.open.iter().take(MAX_CANDIDATES).any(|&(by, into)| {
                into.is_none_or(|into| wanted.is_empty() || into == wanted) && bundle.sees(from, by)
            });
        self.known_open.borrow_mut().insert(key, open);
        open
    }
}

/// A number that tells namespaces apart: the symbol's, or one that no symbol has.
fn namespace_number<'t>(bundle: &Bundle<'t>, from: Object<'t>, namespace: Option<&str>) -> u32 {
    match namespace {
        Some(text) => bundle.symbol(text).map_or(u32::MAX - 1, |symbol| symbol.0),
        None => from.namespace().known().map_or(u32::MAX, |symbol| symbol.0),
    }
}

/// Whether what an object makes beside itself is in the namespace that another one means.
fn is_beside<'t>(bundle: &Bundle<'t>, from: Object<'t>, by: Object<'t>, namespace: Option<&str>) -> Value<bool> {
    match (namespace, by.namespace()) {
        (None, _) => bundle.in_one_namespace(from, by),
        (Some(wanted), Value::Known(has)) => Value::Known(bundle.tree().text(has) == wanted),
        (Some(_), _) => Value::Unknown,
    }
}

fn is_there<'t>(bundle: &Bundle<'t>, from: Object<'t>, made: &Made<'t>, namespace: Option<&str>) -> Value<bool> {
    match (made.place, namespace) {
        (Place::Anywhere, _) => Value::Known(true),
        (Place::Beside, _) => is_beside(bundle, from, made.by, namespace),
        (Place::Named(has), Some(wanted)) => Value::Known(has == wanted),
        (Place::Named(has), None) => match from.namespace() {
            Value::Known(wanted) => Value::Known(bundle.tree().text(wanted) == has),
            _ => Value::Unknown,
        },
        // Only what lies in the same cell calls it by its name alone.
        (Place::Cell, None) => openchoreo::in_one_project(bundle, from, made.by),
        (Place::Cell, Some(_)) => Value::Unknown,
    }
}

/// Whether every cluster has an object, whatever is in the input. The namespace is empty for what has none.
#[must_use]
pub fn is_always_there(product: Product, namespace: &str, name: &str) -> bool {
    match product {
        Product::Service => namespace == "default" && name == "kubernetes",
        Product::ConfigMap => {
            matches!(name, "kube-root-ca.crt" | "openshift-service-ca.crt")
                || (namespace == "kube-system" && name == "extension-apiserver-authentication")
        }
        // The last three are OpenShift's.
        Product::ServiceAccount => matches!(name, "default" | "builder" | "deployer" | "pipeline"),
        Product::Namespace => matches!(name, "default" | "kube-system" | "kube-public" | "kube-node-lease"),
        Product::Secret => false,
    }
}

impl<'t> Bundle<'t> {
    /// Whether the operator of the run says that all objects of an object's namespace are in the input: absence counts.
    #[must_use]
    pub fn is_closed(&self, object: Object<'t>) -> bool {
        let Value::Known(namespace) = object.namespace() else {
            return false;
        };
        self.is_closed_namespace(self.tree().text(namespace))
    }

    /// The same of a namespace by name.
    #[must_use]
    pub fn is_closed_namespace(&self, namespace: &str) -> bool {
        self.facts()
            .into_iter()
            .flat_map(|facts| facts.items_of(word!("closed-world")))
            .any(|item| item.text() == Value::Known(namespace))
    }
}

/// The nodes at a path of keys, `*` for every item or member.
fn at<'t>(node: Node<'t>, path: &str) -> Vec<Value<Node<'t>>> {
    let mut all = vec![Value::Known(node)];
    for key in path.split('.') {
        all = all
            .into_iter()
            .flat_map(|value| match value {
                Value::Known(node) if key == "*" => {
                    let mut items: Vec<Value<Node<'t>>> = node.children().map(Value::Known).collect();
                    if !node.is_final() {
                        items.push(Value::Unknown);
                    }
                    items
                }
                Value::Known(node) => vec![node.get_text(key)],
                other => vec![other],
            })
            .collect();
    }
    all
}

/// The node at a path without `*`.
fn one<'t>(node: Node<'t>, path: &str) -> Value<Node<'t>> {
    at(node, path).pop().unwrap_or(Value::Absent)
}
