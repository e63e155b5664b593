//! What is denied because a peer matches nothing.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sdk::kube::Workload;
use plimsoll_sdk::kube::netpol::{Decision, Direction, End};
use plimsoll_sdk::{Bundle, Value};

use crate::common::Selected;
use crate::dead::{self, Dead};
use crate::denial;
use crate::dns::{self, Says};
use crate::flows::{self, Target};
use crate::outside::{self, Admits, Proxies};

/// For each peer, by its node, something that is needed and that nothing else allows.
pub struct Needs {
    by_peer: BTreeMap<u32, String>,
}

impl Needs {
    /// Looks at DNS, routes and calls, in this order. Linear.
    pub fn new(bundle: &Bundle<'_>, all: &[Dead<'_>]) -> Self {
        let mut needs = Needs {
            by_peer: BTreeMap::new(),
        };
        let peers = dead::nodes(all);
        if peers.is_empty() {
            return needs;
        }
        needs.dns(bundle, all, &peers);
        needs.routes(bundle, &peers);
        needs.calls(bundle, &peers);
        needs
    }

    /// What a peer keeps out.
    pub fn of(&self, dead: &Dead<'_>) -> Option<&str> {
        self.by_peer.get(&dead.peer.index()).map(String::as_str)
    }

    /// DNS, where no other rule of the policies over the same pods allows it. Where no pods are seen, of the policies of the
    /// namespace.
    fn dns(&mut self, bundle: &Bundle<'_>, all: &[Dead<'_>], peers: &BTreeSet<u32>) {
        let policies = bundle.policies();
        let mut selected = None;
        for one in all
            .iter()
            .filter(|one| one.by_name && one.direction == Direction::Egress)
        {
            let Some(policy) = policies.get(one.policy) else {
                continue;
            };
            let is_home = matches!(bundle.tree().text(one.value), "kube-system" | "openshift-dns");
            let is_dns = policy
                .egress
                .rules
                .get(one.rule)
                .is_some_and(|rule| match dns::says(rule) {
                    Says::Dns => true,
                    Says::Anything => is_home,
                    Says::Other => false,
                });
            if !is_dns || policy.egress.effect != Value::Known(true) {
                continue;
            }
            let selected = selected.get_or_insert_with(|| Selected::new(bundle, Direction::Egress));
            let workloads = selected.of(one.policy);
            let is_denied = if workloads.is_empty() {
                !dns::allowed(bundle, &beside(bundle, one.policy), peers)
            } else {
                workloads
                    .iter()
                    .filter_map(|&number| bundle.workloads().get(number))
                    .any(|&workload| {
                        let applying = policies.applying(bundle, workload, Direction::Egress);
                        let set: Vec<usize> = applying.iter().map(|&(policy, _)| policy).collect();
                        !dns::allowed(bundle, &set, peers) && !policies.other_layer_seen(workload.object)
                    })
            };
            if is_denied {
                self.by_peer.entry(one.peer.index()).or_insert_with(|| "DNS".to_owned());
            }
        }
    }

    /// Requests from outside.
    fn routes(&mut self, bundle: &Bundle<'_>, peers: &BTreeSet<u32>) {
        let proxies = Proxies::new(bundle);
        for routed in flows::routed(bundle) {
            let what = format!("{} {}", routed.route.object.kind_text(), routed.route.object.called());
            for target in &routed.targets {
                let Some((Admits::Nobody, decision)) = outside::admitted(bundle, routed.route, target, peers, &proxies)
                else {
                    continue;
                };
                self.note(bundle, &decision, Direction::Ingress, target, &what, peers);
            }
        }
    }

    /// What workloads call.
    fn calls(&mut self, bundle: &Bundle<'_>, peers: &BTreeSet<u32>) {
        for (number, &client) in bundle.workloads().iter().enumerate() {
            for called in flows::called(bundle, number) {
                let what = format!("{} to call {}", client.title(), called.reference.host);
                for target in &called.targets {
                    self.denied(bundle, Direction::Ingress, target, client, &what, peers);
                    self.denied(bundle, Direction::Egress, target, client, &what, peers);
                }
            }
        }
    }

    /// Notes the peers that would allow a call which nothing else allows.
    fn denied<'t>(
        &mut self,
        bundle: &Bundle<'t>,
        direction: Direction,
        target: &Target<'t>,
        client: Workload<'t>,
        what: &str,
        peers: &BTreeSet<u32>,
    ) {
        let policies = bundle.policies();
        let (client, server) = (End::Workload(client), End::Workload(target.workload));
        let (own, other) = match direction {
            Direction::Ingress => (server, client),
            Direction::Egress => (client, server),
        };
        let decision = policies.decide_without(bundle, direction, own, other, target.protocol, target.port, peers);
        if decision.allowed == Value::Known(false) && !policies.other_layer_seen(target.workload.object) {
            self.note(bundle, &decision, direction, target, what, peers);
        }
    }

    fn note<'t>(
        &mut self,
        bundle: &Bundle<'t>,
        decision: &Decision<'t>,
        direction: Direction,
        target: &Target<'t>,
        what: &str,
        peers: &BTreeSet<u32>,
    ) {
        let destination = End::Workload(target.workload);
        let at = (target.protocol, target.port);
        for peer in denial::would_admit(bundle, decision, direction, destination, at, peers) {
            self.by_peer.entry(peer).or_insert_with(|| what.to_owned());
        }
    }
}

/// How many policies are looked at for those beside one.
const MAX_BESIDE: usize = 1024;

/// The policies that may select the same pods as one whose pods are not seen: those of its namespace with effect on egress.
fn beside(bundle: &Bundle<'_>, policy: usize) -> Vec<usize> {
    let policies = bundle.policies();
    let Some(this) = policies.get(policy) else {
        return Vec::new();
    };
    let all = policies.all().iter().enumerate().take(MAX_BESIDE);
    all.filter(|(_, other)| {
        other.egress.effect != Value::Known(false)
            && bundle.in_one_namespace(this.object, other.object) != Value::Known(false)
            && bundle.sees(this.object, other.object)
    })
    .map(|(number, _)| number)
    .collect()
}
