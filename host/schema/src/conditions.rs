//! What the API server asks of a map depending on what else is in it.
//!
//! From the API reference and the validation of the API server, confirmed with 1.34. What a rule of another policy says
//! (probe handlers, environment variables, selectors) is left to that.

use plimsoll_core::policy::Place;
use plimsoll_tree::{Flags, Kind, Object, word};

use crate::custom::member;
use crate::model::Need;
use crate::rules::Found;
use crate::stands_alone;
use crate::walk::Walk;

/// Groups whose kinds are questions or orders, not objects that are kept: they need no name.
const NAMELESS: [&str; 2] = ["authentication.k8s.io", "authorization.k8s.io"];

/// Kinds whose pods restart always, and those whose pods must end.
const RESTARTING: [&str; 5] = [
    "DeploymentSpec",
    "DaemonSetSpec",
    "StatefulSetSpec",
    "ReplicaSetSpec",
    "ReplicationControllerSpec",
];

/// Paths that `fieldRef` of an environment variable takes.
const FIELD_PATHS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// An object needs a name, or a prefix to make one from.
pub(crate) fn named(walk: &mut Walk<'_, '_>, object: &Object) {
    let tree = walk.tree;
    if !stands_alone(tree, object) || NAMELESS.contains(&tree.text(object.group)) {
        return;
    }
    let metadata = tree.get(object.root, word!("metadata"));
    let at = metadata.unwrap_or(object.root);
    let Some(node) = tree.node(at) else { return };
    if node.flags.has(Flags::NOT_FINAL) || !matches!(node.kind, Kind::Map | Kind::Null) {
        return;
    }
    if metadata.is_some() && (given(walk, at, "name") || given(walk, at, "generateName")) {
        return;
    }
    match metadata.and_then(|metadata| member(tree, metadata, "name")) {
        Some(name) => {
            let field = walk.field(name);
            walk.report(
                Found::MissingRequired,
                Place::Node(name),
                format!("{field} is required, and empty"),
                |_| {},
            );
        }
        None if metadata.is_none() => walk.absent(object.root, "metadata", Need::Filled),
        None => walk.absent(at, "name", Need::Filled),
    }
}

/// Whether a type has conditions.
pub(crate) fn concern(of: &str) -> bool {
    const TYPES: [&str; 15] = [
        "ServiceSpec",
        "PersistentVolumeClaimSpec",
        "PersistentVolumeSpec",
        "PolicyRule",
        "NetworkPolicyPeer",
        "ServiceBackendPort",
        "IngressBackend",
        "IngressSpec",
        "EndpointSubset",
        "LabelSelectorRequirement",
        "SeccompProfile",
        "PodSpec",
        "MetricSpec",
        "ObjectFieldSelector",
        "ClusterRoleBinding",
    ];
    of == "JobSpec" || TYPES.contains(&of) || RESTARTING.contains(&of)
}

/// A map of a built-in type, all of whose members are known.
pub(crate) fn check(walk: &mut Walk<'_, '_>, at: u32, of: &str) {
    match of {
        "ServiceSpec" => service(walk, at),
        "PersistentVolumeClaimSpec" => claim(walk, at),
        "PersistentVolumeSpec" => volume(walk, at),
        "PolicyRule" => {
            let urls = given(walk, at, "nonResourceURLs");
            for name in ["apiGroups", "resources"] {
                if !urls && !given(walk, at, name) {
                    walk.absent(at, name, Need::Filled);
                }
            }
        }
        "NetworkPolicyPeer" => one_of(walk, at, &["podSelector", "namespaceSelector", "ipBlock"]),
        "ServiceBackendPort" => one_of(walk, at, &["number", "name"]),
        "IngressBackend" => one_of(walk, at, &["service", "resource"]),
        "IngressSpec" => one_of(walk, at, &["rules", "defaultBackend"]),
        "EndpointSubset" => {
            one_of(walk, at, &["addresses", "notReadyAddresses"]);
            port_names(walk, at);
        }
        "LabelSelectorRequirement" => needs(walk, at, ("operator", &["In", "NotIn"]), "values"),
        "SeccompProfile" => needs(walk, at, ("type", &["Localhost"]), "localhostProfile"),
        "PodSpec" => needs(walk, at, ("dnsPolicy", &["None"]), "dnsConfig"),
        "MetricSpec" => metric(walk, at),
        "ObjectFieldSelector" => field_path(walk, at),
        "ClusterRoleBinding" => cluster_wide(walk, at),
        "JobSpec" => restart(walk, at, true),
        name if RESTARTING.contains(&name) => restart(walk, at, false),
        _ => {}
    }
}

/// Whether a member is there and neither null nor empty; what is not final counts as there.
fn given(walk: &Walk<'_, '_>, at: u32, key: &str) -> bool {
    let tree = walk.tree;
    member(tree, at, key).is_some_and(|child| {
        tree.node(child).is_some_and(|node| {
            let empty = match node.kind {
                Kind::Null => true,
                Kind::String => node.value == 0,
                Kind::Integer => tree.integer(child) == Some(0),
                Kind::Sequence => tree.children(child).next().is_none(),
                _ => false,
            };
            !empty || node.flags.has(Flags::NOT_FINAL)
        })
    })
}

/// The text of a member, if it is final.
fn text<'a>(walk: &Walk<'a, '_>, at: u32, key: &str) -> Option<&'a str> {
    crate::custom::text(walk.tree, member(walk.tree, at, key)?)
}

/// Whether all there is of a member is known.
fn settled(walk: &Walk<'_, '_>, at: u32, key: &str) -> bool {
    let node = member(walk.tree, at, key).and_then(|child| walk.tree.node(child));
    node.is_none_or(|node| !node.flags.has(Flags::NOT_FINAL))
}

/// A member that is needed where another has one of these values.
fn needs(walk: &mut Walk<'_, '_>, at: u32, (key, values): (&str, &[&str]), needed: &str) {
    if text(walk, at, key).is_some_and(|found| values.contains(&found)) && !given(walk, at, needed) {
        walk.absent(at, needed, Need::Filled);
    }
}

/// A map that needs one of several members.
fn one_of(walk: &mut Walk<'_, '_>, at: u32, names: &[&str]) {
    if walk.left == 0 || names.iter().any(|name| given(walk, at, name)) {
        return;
    }
    if walk.is_partial() {
        return;
    }
    let field = walk.field(at);
    let place = match walk.tree.node(at).and_then(|node| node.key) {
        Some(_) => Place::Key(at),
        None => Place::Node(at),
    };
    let message = format!("{field} needs {}", names.join(" or "));
    walk.report(Found::MissingRequired, place, message, |violation| {
        violation.help = Some("The API server refuses the object without it.".to_owned());
    });
}

/// A text that must be one of these here.
fn only(walk: &mut Walk<'_, '_>, at: u32, key: &str, values: &[&str]) {
    let Some(found) = text(walk, at, key).filter(|found| !found.is_empty() && !values.contains(found)) else {
        return;
    };
    if let Some(node) = member(walk.tree, at, key) {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        walk.refused(node, found, &values);
    }
}

fn service(walk: &mut Walk<'_, '_>, at: u32) {
    if !settled(walk, at, "type") || !settled(walk, at, "clusterIP") {
        return;
    }
    let external = text(walk, at, "type") == Some("ExternalName");
    if external {
        if !given(walk, at, "externalName") {
            walk.absent(at, "externalName", Need::Filled);
        }
    } else if text(walk, at, "clusterIP") != Some("None") && !given(walk, at, "ports") {
        walk.absent(at, "ports", Need::Filled);
    }
    port_names(walk, at);
}

/// Several ports need a name each.
fn port_names(walk: &mut Walk<'_, '_>, at: u32) {
    let tree = walk.tree;
    let Some(ports) = member(tree, at, "ports").filter(|_| settled(walk, at, "ports")) else {
        return;
    };
    let list: Vec<u32> = tree.children(ports).collect();
    let map = |port: &u32| {
        tree.node(*port)
            .is_some_and(|node| node.kind == Kind::Map && !node.flags.has(Flags::NOT_FINAL))
    };
    if list.len() < 2 || tree.node(ports).is_none_or(|node| node.kind != Kind::Sequence) {
        return;
    }
    for port in list.into_iter().filter(map) {
        if !given(walk, port, "name") {
            walk.absent(port, "name", Need::Filled);
        }
    }
}

fn claim(walk: &mut Walk<'_, '_>, at: u32) {
    let tree = walk.tree;
    let Some(resources) = member(tree, at, "resources").filter(|_| given(walk, at, "resources")) else {
        walk.absent(at, "resources", Need::Filled);
        return;
    };
    if !settled(walk, at, "resources") {
        return;
    }
    match member(tree, resources, "requests").filter(|_| given(walk, resources, "requests")) {
        None => walk.absent(resources, "requests", Need::Filled),
        Some(requests) if !settled(walk, resources, "requests") || member(tree, requests, "storage").is_some() => {}
        Some(requests) => walk.absent(requests, "storage", Need::Filled),
    }
}

fn volume(walk: &mut Walk<'_, '_>, at: u32) {
    /// What a PersistentVolume's spec may hold beside the volume itself.
    const OTHERS: [&str; 9] = [
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    ];
    let tree = walk.tree;
    let map = |node: u32| tree.node(node).is_some_and(|node| node.kind == Kind::Map);
    if let Some(capacity) = member(tree, at, "capacity").filter(|&node| map(node) && settled(walk, at, "capacity"))
        && member(tree, capacity, "storage").is_none()
    {
        walk.absent(capacity, "storage", Need::Filled);
    }
    let key = |child: u32| {
        tree.node(child)
            .and_then(|node| node.key)
            .map_or("", |key| tree.text(key))
    };
    let source =
        |child: u32| tree.node(child).is_some_and(|node| node.kind != Kind::Null) && !OTHERS.contains(&key(child));
    if !tree.children(at).any(source) {
        let field = walk.field(at);
        let message = format!("{field} needs a volume, such as csi, nfs or hostPath");
        walk.report(Found::MissingRequired, Place::Key(at), message, |violation| {
            violation.help = Some("The API server refuses the object without it.".to_owned());
        });
    }
}

/// What has no namespace of its own cannot lend one, and refers to what has none.
fn cluster_wide(walk: &mut Walk<'_, '_>, at: u32) {
    let tree = walk.tree;
    if let Some(reference) = member(tree, at, "roleRef") {
        only(walk, reference, "kind", &["ClusterRole"]);
    }
    let Some(subjects) = member(tree, at, "subjects") else {
        return;
    };
    for subject in tree.children(subjects) {
        let known = tree
            .node(subject)
            .is_some_and(|node| node.kind == Kind::Map && !node.flags.has(Flags::NOT_FINAL));
        if known && text(walk, subject, "kind") == Some("ServiceAccount") && !given(walk, subject, "namespace") {
            walk.absent(subject, "namespace", Need::Filled);
        }
    }
}

/// A metric needs the member that its type names.
fn metric(walk: &mut Walk<'_, '_>, at: u32) {
    let wanted = match text(walk, at, "type") {
        Some("Resource") => "resource",
        Some("ContainerResource") => "containerResource",
        Some("Pods") => "pods",
        Some("Object") => "object",
        Some("External") => "external",
        _ => return,
    };
    if !given(walk, at, wanted) {
        walk.absent(at, wanted, Need::Filled);
    }
}

/// What an environment variable may take from its pod. Files take other paths.
fn field_path(walk: &mut Walk<'_, '_>, at: u32) {
    let key = walk
        .tree
        .node(at)
        .and_then(|node| node.key)
        .map_or("", |key| walk.tree.text(key));
    let holder = walk.bundle.pointer(walk.object, at).unwrap_or_default();
    let Some(path) = text(walk, at, "fieldPath").filter(|path| !path.is_empty()) else {
        return;
    };
    let of_map = ["metadata.labels['", "metadata.annotations['"]
        .iter()
        .any(|start| path.starts_with(start));
    if key == "fieldRef" && holder.ends_with("/valueFrom/fieldRef") && !of_map {
        only(walk, at, "fieldPath", &FIELD_PATHS);
    }
}

/// How pods of a workload may restart: a Job's must end, the others' go on.
fn restart(walk: &mut Walk<'_, '_>, at: u32, ends: bool) {
    let tree = walk.tree;
    let Some(template) = member(tree, at, "template").filter(|_| settled(walk, at, "template")) else {
        return;
    };
    let Some(spec) = member(tree, template, "spec").filter(|_| settled(walk, template, "spec")) else {
        return;
    };
    if tree.node(spec).is_none_or(|node| node.kind != Kind::Map) {
        return;
    }
    if !ends {
        return only(walk, spec, "restartPolicy", &["Always"]);
    }
    if given(walk, spec, "restartPolicy") {
        only(walk, spec, "restartPolicy", &["OnFailure", "Never"]);
    } else {
        walk.absent(spec, "restartPolicy", Need::Filled);
    }
}
