//! A process is told to call a Service on a port that it does not expose.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::hosts::{Destination, Dialled, Reference, Source, default_port, exposed};
use plimsoll_sdk::kube::{Selected, ServicePort, Target, WORKLOAD_KINDS, is_headless, joined, service_ports};
use plimsoll_sdk::{Bundle, Confidence, Context, Join, Node, Object, Role, Rule, Severity, Value, Violation, word};

use crate::exposed::{Asked, holder, list, meant, one, selected, with};

mod fix;
mod pods;

/// What makes pods, what their processes read, and Services.
const KINDS: &[&str] = &joined::<{ WORKLOAD_KINDS.len() + 3 }>(&[WORKLOAD_KINDS, &["ConfigMap", "Secret", "Service"]]);

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "connection-url-port",
    title: "A process calls a Service on a port that it does not expose",
    severity: Severity::Error,
    kinds: KINDS,
    context: KINDS,
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let hosts = bundle.hosts();
    let mut seen: BTreeSet<(u32, Option<usize>)> = BTreeSet::new();
    for reference in hosts.all(bundle) {
        let Some(number) = reference.port.number() else {
            continue;
        };
        let destination = hosts.destination(bundle, reference);
        let Destination::Service { service, join, pod } = &*destination else {
            continue;
        };
        let number = i64::from(number);
        if service_ports(*service).any(|port| port.port == Value::Known(number)) {
            continue;
        }
        let Some(ports) = exposed(*service).filter(|ports| !ports.is_empty()) else {
            continue;
        };
        // The mapping of a headless Service is another rule's.
        let leads = |port: &ServicePort<'_>| matches!(port.target, Target::Number(target, _) if target == number);
        let selected = selected(bundle, *service);
        if is_own(reference, selected)
            || reference.is_for_others()
            || is_no_call(reference)
            || is_host_alias(bundle, reference)
        {
            continue;
        }
        let mut confidence = confidence(reference);
        if *pod || is_headless(*service) {
            if ports.iter().any(leads) {
                continue;
            }
            match pods::refuses(bundle, selected, number, default_port(&reference.scheme)) {
                Some(known) => confidence = confidence.min(known),
                None => continue,
            }
        }
        // A text that several workloads read is said once.
        if !seen.insert((
            reference.at.index(),
            reference.within.as_ref().map(|within| within.start),
        )) {
            continue;
        }
        let call = Call {
            bundle,
            reference,
            service: *service,
            ports: &ports,
            number,
        };
        violations.extend(call.violation(join, confidence));
    }
}

fn confidence(reference: &Reference<'_>) -> Confidence {
    let in_file = reference.at.raw_text().is_some_and(|text| text.contains('\n'));
    let unsaid = matches!(reference.port, Dialled::Scheme(_));
    // A file says `http://web` for many reasons; a template may leave out what stands in it.
    let base = if !reference.certain || (in_file && unsaid) {
        Confidence::Medium
    } else {
        Confidence::High
    };
    if reference.distant { base.lowered() } else { base }
}

/// Whether a process names the Service that it stands behind: what others should dial, or its own address.
fn is_own(reference: &Reference<'_>, selected: &[Selected<'_>]) -> bool {
    reference
        .workload
        .is_some_and(|number| selected.iter().any(|one| one.workloads.binary_search(&number).is_ok()))
}

/// Words before a host on its line that say that nothing calls it there.
const NO_CALL: &[&str] = &[
    "origin",
    "cors",
    "listen",
    "advertis",
    "bind",
    "server_name",
    "image",
    "referer",
    "csp",
    "issuer",
    "audience",
    "entityid",
];

/// Whether the text around the host says that it is not called: where to listen, who may call, who somebody is.
fn is_no_call(reference: &Reference<'_>) -> bool {
    // Kafka's names of listeners; its own rule reads them.
    let listener = !reference.scheme.is_empty()
        && reference
            .scheme
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit());
    let named = match &reference.source {
        Source::Variable(name) | Source::Data(name) => NO_CALL.iter().any(|word| contains(name.as_bytes(), word)),
        Source::CommandLine | Source::File(_) => false,
    };
    let before = reference.within.as_ref().and_then(|within| {
        let text = reference.at.raw_text()?.as_bytes().get(..within.start)?;
        let line = text.rsplit(|&byte| byte == b'\n').next()?;
        line.get(line.len().saturating_sub(200)..)
    });
    listener || named || before.is_some_and(|line| NO_CALL.iter().any(|word| contains(line, word)))
}

/// Whether a text has a word, whatever its case.
fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether the pod has an address of its own for the host.
fn is_host_alias(bundle: &Bundle<'_>, reference: &Reference<'_>) -> bool {
    let workload = reference.workload.and_then(|number| bundle.workloads().get(number));
    let aliases = workload.map_or(Value::Absent, |workload| workload.pod.get_text("hostAliases"));
    let list = aliases.known().into_iter().flat_map(Node::items);
    aliases.is_unknown()
        || list
            .flat_map(|alias| alias.items_of(word!("hostnames")))
            .any(|name| name.raw_text().is_some_and(|name| name == reference.host))
}

/// A call of a Service on a port that it does not expose.
struct Call<'a, 't> {
    bundle: &'a Bundle<'t>,
    reference: &'a Reference<'t>,
    service: Object<'t>,
    ports: &'a [ServicePort<'t>],
    number: i64,
}

impl<'t> Call<'_, 't> {
    fn violation(&self, join: &Join<'t>, confidence: Confidence) -> Option<Violation> {
        let reference = self.reference;
        let holder = holder(self.bundle, reference.at, reference.from);
        let judged = holder.role() == Role::Subject;
        let own = reference.from.role() == Role::Subject;
        let exposes = self.ports.first()?.node;
        let place = if judged {
            reference.at
        } else if own {
            reference.container.map_or(reference.at, |container| container.place())
        } else if self.service.role() == Role::Subject {
            exposes
        } else {
            return None;
        };
        let mut violation = Violation::new(place, self.message(holder))
            .confidence(confidence)
            .help(self.help());
        if reference.secret {
            violation = violation.sensitive();
        } else if let Some(within) = reference.within.clone().filter(|_| judged) {
            violation = violation.within(within);
        }
        if place != exposes {
            violation = violation.related(exposes, format!("what Service {} exposes", self.service.called()));
        }
        if let Dialled::Written { at, .. } = &reference.port
            && *at != reference.at
            && !reference.secret
            && judged
        {
            violation = violation.related(*at, format!("port {}", self.number));
        }
        if judged && !join.distant && !join.ambiguous {
            violation.fix = fix::of(self.bundle, reference, holder, self.service, self.ports, self.number);
        }
        Some(violation.through(join))
    }

    fn message(&self, holder: Object<'t>) -> String {
        let reference = self.reference;
        let who = match &reference.source {
            _ if holder != reference.from || reference.workload.is_none() => {
                format!(
                    "{} {} key {}",
                    holder.kind_text(),
                    holder.called(),
                    reference.at.key_text()
                )
            }
            Source::Variable(name) => format!("{} {} {name}", holder.kind_text(), holder.called()),
            _ => {
                let container = reference.container.map_or("", |container| container.name());
                format!("{} {}/{container}", holder.kind_text(), holder.called())
            }
        };
        let service = self.service.called();
        if reference.secret {
            return format!("{who} connects to Service {service} on a port that it does not expose");
        }
        let ports = list(self.ports);
        let head = format!(
            "{who} connects to {}:{}, but Service {service} exposes {ports}",
            reference.host, self.number
        );
        match meant(self.ports, Asked::Number(self.number)) {
            Some(meant) if meant.by_target => with(head, &format!(" (did you mean {}?)", one(&meant.port))),
            _ => head,
        }
    }

    fn help(&self) -> String {
        let unsaid = if matches!(self.reference.port, Dialled::Scheme(_)) && !self.reference.secret {
            format!(" No port is written, so the scheme's is dialled: {}.", self.number)
        } else {
            String::new()
        };
        format!(
            "Clients dial the Service's `port`; a Service drops what comes on any other one, and the connection times out or \
             is refused. Service {} exposes {}.{unsaid}",
            self.service.called(),
            list(self.ports)
        )
    }
}
