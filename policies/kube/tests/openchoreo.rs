//! What the platform runs.

mod support;

use plimsoll_kube::Bundle;
use plimsoll_kube::openchoreo::{Copies, deployed, endpoints_of};
use plimsoll_kube::{Node, word};
use support::{object, value, with, with_files};

fn workload(kind: &str, name: &str, port: u16) -> String {
    let (open, close) = if kind == "ComponentRelease" {
        ("workload: {", "}")
    } else {
        ("", "")
    };
    let container = format!("container: {{image: web, env: [{{key: PORT, value: '{port}'}}]}}");
    format!(
        "---\napiVersion: openchoreo.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: c}}\n\
         spec: {{owner: {{projectName: p, componentName: web}}, {open}{container}, endpoints: {{http: {{type: HTTP, port: 80}}}}{close}}}\n"
    )
}

fn binding(environment: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: openchoreo.dev/v1alpha1\nkind: ReleaseBinding\nmetadata: {{name: web-{environment}, namespace: c}}\n\
         spec: {{owner: {{projectName: p, componentName: web}}, environment: {environment}{rest}}}\n"
    )
}

/// What runs: object, binding, PORT, copies.
fn seen(bundle: &Bundle<'_>) -> Vec<String> {
    deployed(bundle)
        .iter()
        .map(|one| {
            let copies: Vec<&str> = one.copies.iter().map(|copy| copy.name()).collect();
            format!(
                "{} {} {} [{}]",
                one.workload.title(),
                one.binding.map_or("-", |binding| binding.name()),
                value(&one.environment(bundle), "PORT"),
                copies.join(" ")
            )
        })
        .collect()
}

fn check(texts: &[String], expected: &[&str]) {
    with(&texts.concat(), |bundle| assert_eq!(seen(bundle), expected));
}

#[test]
fn a_release_is_its_workload_again() {
    check(
        &[
            workload("ComponentRelease", "web-1", 80),
            workload("ComponentRelease", "web-2", 3000),
            workload("Workload", "web", 3000),
            binding("dev", ", releaseName: web-2"),
        ],
        &["Workload web web-dev 3000 [web-2]"],
    );
}

#[test]
fn each_environment_runs_what_its_binding_says() {
    let port = ", workloadOverrides: {container: {env: [{key: PORT, value: '9000'}]}}";
    check(
        &[
            workload("ComponentRelease", "web-1", 80),
            workload("ComponentRelease", "web-2", 3000),
            binding("dev", &format!(", releaseName: web-2{port}")),
            binding("prod", ", releaseName: web-1"),
        ],
        &[
            "ComponentRelease web-1 web-prod 80 []",
            "ComponentRelease web-2 web-dev 9000 []",
        ],
    );
}

#[test]
fn the_newest_runs_where_no_release_is_named() {
    check(
        &[workload("Workload", "web", 3000), binding("dev", "")],
        &["Workload web web-dev 3000 []"],
    );
}

#[test]
fn a_field_of_another_age_names_it_too() {
    check(
        &[
            workload("ComponentRelease", "web-1", 80),
            workload("ComponentRelease", "web-2", 3000),
            binding("dev", ", releaseName: web-dev, componentReleaseName: web-1"),
        ],
        &["ComponentRelease web-1 web-dev 80 []"],
    );
}

#[test]
fn without_a_binding_all_may_run() {
    check(
        &[
            workload("ComponentRelease", "web-1", 80),
            workload("ComponentRelease", "web-2", 3000),
        ],
        &["ComponentRelease web-1 - 80 []", "ComponentRelease web-2 - 3000 []"],
    );
    check(
        &[
            workload("ComponentRelease", "web-1", 80),
            binding("dev", ", releaseName: '${release}'"),
        ],
        &["ComponentRelease web-1 - 80 []"],
    );
}

#[test]
fn alternatives_run_their_own() {
    let texts = |port| {
        format!(
            "{}{}",
            workload("ComponentRelease", "web-1", port),
            binding("dev", ", releaseName: web-1")
        )
    };
    with_files(&[("a/x.yaml", &texts(80)), ("b/x.yaml", &texts(3000))], |bundle| {
        assert_eq!(
            seen(bundle),
            [
                "ComponentRelease web-1 web-dev 80 []",
                "ComponentRelease web-1 web-dev 3000 []"
            ]
        );
    });
}

#[test]
fn endpoints() {
    let text = "
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata: {name: web}
spec: {container: {image: web}, endpoints: {http: {type: HTTP, port: 80, targetPort: 3000}, grpc: {type: gRPC, port: 90}}}
---
apiVersion: core.openchoreo.dev/v1alpha1
kind: ComponentRelease
metadata: {name: flat}
spec: {image: web, ports: [{name: http, containerPort: 5000}]}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata: {name: later}
spec: {container: {image: web}, endpoints: '${endpoints}'}
";
    with(text, |bundle| {
        let of = |name| {
            let all = endpoints_of(object(bundle, name))?;
            let numbers = all.iter().map(|one| (one.name, one.port.known(), one.target.known()));
            Some(numbers.collect::<Vec<_>>())
        };
        assert_eq!(
            of("web"),
            Some(vec![("http", Some(80), Some(3000)), ("grpc", Some(90), Some(90))])
        );
        assert_eq!(of("flat"), Some(vec![("http", Some(5000), Some(5000))]));
        assert_eq!(of("later"), None);
    });
}

#[test]
fn what_a_release_repeats() {
    let texts = [
        workload("ComponentRelease", "web-1", 80),
        workload("ComponentRelease", "web-2", 3000),
        workload("Workload", "web", 3000),
    ];
    with(&texts.concat(), |bundle| {
        let copies = Copies::new(bundle);
        let port = |name, path: &[_]| {
            let items = object(bundle, name).root().at(path).known().expect("it has variables");
            let item = items.items().next().expect("it has one");
            item.get(word!("value"))
                .known()
                .map(Node::index)
                .expect("it has a value")
        };
        let source = port("web", &[word!("spec"), word!("container"), word!("env")]);
        let inner = [word!("spec"), word!("workload"), word!("container"), word!("env")];
        assert_eq!(copies.source_of(port("web-2", &inner)), Some(source));
        assert_eq!(copies.source_of(port("web-1", &inner)), None);
        assert_eq!(copies.source_of(source), None);
    });
    with(&workload("Workload", "web", 80), |bundle| {
        assert!(Copies::new(bundle).is_empty())
    });
}
