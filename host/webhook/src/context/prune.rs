//! What is kept of an object: what rules look at, and nothing that changes all the time.

use serde_json::{Map, Value};

use super::facts::kind_name;

/// What client-side apply leaves in an object: the object once more.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Members of `metadata` that no rule reads, most of which change with every write.
const NOISE: [&str; 6] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Controllers that make objects of kinds that are judged themselves: what they make says the same once more, or, of
/// earlier revisions, what no longer holds.
const MAKERS: [(&str, &str); 9] = [
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps.openshift.io", "DeploymentConfig"),
    ("argoproj.io", "Rollout"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("", "ReplicationController"),
];

/// How much of an object is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Keep {
    /// The schemas of CustomResourceDefinitions: most of their bytes, and of use only where custom resources are read
    /// from files.
    pub schemas: bool,
}

/// Whether objects of this kind (`Secret`) are never taken from a cluster, whatever is asked for.
#[must_use]
pub fn is_never_taken(kind: &str) -> bool {
    kind == "Secret"
}

/// What is kept of an object, as JSON text; none of what is never taken, of what a controller makes of an object that is
/// known itself (the Pods of a ReplicaSet, the ReplicaSets of a Deployment), and of what is no object.
#[must_use]
pub fn pruned(mut object: Value, keep: Keep) -> Option<String> {
    let map = object.as_object_mut()?;
    let (group, kind) = group_and_kind(map)?;
    if is_never_taken(&kind_name(&group, &kind)) {
        return None;
    }
    map.remove("status");
    let metadata = map.get_mut("metadata")?.as_object_mut()?;
    if is_made(&group, &kind, metadata) {
        return None;
    }
    for key in NOISE {
        metadata.remove(key);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    if !keep.schemas && group == "apiextensions.k8s.io" {
        let versions = map.get_mut("spec").and_then(|spec| spec.get_mut("versions"));
        for version in versions.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(version) = version.as_object_mut() {
                version.remove("schema");
            }
        }
    }
    serde_json::to_string(&object).ok()
}

fn group_and_kind(object: &Map<String, Value>) -> Option<(String, String)> {
    let version = object.get("apiVersion")?.as_str()?;
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    Some((group.to_owned(), object.get("kind")?.as_str()?.to_owned()))
}

/// Whether a controller made it of an object of a kind that says the same.
fn is_made(group: &str, kind: &str, metadata: &Map<String, Value>) -> bool {
    if !matches!(
        (group, kind),
        ("", "Pod") | ("apps", "ReplicaSet") | ("batch", "Job") | ("", "ReplicationController")
    ) {
        return false;
    }
    let owners = metadata.get("ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| {
        owner.get("controller") == Some(&Value::Bool(true))
            && owner
                .as_object()
                .and_then(group_and_kind)
                .is_some_and(|(group, kind)| MAKERS.contains(&(group.as_str(), kind.as_str())))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(object: Value) -> Option<Value> {
        pruned(object, Keep::default()).map(|text| serde_json::from_str(&text).expect("JSON"))
    }

    #[test]
    fn noise_goes_and_the_rest_stays() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": "a", "namespace": "b", "uid": "1", "resourceVersion": "7", "generation": 2,
                "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": [{"manager": "x"}],
                "annotations": {LAST_APPLIED: "{}"}, "labels": {"app": "c"},
            },
            "data": {"key": "value"}, "status": {"x": 1},
        });
        let metadata = json!({"name": "a", "namespace": "b", "labels": {"app": "c"}});
        let expected = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "value"}});
        assert_eq!(kept(object), Some(expected));
    }

    #[test]
    fn secrets_and_what_is_no_object_are_not_taken() {
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "dmFsdWU="}});
        assert_eq!(kept(secret), None);
        for other in [
            json!(1),
            json!({}),
            json!({"apiVersion": "v1", "kind": "Pod"}),
            json!({"kind": 1}),
        ] {
            assert_eq!(kept(other), None);
        }
    }

    #[test]
    fn what_controllers_make_is_left_out() {
        let owned = |kind: &str, owner: Value| {
            let version = if kind == "Pod" { "v1" } else { "apps/v1" };
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a", "ownerReferences": [owner]}})
        };
        let by =
            |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind, "name": "b", "controller": true});
        assert_eq!(kept(owned("Pod", by("apps/v1", "ReplicaSet"))), None);
        assert_eq!(kept(owned("ReplicaSet", by("apps/v1", "Deployment"))), None);
        // An operator's pods are known by nothing else, and an owner that does not control it says nothing.
        assert!(kept(owned("Pod", by("postgresql.cnpg.io/v1", "Cluster"))).is_some());
        assert!(
            kept(owned(
                "Pod",
                json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "b"})
            ))
            .is_some()
        );
        assert!(kept(owned("Deployment", by("apps/v1", "Deployment"))).is_some());
    }

    #[test]
    fn schemas_go_unless_they_are_wanted() {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a"},
            "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object"}}}]},
        });
        let with = pruned(definition.clone(), Keep { schemas: true }).expect("an object");
        assert!(with.contains("openAPIV3Schema"));
        assert!(
            !pruned(definition, Keep::default())
                .expect("an object")
                .contains("openAPIV3Schema")
        );
    }
}
