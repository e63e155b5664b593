//! What needs no probes: pods that end, pods that get their probes from elsewhere, containers that do nothing.

use plimsoll_sdk::kube::{Class, Container, Workload, image, openchoreo};
use plimsoll_sdk::{Bundle, Node, Object, Value, word};

/// Workloads whose pods end, get their probe from elsewhere, or are made by what is judged itself.
pub fn workload<'t>(bundle: &Bundle<'t>, workload: Workload<'t>) -> bool {
    let ends = match workload.class {
        Class::Replicated | Class::PerNode => false,
        Class::Pod => workload.pod.text_of(word!("restartPolicy")).or_default("Always") != Value::Known("Always"),
        Class::Batch | Class::Template | Class::Knative | Class::OpenChoreo | Class::Overrides | Class::Other => true,
    };
    // A platform's template is a matter of its type, once, and not of every object made from it.
    let template =
        openchoreo::outer(bundle, workload.object).is_some_and(|outer| !outer.kind_text().ends_with("Release"));
    ends || template || workload.containers_unknown() || workload.is_partial() || is_owned(bundle, workload.object)
}

/// Whether a controller made it that is in the bundle too, as in an export of a cluster.
fn is_owned<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> bool {
    let owners = object.root().at(&[word!("metadata"), word!("ownerReferences")]).known();
    owners.into_iter().flat_map(Node::items).any(|owner| {
        let group = owner.text_of(word!("apiVersion")).known();
        let group = group
            .and_then(|version| version.split_once('/'))
            .map_or("", |(group, _)| group);
        let (Some(group), Value::Known(kind), Value::Known(name)) = (
            bundle.symbol(group),
            owner.get(word!("kind")).and_then(Node::symbol),
            owner.get(word!("name")).and_then(Node::symbol),
        ) else {
            return false;
        };
        !bundle.find(object, group, kind, name).is_absent()
    })
}

/// Whether a container's image is one that does nothing which could be asked.
pub fn container(container: Container<'_>) -> bool {
    let reference = container.image().known().and_then(Node::raw_text);
    reference.is_some_and(image::is_idle)
}
