//! A policy names the port of a Service, where the pods receive on another.

mod receivers;

use std::collections::BTreeSet;

use plimsoll_sdk::kube::netpol::{
    Direction, End, Means, Peers, Policy, PolicyPort, PolicyRule, PortRef, Ports, Protocol,
};
use plimsoll_sdk::{Bundle, Context, Edit, Fix, Node, Rule, Severity, Value, Violation};

use crate::common::{Selected, is_editable, judged, peers_key, title};
use receivers::{Receivers, Remap};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "service-port-in-policy",
    title: "A NetworkPolicy names the port of a Service instead of the pods'",
    severity: Severity::Error,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Services and what they select.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    if judged(bundle).next().is_none() {
        return;
    }
    let receivers = Receivers::new(bundle);
    if receivers.is_empty() {
        return;
    }
    let selected = Selected::new(bundle, Direction::Ingress);
    for (number, policy) in judged(bundle) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let side = policy.side(direction);
            if side.effect != Value::Known(true) || side.open {
                continue;
            }
            for rule in &side.rules {
                for (port, protocol, asked, at) in numbers(rule) {
                    let destinations = match direction {
                        Direction::Ingress => receivers.among(bundle, protocol, asked, selected.of(number)),
                        Direction::Egress => called(bundle, &receivers, policy, rule, protocol, asked),
                    };
                    if let Some(remaps) = destinations
                        && !also_allowed(bundle, number, policy, direction, rule, protocol, &remaps)
                    {
                        violations.push(violation(bundle, policy, rule, port, asked, at, &remaps));
                    }
                }
            }
        }
    }
}

/// The ports of a rule that are one number each.
fn numbers<'r, 't>(
    rule: &'r PolicyRule<'t>,
) -> impl Iterator<Item = (PolicyPort<'t>, Protocol, u16, Node<'t>)> + use<'r, 't> {
    let ports = match &rule.ports {
        Ports::Any(ports) => ports.as_slice(),
        Ports::All | Ports::Unknown => &[],
    };
    ports.iter().filter_map(|&port| match (port.protocol, port.port) {
        (Value::Known(protocol), PortRef::Range(first, last, at)) if first == last => Some((port, protocol, first, at)),
        _ => None,
    })
}

/// What the Services of the pods that an egress rule names do with a port; nothing where some of them may receive there, or
/// where the rule names no pods by their labels.
fn called<'t>(
    bundle: &Bundle<'t>,
    receivers: &Receivers<'t>,
    policy: &Policy<'t>,
    rule: &PolicyRule<'t>,
    protocol: Protocol,
    port: u16,
) -> Option<Vec<Remap<'t>>> {
    let Peers::Any(peers) = &rule.peers else { return None };
    let by_label = peers
        .iter()
        .all(|peer| matches!(peer.means, Means::Pods { pods: Some(selector), .. } if !selector.is_empty()));
    if !by_label {
        return None;
    }
    let matched = |number: usize| {
        bundle.workloads().get(number).is_some_and(|&workload| {
            bundle.sees(policy.object, workload.object)
                && bundle
                    .policies()
                    .peers_match(bundle, policy, rule, End::Workload(workload))
                    != Value::Known(false)
        })
    };
    let called: Vec<usize> = receivers.near(policy.object, protocol, port, matched);
    receivers.among(bundle, protocol, port, &called)
}

/// Whether the same peers, or everyone, may reach the port where the pods do receive by another rule.
fn also_allowed(
    bundle: &Bundle<'_>,
    number: usize,
    policy: &Policy<'_>,
    direction: Direction,
    rule: &PolicyRule<'_>,
    protocol: Protocol,
    remaps: &[Remap<'_>],
) -> bool {
    let peers = |rule: &PolicyRule<'_>| {
        let list = rule.node.get(peers_key(direction)).known();
        list.map(|list| list.tree().json(list.index()))
    };
    let own = peers(rule);
    let targets: BTreeSet<u16> = remaps.iter().map(|remap| remap.target).collect();
    let allows = |other: &PolicyRule<'_>| {
        let ports = match &other.ports {
            Ports::All | Ports::Unknown => true,
            Ports::Any(ports) => ports.iter().any(|port| {
                port.protocol.known().is_none_or(|other| other == protocol)
                    && match port.port {
                        PortRef::Range(first, last, _) => targets.iter().any(|target| (first..=last).contains(target)),
                        PortRef::All | PortRef::Name(..) | PortRef::Unknown => true,
                        PortRef::Nothing => false,
                    }
            }),
        };
        ports && (!matches!(other.peers, Peers::Any(_)) || peers(other) == own)
    };
    if policy.side(direction).rules.iter().any(allows) {
        return true;
    }
    // Policies over the same pods add up.
    let Some(workload) = remaps.first().and_then(|remap| bundle.workloads().get(remap.workload)) else {
        return false;
    };
    let policies = bundle.policies();
    direction == Direction::Ingress
        && policies
            .applying(bundle, *workload, direction)
            .iter()
            .filter(|&&(other, _)| other != number)
            .filter_map(|&(other, _)| policies.get(other))
            .any(|other| other.side(direction).open || other.side(direction).rules.iter().any(allows))
}

fn violation<'t>(
    bundle: &Bundle<'t>,
    policy: &Policy<'t>,
    rule: &PolicyRule<'t>,
    port: PolicyPort<'t>,
    asked: u16,
    at: Node<'t>,
    remaps: &[Remap<'t>],
) -> Violation {
    let mut targets: Vec<u16> = remaps.iter().map(|remap| remap.target).collect();
    targets.sort_unstable();
    targets.dedup();
    let list = targets.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let message = format!(
        "{} allows port {asked}, the Service port; pods receive on {list}",
        title(policy)
    );
    let mut violation = Violation::new(at, message).help(format!(
        "What a policy compares is the port of the pod: a Service's port has become its targetPort by then. Allow {list} \
         instead of {asked}."
    ));
    for remap in remaps.iter().take(3) {
        violation = violation.related(
            remap.place,
            format!(
                "Service {} leads from {asked} to {}",
                remap.service.called(),
                remap.target
            ),
        );
    }
    if let Some(first) = remaps.first() {
        violation = violation.through(&first.join);
        if let Some(workload) = bundle.workloads().get(first.workload)
            && let Some(join) = bundle.nearest(policy.object, &[workload.object]).first()
        {
            violation = violation.through(join);
        }
    }
    let nodes = [at, port.node, rule.node];
    if let ([target], true) = (
        targets.as_slice(),
        nodes.iter().all(|&node| is_editable(policy.object, node)),
    ) {
        violation = violation.fix(Fix {
            title: format!("allow port {target}"),
            safe: true,
            edits: vec![Edit::Set {
                at: at.into(),
                value: target.to_string(),
            }],
        });
    }
    violation
}
