//! Alternatives are invisible to each other, ancestors are shared, nearest wins.

use crate::{all, bundle, deployment, one, reached, service, with, within};
use plimsoll_core::bundle::Options;
use plimsoll_tree::Role;

#[test]
fn copies_in_two_directories_do_not_see_each_other() {
    let (web, svc) = (deployment("web"), service("web"));
    let bundle = bundle(&[
        ("dev/web.yaml", &web),
        ("dev/svc.yaml", &svc),
        ("prod/web.yaml", &web),
        ("prod/svc.yaml", &svc),
    ]);
    let among = all(&bundle, "Deployment", "web");
    assert_eq!(among.len(), 2);
    for side in ["dev", "prod"] {
        let from = within(&bundle, &format!("{side}/svc.yaml"), "Service", "web");
        assert_eq!(reached(&bundle, from, &among), [[format!("{side}/web.yaml")]]);
    }
}

#[test]
fn an_alternative_without_its_own_finds_nothing_in_the_other() {
    let (web, svc, db) = (deployment("web"), service("db"), deployment("db"));
    let bundle = bundle(&[
        ("dev/web.yaml", &web),
        ("dev/db-svc.yaml", &svc),
        ("prod/web.yaml", &web),
        ("prod/db.yaml", &db),
    ]);
    let among = all(&bundle, "Deployment", "db");
    assert!(reached(&bundle, one(&bundle, "Service", "db"), &among).is_empty());
}

#[test]
fn a_shared_ancestor_is_judged_with_each_alternative() {
    let (web, svc) = (deployment("web"), service("web"));
    let bundle = bundle(&[
        ("app/svc.yaml", &svc),
        ("app/dev/web.yaml", &web),
        ("app/prod/web.yaml", &web),
    ]);
    let among = all(&bundle, "Deployment", "web");
    let from = one(&bundle, "Service", "web");
    assert_eq!(
        reached(&bundle, from, &among),
        [["app/dev/web.yaml"], ["app/prod/web.yaml"]]
    );
    for &web in &among {
        assert_eq!(reached(&bundle, web, &[from]), [["app/svc.yaml"]]);
    }
}

#[test]
fn directories_without_a_common_identity_see_each_other() {
    let (web, svc) = (deployment("web"), service("web"));
    let bundle = bundle(&[("apps/web.yaml", &web), ("network/svc.yaml", &svc)]);
    let among = all(&bundle, "Deployment", "web");
    assert_eq!(
        reached(&bundle, one(&bundle, "Service", "web"), &among),
        [["apps/web.yaml"]]
    );
}

#[test]
fn the_nearest_is_taken_and_files_of_one_directory_count_alike() {
    let web = deployment("web");
    let files = [
        ("a/svc.yaml", service("x")),
        ("a/one.yaml", web.replace("name: web", "name: one")),
        ("a/two.yaml", web.replace("name: web", "name: two")),
        ("a/b/three.yaml", web.replace("name: web", "name: three")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let bundle = bundle(&files);
    let among: Vec<u32> = ["one", "two", "three"]
        .iter()
        .map(|name| one(&bundle, "Deployment", name))
        .collect();
    let from = one(&bundle, "Service", "x");
    assert_eq!(reached(&bundle, from, &among), [["a/one.yaml", "a/two.yaml"]]);
    assert_eq!(reached(&bundle, from, &among[2..]), [["a/b/three.yaml"]]);
}

#[test]
fn namespaces_rbac_config_and_nameless_objects_make_no_alternatives() {
    let shared = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: ConfigMap\n\
        metadata: {name: settings}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\n---\n\
        apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: j-}\nspec: {template: {spec: {containers: [{name: a, image: b}]}}}\n";
    let (web, svc) = (deployment("web"), service("web"));
    let bundle = bundle(&[
        ("a/shared.yaml", shared),
        ("a/web.yaml", &web),
        ("b/shared.yaml", shared),
        ("b/svc.yaml", &svc),
    ]);
    let among = all(&bundle, "Deployment", "web");
    assert_eq!(
        reached(&bundle, one(&bundle, "Service", "web"), &among),
        [["a/web.yaml"]]
    );
}

#[test]
fn the_same_name_in_two_namespaces_is_no_alternative() {
    let web = |namespace: &str| {
        deployment("web").replace("name: web\nspec", &format!("name: web\n  namespace: {namespace}\nspec"))
    };
    let svc = service("api");
    let files = [
        ("a/web.yaml", web("one")),
        ("b/web.yaml", web("two")),
        ("b/svc.yaml", svc),
        ("a/api.yaml", deployment("api")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let bundle = bundle(&files);
    let among = all(&bundle, "Deployment", "api");
    assert_eq!(
        reached(&bundle, one(&bundle, "Service", "api"), &among),
        [["a/api.yaml"]]
    );
}

#[test]
fn a_copy_without_a_namespace_is_an_alternative_of_those_that_name_one() {
    let web = |namespace: &str| {
        deployment("web").replace("name: web\nspec", &format!("name: web\n  namespace: {namespace}\nspec"))
    };
    let files = [
        ("dev/web.yaml", deployment("web")),
        ("dev/svc.yaml", service("api")),
        ("prod/web.yaml", web("prod")),
        ("prod/api.yaml", deployment("api")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let bundle = bundle(&files);
    let among = all(&bundle, "Deployment", "api");
    assert!(reached(&bundle, one(&bundle, "Service", "api"), &among).is_empty());
}

#[test]
fn in_admission_there_are_no_alternatives() {
    let (web, svc) = (deployment("web"), service("db"));
    let db = deployment("db");
    let files = [
        ("dev/web.yaml", web.as_str()),
        ("dev/svc.yaml", &svc),
        ("prod/web.yaml", &web),
        ("prod/db.yaml", &db),
    ];
    let options = Options {
        no_alternatives: true,
        ..Options::default()
    };
    let bundle = with(&files, &options);
    let among = all(&bundle, "Deployment", "db");
    assert_eq!(
        reached(&bundle, one(&bundle, "Service", "db"), &among),
        [["prod/db.yaml"]]
    );
}

#[test]
fn in_a_cluster_nothing_is_nearer_than_anything_else() {
    let (svc, db) = (service("db"), deployment("db"));
    let other = db.replace("name: db", "name: db2");
    let files = [
        ("cluster/a/Service/db", svc.as_str()),
        ("cluster/a/Service/db2", &db),
        ("elsewhere.json", &other),
    ];
    let options = Options {
        no_alternatives: true,
        ..Options::default()
    };
    let bundle = with(&files, &options);
    let among: Vec<u32> = ["db", "db2"]
        .iter()
        .flat_map(|name| all(&bundle, "Deployment", name))
        .collect();
    let reaches = bundle.tree().nearest(one(&bundle, "Service", "db"), &among);
    assert_eq!(reaches.len(), 1);
    assert_eq!(reaches[0].objects.len(), 2);
    assert!(!reaches[0].across_root);
}

#[test]
fn what_runs_is_seen_from_every_directory_and_files_stay_apart() {
    let (web, svc, db) = (deployment("web"), service("db"), deployment("db"));
    let files = [
        ("dev/svc.yaml", svc.as_str()),
        ("dev/web.yaml", &web),
        ("prod/web.yaml", &web),
        ("prod/db.yaml", &db.replace("name: db", "name: db2")),
        ("cluster/a/Deployment/db", &db),
    ];
    let options = Options {
        everywhere: true,
        roles: vec![
            Role::Subject,
            Role::Subject,
            Role::Subject,
            Role::Subject,
            Role::Context,
        ],
        ..Options::default()
    };
    let bundle = with(&files, &options);
    let (from, running) = (one(&bundle, "Service", "db"), one(&bundle, "Deployment", "db"));
    let reaches = bundle
        .tree()
        .nearest(from, &[running, one(&bundle, "Deployment", "db2")]);
    assert_eq!(reaches.len(), 1);
    assert_eq!(reaches[0].objects, [running]);
    assert!(!reaches[0].across_root, "nothing but the cluster is between them");
    let scope = |object: u32| bundle.tree().object(object).unwrap().scope;
    for file in ["Service", "Deployment"]
        .iter()
        .flat_map(|kind| all(&bundle, kind, "web"))
    {
        assert!(bundle.tree().sees(scope(file), scope(running)) && bundle.tree().sees(scope(running), scope(file)));
    }
}

#[test]
fn openchoreo_objects_make_alternatives() {
    let workload = "apiVersion: openchoreo.dev/v1alpha1\nkind: Workload\nmetadata: {name: shop, namespace: default}\nspec: {owner: {componentName: shop}}\n";
    let bundle = bundle(&[("a/w.yaml", workload), ("b/w.yaml", workload)]);
    let tree = bundle.tree();
    let scopes: Vec<u32> = all(&bundle, "Workload", "shop")
        .iter()
        .map(|&index| tree.object(index).unwrap().scope)
        .collect();
    assert!(!tree.sees(scopes[0], scopes[1]) && !tree.sees(scopes[1], scopes[0]));
}

#[test]
fn five_hundred_copies_stay_apart() {
    let (web, svc) = (deployment("web"), service("web"));
    let paths: Vec<(String, String)> = (0..500)
        .map(|n| (format!("c{n}/web.yaml"), format!("c{n}/svc.yaml")))
        .collect();
    let files: Vec<(&str, &str)> = paths
        .iter()
        .flat_map(|(a, b)| [(a.as_str(), web.as_str()), (b.as_str(), svc.as_str())])
        .collect();
    let bundle = bundle(&files);
    let among = all(&bundle, "Deployment", "web");
    for service in all(&bundle, "Service", "web") {
        assert_eq!(reached(&bundle, service, &among).len(), 1);
    }
}
