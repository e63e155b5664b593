//! Connections of whole systems, compared with what another implementation of the same semantics says of them: the folder
//! `netpol` of the one that PLIMSOLL_CONFORMANCE names.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_core::bundle::{Bundle as Built, Options};
use plimsoll_core::read::{self, Limits, Manifest};
use plimsoll_kube::netpol::{End, Party, Policies, PortSet, Protocol};
use plimsoll_kube::{Bundle, Node, Symbol, Target, Value, Workload, service_ports, word};

fn collect(folder: &Path, root: &Path, manifests: &mut Vec<Manifest>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, root, manifests);
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
        {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let text = std::fs::read(&path).expect("a file");
            manifests.push(read::manifest(&name, &text, &Limits::default()));
        }
    }
}

/// `namespace/name[Kind]`; a pod goes by what owns it, unless that is its node.
fn name(workload: Workload<'_>) -> String {
    let owner = workload
        .object
        .root()
        .at(&[word!("metadata"), word!("ownerReferences")])
        .known()
        .and_then(|owners| owners.items().next())
        .filter(|owner| owner.text_of(word!("kind")) != Value::Known("Node"));
    let of = |key| owner.and_then(|owner| owner.text_of(key).known());
    format!(
        "{}/{}[{}]",
        workload.object.namespace_text(),
        of(word!("name")).unwrap_or(workload.name()),
        of(word!("kind")).unwrap_or(workload.object.kind_text()),
    )
}

/// The Services that Ingresses and Routes lead to, with the ports they name (none named: all).
fn routed<'t>(bundle: &Bundle<'t>) -> Vec<(Symbol, Value<Node<'t>>)> {
    let mut found = Vec::new();
    for object in bundle.objects() {
        let Value::Known(spec) = object.root().get(word!("spec")) else {
            continue;
        };
        match (object.group_text(), object.kind_text()) {
            ("networking.k8s.io", "Ingress") => {
                let paths = spec
                    .items_of(word!("rules"))
                    .filter_map(|rule| rule.get(word!("http")).known())
                    .flat_map(|http| http.items_of(word!("paths")));
                for path in paths {
                    let service = path.at(&[word!("backend"), word!("service")]).known();
                    let name = service.and_then(|service| service.get(word!("name")).and_then(Node::symbol).known());
                    let port = service.map(|service| {
                        let port = service.get(word!("port"));
                        port.and_then(|port| match port.get(word!("number")) {
                            Value::Absent => port.get(word!("name")),
                            number => number,
                        })
                    });
                    found.extend(name.zip(port));
                }
            }
            ("route.openshift.io", "Route") => {
                let name = spec.get(word!("to")).and_then(|to| to.get(word!("name")));
                let port = spec.get(word!("port")).and_then(|port| port.get(word!("targetPort")));
                found.extend(name.and_then(Node::symbol).known().map(|name| (name, port)));
            }
            _ => {}
        }
    }
    found
}

/// The ports of each workload that something outside of the cluster reaches through a route.
fn through_routes<'t>(bundle: &Bundle<'t>, policies: &Policies<'t>) -> Vec<(Workload<'t>, PortSet)> {
    let mut found: BTreeMap<u32, (Workload<'t>, PortSet)> = BTreeMap::new();
    for (service_name, asked) in routed(bundle) {
        for (service, selected) in &bundle.selection().services {
            if service.name_symbol() != service_name {
                continue;
            }
            let workloads = selected.iter().flat_map(|one| &one.workloads);
            for workload in workloads.filter_map(|&number| bundle.workloads().get(number)) {
                let open = policies
                    .reach(bundle, End::Pods(Value::Unknown), End::Workload(*workload))
                    .allowed;
                for port in service_ports(*service) {
                    let is_asked = match asked {
                        Value::Known(asked) => {
                            let named = port.node.get(word!("name")).and_then(Node::symbol);
                            let number = asked.integer();
                            number == port.port
                                || number == port.node.integer_of(word!("targetPort"))
                                || (!asked.symbol().is_absent() && asked.symbol() == named)
                        }
                        _ => true,
                    };
                    let Target::Number(number, _) = port.target else {
                        continue;
                    };
                    let number = u16::try_from(number).expect("a port");
                    if is_asked && open.contains(Protocol::Tcp, number) {
                        let key = workload.pod.index();
                        let entry = found.entry(key).or_insert_with(|| (*workload, PortSet::none()));
                        entry.1.add(Protocol::Tcp, number, number);
                    }
                }
            }
        }
    }
    found.into_values().collect()
}

/// Everything that may connect for sure, as the cases write it.
fn connections(manifests: Vec<Manifest>) -> BTreeSet<[String; 3]> {
    let options = Options {
        default_namespace: Some("default".to_owned()),
        ..Options::default()
    };
    let built = Built::build(manifests, &options).expect("it fits");
    let tree = built.tree();
    let bundle = Bundle::new(&tree);
    let policies = Policies::new(&bundle).filtering_host_network();
    let party = |party: Party<'_>| match party {
        Party::Workload(workload) => name(workload),
        Party::Addresses(range) => format!("{range}[External]"),
    };
    let mut found = BTreeSet::new();
    for connection in policies.connections(&bundle, bundle.workloads()) {
        let (from, to) = (party(connection.from), party(connection.to));
        // Pods of one owner are one.
        if from != to && !connection.ports.allowed.is_empty() {
            found.insert([from, to, connection.ports.allowed.to_string()]);
        }
    }
    for (workload, ports) in through_routes(&bundle, &policies) {
        found.insert(["{ingress-controller}".to_owned(), name(workload), ports.to_string()]);
    }
    found
}

#[test]
fn connections_of_whole_systems() {
    let Some(root) = std::env::var_os("PLIMSOLL_CONFORMANCE") else {
        eprintln!("skipped: PLIMSOLL_CONFORMANCE names no folder of cases");
        return;
    };
    let root = Path::new(&root).join("netpol");
    let cases = std::fs::read(root.join("cases.json")).expect("the cases");
    let cases: serde_json::Value = serde_json::from_slice(&cases).expect("JSON");
    let (mut total, mut differences) = (0, Vec::new());
    for case in cases.as_array().expect("a list") {
        let path = case["path"].as_str().expect("a path");
        let expected: BTreeSet<[String; 3]> = case["connections"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|connection| [0, 1, 2].map(|position| connection[position].as_str().expect("a text").to_owned()))
            .collect();
        let folder = root.join(path);
        let mut manifests = Vec::new();
        collect(&folder, &folder, &mut manifests);
        let found = connections(manifests);
        total += expected.len();
        let missing = expected
            .difference(&found)
            .map(|one| format!("{path}: missing {}", one.join(" | ")));
        let surplus = found
            .difference(&expected)
            .map(|one| format!("{path}: surplus {}", one.join(" | ")));
        differences.extend(missing.chain(surplus));
    }
    eprintln!("{total} connections, {} differences", differences.len());
    assert!(total > 0);
    assert!(differences.is_empty(), "{differences:#?}");
}
