//! `plimsoll.yaml`: what is taken, and what is refused where.

use plimsoll_core::config::{
    Config, FailOn, Mode, OnFailure, OnUpdate, OwnedPods, PolicySource, RuleSettings, parse, show,
};
use plimsoll_core::policy::Severity;
use plimsoll_core::read::Span;
use serde_json::json;

/// Errors as `line:column: message`.
fn errors(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

fn valid(text: &str) -> Config {
    parse(text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

const WHOLE: &str = r#"
kubernetes: 1.30
openchoreo: "1.2"
fail-on: warning
exclude: [ "vendor/**" ]
default-namespace: prod
closed-world: [ prod ]
environments: { "overlays/prod/**": prod, "overlays/dev/**": dev }
cluster: { ingress-namespaces: [ ingress-nginx ], node-ports: 30000-32767, dual-stack: false }
rules:
  probes/missing-liveness: off
  secrets/secret-manifest-in-git: { severity: error, exclude: [ "dev/**", { kind: Secret, name: demo-*, reason: "demo data", until: 2027-01-31 } ] }
  "cors/*": { severity: warning, mode: audit }
policies:
  - builtin: network
    settings: { default-deny: require }
  - path: ./policies/our-labels.wasm
    enabled: false
    on-failure: warn
baseline: .plimsoll-baseline.json
require-reasons: true
admission:
  mode: warn
  on-update: all
  owned-pods: judge
  waivable: [ "ports/*" ]
  break-glass: true
  body-limit: 8Mi
  exempt: { namespaces: [ kube-* ], users: [ "system:node:*" ], groups: [ admins ] }
"#;

#[test]
fn everything_is_taken() {
    let config = valid(WHOLE);
    assert_eq!(config.kubernetes.as_deref(), Some("1.30"));
    assert_eq!(config.openchoreo.as_deref(), Some("1.2"));
    assert_eq!(config.fail_on, Some(FailOn::Warning));
    assert_eq!(config.exclude, ["vendor/**"]);
    assert_eq!(config.default_namespace.as_deref(), Some("prod"));
    assert_eq!(config.closed_world, ["prod"]);
    assert_eq!(
        json!(config.environments),
        json!({"overlays/prod/**": "prod", "overlays/dev/**": "dev"})
    );
    assert_eq!(
        json!(config.cluster),
        json!({"ingress-namespaces": ["ingress-nginx"], "node-ports": "30000-32767", "dual-stack": false})
    );
    let admission = &config.admission;
    assert_eq!(
        (admission.mode, admission.on_update, admission.owned_pods),
        (Mode::Warn, OnUpdate::All, OwnedPods::Judge)
    );
    assert_eq!((admission.break_glass, admission.body_limit), (true, 8 << 20));
    assert_eq!(admission.exempt.namespaces.as_deref(), Some(&["kube-*".to_owned()][..]));
    assert_eq!(
        config.policies.last().map(|policy| policy.on_failure),
        Some(OnFailure::Warn)
    );
    assert_eq!(RuleSettings::of(&config.rules, "cors/any").mode, Some(Mode::Audit));
    let demo = RuleSettings::of(&config.rules, "secrets/secret-manifest-in-git");
    assert_eq!((demo.off, demo.severity), (false, Some(Severity::Error)));
    assert_eq!(demo.exclude.len(), 2);
    assert_eq!(demo.exclude[0].path.as_deref(), Some("dev/**"));
    assert_eq!(demo.exclude[1].until.as_deref(), Some("2027-01-31"));
    assert_eq!(demo.exclude[1].line, 12);
    let [network, ours] = &config.policies[..] else {
        panic!("two policies")
    };
    assert_eq!(network.source, PolicySource::BuiltIn("network".into()));
    assert_eq!(network.settings, r#"{"default-deny":"require"}"#);
    assert_eq!(ours.source, PolicySource::Path("./policies/our-labels.wasm".into()));
    assert!(network.enabled && !ours.enabled);
    assert_eq!(config.baseline.as_deref(), Some(".plimsoll-baseline.json"));
}

#[test]
fn nothing_is_the_default() {
    for text in ["", "# nothing\n", "{}", "---\n", "rules:\npolicies:\n"] {
        assert_eq!(valid(text), Config::default(), "{text:?}");
    }
}

#[test]
fn the_longer_match_wins() {
    let config = valid("rules: { 'cors/*': off, cors/wildcard-origin: { severity: info }, '*': { severity: error } }");
    let of = |rule| {
        let settings = RuleSettings::of(&config.rules, rule);
        (settings.off, settings.severity)
    };
    assert_eq!(of("cors/wildcard-origin"), (false, Some(Severity::Info)));
    assert!(of("cors/wildcard-by-default").0);
    // A star takes no `/`: `*` alone means every rule.
    assert_eq!(of("ports/target-port-mismatch"), (false, Some(Severity::Error)));
}

#[test]
fn what_is_wrong_has_its_place() {
    for (text, wanted) in [
        (
            "closed_world: [a]",
            vec!["1:1: unknown key; did you mean `closed-world`?"],
        ),
        (
            "a: 1\nfail-on: fatal\n",
            vec![
                "1:1: unknown key; known here: kubernetes, openchoreo, fail-on, exclude, default-namespace, closed-world, \
                 environments, cluster, rules, policies, baseline, require-reasons, admission",
                "2:10: must be one of error, warning, info, never",
            ],
        ),
        ("exclude: a", vec!["1:10: must be a list"]),
        ("exclude: [1]", vec!["1:11: must be a text"]),
        ("- a", vec!["1:1: must be a mapping"]),
        (
            "kubernetes: latest",
            vec!["1:13: must be a version of two numbers, such as \"1.35\""],
        ),
        (
            "rules:\n  target-port: off",
            vec!["2:3: must be a rule such as `ports/target-port-mismatch`, or a glob such as `cors/*`"],
        ),
        (
            "rules: { a/b: { severty: error } }",
            vec!["1:17: unknown key; did you mean `severity`?"],
        ),
        (
            "rules: { a/b: { exclude: [ { until: soon, kind: X } ] } }",
            vec!["1:37: must be a date such as 2027-01-31"],
        ),
        (
            "rules: { a/b: { exclude: [ { reason: x } ] } }",
            vec!["1:28: must say what it excludes: path, kind, namespace or name"],
        ),
        (
            "policies: [ { settings: {} } ]",
            vec!["1:13: a policy needs `builtin` or `path`, one of the two"],
        ),
        (
            "policies: [ { path: 'oci://x/y' } ]",
            vec!["1:21: policies from a registry are not yet supported: name a file"],
        ),
        (
            "cluster: { node-ports: 5-1 }",
            vec!["1:24: must be a range of ports, such as 30000-32767"],
        ),
        (
            "cluster: { dual-stak: true }",
            vec!["1:12: unknown key; did you mean `dual-stack`?"],
        ),
        (
            "fail-on: error\nfail-on: info\n",
            vec!["1:1: this key comes again below: write it once"],
        ),
        (
            "environments: { x: live }",
            vec!["1:20: must be one of dev, test, staging, prod"],
        ),
    ] {
        assert_eq!(errors(text), wanted, "{text}");
    }
}

#[test]
fn syntax_errors_have_their_place_and_no_text() {
    let found = errors("fail-on: error\npassword: 'never closed\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("2:") || found[0].starts_with("3:"), "{found:?}");
    assert!(!found[0].contains("never"), "{found:?}");
}

#[test]
fn hostile_texts_are_refused() {
    for text in [
        "[".repeat(100),
        "a: &a [*a]".to_owned(),
        format!("x: {}", "y".repeat(2 << 20)),
        "a: 1\n---\nb: 2\n".to_owned(),
    ] {
        assert!(!errors(&text).is_empty());
    }
}

/// Without what only says where things were written.
fn without_lines(mut config: Config) -> Config {
    for rule in &mut config.rules {
        rule.span = Span::EMPTY;
        for exclusion in &mut rule.exclude {
            exclusion.line = 0;
            exclusion.span = Span::EMPTY;
        }
    }
    for policy in &mut config.policies {
        policy.line = 0;
    }
    config
}

#[test]
fn what_is_shown_reads_as_the_same() {
    let config = valid(WHOLE);
    assert_eq!(without_lines(valid(&show(&config))), without_lines(config));
    assert_eq!(valid(&show(&Config::default())), Config::default());
}
