//! All NetworkPolicies of a bundle, and which of them apply to a pod.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_tree::Symbol;

use super::namespaces::NamespaceObjects;
use super::policy::Policy;
use super::{Direction, is_other_layer, is_policy};
use crate::lookup::MAX_CANDIDATES;
use crate::selector::{all, is_generated, known_pairs, selector_matches};
use crate::visible::{Scopes, Seen};
use crate::{Bundle, Class, Node, Object, Value, Workload, word, work};

/// What is known of the namespace of an object that is looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum InNamespace {
    /// It is this one.
    Named(Symbol),
    /// It is not known, or none is named.
    Loose,
    /// Whatever it is.
    Any,
}

/// What is known of the labels that a policy asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asks {
    /// Among others this pair.
    Pair(Symbol, Symbol),
    /// No pair that is known.
    NoPair,
    /// Whatever it asks for.
    Any,
}

/// Numbers of policies with whether they apply.
type Applying = Rc<[(usize, Value<bool>)]>;

/// All NetworkPolicies of a bundle, to ask which apply to a pod and what they allow together.
pub struct Policies<'t> {
    pub(super) all: Vec<Policy<'t>>,
    pub(super) scopes: Scopes<'t>,
    pub(super) namespaces: NamespaceObjects<'t>,
    by_label: Seen<(InNamespace, Asks)>,
    /// Objects of other layers: by namespace, or loose where they are for all.
    other_layers: Seen<InNamespace>,
    /// By the first node of the pod.
    applying: RefCell<BTreeMap<(u32, Direction), Applying>>,
    sees_any: RefCell<BTreeMap<u32, bool>>,
    /// Whether pods on their node's network are filtered like all others.
    pub(super) filters_host_network: bool,
}

impl<'t> Policies<'t> {
    /// Reads the policies of a bundle; linear.
    #[must_use]
    pub fn new(bundle: &Bundle<'t>) -> Self {
        let scopes = Scopes::new(bundle.tree());
        let mut policies = Vec::new();
        let mut other_layers = Vec::new();
        for (group, kind) in bundle.kinds() {
            let (group_text, kind_text) = (bundle.tree().text(group), bundle.tree().text(kind));
            if is_other_layer(group_text, kind_text) {
                other_layers.extend(bundle.of_kind(group, kind));
            } else if kind == word!("NetworkPolicy") {
                policies.extend(bundle.of_kind(group, kind).filter(|&object| is_policy(object)));
            }
        }
        policies.sort_by_key(|policy| policy.index());
        let by_label = policies.iter().enumerate().flat_map(|(number, &policy)| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let pairs = policy
                .root()
                .at(&[word!("spec"), word!("podSelector"), word!("matchLabels")]);
            let asks = known_pairs(pairs)
                .find(|&(key, _)| !is_generated(bundle.tree().text(key)))
                .map_or(Asks::NoPair, |(key, value)| Asks::Pair(key, value));
            [in_namespace(policy), InNamespace::Any]
                .into_iter()
                .flat_map(move |namespace| [asks, Asks::Any].map(|asks| ((namespace, asks), policy.scope(), number)))
        });
        let by_label = Seen::new(&scopes, by_label);
        let other_layers = other_layers.into_iter().flat_map(|object| {
            [in_namespace(object), InNamespace::Any].map(|namespace| (namespace, object.scope(), object.index()))
        });
        Policies {
            by_label,
            other_layers: Seen::new(&scopes, other_layers),
            namespaces: NamespaceObjects::new(bundle, &scopes),
            scopes,
            all: policies.into_iter().map(Policy::new).collect(),
            applying: RefCell::default(),
            sees_any: RefCell::default(),
            filters_host_network: false,
        }
    }

    /// Takes it that pods on their node's network are filtered like all others, as some implementations do.
    #[must_use]
    pub fn filtering_host_network(mut self) -> Self {
        self.filters_host_network = true;
        self
    }

    /// All of them, in the bundle's order; their positions are their numbers.
    #[must_use]
    pub fn all(&self) -> &[Policy<'t>] {
        &self.all
    }

    /// The policy with a number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Policy<'t>> {
        self.all.get(number)
    }

    /// Whether what an object sees has any NetworkPolicy.
    #[must_use]
    pub fn any_seen(&self, from: Object<'t>) -> bool {
        if let Some(&known) = self.sees_any.borrow().get(&from.scope()) {
            return known;
        }
        let mut seen = Vec::new();
        let key = (InNamespace::Any, Asks::Any);
        self.by_label.seen(&self.scopes, from.scope(), &key, &mut seen);
        self.sees_any.borrow_mut().insert(from.scope(), !seen.is_empty());
        !seen.is_empty()
    }

    /// The policies that select a workload's pods and have effect on a direction, with whether they do for sure; those that
    /// do not are left out.
    #[must_use]
    pub fn applying(&self, bundle: &Bundle<'t>, workload: Workload<'t>, direction: Direction) -> Applying {
        let key = (workload.pod.index(), direction);
        if let Some(known) = self.applying.borrow().get(&key) {
            return Rc::clone(known);
        }
        let found: Applying = self
            .candidates(workload)
            .into_iter()
            .filter_map(|number| {
                let number = number as usize;
                match self.applies(bundle, workload, self.all.get(number)?, direction) {
                    Value::Known(false) | Value::Absent => None,
                    applies => Some((number, applies)),
                }
            })
            .collect();
        self.applying.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    /// Numbers of the policies that may select a workload's pods, ascending.
    fn candidates(&self, workload: Workload<'t>) -> Vec<u32> {
        let labels = workload.labels();
        let is_open = makes_pods_later(workload)
            || labels.is_unknown()
            || labels
                .known()
                .is_some_and(|map| !map.is_final() || map.members().any(|label| !label.is_final()));
        // An unknown label may have any value: every policy is asked.
        let asks: Vec<Asks> = if is_open {
            vec![Asks::Any]
        } else {
            let pairs = known_pairs(labels).map(|(key, value)| Asks::Pair(key, value));
            pairs.chain([Asks::NoPair]).collect()
        };
        let namespaces: &[InNamespace] = match in_namespace(workload.object) {
            named @ InNamespace::Named(_) => &[named, InNamespace::Loose],
            _ => &[InNamespace::Any],
        };
        let mut found = Vec::new();
        for &namespace in namespaces {
            for &asks in &asks {
                let key = (namespace, asks);
                self.by_label
                    .seen(&self.scopes, workload.object.scope(), &key, &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(MAX_CANDIDATES);
        found
    }

    fn applies(
        &self,
        bundle: &Bundle<'t>,
        workload: Workload<'t>,
        policy: &Policy<'t>,
        direction: Direction,
    ) -> Value<bool> {
        work::count();
        let effect = policy.side(direction).effect;
        if effect == Value::Known(false) {
            return effect;
        }
        let here = bundle.in_one_namespace(workload.object, policy.object);
        let selected = match policy.pod_selector() {
            Value::Known(selector) if makes_pods_later(workload) => {
                if selector.is_empty() {
                    Value::Known(true)
                } else {
                    Value::Unknown
                }
            }
            Value::Known(selector) => selector_matches(selector, workload.labels()),
            Value::Absent => Value::Known(true),
            Value::Unknown => Value::Unknown,
        };
        let reached = match workload.host_network() {
            Value::Known(false) => Value::Known(true),
            _ if self.filters_host_network => Value::Known(true),
            _ => Value::Unknown,
        };
        all([here, selected, effect, reached])
    }

    /// Whether some policy that is seen isolates a workload's pods in a direction. Unknown where one may, and where policies
    /// of another layer (Cilium, Calico, AdminNetworkPolicy) are seen in its namespace or over all.
    #[must_use]
    pub fn isolated(&self, bundle: &Bundle<'t>, workload: Workload<'t>, direction: Direction) -> Value<bool> {
        let applying = self.applying(bundle, workload, direction);
        if applying.iter().any(|&(_, applies)| applies == Value::Known(true)) {
            Value::Known(true)
        } else if applying.is_empty() && !self.other_layer_seen(workload.object) {
            Value::Known(false)
        } else {
            Value::Unknown
        }
    }

    /// Whether some policy that is seen selects a workload's pods and isolates what they receive; as
    /// [`isolated`](Self::isolated).
    #[must_use]
    pub fn ingress_isolated(&self, bundle: &Bundle<'t>, workload: Workload<'t>) -> Value<bool> {
        self.isolated(bundle, workload, Direction::Ingress)
    }

    /// Whether policies of another layer are seen that may concern an object.
    #[must_use]
    pub fn other_layer_seen(&self, from: Object<'t>) -> bool {
        let mut seen = Vec::new();
        let namespaces: &[InNamespace] = match in_namespace(from) {
            named @ InNamespace::Named(_) => &[named, InNamespace::Loose],
            _ => &[InNamespace::Any],
        };
        for namespace in namespaces {
            self.other_layers.seen(&self.scopes, from.scope(), namespace, &mut seen);
        }
        !seen.is_empty()
    }

    /// Whether a namespaceSelector of a policy matches the namespace of this name. Unknown where the name is, unless every
    /// namespace matches.
    pub(super) fn namespace_matches(
        &self,
        bundle: &Bundle<'t>,
        policy: Object<'t>,
        selector: Node<'t>,
        namespace: Value<Symbol>,
    ) -> Value<bool> {
        match namespace {
            Value::Known(name) => {
                let labels = self.namespaces.labels(bundle, &self.scopes, policy.scope(), name);
                selector_matches(selector, &*labels)
            }
            _ if selector.is_empty() => Value::Known(true),
            _ => Value::Unknown,
        }
    }
}

fn in_namespace(object: Object<'_>) -> InNamespace {
    match object.namespace() {
        Value::Known(name) => InNamespace::Named(name),
        _ => InNamespace::Loose,
    }
}

/// Whether the pods of a workload are made, and labelled, by something that is not described here.
pub(super) fn makes_pods_later(workload: Workload<'_>) -> bool {
    matches!(workload.class, Class::Template | Class::OpenChoreo | Class::Overrides)
}
