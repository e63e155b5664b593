//! The verdict of a real API server on thousands of objects, where the folder is named by PLIMSOLL_CONFORMANCE.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Finding, Judgement, accept};
use plimsoll_core::policy::{Judge, Severity};
use plimsoll_core::read::{self, Limits};
use plimsoll_schema::Schema;
use serde_json::Value;

/// Errors of the policy on one object, with the pointer of each.
fn errors(schema: &Schema, object: &Value) -> Vec<Finding> {
    let manifest = read::manifest("object.json", object.to_string().as_bytes(), &Limits::default());
    let options = Options {
        kubernetes: Some("1.34".to_owned()),
        ..Options::default()
    };
    let bundle = Bundle::build(vec![manifest], &options).expect("it fits");
    let rules: Vec<u32> = (0..).take(schema.description().rules.len()).collect();
    let judgement = Judgement {
        policy: schema.description(),
        verdict: schema.check(&bundle, &rules, ""),
        reported: rules,
    };
    let (findings, _, failures) = accept(&bundle, vec![judgement]);
    assert!(failures.is_empty());
    findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect()
}

/// `spec.ports[0].name` → `spec/ports/name`: without positions, for a server that cannot decode names none.
fn normal(field: &str) -> String {
    let mut out = String::new();
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(&before.replace('.', "/"));
        let (inside, after) = after.split_once(']').unwrap_or((after, ""));
        if inside.parse::<usize>().is_err() {
            out.push('/');
            out.push_str(inside);
        }
        rest = after;
    }
    out.push_str(&rest.replace('.', "/"));
    out
}

/// The pointer of a finding, without positions; of an unknown or missing field with its name.
fn place(path: &str) -> String {
    let steps = path.split('/').skip(1).filter(|step| step.parse::<usize>().is_err());
    steps
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect::<Vec<_>>()
        .join("/")
}

/// The fields that a message of code 400 names.
fn fields(message: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in message.split("unknown field \"").skip(1) {
        found.extend(part.split('"').next().map(normal));
    }
    if let Some((_, rest)) = message.split_once("Go struct field ") {
        let field = rest.split(' ').next().unwrap_or("");
        // The first word is the struct's.
        found.push(normal(field.split_once('.').map_or("", |(_, field)| field)));
    }
    found
}

#[test]
fn as_the_api_server_says() {
    let Some(root) = std::env::var_os("PLIMSOLL_CONFORMANCE") else {
        eprintln!("skipped: PLIMSOLL_CONFORMANCE names no folder of cases");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&root).join("apiserver/cases.jsonl")).expect("the cases");
    let schema = Schema::default();
    let (mut undecodable, mut found) = (0, 0);
    let (mut accepted, mut wrong) = (0, 0);
    let mut refused: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut by_reason: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("a case a line");
        let object = &case["object"];
        let version = object["apiVersion"].as_str().unwrap_or("");
        // Of custom resources the cases do not bring the definitions.
        if version.starts_with("openchoreo.dev/") || version.starts_with("gateway.networking.k8s.io/") {
            continue;
        }
        let errors = errors(&schema, object);
        let kind = object["kind"].as_str().unwrap_or("").to_owned();
        let name = case["case"].as_str().unwrap_or("");
        let message = case["message"].as_str().unwrap_or("");
        match case["code"].as_u64() {
            Some(400) => {
                undecodable += 1;
                let wanted = fields(message);
                let mut at: Vec<String> = errors.iter().map(|found| place(&found.path)).collect();
                // Of a map's values the server names the map.
                if message.contains("of type string") || message.contains("uint8") {
                    at.extend(
                        errors
                            .iter()
                            .filter_map(|found| Some(place(found.path.rsplit_once('/')?.0))),
                    );
                }
                if !errors.is_empty() && (wanted.is_empty() || wanted.iter().all(|field| at.contains(field))) {
                    found += 1;
                } else {
                    eprintln!("missed: {kind} {name}: {message}\n        wanted {wanted:?}, found {at:?}");
                }
            }
            Some(422) => {
                let foreseen = !errors.is_empty();
                let entry = refused.entry(kind.clone()).or_default();
                entry.0 += 1;
                entry.1 += usize::from(foreseen);
                for cause in case["causes"].as_array().map(Vec::as_slice).unwrap_or_default() {
                    let reason = cause["reason"].as_str().unwrap_or("").to_owned();
                    let entry = by_reason.entry(reason.clone()).or_default();
                    entry.0 += 1;
                    entry.1 += usize::from(foreseen);
                    if !foreseen && std::env::var_os("SHOW_UNFORESEEN").is_some() {
                        eprintln!(
                            "unforeseen: {kind} {name}: {reason} {} {}",
                            cause["field"], cause["message"]
                        );
                    }
                }
            }
            _ => {
                accepted += 1;
                if !errors.is_empty() {
                    wrong += 1;
                    let said: Vec<String> = errors
                        .iter()
                        .map(|one| format!("{}: {}", one.rule, one.message))
                        .collect();
                    eprintln!("wrong: {kind} {name}: {said:?}");
                }
            }
        }
    }
    let (all, foreseen) = refused.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    eprintln!("undecodable: {found} of {undecodable} found at the field");
    eprintln!("accepted: {wrong} of {accepted} called wrong");
    eprintln!("refused by validation: {foreseen} of {all} foreseen");
    for (kind, (all, foreseen)) in refused {
        eprintln!("  {foreseen:>4} of {all:>4} {kind}");
    }
    for (reason, (all, foreseen)) in by_reason {
        eprintln!("  {foreseen:>4} of {all:>4} {reason}");
    }
    assert!(found * 100 >= undecodable * 99);
    assert_eq!(wrong, 0);
    assert!(foreseen * 100 >= all * 30);
}
