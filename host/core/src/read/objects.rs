//! Which nodes of a manifest are Kubernetes objects: documents, the items of lists, and objects inside others.

use plimsoll_tree::write::Part;
use plimsoll_tree::{Flags, Kind, Symbol, word};

use super::{Document, Namespace, ReadObject, Skip};

/// OpenChoreo's API groups: today's, that of its first releases, and one that was only ever written about.
const OPENCHOREO: [&str; 3] = ["openchoreo.dev", "core.choreo.dev", "core.openchoreo.dev"];

/// Where objects lie inside others: group, kind, and the way down. `*` stands for every item or member.
const CONTAINERS: [(&str, &str, &[&str]); 3] = [
    (
        "work.open-cluster-management.io",
        "ManifestWork",
        &["spec", "workload", "manifests", "*"],
    ),
    (
        "kubernetes.crossplane.io",
        "Object",
        &["spec", "forProvider", "manifest"],
    ),
    ("template.openshift.io", "Template", &["objects", "*"]),
];

/// The same for OpenChoreo's kinds, in each of its groups.
const OPENCHOREO_CONTAINERS: [(&str, &[&str]); 12] = [
    ("RenderedRelease", &["spec", "resources", "*", "object"]),
    ("Release", &["spec", "resources", "*", "object"]),
    ("ComponentType", &["spec", "resources", "*", "template"]),
    ("ClusterComponentType", &["spec", "resources", "*", "template"]),
    ("ResourceType", &["spec", "resources", "*", "template"]),
    ("ClusterResourceType", &["spec", "resources", "*", "template"]),
    ("Trait", &["spec", "creates", "*", "template"]),
    ("ClusterTrait", &["spec", "creates", "*", "template"]),
    (
        "ComponentRelease",
        &["spec", "componentType", "spec", "resources", "*", "template"],
    ),
    // Its first form held the type's own fields.
    (
        "ComponentRelease",
        &["spec", "componentType", "resources", "*", "template"],
    ),
    (
        "ComponentRelease",
        &["spec", "traits", "*", "spec", "creates", "*", "template"],
    ),
    ("ComponentRelease", &["spec", "traits", "*", "creates", "*", "template"]),
];

/// Kinds that guides to OpenChoreo write beside `object` instead of inside it, with their API versions.
const BESIDE: [(&str, &str); 13] = [
    ("ConfigMap", "v1"),
    ("PersistentVolumeClaim", "v1"),
    ("Secret", "v1"),
    ("Service", "v1"),
    ("ServiceAccount", "v1"),
    ("DaemonSet", "apps/v1"),
    ("Deployment", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("CronJob", "batch/v1"),
    ("Job", "batch/v1"),
    ("Ingress", "networking.k8s.io/v1"),
    ("NetworkPolicy", "networking.k8s.io/v1"),
    ("HTTPRoute", "gateway.networking.k8s.io/v1"),
];

struct Finder<'a> {
    part: &'a mut Part,
    document: u32,
    objects: Vec<ReadObject>,
}

/// The objects of these documents, outer before inner; notes why a document holds none.
pub(super) fn find(part: &mut Part, documents: &mut [Document]) -> Vec<ReadObject> {
    let mut finder = Finder {
        part,
        document: 0,
        objects: Vec::new(),
    };
    for (index, document) in documents.iter_mut().enumerate() {
        finder.document = u32::try_from(index).unwrap_or(u32::MAX);
        let before = finder.objects.len();
        finder.object(document.root, None, None);
        if finder.objects.len() == before {
            let versioned = finder.text(document.root, word!("apiVersion")).is_some();
            document.skipped = Some(if versioned { Skip::NoKind } else { Skip::NotAManifest });
        }
    }
    finder.objects
}

impl Finder<'_> {
    /// Adds the object at a node and those inside it. `inferred` is what a typed list says of items that do not say it
    /// themselves: API version and kind. The limit on nesting bounds the recursion.
    fn object(&mut self, node: u32, owner: Option<u32>, inferred: Option<(&str, &str)>) {
        if self.part.kind(node) != Some(Kind::Map) {
            return;
        }
        let own = |finder: &Self, key| finder.text(node, key).map(str::to_owned);
        let api_version = own(self, word!("apiVersion")).or_else(|| inferred.map(|(version, _)| version.to_owned()));
        let kind = own(self, word!("kind")).or_else(|| inferred.map(|(_, kind)| kind.to_owned()));
        let (Some(api_version), Some(kind)) = (api_version, kind) else {
            return;
        };
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
        let (group, version) = (group.to_owned(), version.to_owned());
        let metadata = self.part.get(node, word!("metadata"));
        let index = u32::try_from(self.objects.len()).unwrap_or(u32::MAX);
        self.objects.push(ReadObject {
            root: node,
            document: self.document,
            group: group.clone(),
            version,
            kind: kind.clone(),
            namespace: self.namespace(metadata),
            name: metadata.map_or_else(String::new, |metadata| self.name(metadata)),
            owner,
        });
        if kind.ends_with("List") {
            self.items(node, index, &api_version, &kind);
        }
        if OPENCHOREO.contains(&group.as_str()) {
            for (of, way) in OPENCHOREO_CONTAINERS {
                if of == kind {
                    self.inner(node, way, index);
                }
            }
        }
        for (of_group, of, way) in CONTAINERS {
            if of == kind && of_group == group {
                self.inner(node, way, index);
            }
        }
    }

    /// The items of a list. Those of a typed list need not say what they are; those of the core `List` must.
    fn items(&mut self, list: u32, owner: u32, api_version: &str, kind: &str) {
        let Some(items) = self.part.get(list, word!("items")) else {
            return;
        };
        if self.part.kind(items) != Some(Kind::Sequence) {
            return;
        }
        let element = kind.strip_suffix("List").filter(|element| !element.is_empty());
        for item in self.part.children(items) {
            let named = self.part.get(item, word!("metadata")).is_some();
            let inferred = element.filter(|_| named).map(|element| (api_version, element));
            self.object(item, Some(owner), inferred);
        }
    }

    fn inner(&mut self, node: u32, way: &[&str], owner: u32) {
        let Some((step, rest)) = way.split_first() else {
            return;
        };
        if *step == "*" {
            for child in self.part.children(node) {
                if rest.is_empty() {
                    self.object(child, Some(owner), None);
                } else {
                    self.inner(child, rest, owner);
                }
            }
            return;
        }
        let key = self.part.intern(step);
        let Some(child) = self.part.get(node, key) else {
            return;
        };
        if rest.is_empty() {
            let beside = self.text(node, word!("kind"));
            let inferred = BESIDE.iter().find(|(kind, _)| beside == Some(kind));
            self.object(child, Some(owner), inferred.map(|&(kind, version)| (version, kind)));
        } else {
            self.inner(child, rest, owner);
        }
    }

    /// The text of a member, when it is a text and not empty.
    fn text(&self, map: u32, key: Symbol) -> Option<&str> {
        let node = self.part.get(map, key)?;
        self.part.string(node).filter(|text| !text.is_empty())
    }

    fn is_final(&self, node: u32) -> bool {
        !self.part.flags(node).has(Flags::NOT_FINAL)
    }

    fn name(&self, metadata: u32) -> String {
        let node = self
            .part
            .get(metadata, word!("name"))
            .filter(|&node| self.is_final(node));
        node.and_then(|node| self.part.string(node)).unwrap_or("").to_owned()
    }

    fn namespace(&self, metadata: Option<u32>) -> Namespace {
        let Some(node) = metadata.and_then(|metadata| self.part.get(metadata, word!("namespace"))) else {
            return Namespace::Unset;
        };
        if !self.is_final(node) {
            return Namespace::Unknown;
        }
        match (self.part.kind(node), self.part.string(node)) {
            (_, Some("")) | (Some(Kind::Null), _) => Namespace::Unset,
            (_, Some(name)) => Namespace::Named(name.to_owned()),
            // The API server would refuse it.
            _ => Namespace::Unknown,
        }
    }
}
