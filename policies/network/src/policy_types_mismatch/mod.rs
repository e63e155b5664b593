//! `policyTypes` says something else than the rules of a policy.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::netpol::{Direction, Policy};
use plimsoll_sdk::{Bundle, Confidence, Context, Edit, Fix, Kind, Node, Place, Rule, Severity, Value, Violation, word};

use crate::common::{Selected, is_editable, judged, rules_key, title};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "policy-types-mismatch",
    title: "policyTypes of a NetworkPolicy does not say what its rules seem to",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Which pods it closes, and who calls them.
    context: &["*?"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut closed = None;
    for (number, policy) in judged(bundle) {
        let Value::Known(spec) = policy.object.root().get(word!("spec")) else {
            continue;
        };
        match spec.get(word!("policyTypes")) {
            Value::Known(types) if types.kind() == Kind::Sequence && types.is_final() && !types.is_empty() => {
                violations.extend(ignored(policy, spec, types));
            }
            types @ (Value::Known(_) | Value::Absent) => {
                if types.known().is_some_and(|types| !types.is_empty()) {
                    continue;
                }
                if policy.egress.effect == Value::Known(true) && spec.get(word!("ingress")).is_absent() {
                    let closed = closed.get_or_insert_with(|| Closed::new(bundle));
                    violations.extend(closed.judge(bundle, number, policy, spec, types.known()));
                } else if let Value::Known(types) = types {
                    violations.push(reads_as_none(policy, types));
                }
            }
            Value::Unknown => {}
        }
    }
}

/// Rules of a direction that is not listed.
fn ignored<'t>(policy: &Policy<'t>, spec: Node<'t>, types: Node<'t>) -> Vec<Violation> {
    let listed: Vec<&str> = types.items().filter_map(Node::raw_text).collect();
    [Direction::Ingress, Direction::Egress]
        .into_iter()
        .filter(|&direction| {
            let side = policy.side(direction);
            side.effect == Value::Known(false) && !side.rules.is_empty()
        })
        .filter_map(|direction| {
            let rules = spec.get(rules_key(direction)).known()?;
            let missing = spec.tree().text(direction.word());
            let message = format!(
                "{}: {} rules are ignored, policyTypes lists only {}",
                title(policy),
                rules.key_text(),
                listed.join(", ")
            );
            let mut violation = Violation::new(Place::Key(rules.index()), message)
                .severity(Severity::Error)
                .confidence(Confidence::Certain)
                .related(types, "the types with effect")
                .help(format!(
                    "A policy has effect on the directions that policyTypes lists and on no other. Add {missing} to it, or \
                     take the rules away."
                ));
            if is_editable(policy.object, types) {
                violation = violation.fix(Fix {
                    title: format!("add {missing} to policyTypes"),
                    safe: true,
                    edits: vec![Edit::Insert {
                        into: types.into(),
                        key: "-".to_owned(),
                        value: format!("\"{missing}\""),
                    }],
                });
            }
            Some(violation)
        })
        .collect()
}

fn reads_as_none(policy: &Policy<'_>, types: Node<'_>) -> Violation {
    let effective = match policy.egress.effect {
        Value::Known(true) => "Ingress and Egress",
        _ => "Ingress",
    };
    Violation::new(types, format!("policyTypes: [] means {effective}, not none"))
        .confidence(Confidence::Certain)
        .help("An empty list counts as absent: Ingress is always included, Egress where there are egress rules. List the types.")
}

/// What policies that only mean egress close by the way.
struct Closed {
    selected: Selected,
    /// Numbers of the workloads that a Service near them leads to.
    served: BTreeSet<usize>,
}

impl Closed {
    fn new(bundle: &Bundle<'_>) -> Self {
        let services = bundle.selection().services.iter();
        Closed {
            selected: Selected::new(bundle, Direction::Ingress),
            served: services
                .flat_map(|(_, alternatives)| alternatives)
                .filter(|selected| !selected.join.distant && !selected.join.ambiguous)
                .flat_map(|selected| selected.workloads.iter().copied())
                .collect(),
        }
    }

    /// A policy with rules for egress only and no types: what it selects receives nothing.
    fn judge<'t>(
        &self,
        bundle: &Bundle<'t>,
        number: usize,
        policy: &Policy<'t>,
        spec: Node<'t>,
        types: Option<Node<'t>>,
    ) -> Option<Violation> {
        let rules = spec.get(word!("egress")).known()?;
        let selected = self.selected.of(number);
        // Those that another policy closes, and means to, lose nothing.
        let lost: Vec<usize> = selected
            .iter()
            .copied()
            .filter(|&workload| !is_closed_on_purpose(bundle, number, workload))
            .collect();
        if lost.is_empty() && !selected.is_empty() {
            return None;
        }
        let served = lost
            .iter()
            .filter(|workload| self.served.contains(workload))
            .find_map(|&workload| bundle.workloads().get(workload))
            .filter(|workload| !bundle.policies().other_layer_seen(workload.object));
        let at = types.map_or(Place::Key(rules.index()), Place::from);
        let how = if types.is_some() {
            "with policyTypes: []"
        } else {
            "without policyTypes"
        };
        let mut violation = Violation::new(
            at,
            format!("{} also denies all ingress: {how}, Ingress is included", title(policy)),
        )
        .help(
            "Where policyTypes is absent or empty, Ingress is always among the types, and a policy without ingress rules then \
             admits nobody. List the types that are meant: policyTypes: [Egress].",
        );
        if let Some(workload) = served {
            violation = violation.severity(Severity::Error).related(
                workload.pod,
                format!("a Service leads to {}, which receives nothing", workload.title()),
            );
        }
        if is_editable(policy.object, spec) && types.is_none_or(|types| is_editable(policy.object, types)) {
            let value = "[\"Egress\"]".to_owned();
            violation = violation.fix(Fix {
                title: "let it be about egress only".to_owned(),
                safe: false,
                edits: vec![match types {
                    Some(types) => Edit::Set {
                        at: types.into(),
                        value,
                    },
                    None => Edit::Insert {
                        into: spec.into(),
                        key: "policyTypes".to_owned(),
                        value,
                    },
                }],
            });
        }
        Some(violation)
    }
}

/// Whether a policy that says so in so many words, other than this one, isolates what a workload receives.
fn is_closed_on_purpose(bundle: &Bundle<'_>, this: usize, workload: usize) -> bool {
    let Some(&workload) = bundle.workloads().get(workload) else {
        return false;
    };
    let policies = bundle.policies();
    policies
        .applying(bundle, workload, Direction::Ingress)
        .iter()
        .filter(|&&(number, applies)| number != this && applies == Value::Known(true))
        .filter_map(|&(number, _)| policies.get(number))
        .any(|other| {
            let spec = other.object.root().get(word!("spec"));
            let has = |key| {
                spec.and_then(|spec| spec.get(key))
                    .known()
                    .is_some_and(|list| !list.is_empty())
            };
            has(word!("policyTypes"))
                || !spec.and_then(|spec| spec.get(word!("ingress"))).is_absent()
                || !has(word!("egress"))
        })
}
