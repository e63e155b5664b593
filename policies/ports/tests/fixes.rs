//! Which findings of `target-port-mismatch` may be repaired, and what they tell.

use plimsoll_policy_ports::Ports;
use plimsoll_sdk::testing::findings;

const RULE: &str = "target-port-mismatch";

fn system(service: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: reef
spec:
  template:
    metadata:
      labels: {{app: reef}}
    spec:
      containers:
        - name: api
          image: registry.reef.example/api:2
          env:
            - {{name: PORT, value: \"3000\"}}
---
apiVersion: v1
kind: Service
metadata:
  name: reef
{service}"
    )
}

#[test]
fn a_written_target_is_set_and_a_missing_one_inserted() {
    for port in ["{port: 80, targetPort: 80}", "{port: 80}"] {
        let found = findings::<Ports>(
            RULE,
            &system(&format!("spec:\n  selector: {{app: reef}}\n  ports:\n    - {port}\n")),
        );
        let [found] = found.as_slice() else {
            panic!("one finding of {port}");
        };
        assert_eq!(
            found.message,
            "Service reef port 80 targets 80, but reef/api listens on 3000 (PORT=3000)"
        );
        assert_eq!(found.fix.as_deref(), Some("forward to port 3000"), "{port}");
        assert_eq!(found.text, "80");
        let related: Vec<(u32, &str)> = found
            .related
            .iter()
            .map(|(_, line, text)| (*line, text.as_str()))
            .collect();
        assert_eq!(related, [(14, "reef/api listens on 3000 (PORT=3000)")]);
    }
}

#[test]
fn an_alias_is_never_changed() {
    let text =
        system("  annotations: {port: &port 80}\nspec:\n  selector: {app: reef}\n  ports:\n    - {port: *port}\n");
    let text = text.replace("annotations: {port: &port 80}", "generation: &port 80");
    let found = findings::<Ports>(RULE, &text);
    assert_eq!(found.len(), 1);
    assert!(found.iter().all(|one| one.fix.is_none()));
}

#[test]
fn what_a_platform_rendered_is_not_repaired() {
    let object = |text: &str| text.replace('\n', "\n        ");
    let text = system("spec:\n  selector: {app: reef}\n  ports:\n    - {port: 80}");
    let (deployment, service) = text.split_once("\n---\n").expect("two documents");
    let text = format!(
        "apiVersion: openchoreo.dev/v1alpha1
kind: RenderedRelease
metadata:
  name: reef-development
spec:
  resources:
    - id: deployment
      object:
        {}
    - id: service
      object:
        {}
",
        object(deployment),
        object(service)
    );
    let found = findings::<Ports>(RULE, &text);
    assert_eq!(found.len(), 1);
    assert!(found.iter().all(|one| one.fix.is_none()));
}

#[test]
fn long_names_leave_the_evidence_to_the_related_places() {
    let long = "a-name-that-is-as-long-as-names-of-rendered-objects-get";
    let text = system("spec:\n  selector: {app: reef}\n  ports:\n    - {port: 80}\n")
        .replace("name: reef", &format!("name: {long}"));
    let found = findings::<Ports>(RULE, &text);
    assert!(found.iter().all(|one| one.message.ends_with("listens on 3000")));
    assert_eq!(found.len(), 1);
}

#[test]
fn names_and_quoted_numbers_are_repaired() {
    for (rule, target, expected) in [
        ("named-target-port-unresolved", "htpp", Some("forward to \"http\"")),
        ("named-target-port-unresolved", "web", Some("forward to \"http\"")),
        ("named-target-port-unresolved", "web2", Some("forward to \"http\"")),
        ("target-port-quoted-number", "\"8080\"", Some("unquote it")),
        ("target-port-quoted-number", "\"80800\"", None),
    ] {
        let service =
            format!("spec:\n  selector: {{app: reef}}\n  ports:\n    - {{port: 8080, targetPort: {target}}}\n");
        let text = system(&service).replace(
            "          env:\n            - {name: PORT, value: \"3000\"}\n",
            "          ports: [{name: http, containerPort: 8080}]\n",
        );
        let found = findings::<Ports>(rule, &text);
        let [found] = found.as_slice() else {
            panic!("{target}: {found:?}")
        };
        assert_eq!(found.fix.as_deref(), expected, "{target}");
    }
}

#[test]
fn a_name_is_not_guessed() {
    let service = "spec:\n  selector: {app: reef}\n  ports:\n    - {port: 80, targetPort: web}\n";
    let text = system(service).replace(
        "          env:\n            - {name: PORT, value: \"3000\"}\n",
        "          ports: [{name: http, containerPort: 8080}]\n",
    );
    let found = findings::<Ports>("named-target-port-unresolved", &text);
    assert!(matches!(found.as_slice(), [one] if one.fix.is_none()), "{found:?}");
}
