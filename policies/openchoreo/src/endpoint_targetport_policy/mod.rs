//! The platform's own policy opens another port of the pods than the one that traffic is sent to.

use plimsoll_sdk::kube::openchoreo::{self, Deployed, Version};
use plimsoll_sdk::kube::{Dialect, Workload};
use plimsoll_sdk::{
    Bundle, Context, Edit, Fix, Flags, Node, Object, ObjectFlags, Role, Rule, Severity, Value, Violation, word,
};

use crate::Settings;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "endpoint-targetport-policy",
    title: "An endpoint sends traffic to a port that the platform's policy keeps closed",
    severity: Severity::Error,
    kinds: &["Workload.openchoreo.dev", "ComponentRelease.openchoreo.dev"],
    context: &[
        "ReleaseBinding.openchoreo.dev",
        "NetworkPolicy.networking.k8s.io",
        "Trait.openchoreo.dev",
        "ClusterTrait.openchoreo.dev",
        "ComponentType.openchoreo.dev",
        "ClusterComponentType.openchoreo.dev",
    ],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// How many policies of types and traits are looked at.
const MAX_POLICIES: usize = 256;

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    // Before, there was no policy for each component.
    if openchoreo::version(bundle).is_some_and(|version| version < Version(0, 17)) {
        return;
    }
    let made = made_policies(bundle);
    let mut last = None;
    for deployed in openchoreo::deployed(bundle) {
        let workload = deployed.workload;
        // Several environments run it: it is one fault.
        let same = last.replace(workload.object) == Some(workload.object);
        if same || made.iter().any(|&policy| bundle.sees(workload.object, policy)) {
            continue;
        }
        let first = deployed.copies.iter().find(|copy| copy.is_judged());
        let Some(judged) = Some(&workload).filter(|one| one.is_judged()).or(first) else {
            continue;
        };
        for fault in faults(*judged) {
            violations.push(violation(
                &deployed,
                *judged,
                fault,
                context.settings.network_policies_enforced,
            ));
        }
    }
}

/// An endpoint whose traffic goes elsewhere than the policy lets it.
#[derive(Clone, Copy)]
struct Fault<'t> {
    endpoint: Node<'t>,
    name: &'t str,
    port: i64,
    target: i64,
    at: Node<'t>,
}

fn faults(workload: Workload<'_>) -> Vec<Fault<'_>> {
    if workload.dialect != Dialect::OpenChoreo {
        return Vec::new();
    }
    let endpoints = workload.pod.get(word!("endpoints")).known();
    let valid = |number: &i64| (1..=65_535).contains(number);
    endpoints
        .into_iter()
        .flat_map(Node::children)
        .filter_map(|endpoint| {
            let at = endpoint.get(word!("targetPort")).known()?;
            let target = at.integer().known().filter(valid)?;
            let port = endpoint.integer_of(word!("port")).known().filter(valid)?;
            (port != target).then_some(Fault {
                endpoint,
                name: endpoint.key_text(),
                port,
                target,
                at,
            })
        })
        .collect()
}

/// The policies that a type or trait of the platform makes: they may open what is needed.
fn made_policies<'t>(bundle: &Bundle<'t>) -> Vec<Object<'t>> {
    let Some(group) = bundle.symbol("networking.k8s.io") else {
        return Vec::new();
    };
    bundle
        .of_kind(group, word!("NetworkPolicy"))
        .filter(|&policy| {
            let maker = openchoreo::outer(bundle, policy).map(Object::kind_text);
            matches!(
                maker,
                Some("Trait" | "ClusterTrait" | "ComponentType" | "ClusterComponentType" | "ComponentRelease")
            )
        })
        .take(MAX_POLICIES)
        .collect()
}

fn violation(deployed: &Deployed<'_>, judged: Workload<'_>, fault: Fault<'_>, enforced: bool) -> Violation {
    let Fault {
        name, port, target, at, ..
    } = fault;
    let mut violation = Violation::new(
        at,
        format!("endpoint {name}: platform policy opens {port}, pods receive {target}"),
    )
    .help(format!(
        "The Service that the platform makes forwards {port} to {target}, but the NetworkPolicy that it makes beside it \
         admits {port} on the pods, so where policies are enforced nothing gets through. Set port to {target} and leave \
         targetPort out, or add a trait that creates a NetworkPolicy for {target}"
    ));
    if !enforced {
        violation = violation.severity(Severity::Warning);
    }
    for copy in std::iter::once(&deployed.workload).chain(&deployed.copies) {
        if copy.object == judged.object || copy.object.role() == Role::Previous {
            continue;
        }
        if let Some(same) = faults(*copy).into_iter().find(|other| other.name == name) {
            violation = violation.related(same.at, format!("{} says the same", copy.title()));
        }
    }
    match repair(judged, fault) {
        Some(fix) => violation.fix(fix),
        None => violation,
    }
}

/// The port moves to where the pods listen. Releases are immutable, so nothing is repaired in them.
fn repair(judged: Workload<'_>, fault: Fault<'_>) -> Option<Fix> {
    let Value::Known(port) = fault.endpoint.get(word!("port")) else {
        return None;
    };
    let alias = |node: Node<'_>| node.flags().has(Flags::ALIAS);
    let editable = judged.object.kind() == word!("Workload")
        && !judged.object.has(ObjectFlags::RENDERED)
        && ![fault.endpoint, port, fault.at].into_iter().any(alias);
    editable.then(|| Fix {
        title: format!("serve on port {}", fault.target),
        safe: false,
        edits: vec![
            Edit::Set {
                at: port.into(),
                value: fault.target.to_string(),
            },
            Edit::Remove(fault.at.into()),
        ],
    })
}
