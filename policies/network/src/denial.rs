//! What a denial rests on: peers that match nothing, other ports, policies that are parts of a whole.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::netpol::{Decision, Direction, End, Peers, Policy, Protocol};
use plimsoll_sdk::{Bundle, Node, Object, ObjectFlags, Place, Role, Value, word};

use crate::common::rules_key;
use crate::flows::Target;

/// Whether a rule of the policies that decided names one of these peers at a port: it would allow the connection if the peer
/// matched as it was meant to.
pub fn would_admit<'t>(
    bundle: &Bundle<'t>,
    decision: &Decision<'t>,
    direction: Direction,
    destination: End<'t>,
    at: (Protocol, u16),
    peers: &BTreeSet<u32>,
) -> Vec<u32> {
    let mut found = Vec::new();
    for policy in decision
        .isolating
        .iter()
        .filter_map(|&number| bundle.policies().get(number))
    {
        for rule in &policy.side(direction).rules {
            let Peers::Any(all) = &rule.peers else { continue };
            let mut named = all
                .iter()
                .map(|peer| peer.node.index())
                .filter(|peer| peers.contains(peer))
                .peekable();
            if named.peek().is_some() && rule.reach(destination).possible.contains(at.0, at.1) {
                found.extend(named);
            }
        }
    }
    found
}

/// Whether the policies that decided only deny, for all of the namespace: a part of a whole, the rest of which may be
/// elsewhere.
pub fn is_building_block(bundle: &Bundle<'_>, decision: &Decision<'_>, direction: Direction) -> bool {
    let mut all = decision
        .isolating
        .iter()
        .filter_map(|&number| bundle.policies().get(number));
    all.all(|policy| {
        let whole = match policy.pod_selector() {
            Value::Known(selector) => selector.is_empty(),
            Value::Absent => true,
            Value::Unknown => false,
        };
        whole && policy.side(direction).rules.is_empty() && !bundle.is_closed(policy.object)
    })
}

/// The policy that a finding about a denial is about, and where it stands: in the policy where that is judged; else, where it
/// was there before, in the first of those that it comes between that is. Of several policies rather one with rules for the
/// direction, rather one that selects by labels.
pub fn blamed<'b, 't>(
    bundle: &'b Bundle<'t>,
    decision: &Decision<'t>,
    direction: Direction,
    between: &[(Object<'t>, Place)],
) -> Option<(&'b Policy<'t>, Place)> {
    let first = |role: Role| {
        let all = decision.isolating.iter();
        let all = all.filter_map(|&number| bundle.policies().get(number));
        // What was rendered is judged as it was rendered.
        let is_source = |policy: &Policy<'_>| role == Role::Context && policy.object.has(ObjectFlags::RENDERED);
        all.filter(|policy| policy.object.role() == role && !is_source(policy))
            .min_by_key(|policy| {
                let selects_all = policy.pod_selector().known().is_none_or(Node::is_empty);
                (
                    policy.side(direction).rules.is_empty(),
                    selects_all,
                    policy.object.index(),
                )
            })
    };
    if let Some(policy) = first(Role::Subject) {
        return Some((policy, rules(policy, direction)));
    }
    let judged = between.iter().find(|(object, _)| object.role() == Role::Subject);
    judged.and_then(|&(_, place)| Some((first(Role::Context)?, place)))
}

/// Where the rules of a direction stand, or else the policy's name.
pub fn rules(policy: &Policy<'_>, direction: Direction) -> Place {
    let root = policy.object.root();
    let rules = root.at(&[word!("spec"), rules_key(direction)]).known();
    rules.map_or_else(|| name(policy.object), |rules| Place::Key(rules.index()))
}

/// The name of an object.
pub fn name(object: Object<'_>) -> Place {
    let name = object.root().at(&[word!("metadata"), word!("name")]).known();
    Place::from(name.unwrap_or_else(|| object.root()))
}

/// Whether the policies that decided allow the port of the Service instead of the pods': another rule reports that.
pub fn names_service_port(
    bundle: &Bundle<'_>,
    decision: &Decision<'_>,
    direction: Direction,
    target: &Target<'_>,
) -> bool {
    if target.asked == target.port {
        return false;
    }
    let end = End::Workload(target.workload);
    let policies = decision
        .isolating
        .iter()
        .filter_map(|&number| bundle.policies().get(number));
    policies.flat_map(|policy| &policy.side(direction).rules).any(|rule| {
        let reach = rule.reach(end).possible;
        reach.contains(target.protocol, target.asked) && !reach.contains(target.protocol, target.port)
    })
}
