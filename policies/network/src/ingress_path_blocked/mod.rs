//! A route leads to pods that admit nobody from where its requests come.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::netpol::{Decision, Direction, End, Policy};
use plimsoll_sdk::kube::openchoreo;
use plimsoll_sdk::kube::routes::{Origin, Purpose, ROUTE_KINDS};
use plimsoll_sdk::kube::{WORKLOAD_KINDS, joined};
use plimsoll_sdk::{Bundle, Confidence, Context, Place, Role, Rule, Severity, Violation};

use crate::common::title;
use crate::dead;
use crate::denial;
use crate::flows::{self, Routed, Target};
use crate::outside::{self, Admits, Proxies};

/// Whatever of it comes last: the policy, the route, its Service, the pods.
const KINDS: &[&str] = &joined::<{ ROUTE_KINDS.len() + WORKLOAD_KINDS.len() + 2 }>(&[
    ROUTE_KINDS,
    WORKLOAD_KINDS,
    &["NetworkPolicy.networking.k8s.io", "Service"],
]);

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "ingress-path-blocked",
    title: "A route leads to pods that admit nobody from outside of their namespace",
    severity: Severity::Error,
    kinds: KINDS,
    // Routes, Services, pods and namespaces.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    if bundle.policies().all().is_empty() {
        return;
    }
    let dead = dead::nodes(&dead::peers(bundle));
    let proxies = Proxies::new(bundle);
    let mut told = BTreeSet::new();
    for routed in flows::routed(bundle) {
        for target in &routed.targets {
            if openchoreo::is_open_choreo(bundle, target.workload.object) {
                continue;
            }
            let Some((admits, decision)) = outside::admitted(bundle, routed.route, target, &dead, &proxies) else {
                continue;
            };
            let between = [
                (routed.route.object, Place::from(routed.backend.at)),
                (target.service, denial::name(target.service)),
                (target.workload.object, denial::name(target.workload.object)),
            ];
            let Some((policy, at)) = denial::blamed(bundle, &decision, Direction::Ingress, &between) else {
                continue;
            };
            if has_another_cause(bundle, &decision, target, &dead) {
                continue;
            }
            if told.insert((policy.object.index(), target.workload.pod.index(), target.port)) {
                violations.push(violation(bundle, policy, at, &routed, target, &decision, &admits));
            }
        }
    }
}

/// Whether another rule reports what keeps the requests out: a namespace asked for by a label that nothing sets, or the
/// Service's port in place of the pods'.
fn has_another_cause<'t>(
    bundle: &Bundle<'t>,
    decision: &Decision<'t>,
    target: &Target<'t>,
    dead: &BTreeSet<u32>,
) -> bool {
    let destination = End::Workload(target.workload);
    let at = (target.protocol, target.port);
    !denial::would_admit(bundle, decision, Direction::Ingress, destination, at, dead).is_empty()
        || denial::names_service_port(bundle, decision, Direction::Ingress, target)
}

fn violation<'t>(
    bundle: &Bundle<'t>,
    policy: &Policy<'t>,
    at: Place,
    routed: &Routed<'_, 't>,
    target: &Target<'t>,
    decision: &Decision<'t>,
    admits: &Admits<'t>,
) -> Violation {
    let route = routed.route;
    let namespace = match target.workload.object.namespace_text() {
        "" => "its namespace",
        name => name,
    };
    let whom = match admits {
        Admits::Only(names) => format!("admits only {}", names.join(", ")),
        Admits::Outside | Admits::Nobody => format!("admits no source outside {namespace}"),
    };
    let (way, fails) = match route.purpose {
        Purpose::Entry => (
            format!(
                "{} {} is open to the outside",
                route.object.kind_text(),
                route.object.called()
            ),
            "",
        ),
        _ => (
            format!(
                "{} {} routes to {}",
                route.object.kind_text(),
                route.object.called(),
                target.service.called()
            ),
            " (expect 504)",
        ),
    };
    let message = format!("{way}, but {} {whom} on port {}{fails}", title(policy), target.port);
    let origin = match (route.origin(bundle), route.purpose) {
        (_, Purpose::Entry) => "ipBlock: {cidr: 0.0.0.0/0}, less what must not".to_owned(),
        (Origin::Pods(names), _) => match names.first() {
            Some(name) => format!("namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}"),
            None => "the namespace of the controller".to_owned(),
        },
        (Origin::Outside, _) => "ipBlock with the addresses of the load balancer".to_owned(),
        _ => "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: (that of the controller)}}".to_owned(),
    };
    let mut violation = Violation::new(at, message);
    for (place, what) in [
        (Place::from(routed.backend.at), "leads there"),
        (denial::rules(policy, Direction::Ingress), "admits nobody from there"),
    ] {
        if place != at {
            violation = violation.related(place, what);
        }
    }
    violation = violation.help(format!(
        "The requests come from outside of the namespace, and what the policies over {} admit on port {} is not there. \
             Add a rule for ingress with from: {origin}, and ports: {}.",
        target.workload.title(),
        target.port,
        target.port
    ));
    for join in &target.joins {
        violation = violation.through(join);
    }
    if let Some(join) = bundle.nearest(policy.object, &[target.workload.object]).first() {
        violation = violation.through(join);
    }
    // What comes to a node's port by way of the pod's own node is let through; a policy that denies all of a namespace, or
    // that was there before, is often one of several; who sends the requests is not always seen.
    let is_inferred = route.purpose == Purpose::Entry
        || policy.object.role() == Role::Context
        || matches!(admits, Admits::Only(_))
        || denial::is_building_block(bundle, decision, Direction::Ingress);
    if is_inferred && violation.confidence > Confidence::Medium {
        violation = violation.confidence(Confidence::Medium);
    }
    violation
}
