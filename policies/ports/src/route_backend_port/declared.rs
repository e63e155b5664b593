//! Monitors that find ports by what containers declare.

use plimsoll_sdk::kube::Workload;
use plimsoll_sdk::kube::routes::{Backend, Port, Route};
use plimsoll_sdk::{Bundle, Confidence, Object, Role, Value, Violation};

/// Parts of the names of ports that sidecars have which are put in when the pod is made.
const INJECTED: &[&str] = &["envoy", "istio", "linkerd", "proxy", "mesh", "dapr", "daprd"];

/// A PodMonitor's endpoint, or a ServiceMonitor's `targetPort` by name: no container of the pods declares it.
pub fn check<'t>(bundle: &Bundle<'t>, route: &Route<'t>, backend: &Backend<'t>) -> Option<Violation> {
    let (wanted, at) = match &backend.port {
        Port::Name { name, at, .. } => ((*name).to_owned(), *at),
        Port::Number { number, at, .. } => (number.to_string(), *at),
        _ => return None,
    };
    if INJECTED.iter().any(|word| wanted.contains(word)) {
        return None;
    }
    let monitor = route.object;
    let workloads = if monitor.kind_text() == "PodMonitor" {
        route.selected_pods(bundle, backend).known()?
    } else {
        behind(bundle, &route.selected_services(bundle, backend).known()?)?
    };
    for workload in &workloads {
        if workload.containers_unknown() || workload.is_partial() {
            return None;
        }
        for container in workload.running() {
            let has = container.ports().any(|port| match &backend.port {
                Port::Name { name, .. } => {
                    port.name.map(|symbol| at.tree().text(symbol) == *name) != Value::Known(false)
                        && !port.name.is_absent()
                }
                Port::Number { number, .. } => port.number == Value::Known(*number),
                _ => false,
            });
            if has || container.ports_unknown() {
                return None;
            }
        }
    }
    let workload = workloads
        .iter()
        .find(|workload| workload.is_judged())
        .or(workloads.first())?;
    let judged = monitor.role() == Role::Subject;
    if !judged && !workload.is_judged() {
        return None;
    }
    let title = format!("{} {}", monitor.kind_text(), monitor.called());
    let others = match workloads.len() {
        1 => String::new(),
        all => format!(" and {} more", all - 1),
    };
    let ports: Vec<String> = workload
        .running()
        .into_iter()
        .flat_map(|container| container.ports())
        .take(4)
        .map(|port| {
            let number = port
                .number
                .known()
                .map_or_else(|| "?".to_owned(), |number| number.to_string());
            match port.name.known() {
                Some(name) => format!("{number} ({})", at.tree().text(name)),
                None => number,
            }
        })
        .collect();
    let declares = if ports.is_empty() {
        "no ports".to_owned()
    } else {
        ports.join(", ")
    };
    let place = match (judged, container_place(workload)) {
        (true, _) => at,
        (false, place) => place?,
    };
    let message = format!(
        "{title} scrapes port {wanted} of {}{others}, which declares {declares}",
        workload.title()
    );
    let help = "Pods are scraped on the ports that their containers declare, by name or number: what is not declared is not \
                found, even where something listens. Declare the port, or name one that is.";
    let join = bundle.nearest(monitor, &[workload.object]).pop()?;
    let mut violation = Violation::new(place, message).confidence(Confidence::High).help(help);
    if let Some(pod) = container_place(workload).filter(|_| judged) {
        violation = violation.related(pod, format!("{} declares {declares}", workload.title()));
    }
    Some(violation.through(&join))
}

fn container_place<'t>(workload: &Workload<'t>) -> Option<plimsoll_sdk::Node<'t>> {
    workload.running().first().map(|container| container.place())
}

/// The workloads that Services select; none where one of them selects what is not seen.
fn behind<'t>(bundle: &Bundle<'t>, services: &[Object<'t>]) -> Option<Vec<Workload<'t>>> {
    let selection = &bundle.selection().services;
    let mut found = Vec::new();
    for service in services {
        let at = selection
            .binary_search_by_key(&service.index(), |(known, _)| known.index())
            .ok()?;
        let (_, selected) = selection.get(at)?;
        let [one] = selected.as_slice() else { return None };
        found.extend(
            one.workloads
                .iter()
                .filter_map(|&number| bundle.workloads().get(number).copied()),
        );
    }
    (!found.is_empty()).then_some(found)
}
