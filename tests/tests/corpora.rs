//! Real repositories: no panic, nothing unexplained, and the same answer twice. `PLIMSOLL_CORPORA` names a folder with one
//! repository in each of its folders.

use plimsoll_tests::{list, outside, run, say};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

#[test]
fn every_repository_is_read_and_judged() {
    let Some(folder) = outside("PLIMSOLL_CORPORA") else {
        return;
    };
    let mut repositories: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.is_dir())
        .collect();
    repositories.sort();
    for repository in repositories {
        let arguments = ["check", "--format", "json", "."];
        let first = run(PROGRAM, &repository, &arguments);
        let second = run(PROGRAM, &repository, &arguments);
        let (mut one, mut two) = (first.json(), second.json());
        assert_eq!(one["failures"], serde_json::json!([]), "{}", repository.display());
        let failed = list(&one, "inputs-failed");
        let known = ["not a manifest", "template", "no kind", "empty"];
        for skip in list(&one["summary"], "skipped") {
            assert!(known.contains(&skip["reason"].as_str().unwrap_or_default()), "{skip}");
        }
        say(&format!(
            "{}: {} objects, {} errors, {} warnings, {} of advice, {} skipped, {} not readable",
            repository.file_name().unwrap_or_default().to_string_lossy(),
            one["summary"]["objects"],
            one["summary"]["errors"],
            one["summary"]["warnings"],
            one["summary"]["infos"],
            list(&one["summary"], "skipped").len(),
            failed.len(),
        ));
        one["summary"]["duration-ms"] = 0.into();
        two["summary"]["duration-ms"] = 0.into();
        assert_eq!(one, two, "{}", repository.display());
    }
}
