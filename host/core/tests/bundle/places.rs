//! From nodes to sources and pointers, and back.

use plimsoll_tree::NONE;

use crate::{bundle, deployment, one, service};

#[test]
fn every_node_has_a_place_and_a_pointer_that_leads_back() {
    let files = [
        (
            "a.yaml",
            format!("# nothing\n---\n{}---\n{}", service("a"), deployment("a")),
        ),
        ("empty.yaml", String::new()),
        (
            "b.yaml",
            format!(
                "apiVersion: v1\nkind: List\nitems:\n- {}",
                service("b").replace('\n', "\n  ")
            ),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let bundle = bundle(&files);
    let tree = bundle.tree();
    for object in 0..tree.objects() {
        let record = tree.object(object).unwrap();
        for node in record.root..record.end {
            let location = bundle.locate(node).unwrap();
            let file = &bundle.manifests[location.manifest];
            assert_eq!(file.path, tree.text(record.file));
            assert!(location.value.end as usize <= file.text.len());
            let pointer = bundle.pointer(object, node).unwrap();
            assert_eq!(bundle.resolve(object, &pointer), Ok(node), "{pointer}");
            if let Some(key) = tree.node(node).unwrap().key.filter(|_| node > record.root) {
                let span = location.key;
                assert_eq!(&file.text[span.start as usize..span.end as usize], tree.text(key));
            }
        }
    }
}

#[test]
fn the_innermost_object_owns_a_node() {
    let text = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}",
        service("b").replace('\n', "\n  ")
    );
    let bundle = bundle(&[("b.yaml", &text)]);
    let (inner, tree) = (one(&bundle, "Service", "b"), bundle.tree());
    let outer = tree.object(inner).unwrap().owner;
    let port = bundle.resolve(inner, "/spec/ports/0/port").unwrap();
    assert_eq!(bundle.object_of(port), Some(inner));
    assert_eq!(bundle.object_of(tree.object(outer).unwrap().root), Some(outer));
    assert_eq!(
        bundle.pointer(outer, port).as_deref(),
        Some("/items/0/spec/ports/0/port")
    );
    assert_eq!(bundle.object_of(tree.nodes() + 5), None);
}

#[test]
fn pointers_are_escaped_and_stop_at_the_nearest_parent() {
    let text = service("a").replace("name: a\n", "name: a\n  annotations: {example.test/a~b: x}\n");
    let bundle = bundle(&[("a.yaml", &text)]);
    let pointer = "/metadata/annotations/example.test~1a~0b";
    let node = bundle.resolve(0, pointer).unwrap();
    assert_eq!(bundle.pointer(0, node).as_deref(), Some(pointer));
    let ports = bundle.resolve(0, "/spec/ports").unwrap();
    for missing in [
        "/spec/ports/7/x",
        "/spec/ports/-",
        "/spec/ports/00",
        "/spec/ports/+0",
        "/spec/ports/x",
    ] {
        assert_eq!(bundle.resolve(0, missing), Err(ports), "{missing}");
    }
    let root = bundle.resolve(0, "").unwrap();
    assert_eq!(bundle.resolve(0, "spec"), Err(root));
    assert_eq!(bundle.resolve(9, "/spec"), Err(NONE));
    assert_eq!(bundle.pointer(9, root), None);
}
