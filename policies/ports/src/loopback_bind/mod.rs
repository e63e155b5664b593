//! A server binds loopback, and traffic arrives on the pod's address.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::listen::{Tier, listen_of};
use plimsoll_sdk::kube::{
    Class, Container, Dialect, Environment, Target, WORKLOAD_KINDS, Workload, image, openchoreo, service_ports,
};
use plimsoll_sdk::{Bundle, Confidence, Context, Edit, Fix, Node, Rule, Severity, Value, Violation, word};

mod bind;

use bind::{Bind, binds};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "loopback-bind",
    title: "A server binds loopback, and traffic arrives on the pod's address",
    severity: Severity::Error,
    kinds: WORKLOAD_KINDS,
    context: &["Service?", "ConfigMap?"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut reached: Option<Reached<'_>> = None;
    for (number, &workload) in bundle.workloads().iter().enumerate() {
        let plain = matches!(
            workload.dialect,
            Dialect::Kubernetes | Dialect::OpenChoreo | Dialect::Flat
        ) && !matches!(
            workload.class,
            Class::Batch | Class::Template | Class::Overrides | Class::Other
        );
        if !workload.is_judged() || !plain || workload.containers_unknown() {
            continue;
        }
        // A container beside it may take the traffic and pass it on.
        let mut serving = workload.running();
        serving.retain(|one| !one.image().known().and_then(Node::raw_text).is_some_and(image::is_idle));
        let &[container] = serving.as_slice() else { continue };
        let quiet = container.env().next().is_none()
            && container.env_from().next().is_none()
            && container.command().is_empty()
            && container.args().is_empty();
        if quiet || workload.host_network() != Value::Known(false) || has_mesh(workload) {
            continue;
        }
        let environment = Environment::of(bundle, workload.object, container);
        let Some(bind) = binds(container, &environment) else {
            continue;
        };
        let reached = reached.get_or_insert_with(|| reached_by(bundle));
        let by = reached.get(&number).map_or(&[][..], Vec::as_slice);
        violations.extend(judge(bundle, workload, container, &bind, by));
    }
}

/// Ports of Services, by the number of the workload that they reach: a number or a name, and what the Service is called.
type Reached<'t> = BTreeMap<usize, Vec<(Target<'t>, Node<'t>, &'t str)>>;

/// More Service ports than this of one workload change nothing.
const MAX_PORTS: usize = 16;

fn reached_by<'t>(bundle: &Bundle<'t>) -> Reached<'t> {
    let mut reached: Reached<'t> = BTreeMap::new();
    for (service, selected) in &bundle.selection().services {
        let tcp = service_ports(*service).filter(|port| port.protocol == Value::Known(word!("TCP")));
        let ports: Vec<_> = tcp
            .take(MAX_PORTS)
            .map(|port| (port.target, port.node, service.called()))
            .collect();
        for &workload in selected.iter().flat_map(|one| &one.workloads) {
            let all = reached.entry(workload).or_default();
            let free = MAX_PORTS.saturating_sub(all.len());
            all.extend(ports.iter().take(free).copied());
        }
    }
    reached
}

/// Whether a mesh's proxy is put into the pods, which may reach the process on loopback.
fn has_mesh(workload: Workload<'_>) -> bool {
    let maps = [
        workload.labels(),
        workload
            .metadata
            .and_then(|metadata| metadata.get(word!("annotations"))),
    ];
    maps.into_iter().any(|map| match map {
        Value::Known(map) => map.members().any(|member| {
            let key = member.key_text();
            (key.contains("istio.io/") || key.contains("linkerd.io/") || key.contains("dapr.io/"))
                && !matches!(member.raw_text(), Some("false" | "disabled"))
        }),
        Value::Unknown => true,
        Value::Absent => false,
    })
}

/// What asks the pod's address on the port that is bound.
struct Asker<'t> {
    at: Node<'t>,
    what: String,
}

fn judge<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    container: Container<'t>,
    bind: &Bind<'t>,
    services: &[(Target<'t>, Node<'t>, &'t str)],
) -> Option<Violation> {
    let asker = asker(bundle, workload, container, bind, services)?;
    let message = format!(
        "{} binds {}; Service and probe traffic arrives on the pod IP",
        container.name(),
        bind.address
    );
    // A ConfigMap or a platform's object is another place.
    let here = workload.object.span().contains(&bind.at.index());
    let place = if here { bind.at } else { container.place() };
    let mut violation = Violation::new(place, message)
        .confidence(bind.confidence)
        .help(
            "A process bound to loopback takes connections from its own pod only: what comes from outside is refused, also from \
             the kubelet. Bind 0.0.0.0 (or ::).",
        )
        .related(asker.at, asker.what);
    if !here {
        violation = violation.related(bind.at, "the address is set here");
    }
    if here && bind.confidence >= Confidence::High {
        violation.fix = fix(bind);
    }
    Some(violation)
}

fn asker<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    container: Container<'t>,
    bind: &Bind<'t>,
    services: &[(Target<'t>, Node<'t>, &'t str)],
) -> Option<Asker<'t>> {
    // With a port of its own only that one is bound to loopback; without, the main one is, and others may not be.
    let main = match bind.port {
        Some(port) => Some(port),
        None => {
            let listen = listen_of(bundle, workload, container);
            let mut told = listen
                .evidence
                .into_iter()
                .filter(|evidence| evidence.tier == Tier::Process);
            let first = told.next().map(|evidence| evidence.port);
            if told.any(|other| Some(other.port) != first) {
                return None;
            }
            first
        }
    };
    let means = |number: i64| main.is_none_or(|main| i64::from(main) == number);
    let named = |name: &str| {
        let port = container
            .ports()
            .find(|port| port.name.known().is_some_and(|own| port.node.tree().text(own) == name))?;
        port.number.known()
    };
    let hooks = container.hooks().filter(|hook| hook.probe);
    let probe = hooks
        .filter(|hook| {
            let leaves = |key| !hook.node.at(&[key, word!("host")]).is_absent();
            !leaves(word!("httpGet")) && !leaves(word!("tcpSocket"))
        })
        .flat_map(|hook| hook.ports().map(move |at| (hook, at)))
        .find(|(_, at)| {
            let number = at.integer().known().or_else(|| at.text().known().and_then(named));
            number.is_some_and(means)
        })
        .map(|(hook, at)| Asker {
            at,
            what: format!("{} asks the pod's address", hook.name()),
        });
    let service = services.iter().find_map(|&(target, at, name)| {
        let number = match target {
            Target::Number(number, _) => Some(number),
            Target::Name(symbol, node) => named(node.tree().text(symbol)),
            Target::Unknown => None,
        };
        number.is_some_and(means).then(|| Asker {
            at,
            what: format!("Service {name} sends traffic to the pod's address"),
        })
    });
    let endpoint = || {
        let all = openchoreo::endpoints(workload)?;
        let one = all
            .into_iter()
            .find(|endpoint| endpoint.target.known().is_some_and(means))?;
        Some(Asker {
            at: one.target_at,
            what: format!("endpoint {} sends traffic to the pod's address", one.name),
        })
    };
    probe.or(service).or_else(endpoint)
}

/// Binds every address, where the host stands in a scalar of its own.
fn fix(bind: &Bind<'_>) -> Option<Fix> {
    let host = bind.host.as_deref()?;
    let text = bind
        .at
        .text()
        .known()
        .filter(|text| text.len() <= 256 && !text.contains(['\n', '"', '\\']))?;
    let every = if host.contains(':') { "::" } else { "0.0.0.0" };
    if text.matches(host).count() != 1 {
        return None;
    }
    Some(Fix {
        title: format!("bind {every}"),
        safe: false,
        edits: vec![Edit::Set {
            at: bind.at.into(),
            value: format!("\"{}\"", text.replace(host, every)),
        }],
    })
}
