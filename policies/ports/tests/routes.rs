//! What `route-backend-port` says, and when it may repair.

use plimsoll_policy_ports::Ports;
use plimsoll_sdk::testing::{Seen, findings};

const RULE: &str = "route-backend-port";

fn only(ports: &str, route: &str) -> Seen {
    let text = format!(
        "apiVersion: v1
kind: Service
metadata: {{name: reef, labels: {{app: reef}}}}
spec:
  selector: {{app: reef}}
  ports: {ports}
---
{route}
"
    );
    let mut found = findings::<Ports>(RULE, &text);
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

fn ingress(port: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: front}}
spec:
  defaultBackend: {{service: {{name: reef, port: {port}}}}}"
    )
}

#[test]
fn the_port_that_was_meant_is_written() {
    for (ports, port, fix) in [
        // By the target, though there are several.
        (
            "[{name: a, port: 80, targetPort: 3000}, {name: b, port: 81}]",
            "{number: 3000}",
            Some("send to port 80"),
        ),
        (
            "[{name: a, port: 80, targetPort: web}, {name: b, port: 81}]",
            "{name: web}",
            Some("send to port a"),
        ),
        // The only one.
        ("[{port: 80}]", "{number: 8080}", Some("send to port 80")),
        ("[{name: a, port: 80}]", "{name: web}", Some("send to port a")),
        // `name` would have to become `number`.
        ("[{port: 80}]", "{name: web}", None),
        // Two lead there, or none.
        (
            "[{name: a, port: 80, targetPort: 1}, {name: b, port: 81, targetPort: 1}]",
            "{number: 1}",
            None,
        ),
        ("[{name: a, port: 80}, {name: b, port: 81}]", "{number: 1}", None),
    ] {
        let found = only(ports, &ingress(port));
        assert_eq!(found.fix.as_deref(), fix, "{ports} {port}");
    }
    let hook = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook}
webhooks: [{name: a, clientConfig: {service: {name: reef, namespace: shop}}}]";
    let found = only("[{port: 80}]", hook);
    // Which namespace the Service is in is not said: the call may mean another one.
    assert_eq!(found.fix, None);
    let route = "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: front}
spec: {rules: [{backendRefs: [{name: reef}]}]}";
    let found = only("[{port: 80}]", route);
    assert_eq!(found.message, "HTTPRoute front names no port of reef, which exposes 80");
    assert_eq!(found.fix.as_deref(), Some("send to port 80"));
}

#[test]
fn the_message_says_what_is_exposed() {
    let found = only("[{name: web, port: 80, targetPort: 3000}]", &ingress("{number: 3000}"));
    assert_eq!(
        found.message,
        "Ingress front sends to reef:3000, but reef exposes 80 (web) (did you mean 80 (web)? 3000 is its targetPort)"
    );
    assert_eq!(found.text, "3000");
    let ports: Vec<String> = (0..9)
        .map(|number| format!("{{name: p{number}, port: {number}}}"))
        .collect();
    let found = only(&format!("[{}]", ports.join(", ")), &ingress("{number: 80}"));
    assert_eq!(
        found.message,
        "Ingress front sends to reef:80, but reef exposes 0 (p0), 1 (p1), 2 (p2), 3 (p3), …"
    );
}
