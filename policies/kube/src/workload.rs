//! Workloads: what makes pods, of the built-in kinds, of the operators that embed pod templates, and of OpenChoreo.
//!
//! Sources: Kubernetes documentation, pages "Workload Management", "Pod Templates"; API reference of the kinds named here;
//! OpenChoreo API types v0.1 to v1.2.

use crate::{Container, ContainerClass, Kind, Node, Object, Role, Value, openchoreo, word};

/// What kind of pods a workload makes, as far as rules tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Kept running in some number: Deployment, StatefulSet, ReplicaSet, ReplicationController, Rollout, DeploymentConfig.
    Replicated,
    /// One on each node: DaemonSet.
    PerNode,
    /// A pod by itself.
    Pod,
    /// Runs to an end: Job, CronJob, ScaledJob, workflows, tasks, training and batch operators.
    Batch,
    /// Makes no pods by itself: PodTemplate.
    Template,
    /// Served by Knative, which adds the readiness probe and the port.
    Knative,
    /// OpenChoreo's description of one: the platform renders the pods.
    OpenChoreo,
    /// What an OpenChoreo ReleaseBinding sets in the containers of its release.
    Overrides,
    /// Of a kind that is not known, with a pod template at the usual place: how its pods run, and what else they get, is the
    /// matter of whoever serves the kind.
    Other,
}

/// One list of kinds from several, for a rule that judges or sees all of them: `joined::<{A.len() + B.len()}>(&[A, B])`.
///
/// # Panics
/// When the lists have not that many kinds: in a constant, a compile error.
#[must_use]
pub const fn joined<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut list, mut at) = (0, 0);
    while list < lists.len() {
        let mut one = 0;
        while one < lists[list].len() {
            all[at] = lists[list][one];
            at += 1;
            one += 1;
        }
        list += 1;
    }
    assert!(at == N, "the lists have another length");
    all
}

/// Every kind of object that has workloads, as rules name the kinds they judge.
pub const WORKLOAD_KINDS: &[&str] = &[
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "ReplicaSet.apps",
    "ReplicationController",
    "Pod",
    "PodTemplate",
    "Job.batch",
    "CronJob.batch",
    "Deployment.extensions",
    "DaemonSet.extensions",
    "ReplicaSet.extensions",
    "Rollout.argoproj.io",
    "Workflow.argoproj.io",
    "WorkflowTemplate.argoproj.io",
    "ClusterWorkflowTemplate.argoproj.io",
    "CronWorkflow.argoproj.io",
    "DeploymentConfig.apps.openshift.io",
    "Service.serving.knative.dev",
    "Configuration.serving.knative.dev",
    "Revision.serving.knative.dev",
    "ScaledJob.keda.sh",
    "Task.tekton.dev",
    "ClusterTask.tekton.dev",
    "Job.batch.volcano.sh",
    "RayCluster.ray.io",
    "RayJob.ray.io",
    "RayService.ray.io",
    "SparkApplication.sparkoperator.k8s.io",
    "TFJob.kubeflow.org",
    "PyTorchJob.kubeflow.org",
    "MPIJob.kubeflow.org",
    "XGBoostJob.kubeflow.org",
    "PaddleJob.kubeflow.org",
    "JAXJob.kubeflow.org",
    "Workload.openchoreo.dev",
    "ComponentRelease.openchoreo.dev",
    "ReleaseBinding.openchoreo.dev",
    "ComponentType.openchoreo.dev",
    "ClusterComponentType.openchoreo.dev",
];

/// How containers and their environment are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// A Kubernetes pod spec.
    Kubernetes,
    /// A template of an Argo workflow: `container`, `script` or `containerSet`.
    Argo,
    /// A Tekton task: `steps`.
    Tekton,
    /// OpenChoreo: `container`, or `containers.<name>` before v0.16; environment items are named by `key`.
    OpenChoreo,
    /// The flat dialect of OpenChoreo guides: `image`, `envVariables[]` and `ports[]` beside each other.
    Flat,
}

/// What makes pods, with the node that describes them. Copying it is free.
#[derive(Clone, Copy)]
pub struct Workload<'t> {
    /// The object it is in.
    pub object: Object<'t>,
    /// What kind of pods.
    pub class: Class,
    /// The pod spec, or the node that holds the containers in the other dialects.
    pub pod: Node<'t>,
    /// The pods' metadata: labels and annotations of the template.
    pub metadata: Value<Node<'t>>,
    /// How it is written.
    pub dialect: Dialect,
}

/// The workloads of one object: usually one, several for workflows and batch operators, none for other kinds.
#[must_use]
pub fn workloads_of(object: Object<'_>) -> Vec<Workload<'_>> {
    let root = object.root();
    let spec = root.get(word!("spec"));
    let class = match (object.group_text(), object.kind_text()) {
        ("", "Pod") | ("serving.knative.dev", "Revision") => {
            let class = if object.group_text().is_empty() {
                Class::Pod
            } else {
                Class::Knative
            };
            let metadata = root.get(word!("metadata"));
            return kubernetes(object, class, metadata, spec).into_iter().collect();
        }
        ("", "PodTemplate") => {
            return template(object, Class::Template, root.get(word!("template")))
                .into_iter()
                .collect();
        }
        ("", "ReplicationController")
        | ("apps" | "extensions", "Deployment" | "StatefulSet" | "ReplicaSet")
        | ("argoproj.io", "Rollout")
        | ("apps.openshift.io", "DeploymentConfig") => Class::Replicated,
        ("apps" | "extensions", "DaemonSet") => Class::PerNode,
        ("batch", "Job") => Class::Batch,
        ("serving.knative.dev", "Service" | "Configuration") => Class::Knative,
        ("batch", "CronJob") => {
            let job = spec.and_then(|spec| spec.at(&[word!("jobTemplate"), word!("spec"), word!("template")]));
            return template(object, Class::Batch, job).into_iter().collect();
        }
        ("keda.sh", "ScaledJob") => {
            let job = spec.and_then(|spec| spec.at(&[word!("jobTargetRef"), word!("template")]));
            return template(object, Class::Batch, job).into_iter().collect();
        }
        ("argoproj.io", "Workflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate") => return argo(object, spec),
        ("argoproj.io", "CronWorkflow") => {
            return argo(object, spec.and_then(|spec| spec.get_text("workflowSpec")));
        }
        ("tekton.dev", "Task" | "ClusterTask") => {
            return spec
                .known()
                .map(|pod| Workload {
                    object,
                    class: Class::Batch,
                    pod,
                    metadata: Value::Absent,
                    dialect: Dialect::Tekton,
                })
                .into_iter()
                .collect();
        }
        ("batch.volcano.sh", "Job") => {
            let tasks = spec.and_then(|spec| spec.get_text("tasks")).known();
            return templates(object, tasks.into_iter().flat_map(Node::items));
        }
        ("ray.io", kind @ ("RayCluster" | "RayJob" | "RayService")) => {
            let cluster = match kind {
                "RayJob" => spec.and_then(|spec| spec.get_text("rayClusterSpec")),
                "RayService" => spec.and_then(|spec| spec.get_text("rayClusterConfig")),
                _ => spec,
            };
            let head = cluster.and_then(|spec| spec.get_text("headGroupSpec")).known();
            let workers = cluster.and_then(|spec| spec.get_text("workerGroupSpecs")).known();
            return templates(
                object,
                head.into_iter().chain(workers.into_iter().flat_map(Node::items)),
            );
        }
        ("sparkoperator.k8s.io", "SparkApplication") => {
            let roles = ["driver", "executor"].map(|role| spec.and_then(|spec| spec.get_text(role)).known());
            return templates(object, roles.into_iter().flatten());
        }
        ("kubeflow.org", _) => {
            let replicas = spec.known().into_iter().flat_map(Node::members);
            let replicas = replicas.filter(|member| member.key_text().ends_with("ReplicaSpecs"));
            return templates(object, replicas.flat_map(Node::members));
        }
        (group, kind) if openchoreo::is_group(group) => return openchoreo::workloads(object, kind, spec),
        // Their templates are not at the usual place, or they are no workloads whatever they look like.
        ("" | "apps" | "extensions" | "batch" | "argoproj.io" | "tekton.dev" | "keda.sh", _) => return Vec::new(),
        _ => {
            let pod = spec
                .and_then(|spec| spec.at(&[word!("template"), word!("spec")]))
                .known();
            if pod.is_none_or(|pod| pod.items_of(word!("containers")).all(|one| one.kind() != Kind::Map)) {
                return Vec::new();
            }
            Class::Other
        }
    };
    let found = spec.and_then(|spec| spec.get(word!("template")));
    template(object, class, found).into_iter().collect()
}

/// A pod template: `metadata` and `spec`.
fn template<'t>(object: Object<'t>, class: Class, template: Value<Node<'t>>) -> Option<Workload<'t>> {
    let metadata = template.and_then(|template| template.get(word!("metadata")));
    let spec = template.and_then(|template| template.get(word!("spec")));
    kubernetes(object, class, metadata, spec)
}

/// The `template` of each of these nodes, all run to an end.
fn templates<'t>(object: Object<'t>, holders: impl Iterator<Item = Node<'t>>) -> Vec<Workload<'t>> {
    holders
        .filter_map(|holder| template(object, Class::Batch, holder.get(word!("template"))))
        .collect()
}

fn kubernetes<'t>(
    object: Object<'t>,
    class: Class,
    metadata: Value<Node<'t>>,
    spec: Value<Node<'t>>,
) -> Option<Workload<'t>> {
    spec.known().map(|pod| Workload {
        object,
        class,
        pod,
        metadata,
        dialect: Dialect::Kubernetes,
    })
}

/// The templates of an Argo workflow that run containers.
fn argo<'t>(object: Object<'t>, spec: Value<Node<'t>>) -> Vec<Workload<'t>> {
    let templates = spec
        .known()
        .into_iter()
        .flat_map(|spec| spec.items_of(word!("templates")));
    templates
        .filter(|template| {
            [word!("container"), word!("script")]
                .iter()
                .any(|&key| template.get(key).known().is_some())
                || template.get_text("containerSet").known().is_some()
        })
        .map(|pod| Workload {
            object,
            class: Class::Batch,
            pod,
            metadata: pod.get(word!("metadata")),
            dialect: Dialect::Argo,
        })
        .collect()
}

impl<'t> Workload<'t> {
    /// Name of its object, empty when that is not known.
    #[must_use]
    pub fn name(self) -> &'t str {
        self.object.name()
    }

    /// How messages call it where nothing else says what it is: `Deployment web`; `Deployment` alone without a final name.
    #[must_use]
    pub fn title(self) -> String {
        match self.name() {
            "" => self.object.kind_text().to_owned(),
            name => format!("{} {name}", self.object.kind_text()),
        }
    }

    /// Labels of its pods: a map.
    #[must_use]
    pub fn labels(self) -> Value<Node<'t>> {
        self.metadata.and_then(|metadata| metadata.get(word!("labels")))
    }

    /// Whether it is judged, and not only looked at.
    #[must_use]
    pub fn is_judged(self) -> bool {
        self.object.role() == Role::Subject
    }

    /// Whether its pods use their node's network.
    #[must_use]
    pub fn host_network(self) -> Value<bool> {
        match self.dialect {
            Dialect::Kubernetes => self.pod.boolean_of(word!("hostNetwork")).or_default(false),
            _ => Value::Known(false),
        }
    }

    /// Whether there may be containers that are not seen here.
    #[must_use]
    pub fn containers_unknown(self) -> bool {
        self.dialect == Dialect::Kubernetes
            && [word!("containers"), word!("initContainers")].iter().any(|&key| {
                let list = self.pod.get(key);
                list.is_unknown() || list.known().is_some_and(|list| !list.is_final())
            })
    }

    /// Its containers of all classes: app containers first, then those that start before them, then ephemeral ones.
    #[must_use]
    pub fn containers(self) -> Vec<Container<'t>> {
        let make = |node, class| Container {
            node,
            class,
            dialect: self.dialect,
        };
        let pod = self.pod;
        let mut all: Vec<Container<'t>> = Vec::new();
        match self.dialect {
            Dialect::Kubernetes => {
                all.extend(
                    pod.items_of(word!("containers"))
                        .map(|node| make(node, ContainerClass::App)),
                );
                all.extend(pod.items_of(word!("initContainers")).map(|node| {
                    // Only this spelling: any other value is dropped by the API server, and the container is an ordinary one.
                    let sidecar =
                        node.get(word!("restartPolicy")).and_then(Node::symbol) == Value::Known(word!("Always"));
                    make(
                        node,
                        if sidecar {
                            ContainerClass::Sidecar
                        } else {
                            ContainerClass::Init
                        },
                    )
                }));
                all.extend(
                    pod.items_of(word!("ephemeralContainers"))
                        .map(|node| make(node, ContainerClass::Ephemeral)),
                );
            }
            Dialect::Argo => {
                for key in [word!("container"), word!("script")] {
                    all.extend(pod.get(key).known().map(|node| make(node, ContainerClass::App)));
                }
                let set = pod.get_text("containerSet").known();
                all.extend(
                    set.into_iter()
                        .flat_map(|set| set.items_of(word!("containers")))
                        .map(|node| make(node, ContainerClass::App)),
                );
                all.extend(
                    pod.items_of(word!("initContainers"))
                        .map(|node| make(node, ContainerClass::Init)),
                );
                all.extend(items_of_text(pod, "sidecars").map(|node| make(node, ContainerClass::Sidecar)));
            }
            Dialect::Tekton => {
                all.extend(pod.items_of(word!("steps")).map(|node| make(node, ContainerClass::App)));
                all.extend(items_of_text(pod, "sidecars").map(|node| make(node, ContainerClass::Sidecar)));
            }
            Dialect::OpenChoreo => {
                all.extend(
                    pod.get(word!("container"))
                        .known()
                        .map(|node| make(node, ContainerClass::App)),
                );
                let named = pod.get(word!("containers")).known();
                all.extend(
                    named
                        .into_iter()
                        .flat_map(Node::children)
                        .map(|node| make(node, ContainerClass::App)),
                );
            }
            Dialect::Flat => all.push(make(pod, ContainerClass::App)),
        }
        all
    }

    /// Whether it is a part of a workload only, such as what a tool merges into another one: it has no containers, or one of
    /// them has no image. What it lacks may stand elsewhere.
    #[must_use]
    pub fn is_partial(self) -> bool {
        let all = self.containers();
        self.dialect == Dialect::Kubernetes
            && (all.is_empty() || all.iter().any(|container| container.image().is_absent()))
    }

    /// The containers that run beside each other while the pod serves: app containers and native sidecars.
    #[must_use]
    pub fn running(self) -> Vec<Container<'t>> {
        let mut all = self.containers();
        all.retain(|container| matches!(container.class, ContainerClass::App | ContainerClass::Sidecar));
        all
    }
}

fn items_of_text<'t>(node: Node<'t>, key: &str) -> impl Iterator<Item = Node<'t>> + use<'t> {
    node.get_text(key).known().into_iter().flat_map(Node::items)
}
