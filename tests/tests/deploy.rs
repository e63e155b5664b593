//! What lies in `deploy/`: it passes its own check, asks for what the rules need and nothing else, and is what the chart
//! makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use plimsoll_tests::{folder, list, on_path, project, run, tool};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// What rules want to know of and is not watched: everything, which stands for the kinds that the others name, and Secrets.
const NOT_WATCHED: &[&str] = &["*", "Secret"];

/// Kinds that rules judge in files, and that are not sent to the webhook.
const NOT_JUDGED: &[(&str, &str)] = &[
    ("Secret", "creating them is normal"),
    (
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
        "never sent to webhooks",
    ),
    (
        "MutatingWebhookConfiguration.admissionregistration.k8s.io",
        "never sent to webhooks",
    ),
    (
        "CustomResourceDefinition.apiextensions.k8s.io",
        "the cluster stands on it",
    ),
    ("APIService.apiregistration.k8s.io", "the cluster stands on it"),
];

/// Objects that are judged besides those that a rule names: rules that judge every kind look into them.
const JUDGED_TOO: &[&str] = &["pods/ephemeralcontainers"];

fn manifests() -> std::path::PathBuf {
    project().join("deploy/manifests")
}

/// The documents of these manifests.
fn documents(text: &str) -> Vec<Value> {
    let folder = folder(&[("all.yaml", text)]);
    let read = run(PROGRAM, folder.path(), &["read", "all.yaml"]);
    assert_eq!(read.code, 0, "{}", read.stderr);
    read.stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a document a line"))
        .collect()
}

fn of_kind<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    let mut found = documents.iter().filter(|document| document["kind"] == kind);
    let (Some(only), None) = (found.next(), found.next()) else {
        panic!("not one {kind}")
    };
    only
}

fn text(file: &str) -> String {
    std::fs::read_to_string(project().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// `Ingress.networking.k8s.io` as the API server names it: group and resource.
fn resource(kind: &str) -> (String, String) {
    let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
    let name = kind.to_lowercase();
    let vowel = |letter: char| "aeiou".contains(letter);
    let plural = match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(vowel) => format!("{stem}ies"),
        _ if name.ends_with('s') => format!("{name}es"),
        _ => format!("{name}s"),
    };
    (group.to_owned(), plural)
}

/// What rules list under `member`, without API groups that no cluster serves any more.
fn declared(member: &str) -> BTreeSet<String> {
    let rules = run(PROGRAM, &project(), &["rules", "--format", "json"]).json();
    let kinds = rules
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|rule| list(rule, member));
    // With a question mark: what helps a rule that can do without.
    let kinds = kinds.filter_map(|kind| kind.as_str().map(|kind| kind.trim_end_matches('?').to_owned()));
    kinds.filter(|kind| !kind.ends_with(".extensions")).collect()
}

#[test]
fn the_manifests_have_no_finding() {
    let run = run(
        PROGRAM,
        &project(),
        &["check", "--strict", "--format", "json", "deploy/manifests"],
    );
    assert_eq!(run.findings(), Vec::<String>::new());
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn what_is_watched_is_what_rules_want_to_know_of() {
    let documents = documents(&text("deploy/manifests/server.yaml"));
    let mut allowed = BTreeSet::new();
    for rule in list(of_kind(&documents, "ClusterRole"), "rules") {
        assert_eq!(texts(&rule["verbs"]).collect::<Vec<_>>(), ["list", "watch"]);
        for group in texts(&rule["apiGroups"]) {
            allowed.extend(texts(&rule["resources"]).map(|resource| (group.to_owned(), resource.to_owned())));
        }
    }
    let mut wanted: BTreeSet<_> = declared("context")
        .iter()
        .filter(|kind| !NOT_WATCHED.contains(&kind.as_str()))
        .map(|kind| resource(kind))
        .collect();
    // Their labels decide what selects them, and the mode.
    wanted.insert(resource("Namespace"));
    assert_eq!(
        allowed, wanted,
        "rbac.watch of the chart (left) and the context of the rules (right) differ"
    );
}

#[test]
fn what_is_sent_is_what_rules_judge() {
    let documents = documents(&text("deploy/manifests/webhook.yaml"));
    let registration = of_kind(&documents, "ValidatingWebhookConfiguration");
    let mut operations: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for rule in list(registration, "webhooks")
        .iter()
        .flat_map(|webhook| list(webhook, "rules"))
    {
        assert!(!rule.to_string().contains('*'), "{rule}");
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                let cluster = resource.starts_with("cluster");
                assert_eq!(
                    rule["scope"],
                    if cluster { "Cluster" } else { "Namespaced" },
                    "{resource}"
                );
                let asked = operations.entry((group.to_owned(), resource.to_owned())).or_default();
                asked.extend(texts(&rule["operations"]).map(str::to_owned));
            }
        }
    }
    for (resource, asked) in &mut operations {
        asked.sort();
        assert_eq!(*asked, ["CREATE", "UPDATE"], "{resource:?}: each by one webhook");
    }
    let mut sent: BTreeSet<_> = operations.into_keys().collect();
    for resource in JUDGED_TOO {
        assert!(sent.remove(&(String::new(), (*resource).to_owned())), "{resource}");
    }
    let mut judged = declared("kinds");
    for (kind, why) in NOT_JUDGED {
        assert!(
            judged.remove(*kind),
            "no rule judges {kind}, so nothing is left out because {why}"
        );
    }
    let judged: BTreeSet<_> = judged.iter().map(|kind| resource(kind)).collect();
    assert_eq!(
        sent, judged,
        "webhook.rules of the chart (left) and what rules judge (right) differ"
    );
}

#[test]
fn only_what_people_create_is_asked_about_without_conditions() {
    let documents = documents(&text("deploy/manifests/webhook.yaml"));
    let webhooks = list(of_kind(&documents, "ValidatingWebhookConfiguration"), "webhooks");
    let (free, guarded): (Vec<_>, Vec<_>) = webhooks
        .iter()
        .partition(|webhook| webhook["matchConditions"].is_null());
    assert_eq!(
        (free.len(), guarded.len()),
        (1, 1),
        "one webhook for all policies, with and without"
    );
    // Nodes make mirror Pods, the API server its own Service, controllers the rest.
    for rule in list(free[0], "rules") {
        assert_eq!(texts(&rule["operations"]).collect::<Vec<_>>(), ["CREATE"]);
        let core = texts(&rule["apiGroups"]).any(|group| matches!(group, "" | "apps" | "batch"));
        for resource in texts(&rule["resources"]).filter(|_| core) {
            let made = ["pods", "services", "replicasets", "jobs"].contains(&resource);
            assert!(!made, "{resource}");
        }
    }
    let bare = |webhook: &Value| {
        let mut webhook = webhook.clone();
        let members = webhook.as_object_mut().expect("a map");
        members.retain(|name, _| !["name", "rules", "matchConditions"].contains(&name.as_str()));
        webhook
    };
    assert_eq!(
        bare(free[0]),
        bare(guarded[0]),
        "both ask the same server in the same way"
    );
}

#[test]
fn conditions_and_wildcards_of_an_operator_hold_for_what_is_created_too() {
    let condition = "webhook.matchConditions[0].name=ours,webhook.matchConditions[0].expression=true";
    let Some(text) = rendered(&[condition]) else { return };
    for webhook in list(of_kind(&documents(&text), "ValidatingWebhookConfiguration"), "webhooks") {
        let conditions = list(&webhook, "matchConditions");
        assert!(conditions.iter().any(|one| one["name"] == "ours"), "{webhook}");
    }
    for all in [
        "groups[0]=*,webhook.rules[0].resources[0]=deployments",
        "groups[0]=apps,webhook.rules[0].resources[0]=*/*",
    ] {
        let rule = format!("webhook.rules[0].versions[0]=v1,webhook.rules[0].{all}");
        let Some(text) = rendered(&[&rule]) else { return };
        let documents = documents(&text);
        let webhooks = list(of_kind(&documents, "ValidatingWebhookConfiguration"), "webhooks");
        assert_eq!(webhooks.len(), 1, "{webhooks:?}");
        assert_eq!(list(&webhooks[0], "matchConditions").len(), 4);
    }
}

#[test]
fn the_dashboard_shows_what_the_page_lists() {
    let page = text("docs/deploy.md");
    let table = page.split("<!-- metrics -->").nth(1).expect("a table of metrics");
    let table = table.split("<!-- /metrics -->").next().expect("an end of it");
    let listed: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let dashboard = text("deploy/grafana-dashboard.json");
    let parsed: Value = serde_json::from_str(&dashboard).expect("JSON");
    let ids: BTreeSet<u64> = list(&parsed, "panels")
        .iter()
        .filter_map(|panel| panel["id"].as_u64())
        .collect();
    assert_eq!(ids.len(), list(&parsed, "panels").len(), "two panels have one number");
    let shown: BTreeSet<&str> = dashboard
        .split(|letter: char| !(letter.is_ascii_lowercase() || letter == '_'))
        .filter(|word| word.starts_with("plimsoll_"))
        .map(|word| word.strip_suffix("_bucket").unwrap_or(word))
        .collect();
    assert_eq!(shown, listed, "the dashboard (left) and docs/deploy.md (right) differ");
}

/// The chart as helm renders it with these values.
fn helm(values: &[&str]) -> Option<Output> {
    let helm = tool("helm")?;
    let mut command = Command::new(helm);
    command.args(["template", "plimsoll", "--namespace", "hold", "--kube-version", "1.34"]);
    command.arg(project().join("deploy/chart"));
    for value in values {
        command.args(["--set", value]);
    }
    Some(command.output().expect("helm runs"))
}

const IMAGE: &str = "image.repository=registry.example.com/plimsoll";

fn rendered(values: &[&str]) -> Option<String> {
    let output = helm(&[&[IMAGE], values].concat())?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{values:?}: {complaint}");
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn the_manifests_are_what_the_chart_makes() {
    if tool("helm").is_none() || on_path("bash").is_none() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let script = project().join("deploy/render.sh");
    let output = Command::new("bash")
        .arg(script)
        .arg(scratch.path())
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).expect("a folder").flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(names(scratch.path()), names(&manifests()));
    for name in names(&manifests()) {
        let made = std::fs::read_to_string(scratch.path().join(&name)).expect("a file");
        let kept = std::fs::read_to_string(manifests().join(&name)).expect("a file");
        assert_eq!(kept, made, "{name}: deploy/render.sh writes it anew");
    }
}

#[test]
fn the_chart_has_no_finding_however_it_is_set() {
    let cases: [&[&str]; 5] = [
        &["certificate.from=cert-manager"],
        &[
            "certificate.from=secret",
            "certificate.secret=ours",
            "certificate.caBundle=b3Vycw==",
        ],
        &[
            "certificate.from=cert-manager",
            "certificate.issuer.kind=ClusterIssuer",
            "certificate.issuer.name=ours",
        ],
        &[
            "certificate.from=secret",
            "context=false",
            "autoscaling.enabled=false",
            "priorityClass.value=0",
        ],
        &[
            "certificate.from=secret",
            "webhook.enabled=false",
            "metrics.serviceMonitor.enabled=true",
            "policies.configMap.name=ours",
        ],
    ];
    for values in cases {
        let Some(text) = rendered(values) else { return };
        let folder = folder(&[("all.yaml", &text)]);
        let run = run(
            PROGRAM,
            folder.path(),
            &["check", "--strict", "--format", "json", "all.yaml"],
        );
        assert_eq!(run.findings(), Vec::<String>::new(), "{values:?}");
        assert_eq!(run.code, 0, "{values:?}: {}", run.stderr);
    }
}

#[test]
fn a_self_made_certificate_and_the_registration_agree() {
    let Some(text) = rendered(&[]) else { return };
    let documents = documents(&text);
    let secret = of_kind(&documents, "Secret");
    let registration = of_kind(&documents, "ValidatingWebhookConfiguration");
    for webhook in list(registration, "webhooks") {
        let bundle = &webhook["clientConfig"]["caBundle"];
        assert!(bundle.as_str().is_some_and(|bundle| bundle.len() > 500), "{bundle}");
        assert_eq!(*bundle, secret["data"]["ca.crt"]);
    }
    assert_ne!(secret["data"]["ca.crt"], secret["data"]["tls.crt"]);
    let deployment = of_kind(&documents, "Deployment");
    let mounted = list(&deployment["spec"]["template"]["spec"], "volumes");
    assert!(
        mounted
            .iter()
            .any(|volume| volume["secret"]["secretName"] == secret["metadata"]["name"]),
        "{mounted:?}"
    );
}

#[test]
fn what_happens_without_an_answer_follows_the_mode() {
    for (mode, policy) in [("deny", "Fail"), ("warn", "Ignore"), ("audit", "Ignore")] {
        let Some(text) = rendered(&[&format!("config.admission.mode={mode}")]) else {
            return;
        };
        let documents = documents(&text);
        let webhook = &of_kind(&documents, "ValidatingWebhookConfiguration")["webhooks"][0];
        assert_eq!(webhook["failurePolicy"], policy, "{mode}");
        let exempt = &webhook["namespaceSelector"]["matchExpressions"][0];
        assert_eq!(
            texts(&exempt["values"]).collect::<Vec<_>>(),
            ["kube-system", "kube-node-lease", "hold"]
        );
        let config = of_kind(&documents, "ConfigMap")["data"]["plimsoll.yaml"]
            .as_str()
            .expect("text");
        assert!(config.contains(&format!("mode: {mode}")), "{config}");
    }
    let Some(output) = helm(&[IMAGE, "webhook.failurePolicy=Ignore"]) else {
        return;
    };
    assert!(String::from_utf8_lossy(&output.stdout).contains("failurePolicy: Ignore"));
}

#[test]
fn what_the_chart_cannot_know_must_be_said() {
    let Some(output) = helm(&[]) else { return };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && complaint.contains("image.repository"),
        "{complaint}"
    );
    let Some(output) = helm(&[IMAGE, "certificate.from=nowhere"]) else {
        return;
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && complaint.contains("nowhere"), "{complaint}");
}
