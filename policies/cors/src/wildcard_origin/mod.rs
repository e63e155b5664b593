//! `cors/wildcard-origin`: every site may read the answers.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::{Environment, glob};
use plimsoll_sdk::{Bundle, Confidence, Context, Node, Object, Role, Rule, Severity, Symbol, Value, Violation, word};

use crate::variable::Holds;
use crate::{Settings, origin, variable};

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "wildcard-origin",
    title: "Any site's scripts may read the answers",
    severity: Severity::Warning,
    kinds: &[],
    context: &["ConfigMap"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let hosts = Hosts::new(&context.bundle);
    for object in context
        .bundle
        .subjects()
        .filter(|object| object.kind() == word!("Ingress"))
    {
        ingress_nginx(&hosts, object, &context.settings, violations);
    }
    environments(&context.bundle, &hosts, violations);
}

/// ingress-nginx's annotations, which Traefik reads, too.
fn ingress_nginx(hosts: &Hosts<'_, '_>, object: Object<'_>, settings: &Settings, violations: &mut Vec<Violation>) {
    let Value::Known(annotations) = object.root().at(&[word!("metadata"), word!("annotations")]) else {
        return;
    };
    // Without the switch the list has no effect; where that is decided later, nothing is known. ParseBool's words.
    let enabled = annotations
        .text_of(word!("nginx.ingress.kubernetes.io/enable-cors"))
        .known();
    if !enabled.is_some_and(|text| matches!(text, "true" | "True" | "TRUE" | "t" | "T" | "1")) {
        return;
    }
    let Value::Known(list) = annotations.get(word!("nginx.ingress.kubernetes.io/cors-allow-origin")) else {
        return;
    };
    let Some(entry) = list.text().known().and_then(origin::wildcard) else {
        return;
    };
    if is_public(object, settings) {
        return;
    }
    let name = match object.name() {
        "" => String::new(),
        name => format!(" {name}"),
    };
    let message = format!("Ingress{name} allows any origin (cors-allow-origin: \"{entry}\")");
    violations.push(Violation::new(list, message).help(help(hosts, object)));
}

/// Whether all that an Ingress serves is declared public.
fn is_public(object: Object<'_>, settings: &Settings) -> bool {
    if settings.public_paths.is_empty() {
        return false;
    }
    let Value::Known(spec) = object.root().get(word!("spec")) else {
        return false;
    };
    let public = |path: &str| {
        settings
            .public_paths
            .iter()
            .any(|declared| glob::covers(declared, path))
    };
    let mut paths = 0;
    for rule in spec.items_of(word!("rules")) {
        let Value::Known(http) = rule.get(word!("http")) else {
            // A rule without paths sends everything to the default backend.
            return public("/");
        };
        for item in http.items_of(word!("paths")) {
            let path = item.text_of(word!("path")).or_default("/");
            if !path.known().is_some_and(public) {
                return false;
            }
            paths += 1;
        }
    }
    paths > 0 && (spec.get(word!("defaultBackend")).is_absent() || public("/"))
}

/// Variables of all containers: literals, and keys of ConfigMaps that they read.
fn environments(bundle: &Bundle<'_>, hosts: &Hosts<'_, '_>, violations: &mut Vec<Violation>) {
    let tree = bundle.tree();
    // Most bundles have no such name at all.
    if !(0..tree.symbols()).any(|symbol| variable::judge(tree.text(Symbol(symbol))).is_some()) {
        return;
    }
    // ConfigMaps that are judged, by the nodes they span; in the order of the tree.
    let maps: Vec<std::ops::Range<u32>> = bundle
        .of_kind(Symbol::default(), word!("ConfigMap"))
        .filter(|map| map.role() == Role::Subject)
        .map(Object::span)
        .collect();
    // A ConfigMap's key may be read by many containers: one finding.
    let mut found: BTreeMap<u32, Violation> = BTreeMap::new();
    for workload in bundle.workloads().iter().filter(|workload| workload.is_judged()) {
        for container in workload.containers() {
            let environment = Environment::of(bundle, workload.object, container);
            for (name, variable) in environment.iter() {
                let (Some(holds), Value::Known(value)) = (variable::judge(name), &variable.value) else {
                    continue;
                };
                let entry = match holds {
                    Holds::Origins => origin::wildcard(value),
                    Holds::Switch => variable::is_on(value).then(|| value.trim()),
                    Holds::Address => (value.trim() == "*").then_some("*"),
                };
                let Some(entry) = entry.filter(|_| !variable.secret) else {
                    continue;
                };
                let place = judged_place(&maps, workload.object, variable.at).unwrap_or_else(|| container.place());
                let name_of = match workload.name() {
                    "" => workload.object.kind_text(),
                    name => name,
                };
                let message = format!("{name_of}/{} allows any origin ({name}: \"{entry}\")", container.name());
                let mut violation = Violation::new(place, message).help(help(hosts, workload.object));
                if holds == Holds::Address {
                    // Only the code knows what it does with the site's address.
                    violation = violation.confidence(Confidence::Medium);
                }
                if variable.distant {
                    violation.confidence = violation.confidence.lowered();
                }
                found.entry(place.index()).or_insert(violation);
            }
        }
    }
    violations.extend(found.into_values());
}

/// The place of a value if it lies in an object that is judged: the workload, or one of these ConfigMaps.
fn judged_place<'t>(maps: &[std::ops::Range<u32>], object: Object<'_>, at: Node<'t>) -> Option<Node<'t>> {
    let next = maps.partition_point(|map| map.start <= at.index());
    let map = next.checked_sub(1).and_then(|last| maps.get(last));
    (object.span().contains(&at.index()) || map.is_some_and(|map| map.contains(&at.index()))).then_some(at)
}

/// Directories that are looked at for hosts beside the object's own.
const DIRECTORIES: usize = 64;
/// Hosts that a help text names.
const NAMED: usize = 3;

/// Hosts that a site could be served from, as `https://HOST`, by the Ingress and directory that have them.
struct Hosts<'b, 't> {
    bundle: &'b Bundle<'t>,
    by_scope: BTreeMap<u32, Vec<(Object<'t>, String)>>,
}

impl<'b, 't> Hosts<'b, 't> {
    fn new(bundle: &'b Bundle<'t>) -> Self {
        let mut by_scope: BTreeMap<u32, Vec<(Object<'t>, String)>> = BTreeMap::new();
        for ingress in bundle.objects().filter(|object| object.kind() == word!("Ingress")) {
            let spec = ingress.root().get(word!("spec")).known();
            for tls in spec.into_iter().flat_map(|spec| spec.items_of(word!("tls"))) {
                let names = tls.get_text("hosts").known().into_iter().flat_map(Node::items);
                for host in names
                    .filter_map(|host| host.text().known())
                    .filter(|host| !host.contains('*'))
                {
                    by_scope
                        .entry(ingress.scope())
                        .or_default()
                        .push((ingress, format!("`https://{host}`")));
                }
            }
        }
        Hosts { bundle, by_scope }
    }

    /// Some hosts that an object sees, its own directory's first.
    fn seen_by(&self, object: Object<'_>) -> Vec<&str> {
        let own = self.by_scope.get(&object.scope());
        let others = self
            .by_scope
            .iter()
            .filter(|(scope, _)| **scope != object.scope())
            .take(DIRECTORIES);
        let mut hosts: Vec<&str> = Vec::new();
        for (ingress, host) in own.into_iter().chain(others.map(|(_, hosts)| hosts)).flatten() {
            if hosts.len() == NAMED {
                break;
            }
            let other = ingress.index() != object.index() && self.bundle.sees(object, *ingress);
            if other && !hosts.contains(&host.as_str()) {
                hosts.push(host);
            }
        }
        hosts
    }
}

/// What to do, with hosts of the bundle that a site could be served from.
fn help(hosts: &Hosts<'_, '_>, object: Object<'_>) -> String {
    let hosts = hosts.seen_by(object);
    let known = match hosts.as_slice() {
        [] => String::new(),
        hosts => format!(" (served here: {})", hosts.join(", ")),
    };
    format!(
        "list the exact origins whose pages call it, scheme, host and port{known}; where any site may read the answers, \
         waive it with that reason, or declare the paths in the setting `public-paths`"
    )
}
