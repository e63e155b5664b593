//! The harness says when a policy is not what its texts say: each kind of difference, once.

#![allow(clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::Path;

use plimsoll_sdk::testing::{Counts, Native, Seen, check_pages, expect, findings};
use plimsoll_sdk::{Confidence, Context, Fix, Node, Place, Policy, Rule, Severity, Value, Violation, run, word};

#[derive(serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    most: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { most: 10 }
    }
}

/// Too many replicas, and (to have two rules) Services.
struct Shop;

impl Policy for Shop {
    const NAME: &'static str = "shop";
    const VERSION: &'static str = "1.0.0";
    const SUMMARY: &'static str = "A policy to test with.";
    const SETTINGS_SCHEMA: &'static str = r#"{"type": "object"}"#;
    type Settings = Settings;

    fn rules() -> &'static [&'static Rule<Settings>] {
        static ALL: &[&Rule<Settings>] = &[&ANY_SERVICE, &MANY_REPLICAS];
        ALL
    }

    fn validate(settings: &Settings) -> Result<(), String> {
        match settings.most {
            0.. => Ok(()),
            most => Err(format!("most: {most} is negative")),
        }
    }
}

plimsoll_sdk::policy!(Shop);

static ANY_SERVICE: Rule<Settings> = Rule {
    id: "any-service",
    title: "there is a Service",
    severity: Severity::Info,
    kinds: &["Service"],
    context: &[],
    previous: false,
    page: "",
    check: |context, violations| {
        for service in context.subjects_of(&ANY_SERVICE) {
            violations.push(Violation::new(service.root(), "a Service"));
        }
    },
};

static MANY_REPLICAS: Rule<Settings> = Rule {
    id: "many-replicas",
    title: "more replicas than allowed",
    severity: Severity::Error,
    kinds: &["Deployment.apps", "StatefulSet.apps"],
    context: &[],
    previous: false,
    page: PAGE,
    check: many_replicas,
};

fn many_replicas(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    for object in context.subjects_of(&MANY_REPLICAS) {
        let spec = object.root().get(word!("spec"));
        let Value::Known(replicas) = spec.and_then(|spec| spec.get(word!("replicas"))) else {
            continue;
        };
        if let Value::Known(number) = Node::integer(replicas)
            && number > context.settings.most
        {
            let confidence = if number > 100 {
                Confidence::Certain
            } else {
                Confidence::Medium
            };
            let metadata = object.root().get(word!("metadata")).known().unwrap_or(replicas);
            violations.push(
                Violation::new(replicas, format!("{number} replicas"))
                    .confidence(confidence)
                    .related(Place::Key(metadata.index()), "this workload")
                    .fix(Fix {
                        title: "fewer replicas".to_owned(),
                        safe: false,
                        edits: Vec::new(),
                    }),
            );
        }
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 200";

fn deployment(mark: &str) -> String {
    format!("{DEPLOYMENT}{mark}\n")
}

/// What a failed expectation says.
fn difference(rule: &'static str, text: String) -> String {
    let panic = std::panic::catch_unwind(|| expect::<Shop>(rule, &text)).expect_err("it should differ");
    panic.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn findings_that_are_as_marked_pass() {
    expect::<Shop>("many-replicas", &deployment(" # error: many-replicas"));
    expect::<Shop>("many-replicas", &deployment("0 # error: many-replicas"));
    let settings = "# settings: {\"most\": 300}\n";
    expect::<Shop>("many-replicas", &format!("{settings}{}", deployment("")));
    // An error of which the rule is not sure is shown as a warning.
    let unsure = deployment("").replace("200", "20 # warning: many-replicas");
    expect::<Shop>("many-replicas", &unsure);
    // Only looked at, so not judged.
    let context = "# file: a.yaml (context)\n";
    let service = "# file: b.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n";
    expect::<Shop>("many-replicas", &format!("{context}{}{service}", deployment("")));
}

#[test]
fn every_difference_is_told() {
    let missing = difference("any-service", deployment(" # info: any-service"));
    assert!(
        missing.contains("missing     info any-service\n       6 |   replicas: 200"),
        "{missing}"
    );
    let unexpected = difference("many-replicas", deployment(""));
    assert!(
        unexpected.contains("unexpected  error many-replicas (confidence certain): 200 replicas\n       6 |"),
        "{unexpected}"
    );
    let severity = difference("many-replicas", deployment(" # warning: many-replicas"));
    assert!(
        severity.contains("missing") && severity.contains("unexpected"),
        "{severity}"
    );
    let line = deployment("").replace("web", "web # error: many-replicas");
    assert!(difference("many-replicas", line).contains("missing"));
    let rules = format!("# rules: any-service\n{}", deployment(" # error: many-replicas"));
    assert!(difference("many-replicas", rules).contains("missing"));
}

#[test]
fn what_tests_nothing_is_refused() {
    assert!(difference("many-replicas", "# nothing\n".to_owned()).contains("holds no objects"));
    assert!(difference("many-replicas", "a: [1\n".to_owned()).contains("line"));
    assert!(difference("few-replicas", deployment("")).contains("has no rule few-replicas"));
    let settings = format!("# settings: {{\"most\": -1}}\n{DEPLOYMENT}\n");
    assert!(difference("many-replicas", settings).contains("most: -1 is negative"));
}

#[test]
fn a_finding_is_seen_whole() {
    let found = findings::<Shop>("many-replicas", &format!("# file: dev/web.yaml\n{DEPLOYMENT}\n"));
    let expected = Seen {
        file: "dev/web.yaml".to_owned(),
        line: 7,
        severity: plimsoll_core::policy::Severity::Error,
        rule: "many-replicas".to_owned(),
        confidence: plimsoll_core::policy::Confidence::Certain,
        message: "200 replicas".to_owned(),
        help: None,
        path: "/spec/replicas".to_owned(),
        text: "200".to_owned(),
        sensitive: false,
        related: vec![("dev/web.yaml".to_owned(), 4, "this workload".to_owned())],
        fix: Some("fewer replicas".to_owned()),
        safe: false,
    };
    assert_eq!(found, [expected]);
}

#[test]
fn only_the_rules_asked_for_run_in_their_order() {
    let services = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n---\n";
    let text = format!("# rules: many-replicas, any-service\n{services}{DEPLOYMENT}\n");
    let rules = findings::<Shop>("any-service", &text).into_iter().map(|seen| seen.rule);
    assert_eq!(rules.collect::<Vec<_>>(), ["any-service", "many-replicas"]);
}

#[test]
fn settings_are_checked_before_the_tree_is_asked_for() {
    let tree = || -> Vec<u32> { panic!("asked for") };
    for (settings, reason) in [
        ("{\"most\": -1}", "settings: most: -1 is negative"),
        ("{\"least\": 1}", "settings: unknown field `least`"),
        ("[", "settings: "),
    ] {
        let error = run::check::<Shop>(tree, &[0], settings).expect_err("wrong");
        assert!(error.starts_with(reason), "{error}");
    }
    assert_eq!(run::check::<Shop>(tree, &[], "{\"most\": 1}"), Ok(Vec::new()));
    assert!(
        run::check::<Shop>(tree, &[2], "")
            .expect_err("no such rule")
            .contains("no rule 2")
    );
    assert!(
        run::check::<Shop>(Vec::new, &[0], "null").is_err(),
        "an empty buffer is no tree"
    );
}

const PAGE: &str = "# shop/many-replicas

## What it checks
Replicas.

## Why it matters
Money.

## Examples

```yaml bad
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 200 # error: many-replicas
```

```yaml good
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
```

## How to fix
Fewer.

## Settings
`most`.

## When to waive it
Never.

## References
None.
";

/// A policy with the second rule alone, so that a folder can match it.
struct Half;

impl Policy for Half {
    const NAME: &'static str = "shop";
    const VERSION: &'static str = "1.0.0";
    const SUMMARY: &'static str = "Half of it.";
    type Settings = Settings;

    fn rules() -> &'static [&'static Rule<Settings>] {
        static ALL: &[&Rule<Settings>] = &[&MANY_REPLICAS];
        ALL
    }
}

/// A policy's folder, and what checking it says.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        folder.write("README.md", PAGE);
        folder.write("cases/fires-many.yaml", &deployment(" # error: many-replicas"));
        folder.write("cases/silent-few.yaml", &DEPLOYMENT.replace("200", "2"));
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join("src/many_replicas").join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("writable");
        fs::write(path, text).expect("writable");
    }

    fn check(&self) -> Result<Counts, String> {
        check_pages(&Native::<Half>::new(), self.0.path())
    }

    fn problem(&self) -> String {
        self.check().expect_err("something is wrong")
    }
}

#[test]
fn a_folder_that_is_as_it_should_be() {
    let counts = Counts {
        rules: 1,
        examples: 2,
        cases: 2,
    };
    assert_eq!(Folder::new().check(), Ok(counts));
}

#[test]
fn what_is_wrong_with_a_folder_is_told() {
    let folder = Folder::new();
    folder.write("cases/fires-few.yaml", &DEPLOYMENT.replace("200", "2"));
    assert!(folder.problem().contains("fires-few.yaml: it marks nothing"));

    let folder = Folder::new();
    folder.write("cases/silent-many.yaml", &deployment(" # error: many-replicas"));
    assert!(folder.problem().contains("silent-many.yaml: it marks findings"));

    let folder = Folder::new();
    folder.write("cases/other.yaml", DEPLOYMENT);
    assert!(folder.problem().contains("other.yaml: a case is called"));

    let folder = Folder::new();
    folder.write("README.md", &PAGE.replace("replicas: 2\n", "replicas: 300\n"));
    let problem = folder.problem();
    assert!(problem.contains("README.md:21: findings differ"), "{problem}");
    assert!(problem.contains("  26 |   replicas: 300"), "{problem}");
    assert!(problem.contains("`explain` does not give this page"));

    let folder = Folder::new();
    folder.write("../few_replicas/README.md", PAGE);
    assert!(folder.problem().contains("run `cargo dev catalogue`"));
}
