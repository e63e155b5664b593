//! A policy's peer asks for a namespace by a label that no namespace has by itself.

mod needs;

use plimsoll_sdk::{Context, Edit, Fix, Object, Place, Role, Rule, Severity, Violation, word};

use crate::common::is_editable;
use crate::dead::{self, Dead, STANDARD};
use needs::Needs;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "namespace-label-missing",
    title: "A namespaceSelector asks for a label that no namespace has by itself",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Which namespaces there are is told by every object, and what is needed by workloads and routes.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let all = dead::peers(bundle);
    if all.is_empty() {
        return;
    }
    let needs = Needs::new(bundle, &all);
    for one in &all {
        let Some(policy) = bundle.policies().get(one.policy) else {
            continue;
        };
        let object = policy.object;
        if object.role() != Role::Subject || object.group() != word!("networking.k8s.io") {
            continue;
        }
        let value = bundle.tree().text(one.value);
        violations.push(if one.by_name {
            asks_for_a_name(object, one, value, needs.of(one))
        } else {
            asks_for_a_label(one, value)
        });
    }
}

/// `need` is what is denied because of it.
fn asks_for_a_name(policy: Object<'_>, dead: &Dead<'_>, value: &str, need: Option<&str>) -> Violation {
    let key = dead.key;
    let mut violation = Violation::new(
        dead.place,
        format!("namespaceSelector {key}={value} matches nothing by default; use {STANDARD}"),
    );
    let lost = match need {
        Some(need) => {
            violation = violation.severity(Severity::Error);
            format!(" Nothing else allows {need}.")
        }
        None => String::new(),
    };
    violation = violation.help(format!(
        "No namespace has the label `{key}` unless somebody puts it there, and no Namespace here does, so this peer admits \
         nobody.{lost} Every namespace has {STANDARD} with its own name (Kubernetes 1.22 and later)."
    ));
    let taken = dead
        .selector
        .at(&[word!("matchLabels"), word!("kubernetes.io/metadata.name")])
        .known()
        .is_some();
    if is_editable(policy, dead.node) && !(taken && matches!(dead.place, Place::Key(_))) {
        let edit = match dead.place {
            Place::Key(_) => Edit::Rename {
                at: dead.place,
                key: STANDARD.to_owned(),
            },
            Place::Value(_) => Edit::Set {
                at: dead.place,
                value: format!("\"{STANDARD}\""),
            },
        };
        violation = violation.fix(Fix {
            title: format!("select by {STANDARD}"),
            // That `name` means the namespace's name is plain; other keys may have been meant otherwise.
            safe: key == "name",
            edits: vec![edit],
        });
    }
    violation
}

fn asks_for_a_label(dead: &Dead<'_>, value: &str) -> Violation {
    Violation::new(
        dead.place,
        format!("namespaceSelector {}={value} matches no Namespace that is seen", dead.key),
    )
    .severity(Severity::Info)
    .help(
        "Namespaces are defined here, and none of them has this label. If it is set by hand or by something else, all is well; \
         else the peer admits nobody.",
    )
}
