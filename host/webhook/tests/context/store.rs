//! What is kept and what is known.

use plimsoll_webhook::context::{Bounds, Prepared, Put, Store};

use crate::cluster;

fn config(name: &str, value: &str) -> Prepared {
    let text = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\"{name}\",\"namespace\":\"a\"}},\"data\":{{\"k\":\"{value}\"}}}}"
    );
    Prepared::new(text).expect("an object")
}

fn names(store: &Store) -> Vec<String> {
    store.all().into_iter().map(|manifest| manifest.path).collect()
}

#[test]
fn a_kind_is_known_when_its_list_is_whole() {
    let mut store = Store::new(Bounds::default());
    assert!(!store.knows("ConfigMap"));
    store.begin("ConfigMap");
    assert_eq!(store.put(config("b", "1")), Put::Kept);
    assert_eq!(store.put(config("a", "1")), Put::Kept);
    assert!(!store.knows("ConfigMap"));
    store.finish("ConfigMap");
    assert!(store.knows("ConfigMap") && !store.knows("Service"));
    assert_eq!(names(&store), ["cluster/a/ConfigMap/a", "cluster/a/ConfigMap/b"]);
    assert_eq!(store.put(config("a", "1")), Put::Same);
    assert_eq!(store.put(config("a", "2")), Put::Kept);
    assert_eq!(store.kinds().collect::<Vec<_>>(), [("ConfigMap", 2)]);
}

#[test]
fn a_new_list_replaces_the_old_one_when_it_is_whole() {
    let mut store = Store::new(Bounds::default());
    store.put(config("a", "1"));
    store.put(config("b", "1"));
    store.finish("ConfigMap");
    store.begin("ConfigMap");
    store.put(config("b", "1"));
    store.put(config("c", "1"));
    assert!(store.knows("ConfigMap"), "what was known stays until then");
    assert_eq!(store.len(), 3);
    store.finish("ConfigMap");
    assert_eq!(names(&store), ["cluster/a/ConfigMap/b", "cluster/a/ConfigMap/c"]);
}

#[test]
fn what_does_not_fit_is_left_out_and_its_kind_not_known() {
    let mut store = Store::new(Bounds {
        bytes: 1200,
        object: 300,
    });
    store.begin("ConfigMap");
    assert_eq!(store.put(config("long", &"x".repeat(300))), Put::LeftOut);
    store.finish("ConfigMap");
    assert!(!store.knows("ConfigMap") && store.is_empty());
    // It shrinks, or goes: nothing is missing any more.
    assert_eq!(store.put(config("long", "x")), Put::Kept);
    assert!(store.knows("ConfigMap"));
    let full = (0..100).find(|number| store.put(config(&format!("c{number}"), "x")) == Put::LeftOut);
    let full = full.expect("there is no room for a hundred");
    assert!(store.bytes() <= 1200 && !store.knows("ConfigMap"));
    // It is gone, and nobody said so: the next list does not have it.
    store.begin("ConfigMap");
    for number in 0..full {
        store.put(config(&format!("c{number}"), "x"));
    }
    store.finish("ConfigMap");
    assert!(store.knows("ConfigMap"));
    assert_eq!(store.put(config("another", &"x".repeat(300))), Put::LeftOut);
    assert!(!store.knows("ConfigMap"));
    store.remove("ConfigMap", "a", "another");
    assert!(store.knows("ConfigMap"));
}

#[test]
fn nothing_remains_of_what_is_removed() {
    let mut store = cluster::store(600, Bounds::default());
    let (objects, bytes) = (store.len(), store.bytes());
    // Whatever changes, the same cluster takes the same room again.
    for app in 0..50 {
        for text in cluster::app(app) {
            store.put(Prepared::new(text.replace("8080", "9090")).expect("an object"));
        }
        for text in cluster::app(app) {
            store.put(Prepared::new(text).expect("an object"));
        }
    }
    assert_eq!((store.len(), store.bytes()), (objects, bytes));
    for kind in ["Deployment.apps", "Service", "ConfigMap", "Namespace"] {
        store.forget(kind, false);
        assert!(!store.knows(kind));
    }
    for manifest in store.all() {
        let object = &manifest.objects[0];
        let kind = plimsoll_webhook::context::kind_name(&object.group, &object.kind);
        let namespace = manifest.path.split('/').nth(1).unwrap_or_default();
        store.remove(&kind, namespace, &object.name);
    }
    assert_eq!((store.len(), store.bytes()), (0, 0));
    store.forget("Widget.example.com", true);
    assert!(
        store.knows("Widget.example.com"),
        "a kind that is not served is known to be empty"
    );
}

#[test]
fn labels_of_namespaces() {
    let store = cluster::store(60, Bounds::default());
    let label = |namespace: &str| store.namespace_label(namespace, "kubernetes.io/metadata.name");
    assert_eq!(label("team-0").as_deref(), Some("team-0"));
    assert_eq!(label("nowhere"), None);
    assert_eq!(store.namespace_label("team-0", "plimsoll.dev/mode"), None);
}
