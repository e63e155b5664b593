//! `from: []` or `to: []`: everyone, not nobody.

use plimsoll_sdk::kube::netpol::{Direction, Policy, PolicyRule, Ports};
use plimsoll_sdk::{Confidence, Context, Edit, Fix, Node, Rule, Severity, Value, Violation};

use crate::common::{is_editable, judged, peers_key};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "empty-peer-list-allows-all",
    title: "An empty list of peers allows everyone",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// Words in a policy's name that say that it is meant to keep out.
const DENYING: &[&str] = &["deny", "isolate", "isolated", "isolation", "block", "lockdown"];

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    for (_, policy) in judged(&context.bundle) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let side = policy.side(direction);
            // Rules without effect are another rule's.
            if side.effect == Value::Known(false) {
                continue;
            }
            for rule in &side.rules {
                if let Value::Known(peers) = rule.node.get(peers_key(direction))
                    && peers.is_empty()
                {
                    violations.push(violation(policy, direction, rule, peers));
                }
            }
        }
    }
}

fn violation<'t>(policy: &Policy<'t>, direction: Direction, rule: &PolicyRule<'t>, peers: Node<'t>) -> Violation {
    let (key, end) = match direction {
        Direction::Ingress => ("from", "source"),
        Direction::Egress => ("to", "destination"),
    };
    let denies = policy
        .object
        .name()
        .split(['-', '.'])
        .any(|word| DENYING.contains(&word.to_ascii_lowercase().as_str()));
    let mut violation = Violation::new(peers, format!("{key}: [] means any {end}, not none"))
        .confidence(Confidence::Certain)
        .help(format!(
            "A rule without peers is about everyone, and an empty list is none. To allow nobody leave the whole rule out; to \
             allow some list them under `{key}`; to allow everyone leave `{key}` out, so that it can be seen."
        ));
    if denies && matches!(rule.ports, Ports::All) {
        violation = violation.severity(Severity::Error);
    }
    if is_editable(policy.object, peers) && is_editable(policy.object, rule.node) {
        let edit = if rule.node.members().count() > 1 {
            Edit::Remove(peers.into())
        } else {
            Edit::Set {
                at: rule.node.into(),
                value: "{}".to_owned(),
            }
        };
        violation = violation.fix(Fix {
            title: format!("leave `{key}` out, which means the same"),
            safe: false,
            edits: vec![edit],
        });
    }
    violation
}
