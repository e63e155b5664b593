//! The policies over a workload, all together, do not let it ask for names.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sdk::kube::hosts::Destination;
use plimsoll_sdk::kube::netpol::{Direction, Means, Peers, Policy};
use plimsoll_sdk::kube::{Dialect, Workload};
use plimsoll_sdk::{Bundle, Context, Node, Place, Role, Rule, Severity, Value, Violation, word};

use crate::common::{judged, names, title};
use crate::dns;
use crate::flows::{self, PublicHosts};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "dns-egress-missing",
    title: "NetworkPolicies keep a workload from DNS",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Which pods, what they call, and which other policies there are.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// A workload that cannot ask for names.
struct Blocked<'t> {
    workload: Workload<'t>,
    /// Where it is told a host by name.
    need: Option<Node<'t>>,
}

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    if judged(bundle).next().is_none() {
        return;
    }
    let policies = bundle.policies();
    let mut public = None;
    let mut without: BTreeMap<Vec<usize>, bool> = BTreeMap::new();
    let mut by_policy: BTreeMap<usize, Vec<Blocked<'_>>> = BTreeMap::new();
    for (number, &workload) in bundle.workloads().iter().enumerate() {
        let applying = policies.applying(bundle, workload, Direction::Egress);
        if !applying.iter().any(|&(_, applies)| applies == Value::Known(true)) || has_other_names(workload) {
            continue;
        }
        let set: Vec<usize> = applying.iter().map(|&(policy, _)| policy).collect();
        let is_blocked = *without
            .entry(set.clone())
            .or_insert_with(|| !dns::allowed(bundle, &set, &BTreeSet::new()));
        if !is_blocked || policies.other_layer_seen(workload.object) {
            continue;
        }
        let all: Vec<&Policy<'_>> = set.iter().filter_map(|&policy| policies.get(policy)).collect();
        let needs = Needs::of(bundle, number, public.get_or_insert_with(|| PublicHosts::new(bundle)));
        let says_nothing = all.iter().all(|policy| policy.egress.rules.is_empty());
        // A policy that denies everything is one that others add to, or is meant. What a client needs of this input is
        // told by the flow that is denied.
        let is_meant = if says_nothing {
            needs.inside || needs.by_name.is_none()
        } else {
            needs.by_name.is_none() && all.iter().all(|policy| names_only_addresses(policy))
        };
        if is_meant {
            continue;
        }
        if let Some(policy) = chosen(&all, &set) {
            by_policy.entry(policy).or_default().push(Blocked {
                workload,
                need: needs.by_name,
            });
        }
    }
    for (number, blocked) in by_policy {
        if let Some(policy) = policies.get(number) {
            violations.extend(violation(bundle, policy, &blocked));
        }
    }
}

/// Pods that have names from elsewhere than the cluster's DNS, or serve it themselves.
fn has_other_names(workload: Workload<'_>) -> bool {
    let policy = workload.pod.get_text("dnsPolicy");
    let default = matches!(policy, Value::Absent)
        || matches!(
            policy.and_then(Node::text),
            Value::Known("ClusterFirst" | "ClusterFirstWithHostNet")
        );
    workload.dialect != Dialect::Kubernetes
        || !default
        || workload.containers_unknown()
        || workload.running().iter().flat_map(|one| one.ports()).any(|port| {
            dns::PORTS
                .iter()
                .any(|&number| port.number == Value::Known(i64::from(number)))
        })
}

/// Whether all that a policy allows is addresses.
fn names_only_addresses(policy: &Policy<'_>) -> bool {
    policy.egress.rules.iter().all(|rule| {
        matches!(&rule.peers, Peers::Any(peers) if peers.iter().all(|peer| matches!(peer.means, Means::Block { .. })))
    })
}

/// What a workload is told to call.
struct Needs<'t> {
    /// A host by its name.
    by_name: Option<Node<'t>>,
    /// A Service whose pods are seen.
    inside: bool,
}

impl<'t> Needs<'t> {
    fn of(bundle: &Bundle<'t>, workload: usize, public: &PublicHosts<'t>) -> Self {
        let mut needs = Needs {
            by_name: None,
            inside: flows::called(bundle, workload).next().is_some(),
        };
        let hosts = bundle.hosts();
        for reference in hosts.of(bundle, workload) {
            let is_called = match *hosts.destination(bundle, reference) {
                Destination::Loopback | Destination::Any | Destination::Address | Destination::Unknown => false,
                Destination::External => public.is_called(reference),
                _ => reference.certain && !reference.secret && !reference.is_for_others(),
            };
            if is_called {
                needs.by_name = needs.by_name.or(Some(reference.at));
            }
        }
        needs
    }
}

/// The policy that a finding is about: one that is judged, rather one with rules.
fn chosen(all: &[&Policy<'_>], set: &[usize]) -> Option<usize> {
    let judged = || {
        all.iter()
            .zip(set)
            .filter(|(policy, _)| policy.object.role() == Role::Subject)
    };
    judged()
        .find(|(policy, _)| !policy.egress.rules.is_empty())
        .or_else(|| judged().next())
        .map(|(_, &number)| number)
}

fn violation<'t>(bundle: &Bundle<'t>, policy: &Policy<'t>, blocked: &[Blocked<'t>]) -> Option<Violation> {
    let first = blocked.iter().find(|one| one.need.is_some()).or(blocked.first())?;
    let spec = policy.object.root().get(word!("spec")).known()?;
    let at = match (spec.get(word!("egress")), spec.get(word!("policyTypes"))) {
        (Value::Known(rules), _) => Place::Key(rules.index()),
        (_, Value::Known(types)) => Place::from(types),
        _ => Place::from(spec),
    };
    let workloads: Vec<Workload<'t>> = blocked.iter().map(|one| one.workload).collect();
    let mut violation = Violation::new(at, format!("{} blocks DNS for {}", title(policy), names(first.workload, &workloads)))
        .help(
            "No policy over these pods allows UDP 53, so they cannot look up any name. Allow egress to the pods labelled \
             k8s-app: kube-dns in the namespace kube-system (namespaceSelector kubernetes.io/metadata.name: kube-system), \
             UDP and TCP 53; on OpenShift to openshift-dns, 5353.",
        );
    if let Some(need) = first.need {
        violation = violation
            .severity(Severity::Error)
            .related(need, format!("{} calls a host by name", first.workload.title()));
    }
    let join = bundle.nearest(policy.object, &[first.workload.object]);
    Some(match join.first() {
        Some(join) => violation.through(join),
        None => violation,
    })
}
