//! What is answered to which review, by policies made for the purpose.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::config::parse;
use plimsoll_core::policy::{Confidence, Description, EvaluationFailure, Judge, Place, Rule, Severity, Violation};
use plimsoll_core::read::{Limits, Manifest, manifest_of_text};
use plimsoll_tree::Role;
use plimsoll_webhook::context::Cluster;
use plimsoll_webhook::{Governed, Government, State};
use serde_json::{Value, json};

/// Finds texts that say what they are: `fault: error` is one.
struct Marks {
    description: Description,
    /// What it fails with instead.
    fails: Option<EvaluationFailure>,
}

fn rule(id: &str, severity: Severity, kinds: &[&str], context: &[&str]) -> Rule {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Rule {
        id: id.to_owned(),
        title: "A marked text".to_owned(),
        severity,
        kinds: texts(kinds),
        context: texts(context),
        previous: false,
    }
}

fn marks(name: &str, fails: Option<EvaluationFailure>) -> Box<dyn Judge> {
    let rules = vec![
        rule("error", Severity::Error, &[], &[]),
        rule("warning", Severity::Warning, &[], &[]),
        rule("info", Severity::Info, &[], &[]),
        rule("service", Severity::Error, &["Deployment.apps"], &["Service"]),
    ];
    Box::new(Marks {
        description: Description {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Finds marks".to_owned(),
            rules,
            settings_schema: String::new(),
        },
        fails,
    })
}

impl Judge for Marks {
    fn description(&self) -> &Description {
        &self.description
    }

    fn explain(&self, _: u32) -> Result<String, EvaluationFailure> {
        Ok(String::new())
    }

    fn check(&self, bundle: &Bundle, rules: &[u32], _: &str) -> Result<Vec<Violation>, EvaluationFailure> {
        if let Some(failure) = &self.fails {
            return Err(failure.clone());
        }
        let tree = bundle.tree();
        let mut violations = Vec::new();
        for number in 0..tree.objects() {
            let object = tree.object(number).expect("an object");
            let subject = object.flags.role() == Role::Subject;
            for node in object.root..object.end {
                let Some(text) = tree.symbol(node).map(|symbol| tree.text(symbol)) else {
                    continue;
                };
                let (mark, confidence) = match text.strip_prefix("perhaps ") {
                    Some(mark) => (mark, Confidence::Medium),
                    None => (text, Confidence::High),
                };
                let found = match mark {
                    "fault: error" => Some(0),
                    "fault: warning" => Some(1),
                    "fault: info" => Some(2),
                    "fault: service" => Some(3),
                    _ => None,
                };
                let Some(rule) = found.filter(|rule| rules.contains(rule) && subject) else {
                    continue;
                };
                violations.push(Violation {
                    rule,
                    severity: None,
                    confidence,
                    message: format!("{} holds a mark", tree.text(object.name)),
                    help: Some("Take it away\nor not".to_owned()),
                    at: Place::Node(node),
                    within: None,
                    sensitive: false,
                    related: Vec::new(),
                    fix: None,
                });
            }
        }
        Ok(violations)
    }
}

/// A cluster that knows some kinds and one namespace's labels.
struct Known {
    kinds: Vec<&'static str>,
    labels: BTreeMap<&'static str, &'static str>,
    crowded: bool,
}

impl Cluster for Known {
    fn knows(&self, kind: &str) -> bool {
        self.kinds.contains(&kind)
    }

    fn neighbours(&self, _: &Manifest) -> Option<Vec<Manifest>> {
        let text = "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"other\",\"namespace\":\"shop\",\
                    \"annotations\":{\"x\":\"fault: error\"}}}";
        let other = manifest_of_text("cluster/shop/Service/other", text.into(), &Limits::default());
        (!self.crowded).then(|| vec![other])
    }

    fn ready(&self) -> bool {
        true
    }

    fn namespace_label(&self, namespace: &str, label: &str) -> Option<String> {
        let value = self.labels.get(label).filter(|_| namespace == "shop");
        value.map(|value| (*value).to_owned())
    }
}

struct Server {
    state: State,
}

fn server_of(config: &str, policies: Vec<(Box<dyn Judge>, &str)>) -> Server {
    let config = parse(config).expect("a config");
    let policies = policies
        .into_iter()
        .map(|(judge, on_failure)| {
            let text = format!("policies: [{{builtin: x, on-failure: {on_failure}}}]");
            Governed {
                judge,
                settings: String::new(),
                enabled: true,
                on_failure: parse(&text).expect("a config").policies[0].on_failure,
            }
        })
        .collect();
    let government = Government::new(config, Options::default(), policies, "d1".to_owned());
    Server {
        state: State::new(government, Some("plimsoll-system".to_owned()), false),
    }
}

fn server(config: &str) -> Server {
    server_of(config, vec![(marks("marks", None), "deny")])
}

impl Server {
    fn knowing(self, kinds: &[&'static str], labels: &[(&'static str, &'static str)]) -> Self {
        let cluster: Box<dyn Cluster> = Box::new(Known {
            kinds: kinds.to_vec(),
            labels: labels.iter().copied().collect(),
            crowded: false,
        });
        self.state.cluster.store(Some(cluster.into()));
        self
    }

    fn crowded(self) -> Self {
        let cluster: Box<dyn Cluster> = Box::new(Known {
            kinds: vec!["Service"],
            labels: BTreeMap::new(),
            crowded: true,
        });
        self.state.cluster.store(Some(cluster.into()));
        self
    }

    /// The answer's `response`.
    fn ask(&self, request: &Value) -> Value {
        self.ask_until(request, Instant::now() + Duration::from_secs(60))
    }

    fn ask_until(&self, request: &Value, deadline: Instant) -> Value {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
        let answer = self.state.answer(review.to_string().as_bytes(), deadline);
        let (answer, _) = answer.expect("a review");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(answer["response"]["uid"], request["uid"]);
        assert!(answer["response"].get("patch").is_none());
        answer["response"].clone()
    }

    fn allows(&self, request: &Value) -> bool {
        self.ask(request)["allowed"] == json!(true)
    }
}

/// A Deployment with these marks as values of annotations.
fn object(marks: &[&str]) -> Value {
    let annotations: serde_json::Map<String, Value> = marks
        .iter()
        .enumerate()
        .map(|(number, mark)| (format!("m{number}"), json!(mark)))
        .collect();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {"replicas": 1},
    })
}

fn create(object: Value) -> Value {
    json!({
        "uid": "0b4f", "operation": "CREATE", "name": object["metadata"]["name"], "namespace": "shop",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "userInfo": {"username": "ann", "groups": ["devs"]},
        "object": object,
    })
}

fn update(old: Value, new: Value) -> Value {
    let mut request = create(new);
    request["operation"] = json!("UPDATE");
    request["oldObject"] = old;
    request
}

#[test]
fn errors_are_refused_with_place_reason_and_cure() {
    let response = server("").ask(&create(object(&["fault: error", "fault: warning", "fault: info"])));
    assert_eq!(response["allowed"], json!(false));
    assert_eq!(response["status"]["code"], json!(403));
    assert_eq!(response["status"]["reason"], json!("Forbidden"));
    assert_eq!(
        response["status"]["message"],
        json!(
            "Deployment shop/web has 1 fault\n  metadata.annotations.m0: web holds a mark [marks/error]\n    help: Take it away"
        )
    );
    assert_eq!(
        response["warnings"],
        json!(["marks/warning: metadata.annotations.m1: web holds a mark"])
    );
    let audit = &response["auditAnnotations"];
    assert_eq!(audit["decision"], json!("denied"));
    assert_eq!(audit["rules"], json!("marks/error,marks/info,marks/warning"));
    assert_eq!(audit["policy-digest"], json!("d1"));
    assert!(server("").allows(&create(object(&["fault: warning"]))));
}

#[test]
fn a_denial_needs_confidence_whatever_the_severity() {
    let unsure = create(object(&["perhaps fault: error"]));
    let response = server("").ask(&unsure);
    assert_eq!(response["allowed"], json!(true));
    assert_eq!(response["warnings"].as_array().map(Vec::len), Some(1));
    assert!(server("rules: { marks/error: { severity: error } }").allows(&unsure));
    assert!(!server("rules: { marks/warning: { severity: error } }").allows(&create(object(&["fault: warning"]))));
}

#[test]
fn what_is_not_judged() {
    let broken = object(&["fault: error"]);
    let server = server("");
    let mut request = create(broken.clone());
    for operation in ["DELETE", "CONNECT"] {
        request["operation"] = json!(operation);
        assert!(server.allows(&request), "{operation}");
    }
    for subresource in ["scale", "status", "resize", "binding"] {
        let mut request = create(broken.clone());
        request["subResource"] = json!(subresource);
        assert!(server.allows(&request), "{subresource}");
    }
    for namespace in ["kube-system", "plimsoll-system"] {
        let mut request = create(broken.clone());
        request["namespace"] = json!(namespace);
        let response = server.ask(&request);
        assert_eq!(response["allowed"], json!(true), "{namespace}");
        assert_eq!(response["auditAnnotations"]["decision"], json!("skipped: exempt"));
    }
    let mut leaving = broken.clone();
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    leaving["metadata"]["finalizers"] = json!(["x"]);
    assert!(server.allows(&update(object(&[]), leaving)));
    let mut touched = broken.clone();
    touched["status"] = json!({"replicas": 1});
    touched["metadata"]["resourceVersion"] = json!("2");
    touched["metadata"]["managedFields"] = json!([{}]);
    let response = server.ask(&update(broken, touched));
    assert_eq!(response["auditAnnotations"]["decision"], json!("skipped: unchanged"));
}

#[test]
fn exemptions_are_the_operators() {
    let broken = create(object(&["fault: error"]));
    for (config, allowed) in [
        ("admission: { exempt: { namespaces: [ sh* ] } }", true),
        ("admission: { exempt: { namespaces: [ other ] } }", false),
        ("admission: { exempt: { users: [ ann ] } }", true),
        ("admission: { exempt: { users: [ \"system:node:*\" ] } }", false),
        ("admission: { exempt: { groups: [ devs ] } }", true),
    ] {
        assert_eq!(server(config).allows(&broken), allowed, "{config}");
    }
    let mut system = broken;
    system["namespace"] = json!("kube-system");
    assert!(!server("admission: { exempt: { namespaces: [] } }").allows(&system));
}

#[test]
fn owned_pods_are_skipped_only_when_their_controller_sends_them() {
    let pod = |user: &str, owner: Value| {
        json!({
            "uid": "1", "operation": "CREATE", "name": "web-1", "namespace": "shop",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "userInfo": {"username": user},
            "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {
                "name": "web-1", "namespace": "shop", "ownerReferences": [owner],
                "annotations": {"m": "fault: error"}}},
        })
    };
    let owner = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u", "controller": true});
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let server = server("");
    assert!(server.allows(&pod(controller, owner.clone())));
    assert!(server.allows(&pod("system:kube-controller-manager", owner.clone())));
    assert!(!server.allows(&pod("ann", owner.clone())), "forged");
    assert!(
        !server.allows(&pod("system:serviceaccount:shop:replicaset-controller", owner.clone())),
        "another's"
    );
    let unjudged =
        json!({"apiVersion": "example.org/v1", "kind": "Thing", "name": "x", "uid": "u", "controller": true});
    assert!(!server.allows(&pod(controller, unjudged)), "its owner is not judged");
    let mut uncontrolled = owner.clone();
    uncontrolled["controller"] = json!(false);
    assert!(!server.allows(&pod(controller, uncontrolled)));
    let server = self::server("admission: { owned-pods: judge }");
    assert!(!server.allows(&pod(controller, owner)));
}

#[test]
fn an_update_is_refused_for_new_faults_only() {
    let one = object(&["fault: error"]);
    let mut scaled = one.clone();
    scaled["spec"]["replicas"] = json!(0);
    let response = server("").ask(&update(one.clone(), scaled.clone()));
    assert_eq!(response["allowed"], json!(true));
    assert_eq!(response["warnings"].as_array().map(Vec::len), Some(1));
    assert_eq!(response["auditAnnotations"]["decision"], json!("warned"));
    assert!(!server("admission: { on-update: all }").allows(&update(one.clone(), scaled)));
    let two = object(&["fault: error", "fault: error"]);
    let response = server("").ask(&update(one.clone(), two));
    assert_eq!(response["allowed"], json!(false));
    let message = response["status"]["message"].as_str().expect("a message");
    assert!(
        message.contains("has 1 fault") && message.contains("annotations.m1"),
        "{message}"
    );
    // What was only likely before is no excuse.
    assert!(!server("").allows(&update(object(&["perhaps fault: error"]), one)));
}

#[test]
fn modes_of_config_namespace_and_rule() {
    let broken = create(object(&["fault: error"]));
    for (config, label, decision) in [
        ("", None, "denied"),
        ("admission: { mode: warn }", None, "warned"),
        ("admission: { mode: audit }", None, "allowed"),
        ("", Some("warn"), "warned"),
        ("", Some("audit"), "allowed"),
        ("admission: { mode: audit }", Some("deny"), "denied"),
        ("", Some("nonsense"), "denied"),
        ("rules: { marks/*: { mode: warn } }", None, "warned"),
        ("rules: { marks/error: { mode: warn } }", Some("deny"), "warned"),
        ("rules: { marks/error: { mode: deny } }", Some("audit"), "allowed"),
        ("rules: { marks/error: off }", None, "allowed"),
    ] {
        let labels: Vec<_> = label.iter().map(|&label| ("plimsoll.dev/mode", label)).collect();
        let response = server(config).knowing(&[], &labels).ask(&broken);
        assert_eq!(
            response["auditAnnotations"]["decision"],
            json!(decision),
            "{config} {label:?}"
        );
        assert_eq!(response["allowed"], json!(decision != "denied"), "{config} {label:?}");
        assert_eq!(
            response["warnings"].is_array(),
            decision == "warned",
            "{config} {label:?}"
        );
    }
}

#[test]
fn a_policy_without_a_verdict_is_answered_as_decided() {
    for (on_failure, mode, allowed, warned) in [
        ("deny", "deny", false, false),
        ("deny", "warn", true, true),
        ("deny", "audit", true, false),
        ("warn", "deny", true, true),
        ("warn", "audit", true, false),
        ("allow", "deny", true, false),
    ] {
        let failing = marks("broken", Some(EvaluationFailure::Fuel(7)));
        let server = server_of(
            &format!("admission: {{ mode: {mode} }}"),
            vec![(marks("marks", None), "deny"), (failing, on_failure)],
        );
        let response = server.ask(&create(object(&[])));
        let case = format!("{on_failure} under {mode}");
        assert_eq!(response["allowed"], json!(allowed), "{case}");
        assert_eq!(response["warnings"].is_array(), warned, "{case}");
        if !allowed {
            let message = response["status"]["message"].as_str().expect("a message");
            assert!(
                message.contains("policy `broken` gave no verdict: used up its fuel"),
                "{message}"
            );
        }
        let metrics = server.state.metrics.text();
        assert!(metrics.contains("plimsoll_policy_failures_total{policy=\"broken\",kind=\"fuel\"} 1"));
    }
}

#[test]
fn too_late_is_answered_and_not_judged() {
    let response = server("").ask_until(&create(object(&[])), Instant::now());
    assert_eq!(response["allowed"], json!(false));
    let message = response["status"]["message"].as_str().expect("a message");
    assert!(
        message.contains("the review's time was over before it was asked"),
        "{message}"
    );
}

#[test]
fn an_object_that_cannot_be_read_is_no_pass() {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!({ "a": [deep] });
    }
    let mut object = object(&[]);
    object["spec"] = deep;
    let response = server("").ask(&create(object));
    assert_eq!(response["allowed"], json!(false));
    assert!(server("").allows(&create(self::object(&[]))));
}

#[test]
fn rules_that_need_the_cluster_wait_for_it() {
    let broken = create(object(&["fault: service"]));
    let alone = server("");
    assert!(alone.allows(&broken));
    assert!(alone.state.metrics.text().contains("plimsoll_rules_skipped_total 1"));
    assert!(server("").knowing(&["Pod"], &[]).allows(&broken));
    assert!(!server("").knowing(&["Service"], &[]).allows(&broken));
    assert!(
        server("").crowded().allows(&broken),
        "more than is looked at is not known"
    );
}

#[test]
fn the_glass_is_broken_only_where_that_is_allowed_and_explained() {
    let mut broken = object(&["fault: error"]);
    broken["metadata"]["annotations"]["plimsoll.dev/break-glass"] = json!("outage\n4711");
    assert!(!server("").allows(&create(broken.clone())));
    let open = server("admission: { break-glass: true }");
    let response = open.ask(&create(broken.clone()));
    assert_eq!(response["allowed"], json!(true));
    let warnings = response["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings
            .iter()
            .all(|line| !line.as_str().unwrap_or("\n").contains('\n')),
        "{warnings:?}"
    );
    assert!(open.state.metrics.text().contains("plimsoll_glass_broken_total 1"));
    broken["metadata"]["annotations"]["plimsoll.dev/break-glass"] = json!(" ");
    assert!(!open.allows(&create(broken)));
}

#[test]
fn annotations_waive_what_may_be_waived() {
    let mut broken = object(&["fault: error"]);
    broken["metadata"]["annotations"]["plimsoll.dev/allow"] = json!("marks/error: known");
    let request = create(broken.clone());
    assert!(server("").allows(&request));
    assert!(server("admission: { waivable: [ marks/* ] }").allows(&request));
    assert!(!server("admission: { waivable: [ ports/* ] }").allows(&request));
    assert!(!server("admission: { waivable: [] }").allows(&request));
    broken["metadata"]["annotations"]["plimsoll.dev/allow"] = json!("marks/error until=2020-01-01: known");
    assert!(!server("").allows(&create(broken.clone())), "over");
    // The same of the rules that are never waived from inside unless the operator says so.
    broken["metadata"]["annotations"]["plimsoll.dev/allow"] = json!("secrets/error: known");
    let secrets = || vec![(marks("secrets", None), "deny")];
    assert!(!server_of("", secrets()).allows(&create(broken.clone())));
    assert!(server_of("admission: { waivable: [ secrets/* ] }", secrets()).allows(&create(broken)));
}

#[test]
fn what_kubectl_wrote_down_is_not_said_twice() {
    const COPY: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let mut broken = object(&["fault: error"]);
    broken["metadata"]["annotations"][COPY] = json!("fault: error");
    let message = server("").ask(&create(broken))["status"]["message"].clone();
    assert!(message.to_string().contains("has 1 fault"), "{message}");
    // Where the object itself is right, the copy is all there is to say.
    let mut copy = object(&[]);
    copy["metadata"]["annotations"][COPY] = json!("fault: error");
    assert!(!server("").allows(&create(copy)));
}

#[test]
fn a_generated_name_is_not_said() {
    let mut broken = object(&["fault: error"]);
    broken["metadata"]["generateName"] = json!("web-");
    broken["metadata"]["name"] = json!("web-x7f2k");
    let response = server("").ask(&create(broken));
    let message = response["status"]["message"].as_str().expect("a message");
    assert!(message.starts_with("Deployment shop/web-* has 1 fault"), "{message}");
    assert!(!message.contains("x7f2k"), "{message}");
}

#[test]
fn of_ephemeral_containers_the_added_ones_are_judged() {
    let pod = |containers: Value| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "shop", "annotations": {"m": "fault: error"}},
            "spec": {"containers": [{"name": "web", "image": "x"}], "ephemeralContainers": containers}})
    };
    let ask = |old: Value, new: Value| {
        json!({"uid": "1", "operation": "UPDATE", "subResource": "ephemeralcontainers", "name": "web", "namespace": "shop",
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod(new), "oldObject": pod(old)})
    };
    let good = json!({"name": "a", "image": "x"});
    let bad = json!({"name": "b", "image": "fault: error"});
    let server = server("admission: { on-update: all }");
    assert!(
        server.allows(&ask(json!([]), json!([good]))),
        "the pod's own fault is not this request's"
    );
    assert!(!server.allows(&ask(json!([good]), json!([good, bad]))));
    assert!(server.allows(&ask(json!([bad]), json!([bad, good]))));
}

#[test]
fn many_faults_are_counted_and_warnings_are_few() {
    let errors = vec!["fault: error"; 30];
    let message = server("").ask(&create(object(&errors)))["status"]["message"].clone();
    let message = message.as_str().expect("a message");
    assert!(message.starts_with("Deployment shop/web has 30 faults"), "{message}");
    assert_eq!(message.matches("holds a mark").count(), 20);
    assert!(message.ends_with("… and 10 more (run plimsoll check)"), "{message}");
    let warnings = server("").ask(&create(object(&vec!["fault: warning"; 30])))["warnings"].clone();
    let warnings = warnings.as_array().expect("warnings");
    assert_eq!(warnings.len(), 9);
    let length: usize = warnings
        .iter()
        .map(|line| line.as_str().unwrap_or_default().chars().count())
        .sum();
    assert!(length <= 4096, "{length}");
}

#[test]
fn bodies_that_are_no_reviews() {
    let server = server("");
    let soon = Instant::now() + Duration::from_secs(5);
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}",
    ] {
        assert!(server.state.answer(body.as_bytes(), soon).is_err(), "{body}");
    }
}
