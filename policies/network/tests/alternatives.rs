//! Copies of a system beside each other change nothing, and neither does the order of documents.

use plimsoll_policy_network::Network;
use plimsoll_sdk::testing::findings;

/// A system with a fault for most rules.
const SYSTEM: &[&str] = &[
    "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: board, namespace: ferry}
spec:
  podSelector: {matchLabels: {app: board}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: pier}}}]
      ports: [{port: 8080}]
  egress:
    - to: [{podSelector: {matchLabels: {app: tides}}}]
      ports: [{port: 80}]
    - to: [{namespaceSelector: {matchLabels: {name: kube-system}}}]
      ports: [{port: 53, protocol: UDP}]
",
    "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: pier, namespace: ferry}
spec:
  podSelector: {matchLabels: {app: pier}}
  egress:
    - to: [{podSelector: {matchLabels: {app: board}}}]
",
    "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: board, namespace: ferry}
spec:
  rules:
    - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: board, port: {number: 80}}}}]}
",
    "apiVersion: v1
kind: Service
metadata: {name: board, namespace: ferry}
spec: {selector: {app: board}, ports: [{port: 80, targetPort: 8080}]}
",
    "apiVersion: v1
kind: Service
metadata: {name: tides, namespace: ferry}
spec: {selector: {app: tides}, ports: [{port: 80, targetPort: 8080}]}
",
    "apiVersion: v1
kind: Pod
metadata: {name: board, namespace: ferry, labels: {app: board}}
spec: {containers: [{name: main, image: registry.ferry.example/board:1, ports: [{containerPort: 8080}]}]}
",
    "apiVersion: v1
kind: Pod
metadata: {name: pier, namespace: ferry, labels: {app: pier}}
spec: {containers: [{name: main, image: registry.ferry.example/pier:1, env: [{name: BOARD_URL, value: 'http://board'}]}]}
",
    "apiVersion: v1
kind: Pod
metadata: {name: tides, namespace: ferry, labels: {app: tides}}
spec: {containers: [{name: main, image: registry.ferry.example/tides:1, ports: [{containerPort: 8080}]}]}
",
];

/// Rules that find something in the system.
const RULES: &[&str] = &[
    "dns-egress-missing",
    "dns-tcp-missing",
    "ingress-path-blocked",
    "namespace-label-missing",
    "policy-types-mismatch",
    "service-port-in-policy",
    "workload-not-isolated",
];

/// Severity and message of what a rule finds, sorted.
fn found(rule: &str, text: &str) -> Vec<String> {
    let mut all: Vec<String> = findings::<Network>(rule, text)
        .into_iter()
        .map(|seen| format!("{:?} {}", seen.severity, seen.message))
        .collect();
    all.sort();
    all
}

#[test]
fn the_order_of_documents_means_nothing() {
    let reversed: Vec<&str> = SYSTEM.iter().rev().copied().collect();
    for rule in RULES {
        let expected = found(rule, &SYSTEM.join("---\n"));
        assert!(!expected.is_empty(), "{rule}");
        assert_eq!(found(rule, &reversed.join("---\n")), expected, "{rule}");
    }
}

#[test]
fn each_copy_is_judged_by_itself() {
    const COPIES: usize = 12;
    let text: String = (0..COPIES)
        .map(|copy| format!("# file: copy-{copy}/app.yaml\n{}", SYSTEM.join("---\n")))
        .collect();
    for rule in RULES {
        let one = found(rule, &SYSTEM.join("---\n"));
        let expected: Vec<String> = one.into_iter().flat_map(|line| vec![line; COPIES]).collect();
        assert_eq!(found(rule, &text), expected, "{rule}");
    }
}
