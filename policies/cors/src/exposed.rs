//! Which workloads clients from outside of the cluster reach.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::routes::Purpose;
use plimsoll_sdk::kube::{Workload, openchoreo};
use plimsoll_sdk::{Bundle, Node, Value};

/// Objects of workloads behind a route or an open Service, by their numbers.
struct Exposed(BTreeSet<u32>);

impl Exposed {
    fn new(bundle: &Bundle<'_>) -> Self {
        let mut services: BTreeSet<u32> = BTreeSet::new();
        let outside = |purpose| matches!(purpose, Purpose::Ingress | Purpose::Entry);
        for route in bundle.routes().all().iter().filter(|route| outside(route.purpose)) {
            for backend in &route.backends {
                if let Value::Known((service, _)) = route.service_of(bundle, backend) {
                    services.insert(service.index());
                }
            }
        }
        let selected = bundle.selection().services.iter();
        let workloads = selected
            .filter(|(service, _)| services.contains(&service.index()))
            .flat_map(|(_, selected)| selected)
            .flat_map(|selected| &selected.join.objects)
            .map(|object| object.index());
        Exposed(workloads.collect())
    }
}

/// Whether clients from outside reach a workload: by a route or an open Service, or by an endpoint that OpenChoreo opens.
pub fn is_exposed(bundle: &Bundle<'_>, workload: Workload<'_>) -> bool {
    let opened = openchoreo::endpoints(workload).unwrap_or_default();
    let external = opened.iter().any(|endpoint| {
        let visibility = endpoint.node.get_text("visibility").known();
        visibility
            .into_iter()
            .flat_map(Node::items)
            .any(|one| one.text() == Value::Known("external"))
    });
    external
        || bundle
            .memo(|| Exposed::new(bundle))
            .0
            .contains(&workload.object.index())
}
