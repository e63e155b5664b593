//! OpenChoreo: what the container is told, against the endpoints beside it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use plimsoll_sdk::kube::Variable;
use plimsoll_sdk::kube::listen::{environment_role, listen_port};
use plimsoll_sdk::kube::openchoreo::{Deployed, Endpoint, component_of, deployed, endpoints};
use plimsoll_sdk::{Bundle, Edit, Fix, Node, Role, Value, Violation, word};

/// Judges everything that OpenChoreo will run: a release (or Workload) with what its binding sets over it.
pub fn check<'t>(bundle: &Bundle<'t>, violations: &mut Vec<Violation>) {
    // Several bindings of one release share what it says.
    let mut said: BTreeSet<u32> = BTreeSet::new();
    for one in deployed(bundle) {
        let subject = one.workload.is_judged() || one.binding.is_some_and(|binding| binding.role() == Role::Subject);
        let found = judge(bundle, &one).filter(|_| subject);
        violations.extend(
            found
                .filter(|(at, _)| said.insert(at.index()))
                .map(|(_, violation)| violation),
        );
    }
}

/// A variable that tells the port, and the port.
type Told<'a, 't> = (&'a str, &'a Variable<'t>, u16);

fn judge<'t>(bundle: &Bundle<'t>, one: &Deployed<'t>) -> Option<(Node<'t>, Violation)> {
    let endpoints = endpoints(one.workload)?;
    let tcp: Vec<Endpoint<'t>> = endpoints
        .into_iter()
        .filter(|endpoint| !is_udp(endpoint.node))
        .collect();
    let environment = one.environment(bundle);
    let mut told: Vec<Told<'_, 't>> = Vec::new();
    for (name, variable) in environment
        .iter()
        .filter(|(name, _)| environment_role(name) == Some(true))
    {
        let value: &Cow<'t, str> = match &variable.value {
            Value::Known(value) => value,
            _ => return None,
        };
        told.extend(listen_port(value).map(|port| (name, variable, port)));
    }
    let &(name, variable, port) = told.first()?;
    if told.iter().any(|&(_, _, other)| other != port) {
        return None;
    }
    let mut targets = tcp.iter().map(|endpoint| endpoint.target);
    // One that is not known may be the one.
    if tcp.is_empty() || targets.any(|target| !matches!(target, Value::Known(target) if target != i64::from(port))) {
        return None;
    }
    let first = tcp.first()?;
    let target = first.target.known()?;
    let component = match component_of(one.workload.object) {
        Value::Known(component) => bundle.tree().text(component),
        _ => one.workload.object.called(),
    };
    let message = format!(
        "{component} sets {name}={port}, endpoint {} targets {target}",
        first.name
    );
    // What a binding sets stands in the binding, where only that is judged.
    let place = variable.at;
    let mut violation = Violation::new(place, message).help(format!(
        "The platform sends the endpoint's traffic to port {target} of the container, and {name} tells the process to listen \
         on {port}: connections are refused. Set {name} to {target}, or give the endpoint the port that the process \
         listens on."
    ));
    for endpoint in tcp.iter().take(4) {
        let at: Node<'t> = endpoint.target_at;
        violation = violation.related(at, format!("endpoint {} targets this port", endpoint.name));
    }
    let literal = variable
        .value
        .clone()
        .known()
        .is_some_and(|value| value == port.to_string());
    if tcp.len() == 1 && literal && !variable.secret {
        violation = violation.fix(Fix {
            title: format!("set {name} to {target}"),
            safe: false,
            edits: vec![Edit::Set {
                at: place.into(),
                value: format!("\"{target}\""),
            }],
        });
    }
    Some((place, violation))
}

/// Whether an endpoint takes datagrams, of which no variable speaks.
fn is_udp(node: Node<'_>) -> bool {
    [word!("type"), word!("protocol")]
        .into_iter()
        .any(|key| node.get(key).and_then(Node::symbol) == Value::Known(word!("UDP")))
}
