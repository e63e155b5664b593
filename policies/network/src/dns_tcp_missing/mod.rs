//! DNS is allowed over UDP, but not over TCP.

use plimsoll_sdk::kube::netpol::{Direction, Peers, Policy, PolicyRule, PortRef, Ports, Protocol};
use plimsoll_sdk::{Bundle, Confidence, Context, Edit, Fix, Node, Rule, Severity, Value, Violation, word};

use crate::common::{Selected, cluster_dns, is_editable, judged, peers_key, title};
use plimsoll_sdk::kube::netpol::End;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "dns-tcp-missing",
    title: "A NetworkPolicy allows DNS over UDP only",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Other policies over the same pods may allow it.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// Where DNS servers answer.
const DNS: u16 = 53;

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut selected = None;
    for (number, policy) in judged(bundle) {
        let egress = &policy.egress;
        if egress.effect != Value::Known(true) || egress.open {
            continue;
        }
        for rule in &egress.rules {
            let Some(udp) = over_udp_only(rule) else { continue };
            if egress.rules.iter().any(|other| allows_tcp(rule, other)) {
                continue;
            }
            let selected = selected.get_or_insert_with(|| Selected::new(bundle, Direction::Egress));
            let workloads = selected.of(number);
            if workloads.is_empty() || !workloads.iter().all(|&workload| elsewhere(bundle, workload)) {
                violations.push(violation(policy, rule, udp));
            }
        }
    }
}

/// The item that allows DNS over UDP, in a rule that does not allow it over TCP.
fn over_udp_only<'t>(rule: &PolicyRule<'t>) -> Option<Node<'t>> {
    let Ports::Any(ports) = &rule.ports else { return None };
    let mut udp = None;
    for port in ports {
        let is_dns = match port.port {
            PortRef::Range(first, last, _) => (first..=last).contains(&DNS),
            // A name may stand for it.
            PortRef::All | PortRef::Name(..) | PortRef::Unknown => true,
            PortRef::Nothing => false,
        };
        let is_one = matches!(port.port, PortRef::Range(first, last, _) if first == last);
        match port.protocol {
            Value::Known(Protocol::Udp) if is_dns && is_one => udp = udp.or(Some(port.node)),
            Value::Known(Protocol::Udp | Protocol::Sctp) => {}
            _ if is_dns => return None,
            _ => {}
        }
    }
    udp
}

/// Whether another rule of the policy allows TCP 53 to the peers of a rule, or to everyone.
fn allows_tcp(rule: &PolicyRule<'_>, other: &PolicyRule<'_>) -> bool {
    let tcp = match &other.ports {
        Ports::All | Ports::Unknown => true,
        Ports::Any(ports) => ports.iter().any(|port| {
            let protocol =
                port.protocol != Value::Known(Protocol::Udp) && port.protocol != Value::Known(Protocol::Sctp);
            protocol
                && match port.port {
                    PortRef::Range(first, last, _) => (first..=last).contains(&DNS),
                    PortRef::Nothing => false,
                    PortRef::All | PortRef::Name(..) | PortRef::Unknown => true,
                }
        }),
    };
    let peers = |rule: &PolicyRule<'_>| {
        let list = rule.node.get(peers_key(Direction::Egress)).known();
        list.map(|list| list.tree().json(list.index()))
    };
    tcp && (!matches!(other.peers, Peers::Any(_)) || peers(rule) == peers(other))
}

/// Whether the policies over a workload, all together, let it reach a cluster's DNS over TCP, or may.
fn elsewhere(bundle: &Bundle<'_>, workload: usize) -> bool {
    bundle.workloads().get(workload).is_some_and(|&workload| {
        let policies = bundle.policies();
        cluster_dns(bundle).into_iter().any(|dns| {
            let own = End::Workload(workload);
            let decision = policies.decide(bundle, Direction::Egress, own, dns, Protocol::Tcp, DNS);
            decision.allowed != Value::Known(false)
        })
    })
}

fn violation<'t>(policy: &Policy<'t>, rule: &PolicyRule<'t>, udp: Node<'t>) -> Violation {
    let at = udp.get(word!("port")).known().unwrap_or(udp);
    let mut violation = Violation::new(at, format!("{} allows DNS over UDP only", title(policy)))
        .confidence(Confidence::Certain)
        .help(
            "A client asks again over TCP when an answer does not fit into a datagram (many addresses of a headless Service, \
             DNSSEC, large TXT records), and that is denied here. Add port 53 with protocol TCP beside it.",
        );
    if let Value::Known(ports) = rule.node.get(word!("ports"))
        && is_editable(policy.object, ports)
    {
        violation = violation.fix(Fix {
            title: "allow TCP 53 beside UDP 53".to_owned(),
            safe: true,
            edits: vec![Edit::Insert {
                into: ports.into(),
                key: "-".to_owned(),
                value: "{\"protocol\": \"TCP\", \"port\": 53}".to_owned(),
            }],
        });
    }
    violation
}
