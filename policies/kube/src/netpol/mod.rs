//! What NetworkPolicies allow, exactly: which select a pod, and whether one pod may reach another at a port.
//!
//! Three-valued as everything here. Policies add up: for a pod, all that is seen counts, near or far. What implementations
//! may decide for themselves is unknown: addresses in an `ipBlock` that belong to pods, and pods on their node's network.
//!
//! Sources: Kubernetes documentation, page "Network Policies"; API reference, `NetworkPolicySpec` and below.

mod address;
mod connections;
mod decide;
mod index;
mod namespaces;
mod policy;
mod ports;

use plimsoll_tree::Symbol;

use crate::{Node, Object, Value, word};

pub use address::Range;
pub use connections::{Connection, Party, Reach};
pub use decide::{Decision, End, Verdict};
pub use index::Policies;
pub use policy::{Means, Peer, Peers, Policy, PolicyPort, PolicyRule, PortRef, Ports, Side};
pub use ports::{PortSet, Protocol};

/// Which way traffic goes, as a pod sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Direction {
    /// What it receives.
    Ingress,
    /// What it sends.
    Egress,
}

impl Direction {
    /// Its name in `policyTypes`.
    #[must_use]
    pub fn word(self) -> Symbol {
        match self {
            Direction::Ingress => word!("Ingress"),
            Direction::Egress => word!("Egress"),
        }
    }
}

/// Whether a policy takes effect on what its pods receive. It does unless `policyTypes` lists only others: absent or empty,
/// Ingress is always included.
#[must_use]
pub fn isolates_ingress(policy: Object<'_>) -> Value<bool> {
    Policy::new(policy).ingress.effect
}

/// Whether a policy's `podSelector` matches pods with these labels; absent and `{}` alike match all of the namespace.
#[must_use]
pub fn selects(policy: Object<'_>, labels: Value<Node<'_>>) -> Value<bool> {
    let spec = policy.root().get(word!("spec"));
    match spec.and_then(|spec| spec.get(word!("podSelector"))) {
        Value::Known(selector) => crate::selector::selector_matches(selector, labels),
        Value::Absent => Value::Known(true),
        Value::Unknown => Value::Unknown,
    }
}

/// Whether an object is a NetworkPolicy.
#[must_use]
pub fn is_policy(object: Object<'_>) -> bool {
    object.kind() == word!("NetworkPolicy")
        && (object.group() == word!("networking.k8s.io") || object.group() == word!("extensions"))
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
