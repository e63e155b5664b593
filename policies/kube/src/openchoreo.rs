//! OpenChoreo's own kinds that describe containers.
//!
//! Source: OpenChoreo API types v0.1 to v1.2 (`Workload`, `ComponentRelease`, `ReleaseBinding`); objects that lie inside
//! RenderedRelease, ComponentType and Trait are objects of the bundle of their own.

use crate::{Bundle, Class, Dialect, Node, Object, Value, Workload, word};

/// Whether an API group is OpenChoreo's: the one it serves, the one it served at first, and the one that guides use though
/// it was never served.
#[must_use]
pub fn is_group(group: &str) -> bool {
    matches!(group, "openchoreo.dev" | "core.choreo.dev" | "core.openchoreo.dev")
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
