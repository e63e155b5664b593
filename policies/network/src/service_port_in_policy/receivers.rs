//! At which ports pods receive what Services forward.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sdk::kube::netpol::Protocol;
use plimsoll_sdk::kube::{ServicePort, listen, service_ports};
use plimsoll_sdk::{Bundle, Join, Node, Object, Value};

use crate::common::targets;

/// How many pods that are far away are looked at for one port.
const MAX_FAR: usize = 1024;

/// A Service that forwards a port to another one of a workload's pods.
#[derive(Clone)]
pub struct Remap<'t> {
    /// Number of the workload.
    pub workload: usize,
    /// The Service.
    pub service: Object<'t>,
    /// Where it says so.
    pub place: Node<'t>,
    /// The port of the pods.
    pub target: u16,
    /// How Service and pods found each other.
    pub join: Join<'t>,
}

/// What is known of one workload.
#[derive(Default)]
struct Receiver<'t> {
    /// By port of a Service: where it leads to, if elsewhere.
    remaps: BTreeMap<(Protocol, u16), Vec<Remap<'t>>>,
    /// Where Services lead to.
    targets: BTreeSet<(Protocol, u16)>,
    /// A Service leads somewhere that is not known.
    open: bool,
}

/// All workloads behind Services.
pub struct Receivers<'t> {
    by_workload: BTreeMap<usize, Receiver<'t>>,
    /// Workloads by the port of a Service that leads elsewhere, with their directories.
    by_port: BTreeMap<(Protocol, u16), Vec<(u32, usize)>>,
}

impl<'t> Receivers<'t> {
    /// Reads all Services; linear.
    pub fn new(bundle: &Bundle<'t>) -> Self {
        let mut all = Receivers {
            by_workload: BTreeMap::new(),
            by_port: BTreeMap::new(),
        };
        for (service, alternatives) in &bundle.selection().services {
            for port in service_ports(*service) {
                for selected in alternatives {
                    for &number in &selected.workloads {
                        all.add(bundle, *service, port, number, &selected.join);
                    }
                }
            }
        }
        for list in all.by_port.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        all
    }

    fn add(&mut self, bundle: &Bundle<'t>, service: Object<'t>, port: ServicePort<'t>, number: usize, join: &Join<'t>) {
        let Some(&workload) = bundle.workloads().get(number) else {
            return;
        };
        let receiver = self.by_workload.entry(number).or_default();
        let asked = port.port.known().and_then(|port| u16::try_from(port).ok());
        let protocol = port.protocol.known().and_then(Protocol::from_symbol);
        let (Some(asked), Some(protocol), Some(targets)) = (asked, protocol, targets(workload, port)) else {
            receiver.open = true;
            return;
        };
        receiver
            .targets
            .extend(targets.iter().map(|&target| (protocol, target)));
        if let &[target] = targets.as_slice()
            && target != asked
        {
            receiver.remaps.entry((protocol, asked)).or_default().push(Remap {
                workload: number,
                service,
                place: port.node,
                target,
                join: join.clone(),
            });
            let entry = self.by_port.entry((protocol, asked)).or_default();
            entry.push((workload.object.scope(), number));
        }
    }

    /// Whether no Service forwards a port to another one.
    pub fn is_empty(&self) -> bool {
        self.by_port.is_empty()
    }

    /// The workloads that a Service forwards a port of to another one and that are wanted: those in the directory of an
    /// object, or else all.
    pub fn near(&self, from: Object<'t>, protocol: Protocol, port: u16, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        let all = self.by_port.get(&(protocol, port)).map_or(&[][..], Vec::as_slice);
        let start = all.partition_point(|&(scope, _)| scope < from.scope());
        let end = all.partition_point(|&(scope, _)| scope <= from.scope());
        let pick = |list: &[(u32, usize)]| -> Vec<usize> {
            let numbers = list.iter().take(MAX_FAR).map(|&(_, number)| number);
            numbers.filter(|&number| wanted(number)).collect()
        };
        let own = pick(all.get(start..end).unwrap_or_default());
        if own.is_empty() { pick(all) } else { own }
    }

    /// What Services do with a port of these workloads, if at least one forwards it to another one and no pod may receive
    /// there itself.
    pub fn among(
        &self,
        bundle: &Bundle<'t>,
        protocol: Protocol,
        port: u16,
        workloads: &[usize],
    ) -> Option<Vec<Remap<'t>>> {
        let remaps: Vec<Remap<'t>> = workloads
            .iter()
            .filter_map(|number| self.by_workload.get(number))
            .filter_map(|receiver| receiver.remaps.get(&(protocol, port)))
            .flatten()
            .cloned()
            .collect();
        if remaps.is_empty()
            || workloads
                .iter()
                .any(|&number| self.may_receive(bundle, number, protocol, port))
        {
            return None;
        }
        Some(remaps)
    }

    /// Whether a workload's pods may receive at a port themselves.
    fn may_receive(&self, bundle: &Bundle<'t>, number: usize, protocol: Protocol, port: u16) -> bool {
        let Some(&workload) = bundle.workloads().get(number) else {
            return true;
        };
        let receiver = self.by_workload.get(&number);
        if receiver.is_some_and(|receiver| receiver.open || receiver.targets.contains(&(protocol, port))) {
            return true;
        }
        let running = workload.running();
        if workload.containers_unknown() || workload.is_partial() || running.iter().any(|one| one.ports_unknown()) {
            return true;
        }
        let declared = || running.iter().flat_map(|one| one.ports());
        // Of pods that nothing says a port of, nothing is known.
        if receiver.is_none() && declared().next().is_none() {
            return true;
        }
        declared().any(|one| one.number == Value::Known(i64::from(port)))
            || running
                .iter()
                .any(|&one| listen::listen_of(bundle, workload, one).has(port))
            || listen::mentioned(bundle, workload, port)
    }
}
