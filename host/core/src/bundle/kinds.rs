//! What the bundle must know of kinds: which make alternatives, which have no namespace, which fields make one whole.

use super::peek::Peek;

/// Whether directories that both define an object of this kind, with the same identity, are alternatives: workloads,
/// Services, routes and policies.
pub(super) fn makes_alternatives(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(kind, "Pod" | "ReplicationController" | "PodTemplate" | "Service"),
        "apps" | "extensions" | "batch" | "networking.k8s.io" => {
            matches!(
                kind,
                "Deployment"
                    | "StatefulSet"
                    | "DaemonSet"
                    | "ReplicaSet"
                    | "Job"
                    | "CronJob"
                    | "Ingress"
                    | "NetworkPolicy"
            )
        }
        "policy" => kind == "PodDisruptionBudget",
        "argoproj.io" => matches!(kind, "Rollout" | "Workflow" | "WorkflowTemplate" | "CronWorkflow"),
        "apps.openshift.io" => kind == "DeploymentConfig",
        "route.openshift.io" => kind == "Route",
        "serving.knative.dev" => matches!(kind, "Service" | "Configuration" | "Revision" | "Route"),
        "openchoreo.dev" => matches!(
            kind,
            "Component" | "Workload" | "ComponentRelease" | "ReleaseBinding" | "RenderedRelease" | "Release"
        ),
        "postgresql.cnpg.io" => matches!(kind, "Cluster" | "Pooler"),
        "kafka.strimzi.io" => kind.starts_with("Kafka") && kind != "KafkaUser" && kind != "KafkaTopic",
        "monitoring.coreos.com" => {
            matches!(kind, "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler")
        }
        "rabbitmq.com" => kind == "RabbitmqCluster",
        "opentelemetry.io" => kind == "OpenTelemetryCollector",
        "keda.sh" => kind == "ScaledJob",
        "tekton.dev" => kind == "Task",
        "batch.volcano.sh" => kind == "Job",
        "ray.io" => kind.starts_with("Ray"),
        "sparkoperator.k8s.io" => kind.ends_with("SparkApplication"),
        "kubeflow.org" => kind.ends_with("Job"),
        "projectcontour.io" => kind == "HTTPProxy",
        "traefik.io" | "traefik.containo.us" => kind.starts_with("IngressRoute"),
        "networking.istio.io" => kind == "VirtualService",
        "security.istio.io" => matches!(
            kind,
            "AuthorizationPolicy" | "PeerAuthentication" | "RequestAuthentication"
        ),
        "gateway.networking.k8s.io" => kind.ends_with("Route") || kind.ends_with("Policy"),
        "getambassador.io" => kind == "Mapping",
        "k8s.nginx.org" => kind.starts_with("VirtualServer"),
        _ => kind.ends_with("Policy") || (group.ends_with(".k8s.elastic.co") && !kind.ends_with("List")),
    }
}

/// Whether objects of this kind have no namespace, so that neither a kustomization nor a default gives them one.
pub(super) fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(kind, "Namespace" | "Node" | "PersistentVolume" | "ComponentStatus"),
        "rbac.authorization.k8s.io" => matches!(kind, "ClusterRole" | "ClusterRoleBinding"),
        "apiextensions.k8s.io" => kind == "CustomResourceDefinition",
        "apiregistration.k8s.io" => kind == "APIService",
        "admissionregistration.k8s.io" | "scheduling.k8s.io" | "flowcontrol.apiserver.k8s.io" => true,
        "certificates.k8s.io" => true,
        "storage.k8s.io" => matches!(
            kind,
            "StorageClass" | "CSIDriver" | "CSINode" | "VolumeAttachment" | "VolumeAttributesClass"
        ),
        "node.k8s.io" => kind == "RuntimeClass",
        "networking.k8s.io" => matches!(kind, "IngressClass" | "IPAddress" | "ServiceCIDR"),
        "policy" => kind == "PodSecurityPolicy",
        "gateway.networking.k8s.io" => kind == "GatewayClass",
        "policy.networking.k8s.io" => true,
        "openchoreo.dev" => kind.starts_with("Cluster"),
        "cert-manager.io" => kind == "ClusterIssuer",
        "external-secrets.io" => kind.starts_with("Cluster"),
        "kyverno.io" => kind.starts_with("Cluster"),
        "cilium.io" => kind.starts_with("CiliumClusterwide") || kind == "CiliumNode",
        "projectcalico.org" | "crd.projectcalico.org" => kind.starts_with("Global") || kind == "IPPool",
        "postgresql.cnpg.io" => kind == "ClusterImageCatalog",
        _ => false,
    }
}

/// Whether a document lacks what its kind cannot be without: then it is a patch, if the same identity is whole elsewhere.
/// Kinds without such fields, and those that are not known, lack nothing.
pub(super) fn is_partial(group: &str, version: &str, kind: &str, root: Peek<'_>) -> bool {
    match (group, kind) {
        ("", "Pod") => lacks_containers(root, &["spec"]),
        ("", "ReplicationController") => lacks_containers(root, &["spec", "template", "spec"]),
        ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => {
            // Before apps/v1 the selector was taken from the template's labels.
            (group == "apps" && version == "v1" && root.lacks(&["spec", "selector"]))
                || lacks_containers(root, &["spec", "template", "spec"])
        }
        ("batch", "Job") => lacks_containers(root, &["spec", "template", "spec"]),
        ("batch", "CronJob") => {
            root.lacks(&["spec", "schedule"])
                || lacks_containers(root, &["spec", "jobTemplate", "spec", "template", "spec"])
        }
        ("argoproj.io", "Rollout") => {
            root.lacks(&["spec", "workloadRef"]) && lacks_containers(root, &["spec", "template", "spec"])
        }
        ("", "Service") => {
            let is = |key, value| root.at(&["spec", key]).and_then(Peek::text) == Some(value);
            root.lacks(&["spec", "ports"]) && !is("type", "ExternalName") && !is("clusterIP", "None")
        }
        ("networking.k8s.io" | "extensions", "Ingress") => ["rules", "defaultBackend", "backend", "tls"]
            .iter()
            .all(|key| root.lacks(&["spec", key])),
        ("networking.k8s.io", "NetworkPolicy") => root.lacks(&["spec", "podSelector"]),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            root.lacks(&["spec", "scaleTargetRef"]) || root.lacks(&["spec", "maxReplicas"])
        }
        ("", "PersistentVolumeClaim") => root.lacks(&["spec", "accessModes"]) || root.lacks(&["spec", "resources"]),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => root.lacks(&["roleRef"]),
        _ => false,
    }
}

/// Whether a pod spec has no containers, or one without an image.
fn lacks_containers(root: Peek<'_>, spec: &[&str]) -> bool {
    if root.lacks(spec) {
        return true;
    }
    let Some(spec) = root.at(spec) else { return false };
    spec.lacks(&["containers"])
        || spec
            .get("containers")
            .is_some_and(|containers| containers.items().any(|container| container.lacks(&["image"])))
}
