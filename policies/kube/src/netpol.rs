//! Which pods a NetworkPolicy selects and isolates.
//!
//! Sources: Kubernetes documentation, page "Network Policies"; API reference, `NetworkPolicySpec` (defaults of
//! `policyTypes`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use plimsoll_tree::Symbol;

use crate::lookup::Lookup;
use crate::selector::{all, known_pairs, selector_matches};
use crate::{Bundle, Kind, Node, Object, Value, Workload, word, work};

/// Whether a policy takes effect on what its pods receive. It does unless `policyTypes` lists only others: absent or empty,
/// Ingress is always included.
#[must_use]
pub fn isolates_ingress(policy: Object<'_>) -> Value<bool> {
    let spec = policy.root().get(word!("spec"));
    match spec.and_then(|spec| spec.get(word!("policyTypes"))) {
        Value::Absent => Value::Known(!spec.is_unknown()),
        Value::Known(list) if list.is_empty() => Value::Known(true),
        Value::Known(list) if list.kind() == Kind::Sequence => {
            let mut unknown = !list.is_final();
            for item in list.items() {
                match item.symbol() {
                    Value::Known(kind) if kind == word!("Ingress") => return Value::Known(true),
                    Value::Unknown => unknown = true,
                    _ => {}
                }
            }
            if unknown { Value::Unknown } else { Value::Known(false) }
        }
        _ => Value::Unknown,
    }
}

/// Whether a policy's `podSelector` matches pods with these labels; absent and `{}` alike match all of the namespace.
#[must_use]
pub fn selects(policy: Object<'_>, labels: Value<Node<'_>>) -> Value<bool> {
    let spec = policy.root().get(word!("spec"));
    match spec.and_then(|spec| spec.get(word!("podSelector"))) {
        Value::Known(selector) => selector_matches(selector, labels),
        Value::Absent => Value::Known(true),
        Value::Unknown => Value::Unknown,
    }
}

/// Whether a group is one of those whose objects, besides NetworkPolicies, decide what pods receive.
#[must_use]
pub fn is_other_layer(group: &str, kind: &str) -> bool {
    match group {
        "cilium.io" => matches!(kind, "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy"),
        "crd.projectcalico.org" | "projectcalico.org" => kind.ends_with("NetworkPolicy"),
        "policy.networking.k8s.io" => kind.ends_with("NetworkPolicy"),
        _ => false,
    }
}

/// All NetworkPolicies of a bundle, to ask which apply to a pod. Policies add up: everything seen counts, near or far.
pub struct Policies<'t> {
    /// Those that isolate, or may, what their pods receive; and whether they do.
    ingress: Vec<(Object<'t>, Value<bool>)>,
    /// Numbers in `ingress` by a pair that their pods must have.
    by_label: Lookup<(Symbol, Symbol)>,
    /// Numbers in `ingress` of those that ask for no pair.
    unlabelled: Lookup<()>,
    /// Directories with a NetworkPolicy of any type, ascending.
    scopes: Vec<u32>,
    /// Objects of other layers.
    other_layers: Vec<Object<'t>>,
    sees_any: RefCell<BTreeMap<u32, bool>>,
}

impl<'t> Policies<'t> {
    /// Reads the policies of a bundle; linear.
    #[must_use]
    pub fn new(bundle: &Bundle<'t>) -> Self {
        let mut ingress = Vec::new();
        let mut labelled = Vec::new();
        let mut unlabelled = Vec::new();
        let mut scopes = Vec::new();
        let mut other_layers = Vec::new();
        for (group, kind) in bundle.kinds() {
            let (group_text, kind_text) = (bundle.tree().text(group), bundle.tree().text(kind));
            if is_other_layer(group_text, kind_text) {
                other_layers.extend(bundle.of_kind(group, kind));
            }
            if kind != word!("NetworkPolicy") || !matches!(group_text, "networking.k8s.io" | "extensions") {
                continue;
            }
            for policy in bundle.of_kind(group, kind) {
                scopes.push(policy.scope());
                let isolates = isolates_ingress(policy);
                if isolates == Value::Known(false) {
                    continue;
                }
                let number = u32::try_from(ingress.len()).unwrap_or(u32::MAX);
                let labels = policy
                    .root()
                    .at(&[word!("spec"), word!("podSelector"), word!("matchLabels")]);
                match known_pairs(labels).next() {
                    Some(pair) => labelled.push((pair, policy.scope(), number)),
                    None => unlabelled.push(((), policy.scope(), number)),
                }
                ingress.push((policy, isolates));
            }
        }
        scopes.sort_unstable();
        scopes.dedup();
        Policies {
            ingress,
            by_label: Lookup::new(labelled.into_iter()),
            unlabelled: Lookup::new(unlabelled.into_iter()),
            scopes,
            other_layers,
            sees_any: RefCell::new(BTreeMap::new()),
        }
    }

    /// Whether what an object sees has any NetworkPolicy.
    #[must_use]
    pub fn any_seen(&self, bundle: &Bundle<'t>, from: Object<'t>) -> bool {
        if let Some(&known) = self.sees_any.borrow().get(&from.scope()) {
            return known;
        }
        let found = self.scopes.binary_search(&from.scope()).is_ok()
            || self.scopes.iter().any(|&scope| bundle.tree().sees(from.scope(), scope));
        self.sees_any.borrow_mut().insert(from.scope(), found);
        found
    }

    /// Whether some policy that is seen selects a workload's pods and isolates what they receive. Unknown where one may, and
    /// where policies of another layer (Cilium, Calico, AdminNetworkPolicy) are seen in its namespace or over all.
    #[must_use]
    pub fn ingress_isolated(&self, bundle: &Bundle<'t>, workload: Workload<'t>) -> Value<bool> {
        let from = workload.object;
        let labels = workload.labels();
        // An unknown label may have any value: every policy is asked.
        let open = labels.is_unknown()
            || labels
                .known()
                .is_some_and(|map| !map.is_final() || map.members().any(|label| !label.is_final()));
        let pairs: Vec<(Symbol, Symbol)> = known_pairs(labels).collect();
        let own = |scope| {
            let labelled = pairs.iter().flat_map(move |pair| self.by_label.own(pair, scope));
            self.unlabelled.own(&(), scope).iter().chain(labelled)
        };
        let everywhere = pairs.iter().flat_map(|pair| self.by_label.all(pair));
        let everywhere = self.unlabelled.all(&()).iter().chain(everywhere);
        let mut result = Value::Known(false);
        // The own directory first: what is found there mostly decides.
        for &(_, number) in own(from.scope()).chain(everywhere) {
            let Some(&(policy, isolates)) = self.ingress.get(number as usize) else {
                continue;
            };
            match self.applies(bundle, workload, policy, isolates) {
                Value::Known(true) => return Value::Known(true),
                Value::Known(false) => {}
                _ => result = Value::Unknown,
            }
        }
        if open && result == Value::Known(false) {
            let any = self
                .ingress
                .iter()
                .any(|&(policy, isolates)| self.applies(bundle, workload, policy, isolates) != Value::Known(false));
            return if any { Value::Unknown } else { Value::Known(false) };
        }
        if result == Value::Known(false) && self.other_layer_seen(bundle, from) {
            return Value::Unknown;
        }
        result
    }

    fn applies(
        &self,
        bundle: &Bundle<'t>,
        workload: Workload<'t>,
        policy: Object<'t>,
        isolates: Value<bool>,
    ) -> Value<bool> {
        work::count();
        let here = bundle.in_one_namespace(workload.object, policy);
        if here == Value::Known(false) {
            return here;
        }
        let selected = selects(policy, workload.labels());
        if selected == Value::Known(false) || !bundle.sees(workload.object, policy) {
            return Value::Known(false);
        }
        all([here, selected, isolates])
    }

    fn other_layer_seen(&self, bundle: &Bundle<'t>, from: Object<'t>) -> bool {
        self.other_layers.iter().any(|&policy| {
            let elsewhere = matches!(
                (from.namespace(), policy.namespace()),
                (Value::Known(ours), Value::Known(theirs)) if ours != theirs
            );
            !elsewhere && bundle.sees(from, policy)
        })
    }
}
