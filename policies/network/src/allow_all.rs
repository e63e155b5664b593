//! Rules that allow everything in one direction: what `allow-all-ingress` and `allow-all-egress` share.

use plimsoll_sdk::kube::netpol::{Direction, Means, Peers, Policy, PolicyRule, Ports};
use plimsoll_sdk::{Bundle, Confidence, Context, Severity, Value, Violation};

use crate::common::{Selected, datastore, judged, peers_key, title};

/// Judges one direction of all policies.
pub fn check(context: &Context<'_, ()>, direction: Direction, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut selected = None;
    for (number, policy) in judged(bundle) {
        let side = policy.side(direction);
        if side.effect != Value::Known(true) || says_so(policy.object.name()) {
            continue;
        }
        let open = side.rules.iter().find(|rule| is_open(direction, rule));
        let wide = || side.rules.iter().find(|rule| is_all_namespaces(rule));
        let Some(rule) = open.or_else(|| wide().filter(|_| direction == Direction::Ingress)) else {
            continue;
        };
        let selected = selected.get_or_insert_with(|| Selected::new(bundle, direction));
        let store = keeps_data(bundle, selected, number);
        // Every pod of the cluster is a lot only where data is kept.
        if open.is_none() && store.is_none() {
            continue;
        }
        let staged = bundle.stage(policy.object);
        let severity = if store.is_some() || (staged.sure && staged.stage.is_prod()) {
            Severity::Warning
        } else {
            Severity::Info
        };
        violations.push(violation(policy, direction, rule, store).severity(severity));
    }
}

/// Whether a name says that all is allowed: an example, or somebody's decision.
fn says_so(name: &str) -> bool {
    let words: Vec<String> = name.split(['-', '.']).map(str::to_ascii_lowercase).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    has(&["allow", "permit"]) && has(&["all", "any", "anything", "everything", "everyone"])
}

/// Whether a rule is about everyone at every port. `from: []` is another rule's.
fn is_open(direction: Direction, rule: &PolicyRule<'_>) -> bool {
    if !matches!(rule.ports, Ports::All) {
        return false;
    }
    match &rule.peers {
        Peers::Everyone => rule.node.get(peers_key(direction)).is_absent(),
        Peers::Any(peers) => {
            let whole = |v6: bool| {
                peers.iter().any(|peer| {
                    matches!(&peer.means, Means::Block { block, except }
                        if block.is_everything() && except.is_empty() && block.is_v6() == v6)
                })
            };
            whole(false) && whole(true)
        }
        Peers::Unknown => false,
    }
}

/// Whether a rule is about every pod of the cluster, at every port.
fn is_all_namespaces(rule: &PolicyRule<'_>) -> bool {
    let Peers::Any(peers) = &rule.peers else { return false };
    matches!(rule.ports, Ports::All)
        && peers.iter().any(|peer| match peer.means {
            Means::Pods { pods, namespaces } => {
                namespaces.is_some_and(|selector| selector.is_empty())
                    && pods.is_none_or(|selector| selector.is_empty())
            }
            _ => false,
        })
}

/// A datastore among the pods of a policy: its image.
fn keeps_data<'t>(bundle: &Bundle<'t>, selected: &Selected, policy: usize) -> Option<&'t str> {
    let workloads = selected.of(policy).iter();
    workloads
        .filter_map(|&number| bundle.workloads().get(number))
        .find_map(|&workload| datastore(workload))
}

fn violation(policy: &Policy<'_>, direction: Direction, rule: &PolicyRule<'_>, store: Option<&str>) -> Violation {
    let (what, more) = match direction {
        Direction::Ingress => (
            "ingress",
            "Name who may call these pods under `from`, and where under `ports`.",
        ),
        Direction::Egress => (
            "egress",
            "Name what these pods call under `to`, and where under `ports`.",
        ),
    };
    let pods = match (policy.pod_selector(), store) {
        (_, Some(store)) => format!("a datastore ({store})"),
        (Value::Known(selector), None) if !selector.is_empty() => "its pods".to_owned(),
        _ => "all pods of its namespace".to_owned(),
    };
    Violation::new(rule.node, format!("{} allows all {what} for {pods}", title(policy)))
        .confidence(Confidence::Certain)
        .help(format!(
            "Policies add up, so no other policy can take back what this rule allows. {more}"
        ))
}
