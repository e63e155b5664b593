//! Files that a container finds in its file system: what its volume mounts bring.
//!
//! Sources: Kubernetes documentation, pages "Volumes", "Projected Volumes", "Configure a Pod to Use a ConfigMap".

use crate::{Bundle, Container, Node, Object, Symbol, Value, Workload, word};

/// A file of a ConfigMap that a container mounts.
#[derive(Clone, Copy)]
pub struct MountedFile<'t> {
    /// The member of the ConfigMap's `data`: its key is the file's name.
    pub node: Node<'t>,
    /// Name of the ConfigMap.
    pub config_map: &'t str,
    /// Whether only the root of the input joins the ConfigMap with the workload.
    pub distant: bool,
}

/// What the volumes of a container bring.
#[derive(Default)]
pub struct Mounts<'t> {
    /// Files of ConfigMaps that are seen.
    pub files: Vec<MountedFile<'t>>,
    /// A ConfigMap is mounted that is not seen, or more than is seen here may be mounted.
    pub unseen: bool,
    /// Something other than plain storage is mounted: a ConfigMap, a Secret, a path of the node or what init containers
    /// left. It may replace the configuration that comes with the image.
    pub configured: bool,
}

/// Where images keep data, not configuration.
const DATA_PATHS: &[&str] = &[
    "/data",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/var/cache",
    "/run",
    "/tmp",
    "/cache",
    "/bitnami",
    "/dev/shm",
    "/dumps",
];

/// The mounts of a container of a workload.
#[must_use]
pub fn mounts_of<'t>(bundle: &Bundle<'t>, workload: Workload<'t>, container: Container<'t>) -> Mounts<'t> {
    let mut mounts = Mounts::default();
    let volumes = workload.pod.get(word!("volumes"));
    let list = container.node.get(word!("volumeMounts"));
    mounts.unseen = list.is_unknown() || list.known().is_some_and(|list| !list.is_final()) || volumes.is_unknown();
    mounts.configured = mounts.unseen || container.files().next().is_some();
    let Value::Known(list) = list else { return mounts };
    for mount in list.items() {
        let Value::Known(name) = mount.get(word!("name")).and_then(Node::symbol) else {
            mounts.unseen = true;
            mounts.configured = true;
            continue;
        };
        let volume = volumes.known().and_then(|volumes| {
            volumes
                .items()
                .find(|volume| volume.get(word!("name")).and_then(Node::symbol) == Value::Known(name))
        });
        match volume {
            Some(volume) => mounts.add_volume(bundle, workload.object, volume, mount),
            // A claim template of a StatefulSet, or patched in.
            None => mounts.configured |= !is_claim_template(workload, name),
        }
    }
    mounts
}

impl<'t> Mounts<'t> {
    fn add_volume(&mut self, bundle: &Bundle<'t>, from: Object<'t>, volume: Node<'t>, mount: Node<'t>) {
        if let Value::Known(source) = volume.get(word!("configMap")) {
            self.configured = true;
            self.add_config_map(bundle, from, source);
        } else if let Value::Known(projected) = volume.get(word!("projected")) {
            self.configured = true;
            for source in projected.items_of(word!("sources")) {
                if let Value::Known(source) = source.get(word!("configMap")) {
                    self.add_config_map(bundle, from, source);
                }
            }
        } else if volume.get_text("persistentVolumeClaim").is_absent() && volume.get_text("ephemeral").is_absent() {
            let path = mount.text_of(word!("mountPath")).known();
            self.configured |= !path.is_some_and(|path| {
                DATA_PATHS.iter().any(|data| {
                    path.strip_prefix(data)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
            });
        }
    }

    fn add_config_map(&mut self, bundle: &Bundle<'t>, from: Object<'t>, source: Node<'t>) {
        let found = match source.get(word!("name")).and_then(Node::symbol) {
            Value::Known(name) => bundle.find(from, Symbol(0), word!("ConfigMap"), name),
            _ => Value::Unknown,
        };
        let Value::Known((map, join)) = found else {
            self.unseen = true;
            return;
        };
        match map.root().get(word!("data")) {
            Value::Known(data) => {
                self.unseen |= !data.is_final();
                self.files.extend(data.members().map(|node| MountedFile {
                    node,
                    config_map: map.name(),
                    distant: join.distant,
                }));
            }
            Value::Unknown => self.unseen = true,
            Value::Absent => {}
        }
    }
}

fn is_claim_template(workload: Workload<'_>, name: Symbol) -> bool {
    let spec = workload.object.root().get(word!("spec"));
    let claims = spec.and_then(|spec| spec.get(word!("volumeClaimTemplates"))).known();
    claims
        .into_iter()
        .flat_map(Node::items)
        .any(|claim| claim.at(&[word!("metadata"), word!("name")]).and_then(Node::symbol) == Value::Known(name))
}
