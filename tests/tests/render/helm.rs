//! Charts, rendered by helm.

use super::*;

#[test]
fn a_charts_findings_are_at_its_templates() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    assert_eq!(report["summary"]["rendered"], 2, "its own values, and values-prod.yaml");
    assert_eq!(list(&report["summary"], "skipped"), Vec::<Value>::new());

    let service = file(CHART, "pier/templates/service.yaml");
    let found = of_rule(&report, RULE);
    // Both renderings say the same of the same line: it is said once.
    assert_eq!(found.len(), 1, "{found:#?}");
    let finding = &found[0];
    assert_eq!(
        at(finding),
        format!("pier/templates/service.yaml:{}", line_of(service, "targetPort:"))
    );
    assert_eq!(text_at(finding, service), "{{ .Values.service.targetPort }}");
    assert_eq!(finding["rendered"]["place"], "exact");
    assert_eq!(finding["fix"], Value::Null);
    let values = file(CHART, "pier/values.yaml");
    let places: Vec<String> = list(finding, "related").iter().map(at).collect();
    let set = format!("pier/values.yaml:{}", line_of(values, "targetPort:"));
    let deployment = file(CHART, "pier/templates/deployment.yaml");
    let listens = format!("pier/templates/deployment.yaml:{}", line_of(deployment, "\"3000\""));
    assert!(places.contains(&set) && places.contains(&listens), "{places:?}");
    let again = places
        .iter()
        .any(|place| place.starts_with("pier/(rendered with values-prod.yaml):"));
    assert!(again, "{places:?}");

    // Every place is where it says, in the file or in what helm itself prints.
    let printed = |values: &[&str]| {
        let output = Command::new(programs.folder.path().join("helm"))
            .args(["template", "quay", ".", "--skip-tests"])
            .args(values)
            .current_dir(files.path().join("pier"))
            .output()
            .expect("helm runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let own = printed(&[]);
    let prod = printed(&["--values=values-prod.yaml"]);
    let text = |name: &str| match name {
        "pier/(rendered)" => own.clone(),
        "pier/(rendered with values-prod.yaml)" => prod.clone(),
        name => std::fs::read_to_string(files.path().join(name)).expect("a file of the chart"),
    };
    let mut exact = 0;
    for finding in list(&report, "findings") {
        for place in std::iter::once(&finding).chain(&list(&finding, "related")) {
            let name = place["file"].as_str().expect("a file");
            text_at(place, &text(name));
            let rendered = &place["rendered"];
            if rendered.is_null() {
                continue;
            }
            text_at(rendered, &text(rendered["file"].as_str().expect("a file")));
            if rendered["place"] == "exact" {
                let whole = |place: &Value| {
                    let line = place["start"]["line"].as_u64().expect("a line") as usize;
                    text(place["file"].as_str().expect("a file"))
                        .lines()
                        .nth(line - 1)
                        .map(|line| line.trim().to_owned())
                        .expect("a line")
                };
                let (source, made) = (whole(place), whole(rendered));
                let literal = source.split("{{").next().unwrap_or_default().trim_end();
                assert!(made.starts_with(literal), "{source} does not make {made}");
                exact += 1;
            }
        }
    }
    assert!(exact > 5, "{exact}");
}

#[test]
fn no_format_shows_a_rendered_secret_or_a_folder_of_the_machine() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    for format in ["human", "json", "sarif", "github", "gitlab", "junit", "tap"] {
        let run = programs.check(files.path(), &["--render", "--strict", "--format", format]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stdout.contains("service.yaml"), "{format}");
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(CANARY), "{format}: {text}");
            assert!(!text.contains(&*files.path().to_string_lossy()), "{format}: {text}");
        }
    }
    let sarif = programs.check(files.path(), &["--render", "--format", "sarif"]).stdout;
    let sarif: Value = serde_json::from_str(&sarif).expect("SARIF is JSON");
    let results = list(&sarif["runs"][0], "results");
    let uris = results
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
    let mut uris = uris.map(|uri| uri.as_str().expect("a URI"));
    assert!(uris.all(|uri| uri.starts_with("pier/templates/")), "{results:#?}");
    // The same on another machine, and with other files around.
    let fingerprints = |files: &Path| -> Vec<String> {
        let run = programs.check(files, &["--render", "--format", "json"]);
        let findings = list(&run.json(), "findings");
        findings
            .iter()
            .map(|finding| finding["fingerprint"].to_string())
            .collect()
    };
    let other = folder(CHART);
    assert_eq!(fingerprints(files.path()), fingerprints(other.path()));
}

#[test]
fn where_no_line_is_known_the_nearest_one_is_said() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let data =
        "{{- define \"quay.data\" -}}\nDATABASE_URL: postgres://joe:Can4ry-Named-Pw-016@db.invalid/x\n{{- end }}\n";
    write(&files.path().join("pier/templates/_data.tpl"), data.as_bytes());
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: named\ndata:\n  {{- include \"quay.data\" . | nindent 2 }}\n";
    write(&files.path().join("pier/templates/map.yaml"), map.as_bytes());
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    let found = of_rule(&run.json(), "secrets/configmap-credential");
    assert_eq!(found.len(), 1, "{found:#?}");
    let data = map.lines().position(|line| line == "data:").expect("it is there") + 1;
    assert_eq!(at(&found[0]), format!("pier/templates/map.yaml:{data}"));
    assert_eq!(found[0]["rendered"]["place"], "near");
    let human = programs.check(files.path(), &["--render"]).stdout;
    assert!(human.contains("the nearest one that is"), "{human}");
    assert!(!human.contains("Can4ry") && !run.stdout.contains("Can4ry"), "{human}");
}

#[test]
fn sarif_of_what_was_rendered_is_valid() {
    let Some(conformance) = outside("PLIMSOLL_CONFORMANCE") else {
        return;
    };
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let schema = std::fs::read_to_string(conformance.join("schemas/sarif-2.1.0.json")).expect("the schema is there");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let files = folder(KUSTOMIZED);
    let made =
        "resources: [ app.yaml ]\nsecretGenerator: [ { name: made, literals: [ password=Can4ry-Made-Pw-017 ] } ]\n";
    write(&files.path().join("base/kustomization.yaml"), made.as_bytes());
    let run = programs.check(files.path(), &["--render", "--strict", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&run.stdout).expect("SARIF is JSON");
    let errors: Vec<String> = validator.iter_errors(&sarif).map(|error| error.to_string()).collect();
    assert!(
        errors.is_empty() && list(&sarif["runs"][0], "results").len() > 5,
        "{errors:#?}"
    );
    assert!(!run.stdout.contains("Can4ry"));
}

#[test]
fn a_waiver_in_a_template_counts() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let service = file(CHART, "pier/templates/service.yaml");
    let waived = service.replace(
        "{{ .Values.service.targetPort }}\n",
        "{{ .Values.service.targetPort }} # plimsoll: allow ports/target-port-mismatch reason=\"a test\"\n",
    );
    write(&files.path().join("pier/templates/service.yaml"), waived.as_bytes());
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    let found = of_rule(&run.json(), RULE);
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|finding| finding["suppressed"]["by"] == "comment"),
        "{found:#?}"
    );
    assert_eq!(of_rule(&run.json(), "plimsoll/unused-suppression"), Vec::<Value>::new());
}

#[test]
fn a_dependency_that_is_not_there_is_said_in_helms_words() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let chart = "apiVersion: v2\nname: quay\nversion: 0.1.0\ndependencies:\n  - { name: tide, version: 1.0.0, repository: \"https://charts.invalid\" }\n";
    write(&files.path().join("pier/Chart.yaml"), chart.as_bytes());
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 2);
    let failed = list(&run.json(), "inputs-failed");
    assert_eq!(failed.len(), 2, "{failed:#?}");
    let message = failed[0]["message"].as_str().expect("a message");
    assert_eq!(failed[0]["file"], "pier/Chart.yaml");
    assert!(message.contains("helm: ") && message.contains("tide"), "{message}");
    // Its templates are what they are without --render.
    let skipped = list(&run.json()["summary"], "skipped");
    assert!(skipped.iter().any(|file| file["reason"] == "template"), "{skipped:?}");
}

#[test]
fn values_that_are_given_take_the_place_of_those_found() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    write(
        &files.path().join("other values,1.yaml"),
        b"service: { targetPort: 3000 }\n",
    );
    let arguments = ["--render", "--helm-values", "other values,1.yaml", "--format", "json"];
    let run = programs.check(files.path(), &arguments);
    let report = run.json();
    assert_eq!(report["summary"]["rendered"], 1, "{}", run.stderr);
    assert_eq!(of_rule(&report, RULE), Vec::<Value>::new());
}
