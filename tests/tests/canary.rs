//! A secret's value appears in no output, ever (`read` alone prints what it reads): secrets planted on every surface, next
//! to findings of other policies, and every output searched for them, raw and in other clothes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use plimsoll_tests::{folder, list, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// Values that stand in the input below. None is real.
const CANARIES: [&str; 9] = [
    "Can4ry-Env-Pw-001",
    "Can4ry/Url+Pw-002",
    "Can4ry-Args-Pw-003",
    "Can4ry-Map-Pw-004",
    "Can4ry-Secret-Pw-005",
    "Can4ry-Data-Pw-006",
    "Can4ry-Note-Pw-007",
    "Can4ry-Probe-Pw-008",
    "Can4ry-Flow-Pw-009",
];

fn input() -> String {
    format!(
        "\
apiVersion: v1
kind: Service
metadata: {{ name: lock }}
spec:
  selector: {{ app: lock }}
  ports: [{{ port: 80 }}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: lock
  annotations: {{ example.invalid/backup: \"postgres://lock:{note}@db.invalid/lock\" }}
spec:
  selector: {{ matchLabels: {{ app: lock }} }}
  template:
    metadata: {{ labels: {{ app: lock }} }}
    spec:
      containers:
        - name: lock
          image: registry.invalid/lock:1
          args: [serve, --database, \"postgres://lock:{args}@db.invalid:5432/lock\"]
          env: [{{ name: DB_PASSWORD, value: \"{flow}\" }}, {{ name: PORT, value: \"3000\" }}, {{ name: CORS_ORIGIN, value: \"*\" }}]
          livenessProbe:
            exec: {{ command: [sh, -c, \"psql postgres://lock:{probe}@localhost/lock\"] }}
        - name: gate
          image: registry.invalid/gate:1
          ports: [{{ containerPort: 3000 }}]
          env:
            - name: API_PASSWORD
              value: {env}
            - name: FRONTEND_URL
              value: \"*\"
            - name: DATABASE_URL
              value: |
                postgres://lock:{url}@db.invalid:5432/lock
---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: lock }}
data:
  settings.properties: |
    # a comment
    spring.datasource.url=jdbc:postgresql://db.invalid/lock?user=lock&password={map}
    other=1
---
apiVersion: v1
kind: Secret
metadata: {{ name: lock }}
stringData: {{ password: {secret} }}
data: {{ token: {data} }}
",
        env = CANARIES[0],
        url = CANARIES[1],
        args = CANARIES[2],
        map = CANARIES[3],
        secret = CANARIES[4],
        data = STANDARD.encode(CANARIES[5]),
        note = CANARIES[6],
        probe = CANARIES[7],
        flow = CANARIES[8],
    )
}

/// A value in all the clothes that it might go out in.
fn forms(value: &str) -> Vec<String> {
    let url: String = value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || byte == b'-' {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    vec![
        value.to_owned(),
        STANDARD_NO_PAD.encode(value),
        url,
        value.replace('/', "\\/"),
        value[..value.len() - 2].to_owned(),
    ]
}

#[test]
fn no_output_shows_a_secret() {
    let files = folder(&[("a.yaml", &input()), ("dev/b.yaml", &input())]);
    let json = run(PROGRAM, files.path(), &["check", "--format", "json"]);
    let rules: Vec<String> = list(&json.json(), "findings")
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned())
        .collect();
    // Enough is found for excerpts of every kind to be drawn.
    for rule in [
        "secrets/plaintext-env",
        "secrets/connection-string-password",
        "ports/target-port-mismatch",
        "cors/wildcard-origin",
    ] {
        assert!(
            rules.iter().any(|found| found == rule),
            "{rule} is missing from {rules:?}"
        );
    }
    let outputs = [
        &["check", "--format", "json"] as &[&str],
        &["check", "--verbose", "--color", "always"],
        &["check", "--strict", "--timings", "--color", "never"],
        &["check", "--format", "json=report.json", "--format", "human=report.txt"],
        &["check", "--format", "sarif"],
        &["check", "--format", "github", "-v"],
        &["check", "--format", "gitlab", "-v"],
        &["check", "--format", "junit", "--strict"],
        &["check", "--format", "tap", "-v"],
        &["check", "--fail-on", "never", "a.yaml"],
    ];
    for arguments in outputs {
        let run = run(PROGRAM, files.path(), arguments);
        assert!(run.code < 2, "{}{}", run.stdout, run.stderr);
        let mut texts = vec![run.stdout, run.stderr];
        for file in ["report.json", "report.txt"] {
            texts.extend(std::fs::read_to_string(files.path().join(file)));
        }
        for canary in CANARIES {
            for form in forms(canary) {
                for text in &texts {
                    assert!(!text.contains(&form), "{arguments:?} shows {form}:\n{text}");
                }
            }
        }
    }
}

#[test]
fn masked_excerpts_still_point_at_the_place() {
    let files = folder(&[("a.yaml", &input())]);
    let run = run(PROGRAM, files.path(), &["check", "--color", "never"]);
    assert!(run.stdout.contains("********"), "{}", run.stdout);
    assert!(run.stdout.contains("name: CORS_ORIGIN"), "{}", run.stdout);
}

#[test]
fn read_alone_prints_what_it_reads() {
    let files = folder(&[("a.yaml", &input())]);
    let run = run(PROGRAM, files.path(), &["read", "a.yaml"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains(CANARIES[0]));
}

/// When the policy that marks secrets gives no verdict, nothing is excerpted; a stand-in of that name shows it.
#[test]
fn without_marks_nothing_is_quoted() {
    use plimsoll_core::bundle::{Bundle, Options};
    use plimsoll_core::finding::{Judgement, accept};
    use plimsoll_core::policy::{Confidence, Description, EvaluationFailure, Place, Rule, Severity, Violation};
    use plimsoll_core::read::{Limits, manifest};
    use plimsoll_core::report::{Counts, Report, Style, human};

    let policy = |name: &str| Description {
        name: name.to_owned(),
        version: "1".to_owned(),
        summary: String::new(),
        rules: vec![Rule {
            id: "rule".to_owned(),
            title: String::new(),
            severity: Severity::Error,
            kinds: Vec::new(),
            context: Vec::new(),
            previous: false,
        }],
        settings_schema: String::new(),
    };
    let violation = Violation {
        rule: 0,
        severity: None,
        confidence: Confidence::High,
        message: "something".to_owned(),
        help: None,
        at: Place::Pointer {
            object: 1,
            path: "/spec".to_owned(),
        },
        within: None,
        sensitive: false,
        related: Vec::new(),
        fix: None,
    };
    let read = vec![manifest("a.yaml", input().as_bytes(), &Limits::default())];
    let counts = Counts::of(&read, |_| false);
    let bundle = Bundle::build(read, &Options::default()).expect("it fits");
    let (broken, other) = (policy("secrets"), policy("other"));
    let judgements = vec![
        Judgement {
            policy: &broken,
            verdict: Err(EvaluationFailure::Fuel(1)),
            reported: vec![0],
        },
        Judgement {
            policy: &other,
            verdict: Ok(vec![violation]),
            reported: vec![0],
        },
    ];
    let (findings, masks, failures) = accept(&bundle, judgements);
    assert_eq!((findings.len(), failures.len()), (1, 1));
    let report = Report {
        bundle: &bundle,
        findings: &findings,
        masks: &masks,
        failures: Vec::new(),
        inputs_failed: Vec::new(),
        counts,
        since: None,
        duration_ms: 0.0,
    };
    let (text, _) = human(
        &report,
        Style {
            color: false,
            width: 100,
            verbose: true,
        },
    );
    assert!(text.contains("a.yaml:"), "{text}");
    assert!(!text.contains("selector"), "{text}");
    assert!(text.contains("No excerpts are shown"), "{text}");
}

/// A Secret may hold the name of its database: masked there, and still the name of an object.
#[test]
fn names_of_objects_are_no_secrets() {
    let files = folder(&[(
        "a.yaml",
        "\
apiVersion: v1
kind: Secret
metadata: { name: orders-access }
stringData: { DATABASE: orders-store, PASSWORD: n0t-a-real-0ne }
---
apiVersion: v1
kind: Service
metadata: { name: orders-store }
spec: { selector: { app: orders-store }, ports: [ { port: 5432, targetPort: \"5432\" } ] }
",
    )]);
    let run = run(PROGRAM, files.path(), &["check", "--format", "json"]);
    let report = run.json();
    let named = list(&report, "findings")
        .iter()
        .any(|finding| finding["object"]["name"] == "orders-store");
    assert!(named, "{}", run.stdout);
    assert!(!run.stdout.contains("n0t-a-real-0ne"), "{}", run.stdout);
    let human = plimsoll_tests::run(PROGRAM, files.path(), &["check"]).stdout;
    assert!(!human.contains("DATABASE: orders-store"), "{human}");
}
