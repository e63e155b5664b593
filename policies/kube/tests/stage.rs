//! What objects are deployed to.

mod support;

use plimsoll_core::bundle::Options;
use plimsoll_kube::{Bundle, Stage};
use support::{object, with_files, with_options};

fn deployment(namespace: &str, labels: &str, env: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  namespace: {namespace}\n  labels: {{{labels}}}\nspec:\n  \
         selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a}}}}\n    spec:\n      containers:\n      \
         - name: main\n        image: i\n        env: [{env}]\n"
    )
}

/// Stage and certainty of the Deployment `a`.
fn staged(bundle: &Bundle<'_>) -> (Stage, bool) {
    let staged = bundle.stage(object(bundle, "a"));
    assert_eq!(bundle.stage(object(bundle, "a")), staged);
    (staged.stage, staged.sure)
}

#[test]
fn the_sign_that_says_most_decides() {
    let node = "{name: NODE_ENV, value: production}";
    let gin = "{name: GIN_MODE, value: release}";
    for (path, namespace, labels, env, expected) in [
        ("app.yaml", "shop", "", "", (Stage::Unknown, false)),
        ("app.yaml", "shop", "", node, (Stage::Prod, false)),
        ("app.yaml", "shop", "", gin, (Stage::Prod, false)),
        ("app.yaml", "shop", "env: dev", node, (Stage::Dev, true)),
        ("app.yaml", "shop", "tier: backend", "", (Stage::Unknown, false)),
        ("app.yaml", "shop-staging", "env: dev", node, (Stage::Staging, true)),
        ("prod/app.yaml", "shop-staging", "env: dev", "", (Stage::Prod, true)),
        ("clusters/prod-eu/shop/app.yaml", "shop", "", "", (Stage::Prod, true)),
        ("app-prod.yaml", "shop", "", "", (Stage::Prod, true)),
        // A path that says two things says nothing; the next sign decides.
        ("prod/dev/app.yaml", "shop-dev", "", "", (Stage::Dev, true)),
        ("prod/dev/app.yaml", "shop", "", "", (Stage::Unknown, false)),
        ("test/dev/app.yaml", "shop", "", "", (Stage::Dev, true)),
    ] {
        let text = deployment(namespace, labels, env);
        with_files(&[(path, &text)], |bundle| {
            assert_eq!(staged(bundle), expected, "{path} {namespace} {labels} {env}");
        });
    }
}

#[test]
fn the_operator_decides() {
    let text = deployment("shop-dev", "env: dev", "");
    let told = |environments: &[(&str, &str)], environment: Option<&str>| {
        let options = Options {
            environments: environments
                .iter()
                .map(|&(glob, name)| (glob.to_owned(), name.into()))
                .collect(),
            environment: environment.map(str::to_owned),
            ..Options::default()
        };
        let mut found = None;
        with_options(&[("sites/shop/app.yaml", &text)], &options, |bundle| {
            found = Some(staged(bundle))
        });
        found.expect("it was asked")
    };
    assert_eq!(told(&[], None), (Stage::Dev, true));
    assert_eq!(told(&[("sites/**", "prod")], None), (Stage::Prod, true));
    assert_eq!(told(&[("sites", "prod")], None), (Stage::Prod, true));
    assert_eq!(told(&[("other/**", "prod")], None), (Stage::Dev, true));
    // The glob that says more of the path.
    assert_eq!(
        told(&[("sites/**", "prod"), ("sites/shop/*", "staging")], None),
        (Stage::Staging, true)
    );
    assert_eq!(told(&[("sites/**", "dev")], Some("prod")), (Stage::Prod, true));
}

#[test]
fn a_base_is_deployed_to_what_includes_it() {
    let text = deployment("shop", "", "");
    let base = ("base/app.yaml", text.as_str());
    let list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [app.yaml]\n";
    let overlay = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../base]\n";
    let files = [
        base,
        ("base/kustomization.yaml", list),
        ("overlays/prod/kustomization.yaml", overlay),
    ];
    with_files(&files, |bundle| assert_eq!(staged(bundle), (Stage::Prod, true)));
    let both = [files.as_slice(), &[("overlays/dev/kustomization.yaml", overlay)]].concat();
    with_files(&both, |bundle| assert_eq!(staged(bundle).0, Stage::Unknown));
    // Others may deploy it, too.
    let dev = [
        base,
        ("base/kustomization.yaml", list),
        ("overlays/dev/kustomization.yaml", overlay),
    ];
    with_files(&dev, |bundle| assert_eq!(staged(bundle).0, Stage::Unknown));
}

const BOUND: &str = "
apiVersion: openchoreo.dev/v1alpha1
kind: Environment
metadata: {name: live-eu, namespace: shop}
spec: {isProduction: true}
---
apiVersion: openchoreo.dev/v1alpha1
kind: ComponentRelease
metadata: {name: a, namespace: shop}
spec: {workload: {container: {image: i}}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: ReleaseBinding
metadata: {name: a-live, namespace: shop}
spec: {environment: live-eu, releaseName: a}
";

#[test]
fn a_release_is_deployed_to_what_it_is_bound_to() {
    with_files(&[("dev/app.yaml", BOUND)], |bundle| {
        assert_eq!(staged(bundle), (Stage::Prod, true));
        assert_eq!(bundle.stage(object(bundle, "a-live")).stage, Stage::Prod);
    });
    // Not production, whatever it is called; without a word of it, the name.
    for (says, expected) in [
        ("isProduction: false", Stage::Staging),
        ("isProduction: null", Stage::Prod),
    ] {
        let text = BOUND.replace("isProduction: true", says).replace("live-eu", "prod-eu");
        with_files(&[("app.yaml", &text)], |bundle| {
            assert_eq!(staged(bundle).0, expected, "{says}")
        });
    }
    // Bound to two.
    let text = format!(
        "{BOUND}---\napiVersion: openchoreo.dev/v1alpha1\nkind: ReleaseBinding\nmetadata: {{name: a-dev, namespace: shop}}\n\
         spec: {{environment: development, releaseName: a}}\n"
    );
    with_files(&[("app.yaml", &text)], |bundle| {
        assert_eq!(staged(bundle).0, Stage::Unknown)
    });
}

#[test]
fn what_lies_in_a_rendered_release_is_deployed_where_it_is() {
    let inner = deployment("dp-shop", "", "").replace('\n', "\n      ");
    let text = format!(
        "apiVersion: openchoreo.dev/v1alpha1\nkind: RenderedRelease\nmetadata: {{name: r, namespace: shop}}\nspec:\n  \
         environmentName: staging\n  resources:\n  - id: a\n    object:\n      {inner}\n"
    );
    with_files(&[("app.yaml", &text)], |bundle| {
        assert_eq!(staged(bundle), (Stage::Staging, true))
    });
}
