//! Real manifests, where the folder is named by PLIMSOLL_CORPORA: an `error` is a defect, so there are next to none.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::path::Path;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Judgement, accept};
use plimsoll_core::policy::{Judge, Severity};
use plimsoll_core::read::{self, Limits, Manifest};
use plimsoll_policy_ports::Ports;
use plimsoll_sdk::testing::Native;

fn collect(folder: &Path, root: &Path, manifests: &mut Vec<Manifest>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, root, manifests)?;
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
        {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            manifests.push(read::manifest(&name, &std::fs::read(&path)?, &Limits::default()));
        }
    }
    Ok(())
}

/// Number of Services, and the errors' messages.
fn errors(manifests: Vec<Manifest>) -> (usize, Vec<String>) {
    let bundle = Bundle::build(manifests, &Options::default()).expect("it fits");
    let policy = Native::<Ports>::new();
    let rules: Vec<u32> = (0..)
        .zip(&policy.description().rules)
        .map(|(number, _)| number)
        .collect();
    let judgement = Judgement {
        policy: policy.description(),
        verdict: policy.check(&bundle, &rules, ""),
        reported: rules,
    };
    let (findings, _, failures) = accept(&bundle, vec![judgement]);
    assert!(failures.is_empty());
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors = errors.map(|finding| finding.message.clone()).collect();
    (bundle.by_kind("", "Service").len(), errors)
}

#[test]
fn errors_are_rare_in_real_repositories() {
    let Some(root) = std::env::var_os("PLIMSOLL_CORPORA") else {
        eprintln!("skipped: PLIMSOLL_CORPORA names no folder of manifests");
        return;
    };
    let root = Path::new(&root);
    let (mut services, mut alone) = (0, Vec::new());
    for entry in std::fs::read_dir(root).expect("a folder") {
        let folder = entry.expect("an entry").path();
        if folder.is_dir() {
            let mut manifests = Vec::new();
            collect(&folder, &folder, &mut manifests).expect("files that can be read");
            let (count, found) = errors(manifests);
            services += count;
            alone.extend(found);
        }
    }
    let mut manifests = Vec::new();
    collect(root, root, &mut manifests).expect("files that can be read");
    let (_, mut together) = errors(manifests);
    eprintln!("{services} Services, errors: {alone:#?}");
    assert!(alone.len() * 100 <= services, "more than one error for 100 Services");
    alone.sort();
    together.sort();
    assert_eq!(alone, together, "repositories beside each other change nothing");
}
