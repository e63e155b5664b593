//! A workload is told to call what its policies, or the other's, deny.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::hosts::{Destination, Reference, Source};
use plimsoll_sdk::kube::netpol::{Decision, Direction, End, Policy, Protocol};
use plimsoll_sdk::kube::{Made, WORKLOAD_KINDS, Workload, joined, openchoreo, operators};
use plimsoll_sdk::{Bundle, Confidence, Context, Place, Role, Rule, Severity, Value, Violation};

use crate::common::{peers_key, title};
use crate::dead;
use crate::denial;
use crate::flows::{self, Called, PublicHosts, Target};

/// Whatever comes last: the policy, the client, the Service that it calls.
const KINDS: &[&str] =
    &joined::<{ WORKLOAD_KINDS.len() + 2 }>(&[WORKLOAD_KINDS, &["NetworkPolicy.networking.k8s.io", "Service"]]);

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "required-flow-blocked",
    title: "A workload calls what NetworkPolicies deny",
    severity: Severity::Error,
    kinds: KINDS,
    // Clients, Services, pods and namespaces.
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
    let public = PublicHosts::new(bundle);
    let mut told = BTreeSet::new();
    for (number, &client) in bundle.workloads().iter().enumerate() {
        if openchoreo::is_open_choreo(bundle, client.object) || bundle.policies().other_layer_seen(client.object) {
            continue;
        }
        for called in flows::called(bundle, number) {
            let Some((target, direction, decision)) = denied(bundle, client, &called, &dead) else {
                continue;
            };
            // Who else calls the pods is not looked for when those come.
            let between = [client.object, target.service].map(|object| (object, denial::name(object)));
            let Some((policy, at)) = denial::blamed(bundle, &decision, direction, &between) else {
                continue;
            };
            let key = (policy.object.index(), number, target.service.index(), target.port);
            if told.insert(key) {
                violations.push(inside(
                    bundle,
                    (policy, at),
                    client,
                    &called,
                    target,
                    direction,
                    &decision,
                ));
            }
        }
        outside(bundle, number, client, &public, violations);
    }
}

/// The pods of a Service that a client may not call, with the side that denies it; nothing where any of them may be called,
/// or where another rule reports the cause.
fn denied<'c, 't>(
    bundle: &Bundle<'t>,
    client: Workload<'t>,
    called: &'c Called<'_, 't>,
    dead: &BTreeSet<u32>,
) -> Option<(&'c Target<'t>, Direction, Decision<'t>)> {
    let mut found = None;
    for target in &called.targets {
        if target.workload.pod == client.pod
            || openchoreo::is_open_choreo(bundle, target.workload.object)
            || bundle.policies().other_layer_seen(target.workload.object)
        {
            return None;
        }
        let (from, to) = (End::Workload(client), End::Workload(target.workload));
        let verdict = bundle
            .policies()
            .verdict(bundle, from, to, target.protocol, target.port);
        if verdict.allowed != Value::Known(false) {
            return None;
        }
        let (direction, decision) = if verdict.egress.allowed == Value::Known(false) {
            (Direction::Egress, verdict.egress)
        } else {
            (Direction::Ingress, verdict.ingress)
        };
        let at = (target.protocol, target.port);
        if !denial::would_admit(bundle, &decision, direction, to, at, dead).is_empty()
            || denial::names_service_port(bundle, &decision, direction, target)
        {
            return None;
        }
        found = found.or(Some((target, direction, decision)));
    }
    found
}

fn source(reference: &Reference<'_>) -> String {
    match &reference.source {
        Source::Variable(name) => name.clone(),
        Source::CommandLine => "the command line".to_owned(),
        Source::File(name) => format!("the file {name}"),
        Source::Data(key) => format!("the key {key}"),
    }
}

fn side(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}

fn inside<'t>(
    bundle: &Bundle<'t>,
    (policy, at): (&Policy<'t>, Place),
    client: Workload<'t>,
    called: &Called<'_, 't>,
    target: &Target<'t>,
    direction: Direction,
    decision: &Decision<'t>,
) -> Violation {
    let port = if target.asked == target.port {
        format!("{}:{}", target.service.called(), target.asked)
    } else {
        format!("{}:{} ({})", target.service.called(), target.asked, target.port)
    };
    let message = format!(
        "{} → {port} is denied by {} ({}); no rule admits it",
        client.object.called(),
        title(policy),
        side(direction)
    );
    let reference = called.reference;
    let peer = match direction {
        Direction::Ingress => client,
        Direction::Egress => target.workload,
    };
    let mut violation = Violation::new(at, message)
        .related(reference.at, format!("{} is told so by {}", client.title(), source(reference)))
        .help(format!(
            "Every rule counts, of every policy over these pods that is seen, and none allows this. Add one for {} with {}: {}, \
             and port {}.",
            side(direction),
            policy.object.root().tree().text(peers_key(direction)),
            snippet(policy, peer),
            target.port
        ));
    if at != denial::rules(policy, direction) {
        violation = violation.related(denial::rules(policy, direction), "denies it");
    }
    for join in &target.joins {
        violation = violation.through(join);
    }
    for workload in [client, target.workload] {
        if let Some(join) = bundle.nearest(policy.object, &[workload.object]).first() {
            violation = violation.through(join);
        }
    }
    // Another policy may follow one that was there before.
    let is_inferred = policy.object.role() == Role::Context || denial::is_building_block(bundle, decision, direction);
    if is_inferred && violation.confidence > Confidence::Medium {
        violation = violation.confidence(Confidence::Medium);
    }
    violation
}

/// A peer for a workload's pods, as YAML in a line.
fn snippet(policy: &Policy<'_>, workload: Workload<'_>) -> String {
    let labels = match workload.labels() {
        Value::Known(labels) => labels.tree().json(labels.index()),
        _ => "{}".to_owned(),
    };
    let pods = format!("podSelector: {{matchLabels: {labels}}}");
    match workload.object.namespace() {
        Value::Known(_) if policy.object.same_namespace(workload.object) == Value::Known(false) => format!(
            "namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {}}}}} and {pods}",
            workload.object.namespace_text()
        ),
        _ => pods,
    }
}

/// The pods behind a Service that an operator makes, whose labels are not known, where it serves this port.
fn pods_of<'t>(made: &Made<'t>, port: Option<u16>) -> Option<End<'t>> {
    let port = i64::from(port?);
    let serves = matches!(&made.ports, Value::Known(ports) if ports.contains(&port));
    (serves && made.place == operators::Place::Beside).then(|| End::Pods(made.by.namespace()))
}

/// What a workload calls outside of the input, at ports that its egress is not allowed at all.
fn outside<'t>(
    bundle: &Bundle<'t>,
    number: usize,
    client: Workload<'t>,
    public: &PublicHosts<'t>,
    violations: &mut Vec<Violation>,
) {
    let policies = bundle.policies();
    if policies.applying(bundle, client, Direction::Egress).is_empty() {
        return;
    }
    let hosts = bundle.hosts();
    let mut told = BTreeSet::new();
    for reference in hosts.of(bundle, number) {
        if !public.is_called(reference) {
            continue;
        }
        let to = match *hosts.destination(bundle, reference) {
            Destination::External => End::Outside,
            Destination::Address => match reference.host.parse() {
                Ok(address) => End::address(address),
                Err(_) => continue,
            },
            Destination::Made(ref made) => match pods_of(made, reference.port.number()) {
                Some(end) => end,
                None => continue,
            },
            _ => continue,
        };
        let Some(port) = reference.port.number() else { continue };
        let decision = policies.decide(
            bundle,
            Direction::Egress,
            End::Workload(client),
            to,
            Protocol::Tcp,
            port,
        );
        // Where nothing is allowed, the names cannot even be looked up, which is reported.
        let is_silent = decision
            .isolating
            .iter()
            .filter_map(|&policy| policies.get(policy))
            .all(|policy| policy.egress.rules.is_empty());
        if decision.allowed != Value::Known(false) || is_silent || !told.insert((reference.host.clone(), port)) {
            continue;
        }
        let between = [(client.object, denial::name(client.object))];
        let Some((policy, at)) = denial::blamed(bundle, &decision, Direction::Egress, &between) else {
            continue;
        };
        let message = format!(
            "{} → {}:{port} is denied by {} (egress); no rule admits it",
            client.object.called(),
            reference.host,
            title(policy)
        );
        let mut violation = Violation::new(at, message)
            .severity(Severity::Warning)
            .confidence(Confidence::Medium)
            .related(reference.at, format!("{} is told so by {}", client.title(), source(reference)))
            .help(format!(
                "{} allows nothing that it may be at this port. Add a rule for egress with the addresses under ipBlock (the labels of \
                 the pods, where they are in the cluster), and port {port}.",
                title(policy)
            ));
        if at != denial::rules(policy, Direction::Egress) {
            violation = violation.related(denial::rules(policy, Direction::Egress), "denies it");
        }
        if let Some(join) = bundle.nearest(policy.object, &[client.object]).first() {
            violation = violation.through(join);
        }
        violations.push(violation);
    }
}
