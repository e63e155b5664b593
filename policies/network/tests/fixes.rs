//! Which findings about a policy's own text may be repaired.

use plimsoll_policy_network::Network;
use plimsoll_sdk::testing::findings;

fn policy(spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: buoy, namespace: sea}}\nspec: {spec}\n"
    )
}

/// What a rule offers for a policy.
fn fixes(rule: &str, text: &str) -> Vec<Option<String>> {
    let found = findings::<Network>(rule, text);
    found.into_iter().map(|seen| seen.fix).collect()
}

#[test]
fn what_is_offered() {
    for (rule, spec, expected) in [
        (
            "policy-types-mismatch",
            "{policyTypes: [Ingress], egress: [{}]}",
            "add Egress to policyTypes",
        ),
        ("policy-types-mismatch", "{egress: [{}]}", "let it be about egress only"),
        (
            "policy-types-mismatch",
            "{policyTypes: [], egress: [{}]}",
            "let it be about egress only",
        ),
        (
            "empty-peer-list-allows-all",
            "{ingress: [{from: []}]}",
            "leave `from` out, which means the same",
        ),
        (
            "empty-peer-list-allows-all",
            "{policyTypes: [Egress], egress: [{to: [], ports: [{port: 80}]}]}",
            "leave `to` out, which means the same",
        ),
        (
            "dns-tcp-missing",
            "{policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}",
            "allow TCP 53 beside UDP 53",
        ),
        (
            "peer-and-or-confusion",
            "{ingress: [{from: [{namespaceSelector: {}}, {podSelector: {matchLabels: {k8s-app: kube-dns}}}]}]}",
            "make one peer of both",
        ),
    ] {
        assert_eq!(fixes(rule, &policy(spec)), [Some(expected.to_owned())], "{spec}");
    }
}

#[test]
fn an_alias_is_never_changed() {
    let text = policy("{ingress: [{from: &nobody []}, {from: *nobody}]}");
    let offered = fixes("empty-peer-list-allows-all", &text);
    assert_eq!(offered.len(), 2);
    assert_eq!(offered.iter().flatten().count(), 1);
}
