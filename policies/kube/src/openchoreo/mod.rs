//! OpenChoreo's own kinds that describe containers.
//!
//! Source: OpenChoreo API types v0.1 to v1.2 (`Workload`, `ComponentRelease`, `ReleaseBinding`); objects that lie inside
//! RenderedRelease, ComponentType and Trait are objects of the bundle of their own.

mod deployed;
mod version;

use plimsoll_tree::Symbol;

use crate::{Bundle, Class, Dialect, Node, Object, Value, Workload, word, workloads_of};

pub use deployed::{Copies, Deployed, RELEASE_FIELDS, deployed, release_named};
pub use version::{Version, version};

/// OpenChoreo's API groups: the one it serves, the one it served at first, and the one that guides use though it was never
/// served.
pub const GROUPS: [&str; 3] = ["openchoreo.dev", "core.choreo.dev", "core.openchoreo.dev"];

/// Whether an API group is OpenChoreo's.
#[must_use]
pub fn is_group(group: &str) -> bool {
    GROUPS.contains(&group)
}

/// The workloads of an object of OpenChoreo's groups.
pub(crate) fn workloads<'t>(object: Object<'t>, kind: &str, spec: Value<Node<'t>>) -> Vec<Workload<'t>> {
    let holder = match kind {
        "Workload" => spec,
        // The snapshot, or the flat dialect, which has no `workload`.
        "ComponentRelease" => match spec.and_then(|spec| spec.get(word!("workload"))) {
            Value::Absent => spec,
            snapshot => snapshot,
        },
        "ReleaseBinding" => spec.and_then(|spec| spec.get(word!("workloadOverrides"))),
        // Only the flat dialect has it.
        "ComponentType" | "ClusterComponentType" => spec.and_then(|spec| spec.get_text("runtime")),
        _ => Value::Absent,
    };
    let Value::Known(pod) = holder else {
        return Vec::new();
    };
    let has = |key| pod.get(key).known().is_some();
    let dialect = if has(word!("container")) || has(word!("containers")) {
        Dialect::OpenChoreo
    } else if [word!("image"), word!("envVariables"), word!("env"), word!("ports")]
        .into_iter()
        .any(has)
    {
        Dialect::Flat
    } else {
        return Vec::new();
    };
    let class = if kind == "ReleaseBinding" {
        Class::Overrides
    } else {
        Class::OpenChoreo
    };
    vec![Workload {
        object,
        class,
        pod,
        metadata: Value::Absent,
        dialect,
    }]
}

/// Whether an object is OpenChoreo's own, or lies inside one: the platform makes what it describes, and isolates it.
#[must_use]
pub fn is_open_choreo<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> bool {
    outer(bundle, object).is_some()
}

/// The OpenChoreo object that an object is or lies in.
#[must_use]
pub fn outer<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> Option<Object<'t>> {
    let mut at = object;
    loop {
        if is_group(at.group_text()) {
            return Some(at);
        }
        // An owner has the lower index; a buffer where that is not so must not make this loop.
        let owner = at.owner().filter(|&owner| owner < at.index())?;
        at = bundle.object(owner)?;
    }
}

/// An endpoint that a component serves.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'t> {
    /// The map that describes it.
    pub node: Node<'t>,
    /// Its name: the key that holds it, or the item's `name` in the flat dialect.
    pub name: &'t str,
    /// What clients dial.
    pub port: Value<i64>,
    /// Where the container listens: `targetPort`, or the port where there is none.
    pub target: Value<i64>,
    /// The node that says where it listens; the endpoint's own where nothing does.
    pub target_at: Node<'t>,
}

/// The endpoints beside a workload's container. None where there may be some that are not seen.
#[must_use]
pub fn endpoints(workload: Workload<'_>) -> Option<Vec<Endpoint<'_>>> {
    let list = match workload.dialect {
        Dialect::OpenChoreo => workload.pod.get(word!("endpoints")),
        Dialect::Flat => workload.pod.get(word!("ports")),
        _ => Value::Absent,
    };
    match list {
        Value::Known(list) if list.is_final() => Some(list.children().map(endpoint).collect()),
        Value::Absent => Some(Vec::new()),
        _ => None,
    }
}

fn endpoint(node: Node<'_>) -> Endpoint<'_> {
    let name = match node.key_text() {
        "" => node.text_of(word!("name")).known().unwrap_or_default(),
        key => key,
    };
    let port = match node.get(word!("port")) {
        Value::Absent => node.get(word!("containerPort")),
        found => found,
    };
    let target = match node.get(word!("targetPort")) {
        Value::Absent => port,
        found => found,
    };
    Endpoint {
        node,
        name,
        port: port.and_then(Node::integer),
        target: target.and_then(Node::integer),
        target_at: target.known().unwrap_or(node),
    }
}

/// The endpoints that an object of OpenChoreo's describes: a Workload, or a release. None for every other kind, and where
/// there may be some that are not seen.
#[must_use]
pub fn endpoints_of(object: Object<'_>) -> Option<Vec<Endpoint<'_>>> {
    let workload = workloads_of(object)
        .into_iter()
        .find(|workload| workload.class == Class::OpenChoreo)?;
    endpoints(workload)
}

/// The component that an object of OpenChoreo's is, or belongs to.
#[must_use]
pub fn component_of(object: Object<'_>) -> Value<Symbol> {
    if object.kind() == word!("Component") {
        return match object.name() {
            "" => Value::Unknown,
            _ => Value::Known(object.name_symbol()),
        };
    }
    owned_by(object, word!("componentName"))
}

/// The project that an object of OpenChoreo's belongs to.
#[must_use]
pub fn project_of(object: Object<'_>) -> Value<Symbol> {
    owned_by(object, word!("projectName"))
}

/// A member of `spec.owner`, or of `spec` as in the flat dialect.
fn owned_by(object: Object<'_>, key: Symbol) -> Value<Symbol> {
    let spec = object.root().get(word!("spec"));
    let owner = spec
        .and_then(|spec| spec.get(word!("owner")))
        .and_then(|owner| owner.get(key));
    let found = match owner {
        Value::Absent => spec.and_then(|spec| spec.get(key)),
        found => found,
    };
    found.and_then(Node::symbol)
}

/// Whether two objects belong to one project, and so call each other by name once the platform has made them. Unknown for
/// what is no part of OpenChoreo.
pub(crate) fn in_one_project<'t>(bundle: &Bundle<'t>, from: Object<'t>, to: Object<'t>) -> Value<bool> {
    let (Some(from), Some(to)) = (outer(bundle, from), outer(bundle, to)) else {
        return Value::Unknown;
    };
    match (bundle.in_one_namespace(from, to), project_of(from), project_of(to)) {
        (Value::Known(false), ..) => Value::Known(false),
        (Value::Known(true), Value::Known(a), Value::Known(b)) => Value::Known(a == b),
        _ => Value::Unknown,
    }
}
