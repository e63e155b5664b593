//! What the rules about NetworkPolicies share.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::netpol::{Direction, End, Policy};
use plimsoll_sdk::kube::{Class, ServicePort, Target, Workload, image};
use plimsoll_sdk::{Bundle, Flags, Node, Object, ObjectFlags, Role, Symbol, Value, word};

/// The NetworkPolicies that are judged, with their numbers. Of the group that is served.
pub fn judged<'b, 't>(bundle: &'b Bundle<'t>) -> impl Iterator<Item = (usize, &'b Policy<'t>)> {
    bundle.policies().all().iter().enumerate().filter(|(_, policy)| {
        policy.object.role() == Role::Subject && policy.object.group() == word!("networking.k8s.io")
    })
}

/// How messages call a policy.
pub fn title(policy: &Policy<'_>) -> String {
    format!("NetworkPolicy {}", policy.object.called())
}

/// Whether an edit may change a node: it stands in what somebody wrote, and only there.
pub fn is_editable(object: Object<'_>, node: Node<'_>) -> bool {
    !object.has(ObjectFlags::COARSE) && !object.has(ObjectFlags::RENDERED) && !node.flags().has(Flags::ALIAS)
}

/// The key of the rules of a direction.
pub fn rules_key(direction: Direction) -> Symbol {
    match direction {
        Direction::Ingress => word!("ingress"),
        Direction::Egress => word!("egress"),
    }
}

/// The key of the peers of a rule.
pub fn peers_key(direction: Direction) -> Symbol {
    match direction {
        Direction::Ingress => word!("from"),
        Direction::Egress => word!("to"),
    }
}

/// A namespace by name; one that nothing in the input names matches no text of it.
pub fn namespace(bundle: &Bundle<'_>, name: &str) -> Value<Symbol> {
    Value::Known(bundle.symbol(name).unwrap_or(Symbol(u32::MAX)))
}

/// The pods that answer a cluster's DNS queries, wherever clusters commonly have them.
pub fn cluster_dns<'t>(bundle: &Bundle<'t>) -> [End<'t>; 2] {
    ["kube-system", "openshift-dns"].map(|name| End::Pods(namespace(bundle, name)))
}

/// The image of a container that keeps other programs' data, without registry and tag.
pub fn datastore(workload: Workload<'_>) -> Option<&str> {
    workload.running().into_iter().find_map(|container| {
        let reference = container.image().and_then(Node::text).known()?;
        image::known(reference)
            .filter(|image| image.datastore)
            .map(|_| image::repository(reference))
    })
}

/// Workloads by the labels of their pods.
pub struct Labelled {
    by_pair: BTreeMap<(Symbol, Symbol), Vec<usize>>,
    /// Those with labels that are not known.
    open: Vec<usize>,
}

impl Labelled {
    /// Reads the labels of all workloads; linear.
    pub fn new(bundle: &Bundle<'_>) -> Self {
        let mut all = Labelled {
            by_pair: BTreeMap::new(),
            open: Vec::new(),
        };
        for (number, workload) in bundle.workloads().iter().enumerate() {
            match workload.labels() {
                Value::Known(labels) => {
                    let mut is_open = !labels.is_final();
                    for label in labels.members() {
                        match (label.key(), label.symbol()) {
                            (Some(key), Value::Known(value)) => {
                                all.by_pair.entry((key, value)).or_default().push(number);
                            }
                            _ => is_open = true,
                        }
                    }
                    if is_open {
                        all.open.push(number);
                    }
                }
                Value::Unknown => all.open.push(number),
                Value::Absent => {}
            }
        }
        all
    }

    /// Numbers of the workloads that a selector may match; nothing where it asks for no pair, and all may.
    pub fn candidates(&self, selector: Node<'_>) -> Option<Vec<usize>> {
        let labels = selector.get(word!("matchLabels")).known()?;
        let lists = labels
            .members()
            .filter_map(|label| Some((label.key()?, label.symbol().known()?)))
            .map(|pair| self.by_pair.get(&pair).map_or(&[][..], Vec::as_slice));
        let rarest = lists.min_by_key(|list| list.len())?;
        Some(rarest.iter().chain(&self.open).copied().collect())
    }
}

/// For each policy, the numbers of the workloads that it applies to in a direction, for sure.
pub struct Selected {
    by_policy: Vec<Vec<usize>>,
}

impl Selected {
    /// Asks of every workload; linear.
    pub fn new(bundle: &Bundle<'_>, direction: Direction) -> Self {
        let policies = bundle.policies();
        let mut by_policy = vec![Vec::new(); policies.all().len()];
        for (number, &workload) in bundle.workloads().iter().enumerate() {
            if matches!(workload.class, Class::Template | Class::OpenChoreo | Class::Overrides) {
                continue;
            }
            for &(policy, applies) in &*policies.applying(bundle, workload, direction) {
                if applies == Value::Known(true)
                    && let Some(list) = by_policy.get_mut(policy)
                {
                    list.push(number);
                }
            }
        }
        Selected { by_policy }
    }

    /// Numbers of the workloads of a policy.
    pub fn of(&self, policy: usize) -> &[usize] {
        self.by_policy.get(policy).map_or(&[], Vec::as_slice)
    }
}

/// One of several workloads, and how many more there are, for a message.
pub fn names(first: Workload<'_>, all: &[Workload<'_>]) -> String {
    match all.len() {
        0 | 1 => first.title(),
        more => format!("{} and {} more", first.title(), more - 1),
    }
}

/// The ports of a workload's pods that a Service's port leads to; none where that is not known.
pub fn targets(workload: Workload<'_>, port: ServicePort<'_>) -> Option<Vec<u16>> {
    match port.target {
        Target::Number(number, _) => Some(vec![u16::try_from(number).ok()?]),
        Target::Name(name, _) => {
            let running = workload.running();
            let named = running
                .iter()
                .flat_map(|one| one.ports())
                .filter(|declared| declared.name == Value::Known(name));
            let mut found: Vec<u16> = named
                .map(|declared| declared.number.known().and_then(|number| u16::try_from(number).ok()))
                .collect::<Option<_>>()?;
            found.sort_unstable();
            found.dedup();
            (!found.is_empty()).then_some(found)
        }
        Target::Unknown => None,
    }
}
