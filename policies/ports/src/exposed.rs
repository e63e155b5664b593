//! What a Service exposes, in words; and which of its ports somebody meant who named another one.

use plimsoll_sdk::kube::{Selected, ServicePort, Target, openchoreo};
use plimsoll_sdk::{Bundle, Flags, Node, Object, ObjectFlags, Symbol, Value, word};

/// Longest message, in characters.
pub const MAX_MESSAGE: usize = 120;

/// How many ports a message names.
const MAX_NAMED: usize = 4;

/// The name of a Service's port.
pub fn name<'t>(port: &ServicePort<'t>) -> Option<&'t str> {
    port.node.text_of(word!("name")).known()
}

/// `80`, `80 (web)`.
pub fn one(port: &ServicePort<'_>) -> String {
    let number = port
        .port
        .known()
        .map_or_else(|| "?".to_owned(), |number| number.to_string());
    match name(port) {
        Some(name) => format!("{number} ({name})"),
        None => number,
    }
}

/// The ports of a Service as a message lists them.
pub fn list(ports: &[ServicePort<'_>]) -> String {
    let named: Vec<String> = ports.iter().take(MAX_NAMED).map(one).collect();
    let more = if ports.len() > MAX_NAMED { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// A port by number or name.
#[derive(Clone, Copy)]
pub enum Asked<'a> {
    /// By number.
    Number(i64),
    /// By name.
    Name(&'a str),
}

/// The port that was meant by one that is not exposed, if that is plain.
pub struct Meant<'t> {
    /// The port.
    pub port: ServicePort<'t>,
    /// What was asked for is where it leads to.
    pub by_target: bool,
}

/// The one port that leads to what was asked for, else the only port of the Service.
pub fn meant<'t>(ports: &[ServicePort<'t>], asked: Asked<'_>) -> Option<Meant<'t>> {
    let leads = |port: &&ServicePort<'t>| match (port.target, asked) {
        (Target::Number(number, _), Asked::Number(asked)) => number == asked,
        (Target::Name(name, at), Asked::Name(asked)) => at.tree().text(name) == asked,
        _ => false,
    };
    let mut leading = ports.iter().filter(leads);
    match (leading.next(), leading.next(), ports) {
        (Some(&port), None, _) => Some(Meant { port, by_target: true }),
        (None, _, &[port]) => Some(Meant { port, by_target: false }),
        _ => None,
    }
}

/// The ConfigMap or Secret that a node stands in, or else this object.
pub fn holder<'t>(bundle: &Bundle<'t>, at: Node<'t>, reader: Object<'t>) -> Object<'t> {
    if reader.span().contains(&at.index()) {
        return reader;
    }
    [word!("ConfigMap"), word!("Secret")]
        .into_iter()
        .flat_map(|kind| bundle.of_kind(Symbol(0), kind))
        .find(|object| object.span().contains(&at.index()))
        .unwrap_or(reader)
}

/// The pods of a Service, one entry for each alternative.
pub fn selected<'a, 't>(bundle: &'a Bundle<'t>, service: Object<'t>) -> &'a [Selected<'t>] {
    let services = &bundle.selection().services;
    let at = services.binary_search_by_key(&service.index(), |(known, _)| known.index());
    at.ok()
        .and_then(|at| services.get(at))
        .map_or(&[], |(_, selected)| selected)
}

/// Whether an object is what somebody wrote, and not what a platform or a renderer made.
pub fn is_source<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> bool {
    !object.has(ObjectFlags::RENDERED)
        && !object.has(ObjectFlags::COARSE)
        && openchoreo::outer(bundle, object).is_none()
}

/// Whether a scalar stands where it was written.
pub fn is_written(node: Node<'_>) -> bool {
    !node.flags().has(Flags::ALIAS) && node.is_final()
}

/// Whether a Service is but a name for something else, or may be.
pub fn is_alias(service: Object<'_>) -> bool {
    match service
        .root()
        .at(&[word!("spec"), word!("type")])
        .and_then(Node::symbol)
    {
        Value::Known(kind) => kind == word!("ExternalName"),
        Value::Absent => false,
        Value::Unknown => true,
    }
}

/// The message with what may be added to it, as far as there is room.
pub fn with(head: String, addition: &str) -> String {
    if head.chars().count() + addition.chars().count() <= MAX_MESSAGE {
        format!("{head}{addition}")
    } else {
        head
    }
}
