//! The bundle as policies see it: objects, indexes, joins.

use std::any::{Any, TypeId};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_tree::{ObjectFlags, Role, Symbol, Tree, UNKNOWN, vocabulary};

use crate::hosts::Hosts;
use crate::lookup::{Lookup, MAX_CANDIDATES};
use crate::namespace::Namespaces;
use crate::netpol::Policies;
use crate::operators::Operators;
use crate::routes::Routes;
use crate::service::Selection;
use crate::stage::Inference;
use crate::symbols::Symbols;
use crate::{Environment, Node, Value, Workload, work, workloads_of};

/// The objects judged together, with the indexes that joins need. Indexes are made when first asked for.
pub struct Bundle<'t> {
    tree: &'t Tree<'t>,
    by_kind: BTreeMap<(Symbol, Symbol), Vec<u32>>,
    symbols: OnceCell<Symbols<'t>>,
    named: OnceCell<Lookup<(Symbol, Symbol, Symbol)>>,
    workloads: OnceCell<Vec<Workload<'t>>>,
    namespaces: OnceCell<Namespaces>,
    selection: OnceCell<Selection<'t>>,
    policies: OnceCell<Policies<'t>>,
    operators: OnceCell<Operators<'t>>,
    hosts: OnceCell<Hosts<'t>>,
    stages: Inference<'t>,
    memos: RefCell<BTreeMap<TypeId, Rc<dyn Any>>>,
    routes: OnceCell<Routes<'t>>,
    environments: RefCell<BTreeMap<(u32, u32, u8), Rc<Environment<'t>>>>,
}

/// An object of the bundle. Copying it is free.
#[derive(Clone, Copy)]
pub struct Object<'t> {
    tree: &'t Tree<'t>,
    index: u32,
    record: plimsoll_tree::Object,
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Object<'_> {}

/// What a reference found in one alternative, and how far it may be trusted.
#[derive(Clone)]
pub struct Join<'t> {
    /// The objects, in the bundle's order.
    pub objects: Vec<Object<'t>>,
    /// The two lie in directories that only the root of the input joins: confidence falls one step.
    pub distant: bool,
    /// An end of the join is defined twice, differently, in one directory: advice at most.
    pub ambiguous: bool,
}

impl<'t> Bundle<'t> {
    /// Reads the objects' records; linear.
    #[must_use]
    pub fn new(tree: &'t Tree<'t>) -> Self {
        let mut by_kind: BTreeMap<(Symbol, Symbol), Vec<u32>> = BTreeMap::new();
        for index in 0..tree.objects() {
            if let Some(object) = tree
                .object(index)
                .filter(|object| !object.flags.has(ObjectFlags::PATCH))
            {
                by_kind.entry((object.group, object.kind)).or_default().push(index);
            }
        }
        Bundle {
            tree,
            by_kind,
            symbols: OnceCell::new(),
            named: OnceCell::new(),
            workloads: OnceCell::new(),
            namespaces: OnceCell::new(),
            selection: OnceCell::new(),
            policies: OnceCell::new(),
            operators: OnceCell::new(),
            hosts: OnceCell::new(),
            stages: Inference::default(),
            memos: RefCell::default(),
            routes: OnceCell::new(),
            environments: RefCell::default(),
        }
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &'t Tree<'t> {
        self.tree
    }

    /// An object.
    #[must_use]
    pub fn object(&self, index: u32) -> Option<Object<'t>> {
        self.tree.object(index).map(|record| Object {
            tree: self.tree,
            index,
            record,
        })
    }

    /// All objects but patches and previous states, in order.
    pub fn objects(&self) -> impl Iterator<Item = Object<'t>> + '_ {
        (0..self.tree.objects())
            .filter_map(|index| self.object(index))
            .filter(|object| !object.has(ObjectFlags::PATCH) && object.role() != Role::Previous)
    }

    /// The objects that are judged, in order.
    pub fn subjects(&self) -> impl Iterator<Item = Object<'t>> + '_ {
        self.objects().filter(|object| object.role() == Role::Subject)
    }

    /// The objects of one group and kind (previous states left out), in order.
    pub fn of_kind(&self, group: Symbol, kind: Symbol) -> impl Iterator<Item = Object<'t>> + '_ {
        self.by_kind
            .get(&(group, kind))
            .into_iter()
            .flatten()
            .filter_map(|&index| self.object(index))
            .filter(|object| object.role() != Role::Previous)
    }

    /// The groups and kinds that occur, with no order that means anything but always the same.
    pub fn kinds(&self) -> impl Iterator<Item = (Symbol, Symbol)> + '_ {
        self.by_kind.keys().copied()
    }

    /// The symbol of a text, if it occurs in the tree at all.
    #[must_use]
    pub fn symbol(&self, text: &str) -> Option<Symbol> {
        vocabulary::find(text).or_else(|| self.symbols.get_or_init(|| Symbols::new(self.tree)).find(text))
    }

    /// What the operator said of the whole (Kubernetes version, closed namespaces …): a map.
    #[must_use]
    pub fn facts(&self) -> Option<Node<'t>> {
        self.tree.facts().map(|index| Node::new(self.tree, index))
    }

    /// Whether an object in one scope sees another: same directory, an ancestor, or no alternative.
    #[must_use]
    pub fn sees(&self, from: Object<'_>, to: Object<'_>) -> bool {
        self.tree.sees(from.record.scope, to.record.scope)
    }

    /// All workloads but those of patches and previous states, in order.
    pub fn workloads(&self) -> &[Workload<'t>] {
        self.workloads
            .get_or_init(|| self.objects().flat_map(workloads_of).collect())
    }

    /// Which pods each Service selects.
    pub fn selection(&self) -> &Selection<'t> {
        self.selection.get_or_init(|| Selection::new(self))
    }

    /// The NetworkPolicies, to ask what they allow.
    pub fn policies(&self) -> &Policies<'t> {
        self.policies.get_or_init(|| Policies::new(self))
    }

    /// What the operators that the objects ask for make.
    pub fn operators(&self) -> &Operators<'t> {
        self.operators.get_or_init(|| Operators::new(self))
    }

    /// The hosts that processes are told to call.
    pub fn hosts(&self) -> &Hosts<'t> {
        self.hosts.get_or_init(|| Hosts::new(self))
    }

    /// What a policy finds once for all of its rules: made by the first that asks, one of each type.
    pub fn memo<T: 'static>(&self, make: impl FnOnce() -> T) -> Rc<T> {
        let known = self.memos.borrow().get(&TypeId::of::<T>()).cloned();
        if let Some(known) = known.and_then(|known| known.downcast().ok()) {
            return known;
        }
        let made = Rc::new(make());
        self.memos.borrow_mut().insert(TypeId::of::<T>(), made.clone());
        made
    }

    /// The environment of a container of an object, by their numbers and how it is written; made by the first that asks.
    pub(crate) fn environment(
        &self,
        container: (u32, u32, u8),
        make: impl FnOnce() -> Environment<'t>,
    ) -> Rc<Environment<'t>> {
        let known = self.environments.borrow().get(&container).cloned();
        known.unwrap_or_else(|| {
            let made = Rc::new(make());
            self.environments.borrow_mut().insert(container, made.clone());
            made
        })
    }

    pub(crate) fn stages(&self) -> &Inference<'t> {
        &self.stages
    }

    /// What sends requests to Services from elsewhere.
    pub fn routes(&self) -> &Routes<'t> {
        self.routes.get_or_init(|| Routes::new(self))
    }

    /// Whether two objects are in one namespace: as [`Object::same_namespace`], and unset matches the one namespace that
    /// is named in all that the first sees, if it is the only one.
    pub fn in_one_namespace(&self, from: Object<'t>, to: Object<'t>) -> Value<bool> {
        match (from.same_namespace(to), from.namespace(), to.namespace()) {
            (Value::Unknown, Value::Absent, Value::Known(named))
            | (Value::Unknown, Value::Known(named), Value::Absent) => {
                let all = self.namespaces.get_or_init(|| Namespaces::new(self));
                if all.is_only(self.tree, from.scope(), named) {
                    Value::Known(true)
                } else {
                    Value::Unknown
                }
            }
            (same, ..) => same,
        }
    }

    /// The object of this group, kind and name that a reference from an object means, in the same namespace. Unknown where
    /// alternatives differ, where the namespace is not known, or where it is defined twice; absent where none is seen.
    pub fn find(&self, from: Object<'t>, group: Symbol, kind: Symbol, name: Symbol) -> Value<(Object<'t>, Join<'t>)> {
        let named = self.named.get_or_init(|| {
            Lookup::new(self.objects().map(|object| {
                (
                    (object.group(), object.kind(), object.name_symbol()),
                    object.scope(),
                    object.index(),
                )
            }))
        });
        let mut unsure = false;
        for candidates in [
            named.own(&(group, kind, name), from.scope()),
            named.all(&(group, kind, name)),
        ] {
            let mut found: Vec<Object<'t>> = Vec::new();
            for object in candidates
                .iter()
                .take(MAX_CANDIDATES)
                .filter_map(|&(_, index)| self.object(index))
            {
                work::count();
                match self.in_one_namespace(from, object) {
                    Value::Known(true) => found.push(object),
                    Value::Known(false) => {}
                    _ => unsure |= self.sees(from, object),
                }
            }
            let mut joins = self.nearest(from, &found);
            match (joins.pop(), joins.is_empty()) {
                (Some(join), true) => {
                    return match join.objects.as_slice() {
                        &[object] if !join.ambiguous => Value::Known((object, join)),
                        _ => Value::Unknown,
                    };
                }
                (Some(_), false) => return Value::Unknown,
                (None, _) => {}
            }
        }
        if unsure { Value::Unknown } else { Value::Absent }
    }

    /// What a reference from an object to *one thing* (a name, a Service's selector, a scale target) reaches among
    /// candidates: the nearest, one join for each alternative. What adds up (policies over a pod, namespace labels) takes
    /// everything it [`sees`](Bundle::sees) instead.
    #[must_use]
    pub fn nearest(&self, from: Object<'t>, among: &[Object<'t>]) -> Vec<Join<'t>> {
        let indices: Vec<u32> = among.iter().map(|object| object.index).collect();
        let reaches = self.tree.nearest(from.index, &indices);
        reaches
            .into_iter()
            .map(|reach| {
                let objects: Vec<Object<'t>> = reach.objects.iter().filter_map(|&index| self.object(index)).collect();
                let ambiguous =
                    from.has(ObjectFlags::AMBIGUOUS) || objects.iter().any(|object| object.has(ObjectFlags::AMBIGUOUS));
                Join {
                    objects,
                    distant: reach.across_root,
                    ambiguous,
                }
            })
            .collect()
    }
}

impl<'t> Object<'t> {
    /// Its index in the bundle.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Its first node.
    #[must_use]
    pub fn root(self) -> Node<'t> {
        Node::new(self.tree, self.record.root)
    }

    /// API group, empty for the core group.
    #[must_use]
    pub fn group(self) -> Symbol {
        self.record.group
    }

    /// API group as text.
    #[must_use]
    pub fn group_text(self) -> &'t str {
        self.tree.text(self.record.group)
    }

    /// API version within the group.
    #[must_use]
    pub fn version(self) -> &'t str {
        self.tree.text(self.record.version)
    }

    /// Kind.
    #[must_use]
    pub fn kind(self) -> Symbol {
        self.record.kind
    }

    /// Kind as text.
    #[must_use]
    pub fn kind_text(self) -> &'t str {
        self.tree.text(self.record.kind)
    }

    /// `metadata.name`; empty when it has none or it is not final.
    #[must_use]
    pub fn name(self) -> &'t str {
        self.tree.text(self.record.name)
    }

    /// Its name for messages: what it is where it has no name yet (`generateName`, a template).
    #[must_use]
    pub fn called(self) -> &'t str {
        match self.name() {
            "" => "(not named yet)",
            name => name,
        }
    }

    /// The symbol of its name.
    #[must_use]
    pub fn name_symbol(self) -> Symbol {
        self.record.name
    }

    /// Effective namespace; absent when it names none and nothing gives it one.
    #[must_use]
    pub fn namespace(self) -> Value<Symbol> {
        if self.record.namespace == UNKNOWN {
            Value::Unknown
        } else {
            self.record.namespace().into()
        }
    }

    /// Text of the effective namespace, empty when there is none or it is unknown.
    #[must_use]
    pub fn namespace_text(self) -> &'t str {
        self.record
            .namespace()
            .map_or("", |namespace| self.tree.text(namespace))
    }

    /// Whether two objects are in one namespace. Unset matches unset; unset against a named one, and anything unknown, is
    /// unknown.
    #[must_use]
    pub fn same_namespace(self, other: Object<'_>) -> Value<bool> {
        match (self.namespace(), other.namespace()) {
            (Value::Known(a), Value::Known(b)) => Value::Known(a == b),
            (Value::Absent, Value::Absent) => Value::Known(true),
            _ => Value::Unknown,
        }
    }

    /// Why it is in the bundle.
    #[must_use]
    pub fn role(self) -> Role {
        self.record.flags.role()
    }

    /// Whether these flags hold.
    #[must_use]
    pub fn has(self, flags: ObjectFlags) -> bool {
        self.record.flags.has(flags)
    }

    /// The object that it lies in or is a previous state of: an index.
    #[must_use]
    pub fn owner(self) -> Option<u32> {
        (self.record.owner != plimsoll_tree::NONE).then_some(self.record.owner)
    }

    /// Path of its file; for messages only.
    #[must_use]
    pub fn file(self) -> &'t str {
        self.tree.text(self.record.file)
    }

    /// Its directory, as a number.
    #[must_use]
    pub fn scope(self) -> u32 {
        self.record.scope
    }

    /// Its first node's index and the index after its last node; the nodes of objects inside it lie between.
    #[must_use]
    pub fn span(self) -> std::ops::Range<u32> {
        self.record.root..self.record.end
    }
}
