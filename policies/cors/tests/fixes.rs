//! What may be repaired, and what the messages say.

use plimsoll_policy_cors::Cors;
use plimsoll_sdk::testing::{Seen, findings};

fn one(rule: &str, text: &str) -> Seen {
    let mut found = findings::<Cors>(rule, text);
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

fn ingress(annotations: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: api\n  annotations: {{{annotations}}}\nspec:\n  \
         defaultBackend: {{service: {{name: api, port: {{number: 80}}}}}}\n"
    )
}

fn site(host: &str, service: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {service}}}\nspec:\n  tls: [{{hosts: [{host}]}}]\n  \
         rules: [{{host: {host}, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {service}, port: \
         {{number: 80}}}}}}}}]}}}}]\n"
    )
}

const WORKLOAD: &str = "apiVersion: openchoreo.dev/v1alpha1\nkind: Workload\nmetadata: {name: api}\nspec:\n  container:\n    image: i\n    env: [{key: CORS_ORIGIN, value: '*'}]\n";

#[test]
fn the_only_site_with_pages_may_be_listed() {
    let text = format!(
        "{WORKLOAD}{}{}",
        site("shop.example", "web"),
        site("api.example", "api")
    );
    let seen = one("wildcard-origin", &text);
    assert_eq!(seen.message, "api/main allows any origin (CORS_ORIGIN: \"*\")");
    assert_eq!(seen.fix.as_deref(), Some("allow https://shop.example alone"));
    let help = seen.help.unwrap_or_default();
    assert!(help.contains("`https://shop.example`, `https://api.example`"), "{help}");
    assert!(help.contains("ReleaseBinding"), "{help}");
    // Two of them, or none: nobody knows which is meant.
    for text in [
        format!(
            "{WORKLOAD}{}{}",
            site("shop.example", "web"),
            site("admin.example", "admin-ui")
        ),
        format!("{WORKLOAD}{}", site("api.example", "api")),
        format!(
            "{}{}",
            WORKLOAD.replace("'*'", "'https://a.example,*'"),
            site("shop.example", "web")
        ),
    ] {
        assert_eq!(one("wildcard-origin", &text).fix, None, "{text}");
    }
}

#[test]
fn credentials_may_be_turned_off() {
    let list = "nginx.ingress.kubernetes.io/enable-cors: 'true', nginx.ingress.kubernetes.io/cors-allow-origin: '*'";
    let said = format!("{list}, nginx.ingress.kubernetes.io/cors-allow-credentials: 'true'");
    for text in [ingress(list), ingress(&said)] {
        let seen = one("wildcard-with-credentials", &text);
        assert_eq!(
            seen.message,
            "Ingress api: any origin with credentials (browsers reject it)"
        );
        assert_eq!(seen.fix.as_deref(), Some("turn credentials off"));
    }
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: api}\nspec:\n  rules: [{filters: [{type: CORS, cors: {allowOrigins: ['*'], allowCredentials: true}}]}]\n";
    let seen = one("wildcard-with-credentials", route);
    assert_eq!(seen.message, "HTTPRoute api: any origin with credentials (insecure)");
    assert_eq!(seen.fix.as_deref(), Some("turn credentials off"));
    // In a text the place of the value is not a node.
    let snippet = ingress(
        "nginx.ingress.kubernetes.io/configuration-snippet: \"add_header Access-Control-Allow-Origin $http_origin;\\nadd_header Access-Control-Allow-Credentials true;\"",
    );
    let seen = one("wildcard-with-credentials", &snippet);
    assert_eq!((seen.text.as_str(), seen.fix), ("$http_origin", None));
}

#[test]
fn defaults_are_named() {
    let text = ingress("nginx.ingress.kubernetes.io/enable-cors: 'true'");
    assert_eq!(
        one("wildcard-by-default", &text).message,
        "Ingress api: enable-cors without cors-allow-origin means \"*\" with credentials on ingress-nginx"
    );
    let text = ingress("haproxy.org/cors-enable: 'true'");
    assert_eq!(
        one("wildcard-by-default", &text).message,
        "Ingress api: cors-enable without cors-allow-origin means \"*\" on HAProxy Technologies' controller"
    );
}

#[test]
fn each_is_said_once() {
    let text =
        ingress("nginx.ingress.kubernetes.io/enable-cors: 'true', nginx.ingress.kubernetes.io/cors-allow-origin: '*'");
    for rule in ["wildcard-origin", "wildcard-by-default"] {
        assert!(findings::<Cors>(rule, &text).is_empty(), "{rule}");
    }
}

#[test]
fn a_template_is_named_with_its_type() {
    let text = "apiVersion: openchoreo.dev/v1alpha1\nkind: ComponentType\nmetadata: {name: service}\nspec:\n  workloadType: deployment\n  \
                resources:\n  - id: route\n    template:\n      apiVersion: gateway.networking.k8s.io/v1\n      kind: HTTPRoute\n      \
                metadata: {name: '${metadata.name}'}\n      spec: {rules: [{filters: [{type: CORS, cors: {allowOrigins: ['*']}}]}]}\n";
    let seen = one("wildcard-origin", text);
    assert_eq!(
        seen.message,
        "HTTPRoute in ComponentType service allows any origin (allowOrigins: \"*\")"
    );
    assert!(seen.help.unwrap_or_default().contains("it is a template"));
}
