//! Closures: what a kustomization includes and what it does to it.

use plimsoll_tree::{Flags, ObjectFlags, Role};

use crate::{all, bundle, deployment, is_final, json, namespace, one, reached, record, service, within};

fn base(extra: &str) -> String {
    format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{extra}")
}

#[test]
fn one_closure_gives_namespace_and_labels() {
    let kustomization = base("namespace: shop\ncommonLabels: {team: blue}\nresources: [web.yaml, svc.yaml]\n");
    let (web, svc) = (
        deployment("web").replace("name: web\nspec", "name: web\n  namespace: old\nspec"),
        service("web"),
    );
    let bundle = bundle(&[
        ("k/kustomization.yaml", &kustomization),
        ("k/web.yaml", &web),
        ("k/svc.yaml", &svc),
    ]);
    let (web, svc) = (one(&bundle, "Deployment", "web"), one(&bundle, "Service", "web"));
    assert_eq!(
        (namespace(&bundle, web), namespace(&bundle, svc)),
        ("shop".into(), "shop".into())
    );
    for pointer in [
        "/metadata/labels",
        "/spec/selector/matchLabels",
        "/spec/template/metadata/labels",
    ] {
        assert_eq!(json(&bundle, web, &format!("{pointer}/team")), r#""blue""#, "{pointer}");
    }
    assert_eq!(json(&bundle, svc, "/spec/selector"), r#"{"app":"web","team":"blue"}"#);
    // What was added is no text of the file: it stands where its holder stands, and is not for editing.
    let label = bundle.resolve(svc, "/spec/selector/team").unwrap();
    assert!(bundle.tree().node(label).unwrap().flags.has(Flags::ALIAS));
    let holder = bundle.resolve(svc, "/spec/selector").unwrap();
    assert_eq!(
        bundle.locate(label).map(|at| at.value),
        bundle.locate(holder).map(|at| at.value)
    );
    let ports = bundle.resolve(svc, "/spec/ports/0/port").unwrap();
    let location = bundle.locate(ports).unwrap();
    assert_eq!(
        &bundle.manifests[location.manifest].text[location.value.start as usize..location.value.end as usize],
        "80"
    );
}

#[test]
fn labels_go_where_they_are_sent() {
    let kustomization = base(
        "labels:\n- pairs: {a: plain}\n- pairs: {b: template}\n  includeTemplates: true\n- pairs: {c: all}\n  includeSelectors: true\n\
         commonAnnotations: {note: here}\nresources: [web.yaml, job.yaml, policy.yaml]\n",
    );
    let job = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: tick}\nspec:\n  schedule: '* * * * *'\n  jobTemplate:\n    spec:\n      \
        template:\n        spec: {containers: [{name: t, image: example.test/t}]}\n";
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingress:\n  \
        - from: [{podSelector: {matchLabels: {app: web}}}]\n";
    let bundle = bundle(&[
        ("kustomization.yml", &kustomization),
        ("web.yaml", &deployment("web")),
        ("job.yaml", job),
        ("policy.yaml", policy),
    ]);
    let web = one(&bundle, "Deployment", "web");
    assert_eq!(
        json(&bundle, web, "/metadata/labels"),
        r#"{"a":"plain","b":"template","c":"all"}"#
    );
    assert_eq!(
        json(&bundle, web, "/spec/template/metadata/labels"),
        r#"{"app":"web","b":"template","c":"all"}"#
    );
    assert_eq!(
        json(&bundle, web, "/spec/selector/matchLabels"),
        r#"{"app":"web","c":"all"}"#
    );
    assert_eq!(
        json(&bundle, web, "/spec/template/metadata/annotations"),
        r#"{"note":"here"}"#
    );
    let job = one(&bundle, "CronJob", "tick");
    assert_eq!(
        json(&bundle, job, "/spec/jobTemplate/spec/template/metadata/labels"),
        r#"{"b":"template","c":"all"}"#
    );
    assert_eq!(json(&bundle, job, "/spec/jobTemplate/spec/selector"), "(absent)");
    // An empty selector stays empty, one that is there gets the label.
    let policy = one(&bundle, "NetworkPolicy", "p");
    assert_eq!(json(&bundle, policy, "/spec/podSelector"), "{}");
    assert_eq!(
        json(&bundle, policy, "/spec/ingress/0/from/0/podSelector/matchLabels"),
        r#"{"app":"web","c":"all"}"#
    );
}

fn overlays(dev: &str, prod: &str) -> Vec<(&'static str, String)> {
    vec![
        ("base/kustomization.yaml", base("resources: [web.yaml]\n")),
        ("base/web.yaml", deployment("web")),
        (
            "overlays/dev/kustomization.yaml",
            base(&format!("resources: [../../base, svc.yaml]\n{dev}")),
        ),
        ("overlays/dev/svc.yaml", service("web")),
        (
            "overlays/prod/kustomization.yaml",
            base(&format!("resources: [../../base, svc.yaml]\n{prod}")),
        ),
        ("overlays/prod/svc.yaml", service("web")),
    ]
}

fn build(files: &[(&'static str, String)]) -> plimsoll_core::bundle::Bundle {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    bundle(&files)
}

#[test]
fn a_base_in_closures_that_differ_has_no_known_namespace_and_common_labels() {
    let bundle = build(&overlays(
        "namespace: dev\ncommonLabels: {team: blue, env: dev}\n",
        "namespace: prod\ncommonLabels: {team: blue, env: prod}\n",
    ));
    let web = one(&bundle, "Deployment", "web");
    assert_eq!(namespace(&bundle, web), "(unknown)");
    assert_eq!(
        json(&bundle, web, "/spec/template/metadata/labels"),
        r#"{"app":"web","team":"blue"}"#
    );
    assert!(!is_final(&bundle, web, "/spec/template/metadata/labels"));
    assert!(!is_final(&bundle, web, "/spec/selector/matchLabels"));
    let dev = within(&bundle, "overlays/dev/svc.yaml", "Service", "web");
    assert_eq!(namespace(&bundle, dev), "dev");
    assert!(is_final(&bundle, dev, "/spec/selector"));
    let paths: Vec<&str> = bundle.closures_of(web).map(|closure| closure.path.as_str()).collect();
    assert_eq!(
        paths,
        ["overlays/dev/kustomization.yaml", "overlays/prod/kustomization.yaml"]
    );
}

#[test]
fn a_base_in_closures_that_agree_is_known() {
    let bundle = build(&overlays("namespace: shop\n", "namespace: shop\n"));
    let web = one(&bundle, "Deployment", "web");
    assert_eq!(namespace(&bundle, web), "shop");
    assert!(is_final(&bundle, web, "/spec/template/metadata/labels"));
}

#[test]
fn closures_decide_what_sees_what() {
    let mut files = overlays("namespace: dev\n", "namespace: prod\n");
    files.push(("elsewhere/web.yaml", deployment("other")));
    let bundle = build(&files);
    let web = one(&bundle, "Deployment", "web");
    let dev = within(&bundle, "overlays/dev/svc.yaml", "Service", "web");
    let services = all(&bundle, "Service", "web");
    assert_eq!(reached(&bundle, dev, &[web]), [["base/web.yaml"]]);
    assert_eq!(
        reached(&bundle, web, &services),
        [["overlays/dev/svc.yaml"], ["overlays/prod/svc.yaml"]]
    );
    // What no closure includes is not seen, though it shares no identity.
    let other = one(&bundle, "Deployment", "other");
    assert!(reached(&bundle, dev, &[other]).is_empty() && reached(&bundle, other, &services).is_empty());
}

#[test]
fn prefixes_leave_names_as_they_are_written() {
    let bundle = build(&overlays("namePrefix: dev-\n", "namePrefix: prod-\nnameSuffix: -1\n"));
    let web = one(&bundle, "Deployment", "web");
    assert_eq!(all(&bundle, "Service", "web").len(), 2);
    assert_eq!(
        reached(
            &bundle,
            within(&bundle, "overlays/dev/svc.yaml", "Service", "web"),
            &[web]
        ),
        [["base/web.yaml"]]
    );
}

#[test]
fn the_outer_namespace_wins_and_cluster_objects_have_none() {
    let bundle = bundle(&[
        ("a/kustomization.yaml", "namespace: inner\nresources: [o.yaml]\n"),
        (
            "a/o.yaml",
            &format!(
                "{}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: cluster}}\n",
                service("s")
            ),
        ),
        ("kustomization.yaml", "namespace: outer\nresources: [a]\n"),
    ]);
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "s")), "outer");
    assert_eq!(namespace(&bundle, one(&bundle, "Namespace", "cluster")), "(unset)");
    assert_eq!(bundle.closures().len(), 1);
}

#[test]
fn a_base_taken_twice_by_one_root_is_of_two_minds() {
    let bundle = bundle(&[
        ("kustomization.yaml", "resources: [dev, prod]\n"),
        ("dev/kustomization.yaml", "namespace: dev\nresources: [../base]\n"),
        ("prod/kustomization.yaml", "namespace: prod\nresources: [../base]\n"),
        ("base/kustomization.yaml", "resources: [s.yaml]\n"),
        ("base/s.yaml", &service("s")),
    ]);
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "s")), "(unknown)");
}

#[test]
fn components_change_what_includes_them() {
    let bundle = bundle(&[
        (
            "app/kustomization.yaml",
            "resources: [s.yaml]\ncomponents: [../component]\n",
        ),
        ("app/s.yaml", &service("s")),
        (
            "component/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamespace: c\nresources: [t.yaml]\n",
        ),
        ("component/t.yaml", &service("t")),
    ]);
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "s")), "c");
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "t")), "c");
    assert_eq!(bundle.closures().len(), 1);
}

#[test]
fn generated_objects_are_known_and_not_judged() {
    let text = "namespace: shop\nconfigMapGenerator:\n- name: settings\n  literals: [A=1]\nsecretGenerator:\n- name: keys\n  envs: [x.env]\nresources: [s.yaml]\n";
    let bundle = bundle(&[("k/kustomization.yaml", text), ("k/s.yaml", &service("s"))]);
    let (map, keys) = (one(&bundle, "ConfigMap", "settings"), one(&bundle, "Secret", "keys"));
    for object in [map, keys] {
        let flags = record(&bundle, object).flags;
        assert!(flags.role() == Role::Context && flags.has(ObjectFlags::RENDERED));
        assert_eq!(namespace(&bundle, object), "shop");
        assert!(!is_final(&bundle, object, "/data/anything"));
    }
    let place = bundle.locate(record(&bundle, keys).root).unwrap();
    let source = &bundle.manifests[place.manifest].text[place.value.start as usize..place.value.end as usize];
    assert!(source.starts_with("name: keys"), "{source}");
    assert_eq!(
        json(&bundle, keys, ""),
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"keys"},"data":{}}"#
    );
}

#[test]
fn remote_resources_and_paths_out_of_the_input_are_left_alone() {
    let text = "resources:\n- https://example.test/base?ref=v1\n- ../../outside\n- s.yaml\n";
    let bundle = bundle(&[("k/kustomization.yaml", text), ("k/s.yaml", &service("s"))]);
    assert!(bundle.closures()[0].remote);
    assert_eq!(bundle.closures_of(one(&bundle, "Service", "s")).count(), 1);
}

#[test]
fn circles_end() {
    let bundle = bundle(&[
        ("a/kustomization.yaml", "namespace: a\nresources: [../b, s.yaml]\n"),
        ("a/s.yaml", &service("s")),
        ("b/kustomization.yaml", "resources: [../a]\ncomponents: [../b, ../a]\n"),
    ]);
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "s")), "a");
}

#[test]
fn what_deploys_a_path_makes_it_a_root() {
    let application = |name: &str, namespace: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n  source: {{path: ./apps/shop}}\n  \
             destination: {{namespace: {namespace}}}\n"
        )
    };
    let stated = service("t").replace("name: t\n", "name: t\n  namespace: mine\n");
    let files = |second: &str| {
        vec![
            ("argo/one.yaml", application("one", "shop")),
            ("argo/two.yaml", application("two", second)),
            ("apps/shop/s.yaml", service("s")),
            ("apps/shop/t.yaml", stated.clone()),
        ]
    };
    let agreed = build(&files("shop"));
    assert_eq!(namespace(&agreed, one(&agreed, "Service", "s")), "shop");
    assert_eq!(namespace(&agreed, one(&agreed, "Service", "t")), "mine");
    let differing = build(&files("other"));
    assert_eq!(namespace(&differing, one(&differing, "Service", "s")), "(unknown)");
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: f}\nspec:\n  path: ./base\n  targetNamespace: f\n";
    let bundle = bundle(&[
        ("flux.yaml", flux),
        ("base/kustomization.yaml", "resources: [s.yaml]\n"),
        ("base/s.yaml", &service("s")),
        ("overlay/kustomization.yaml", "resources: [../base]\nnamespace: o\n"),
    ]);
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "s")), "(unknown)");
}

#[test]
fn a_file_of_another_name_is_a_kustomization_by_its_kind_only() {
    let bundle = bundle(&[
        ("k/kustomize.dev.yaml", &base("namespace: shop\nresources: [s.yaml]\n")),
        ("k/s.yaml", &service("s")),
        ("l/values.yaml", "namespace: shop\nresources: [t.yaml]\n"),
        ("l/t.yaml", &service("t")),
    ]);
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "s")), "shop");
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "t")), "(unset)");
}

#[test]
fn a_few_hostile_thousands_end_soon() {
    // Components that include each other twice over many levels.
    let mut files: Vec<(String, String)> = vec![("s.yaml".into(), service("s"))];
    files.push((
        "kustomization.yaml".into(),
        "resources: [s.yaml]\ncomponents: [c0, d0]\n".into(),
    ));
    for level in 0..28 {
        for side in ["c", "d"] {
            let text = format!(
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncomponents: [../c{0}, ../d{0}]\n",
                level + 1
            );
            files.push((format!("{side}{level}/kustomization.yaml"), text));
        }
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let started = std::time::Instant::now();
    let bundle = bundle(&files);
    assert_eq!(namespace(&bundle, one(&bundle, "Service", "s")), "(unknown)");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
