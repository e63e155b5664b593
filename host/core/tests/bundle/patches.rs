//! Patches: no objects of their own, and what they set is unknown in their target.

use plimsoll_tree::ObjectFlags;

use crate::{all, bundle, deployment, is_final, json, one, record, service, within};

const PATCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      \
    - name: web\n        env:\n        - {name: PORT, value: \"4000\"}\n        - {name: MORE, value: x}\n";
const PORT: &str = "/spec/template/spec/containers/0/env/0/value";

fn patched(kustomization: &str, patch: &str) -> plimsoll_core::bundle::Bundle {
    bundle(&[
        (
            "k/kustomization.yaml",
            &format!("resources: [web.yaml, other.yaml]\n{kustomization}"),
        ),
        ("k/web.yaml", &deployment("web")),
        ("k/other.yaml", &deployment("other")),
        ("k/patch.yaml", patch),
    ])
}

#[test]
fn a_strategic_patch_makes_what_it_sets_unknown() {
    for kustomization in [
        "patchesStrategicMerge: [patch.yaml]\n".to_owned(),
        "patches: [{path: patch.yaml}]\n".to_owned(),
        "patches: [{path: patch.yaml, target: {kind: Deployment, name: web}}]\n".to_owned(),
        format!(
            "patches:\n- patch: |-\n    {}\n",
            PATCH.trim_end().replace('\n', "\n    ")
        ),
        format!(
            "patchesStrategicMerge:\n- |-\n  {}\n",
            PATCH.trim_end().replace('\n', "\n  ")
        ),
    ] {
        let bundle = patched(&kustomization, PATCH);
        let web = within(&bundle, "k/web.yaml", "Deployment", "web");
        assert!(!is_final(&bundle, web, PORT), "{kustomization}");
        assert_eq!(json(&bundle, web, PORT), r#""3000""#);
        assert!(
            !is_final(&bundle, web, "/spec/replicas")
                && !is_final(&bundle, web, "/spec/template/spec/containers/0/env")
        );
        // All else stays known: what the patch only names, what it does not speak of, and other objects.
        for pointer in [
            "/spec/template",
            "/spec/template/spec/containers",
            "/spec/template/spec/containers/0",
            "/spec/template/spec/containers/0/image",
            "/metadata",
        ] {
            assert!(is_final(&bundle, web, pointer), "{pointer}");
        }
        assert!(is_final(&bundle, one(&bundle, "Deployment", "other"), PORT));
    }
}

#[test]
fn a_patch_file_is_no_object_of_its_own() {
    let bundle = patched("patches: [{path: patch.yaml}]\n", PATCH);
    let patch = within(&bundle, "k/patch.yaml", "Deployment", "web");
    assert!(record(&bundle, patch).flags.has(ObjectFlags::PATCH));
    let web = within(&bundle, "k/web.yaml", "Deployment", "web");
    assert!(!record(&bundle, web).flags.has(ObjectFlags::AMBIGUOUS));
}

#[test]
fn a_json_patch_makes_what_it_sets_unknown() {
    let operations = "- {op: replace, path: /spec/template/spec/containers/0/image, value: x}\n- {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: A}}\n";
    for kustomization in [
        "patches: [{path: patch.yaml, target: {kind: Deployment, name: web}}]\n",
        "patchesJson6902: [{path: patch.yaml, target: {group: apps, version: v1, kind: Deployment, name: web}}]\n",
    ] {
        let bundle = patched(kustomization, operations);
        let web = one(&bundle, "Deployment", "web");
        assert!(!is_final(&bundle, web, "/spec/template/spec/containers/0/image"));
        assert!(!is_final(&bundle, web, "/spec/template/spec/containers/0/env"));
        assert!(is_final(&bundle, web, PORT) && is_final(&bundle, web, "/spec/template/spec/containers"));
        assert!(is_final(
            &bundle,
            one(&bundle, "Deployment", "other"),
            "/spec/template/spec/containers/0/image"
        ));
    }
}

#[test]
fn a_selector_that_is_no_plain_text_could_mean_all() {
    let operations = "- {op: replace, path: /spec/template/spec/containers/0/image, value: x}\n";
    let bundle = patched(
        "patches: [{path: patch.yaml, target: {kind: Deployment, name: \"w.*\"}}]\n",
        operations,
    );
    for name in ["web", "other"] {
        assert!(!is_final(
            &bundle,
            one(&bundle, "Deployment", name),
            "/spec/template/spec/containers/0/image"
        ));
    }
}

#[test]
fn a_patched_namespace_is_unknown() {
    let operations = "- {op: replace, path: /metadata/namespace, value: x}\n";
    let bundle = patched(
        "patches: [{path: patch.yaml, target: {kind: Deployment, name: web}}]\n",
        operations,
    );
    assert_eq!(
        crate::namespace(&bundle, one(&bundle, "Deployment", "web")),
        "(unknown)"
    );
    assert_eq!(
        crate::namespace(&bundle, one(&bundle, "Deployment", "other")),
        "(unset)"
    );
}

#[test]
fn a_patch_that_is_not_in_the_input_could_set_anything() {
    let bundle = patched(
        "patches: [{path: gone.yaml, target: {kind: Deployment, name: web}}]\n",
        "",
    );
    assert!(!is_final(&bundle, one(&bundle, "Deployment", "web"), PORT));
    assert!(is_final(&bundle, one(&bundle, "Deployment", "other"), PORT));
}

#[test]
fn a_patch_finds_its_target_by_the_prefixed_name() {
    let bundle = bundle(&[
        ("base/kustomization.yaml", "namePrefix: my-\nresources: [web.yaml]\n"),
        ("base/web.yaml", &deployment("web")),
        (
            "o/kustomization.yaml",
            "resources: [../base]\npatches: [{path: patch.yaml}]\n",
        ),
        ("o/patch.yaml", &PATCH.replace("{name: web}", "{name: my-web}")),
    ]);
    assert!(!is_final(&bundle, one(&bundle, "Deployment", "web"), PORT));
}

#[test]
fn images_replicas_variables_and_replacements_are_unknown() {
    let text = deployment("web").replace("3000", "$(REPLACED)");
    let bundle = bundle(&[
        (
            "kustomization.yaml",
            "resources: [web.yaml, other.yaml]\nimages: [{name: example.test/web, newTag: v2}]\nreplicas: [{name: web, count: 2}]\n\
             vars: [{name: REPLACED}]\nreplacements:\n- source: {kind: Service, name: x}\n  targets:\n  - select: {kind: Deployment, name: other}\n    \
             fieldPaths: [\"spec.template.spec.containers.[name=other].env.[name=PORT].value\"]\n",
        ),
        ("web.yaml", &text),
        ("other.yaml", &deployment("other")),
    ]);
    let (web, other) = (one(&bundle, "Deployment", "web"), one(&bundle, "Deployment", "other"));
    assert!(!is_final(&bundle, web, "/spec/template/spec/containers/0/image"));
    assert!(is_final(&bundle, other, "/spec/template/spec/containers/0/image"));
    assert!(!is_final(&bundle, web, "/spec/replicas") && is_final(&bundle, other, "/spec/replicas"));
    assert!(!is_final(&bundle, web, PORT) && !is_final(&bundle, other, PORT));
    assert!(is_final(&bundle, other, "/spec/template/spec/containers/0/env"));
}

#[test]
fn a_partial_document_is_a_patch_of_the_whole_one() {
    let bundle = bundle(&[
        ("base/web.yaml", &deployment("web")),
        ("prod/web.yaml", PATCH),
        (
            "prod/svc.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: lone}\nspec: {selector: {app: web}}\n",
        ),
    ]);
    let patch = within(&bundle, "prod/web.yaml", "Deployment", "web");
    let whole = within(&bundle, "base/web.yaml", "Deployment", "web");
    assert!(
        record(&bundle, patch).flags.has(ObjectFlags::PATCH) && !record(&bundle, whole).flags.has(ObjectFlags::PATCH)
    );
    assert!(!is_final(&bundle, whole, PORT) && is_final(&bundle, whole, "/spec/template/spec/containers/0/image"));
    // Whole nowhere: an object, though not a good one.
    assert!(
        !record(&bundle, one(&bundle, "Service", "lone"))
            .flags
            .has(ObjectFlags::PATCH)
    );
}

#[test]
fn a_partial_document_of_another_namespace_is_an_object() {
    let named = |text: &str, namespace: &str| {
        text.replace("{name: web}", &format!("{{name: web, namespace: {namespace}}}"))
            .replace("name: web\nspec", &format!("name: web\n  namespace: {namespace}\nspec"))
    };
    let bundle = bundle(&[
        ("a.yaml", &named(&deployment("web"), "one")),
        ("b.yaml", &named(PATCH, "two")),
    ]);
    assert!(
        all(&bundle, "Deployment", "web")
            .iter()
            .all(|&index| !record(&bundle, index).flags.has(ObjectFlags::PATCH))
    );
}

#[test]
fn what_a_kustomization_lists_as_resource_is_an_object() {
    let bundle = bundle(&[
        ("whole/svc.yaml", &service("s")),
        ("k/kustomization.yaml", "resources: [s.yaml]\n"),
        (
            "k/s.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {app: s}}\n",
        ),
    ]);
    assert!(
        all(&bundle, "Service", "s")
            .iter()
            .all(|&index| !record(&bundle, index).flags.has(ObjectFlags::PATCH))
    );
}

#[test]
fn a_list_item_with_another_key_makes_the_list_unknown() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        ports: [{containerPort: 81}]\n      - name: sidecar\n        image: x\n";
    let text = format!("{}        ports: [{{containerPort: 80}}]\n", deployment("web"));
    let bundle = bundle(&[
        (
            "kustomization.yaml",
            "resources: [web.yaml]\npatches: [{path: p.yaml}]\n",
        ),
        ("web.yaml", &text),
        ("p.yaml", patch),
    ]);
    let web = within(&bundle, "web.yaml", "Deployment", "web");
    assert!(!is_final(
        &bundle,
        web,
        "/spec/template/spec/containers/0/ports/0/containerPort"
    ));
    assert!(!is_final(&bundle, web, "/spec/template/spec/containers"));
    assert!(is_final(&bundle, web, "/spec/template/spec/containers/0") && is_final(&bundle, web, PORT));
}
