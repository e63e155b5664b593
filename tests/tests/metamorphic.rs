//! What does not change the meaning does not change the findings (lines and order aside).

use std::collections::BTreeMap;

use plimsoll_tests::{folder, list, project, run};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// `rule severity object path fingerprint`, each as often as it is found, whatever the place.
fn findings(files: &[(&str, &str)]) -> BTreeMap<String, usize> {
    let files = folder(files);
    let run = run(PROGRAM, files.path(), &["check", "--format", "json"]);
    assert!(run.code < 2, "{}{}", run.stdout, run.stderr);
    let mut counted = BTreeMap::new();
    for finding in list(&run.json(), "findings") {
        let text = |member: &str| finding[member].as_str().unwrap_or_default().to_owned();
        let key = format!(
            "{} {} {} {} {}",
            text("rule"),
            text("severity"),
            finding["object"],
            text("message"),
            text("fingerprint")
        );
        *counted.entry(key).or_insert(0) += 1;
    }
    counted
}

/// The sample of plain Kubernetes objects: faults of every policy, several files.
fn system() -> Vec<(String, String)> {
    let folder = project().join("samples/three-tier-shop/broken");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the sample is there")
        .filter_map(|entry| {
            let path = entry.expect("it can be listed").path();
            let name = path.file_name()?.to_str()?.to_owned();
            (path.extension()? == "yaml").then(|| (name, std::fs::read_to_string(&path).expect("it can be read")))
        })
        .collect();
    files.sort();
    files
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect()
}

/// The documents as the program reads them.
fn documents(files: &[(String, String)]) -> Vec<Value> {
    let folder = folder(&borrowed(files));
    let run = run(PROGRAM, folder.path(), &["read"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is a document"))
        .collect()
}

fn baseline() -> BTreeMap<String, usize> {
    let found = findings(&borrowed(&system()));
    assert!(found.len() >= 8, "{found:?}");
    found
}

#[test]
fn one_file_or_many() {
    let whole: Vec<String> = system().into_iter().map(|(_, text)| text).collect();
    assert_eq!(findings(&[("all.yaml", &whole.join("\n---\n"))]), baseline());
}

#[test]
fn documents_in_reverse() {
    let mut documents = documents(&system());
    documents.reverse();
    let text: Vec<String> = documents.iter().map(Value::to_string).collect();
    assert_eq!(findings(&[("all.yaml", &text.join("\n---\n"))]), baseline());
}

#[test]
fn as_json_and_as_a_list() {
    let documents = documents(&system());
    let many: Vec<(String, String)> = documents
        .iter()
        .enumerate()
        .map(|(at, document)| (format!("{at}.json"), format!("{document:#}")))
        .collect();
    assert_eq!(findings(&borrowed(&many)), baseline());
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": documents });
    assert_eq!(findings(&[("list.json", &list.to_string())]), baseline());
}

#[test]
fn keys_in_reverse() {
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .rev()
                    .map(|(key, value)| (key.clone(), reversed(value)))
                    .collect(),
            ),
            Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
            other => other.clone(),
        }
    }
    let text: Vec<String> = documents(&system())
        .iter()
        .map(|document| reversed(document).to_string())
        .collect();
    assert_eq!(findings(&[("all.yaml", &text.join("\n---\n"))]), baseline());
}

#[test]
fn line_ends_marks_and_comments() {
    let changed: Vec<(String, String)> = system()
        .into_iter()
        .map(|(name, text)| (name, format!("\u{feff}# a comment\n{text}").replace('\n', "\r\n")))
        .collect();
    assert_eq!(findings(&borrowed(&changed)), baseline());
}

#[test]
fn unrelated_objects_and_folders() {
    let mut files = system();
    for (name, _) in &mut files {
        *name = format!("deploy/shop/{name}");
    }
    assert_eq!(findings(&borrowed(&files)), baseline(), "moved");
    files.push((
        "deploy/other/map.yaml".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: tide, namespace: elsewhere }\ndata: { a: b }\n".to_owned(),
    ));
    assert_eq!(findings(&borrowed(&files)), baseline(), "with an unrelated object");
}

#[test]
fn as_the_api_server_fills_it_in() {
    let filled: Vec<String> = documents(&system())
        .into_iter()
        .map(|mut document| {
            // Other kinds have none, or none that counts generations.
            if document["kind"] == "Deployment" || document["kind"] == "StatefulSet" {
                document["status"] = json!({ "observedGeneration": 1 });
            }
            document["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
            document["metadata"]["managedFields"] = json!([{ "manager": "kubectl", "operation": "Apply" }]);
            if document["kind"] == "Service" {
                document["spec"]["sessionAffinity"] = json!("None");
                for port in document["spec"]["ports"].as_array_mut().expect("ports") {
                    if port["protocol"].is_null() {
                        port["protocol"] = json!("TCP");
                    }
                }
            }
            document.to_string()
        })
        .collect();
    assert_eq!(findings(&[("all.yaml", &filled.join("\n---\n"))]), baseline());
}

#[test]
fn copies_side_by_side_have_each_their_own() {
    let mut files: Vec<(String, String)> = Vec::new();
    for side in ["east", "west"] {
        files.extend(
            system()
                .into_iter()
                .map(|(name, text)| (format!("{side}/{name}"), text)),
        );
    }
    let doubled: BTreeMap<String, usize> = baseline().into_iter().map(|(key, count)| (key, 2 * count)).collect();
    assert_eq!(findings(&borrowed(&files)), doubled);
}
