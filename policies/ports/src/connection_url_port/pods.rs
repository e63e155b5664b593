//! Clients of a headless Service reach the pods themselves: what counts is where those listen.

use plimsoll_sdk::kube::Selected;
use plimsoll_sdk::kube::listen::{Tier, listen_of, mentioned};
use plimsoll_sdk::{Bundle, Confidence, Value};

/// More workloads than this are not looked at.
const MAX_WORKLOADS: usize = 64;

/// Whether none of the pods listens on a port, and how sure that is; none where one does or may. Pods listen on more than is
/// declared (peers, metrics), so it is sure only where they are known to serve the very protocol, on its usual port.
pub fn refuses<'t>(
    bundle: &Bundle<'t>,
    selected: &[Selected<'t>],
    number: i64,
    usual: Option<u16>,
) -> Option<Confidence> {
    let port = u16::try_from(number).ok()?;
    let [one] = selected else { return None };
    if one.join.ambiguous || one.workloads.len() > MAX_WORKLOADS {
        return None;
    }
    let mut confidence = Confidence::High;
    for &workload in &one.workloads {
        let workload = *bundle.workloads().get(workload)?;
        let unsure = workload.containers_unknown()
            || workload.is_partial()
            || workload.host_network() != Value::Known(false)
            || mentioned(bundle, workload, port);
        if unsure {
            return None;
        }
        let mut told = false;
        let mut any = false;
        for container in workload.running() {
            let listen = listen_of(bundle, workload, container);
            if listen.unknown || listen.open || listen.has(port) {
                return None;
            }
            any |= !listen.evidence.is_empty();
            told |= listen
                .evidence
                .iter()
                .any(|evidence| matches!(evidence.tier, Tier::Process | Tier::Image) && Some(evidence.port) == usual);
        }
        // Nothing says where it listens.
        if !any {
            return None;
        }
        if !told {
            confidence = Confidence::Medium;
        }
    }
    (!one.workloads.is_empty()).then_some(confidence)
}
