//! Real repositories: every finding's place holds, and no message repeats what it marks. `PLIMSOLL_CORPORA` names a folder
//! with a repository in each of its folders; `--nocapture` lists the findings.

#![allow(clippy::print_stderr, reason = "a test says what it skipped and what it found")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Judgement, accept};
use plimsoll_core::policy::{Judge, Place};
use plimsoll_core::read::{self, Limits};
use plimsoll_policy_secrets::Secrets;
use plimsoll_sdk::testing::Native;

#[test]
fn real_repositories() {
    let Some(folder) = std::env::var_os("PLIMSOLL_CORPORA").filter(|folder| !folder.is_empty()) else {
        eprintln!("skipped: PLIMSOLL_CORPORA names no folder");
        return;
    };
    let mut repositories: Vec<PathBuf> = children(Path::new(&folder));
    repositories.retain(|path| path.is_dir());
    assert!(!repositories.is_empty(), "no repositories in {}", folder.display());
    for repository in repositories {
        judge(&repository);
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut children: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    children.sort();
    children
}

fn manifests(root: &Path, folder: &Path, into: &mut Vec<read::Manifest>) {
    for path in children(folder) {
        let manifest = path
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"));
        if path.is_symlink() || path.ends_with(".git") {
            continue;
        } else if path.is_dir() {
            manifests(root, &path, into);
        } else if manifest && let Ok(bytes) = std::fs::read(&path) {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            into.push(read::manifest(&name, &bytes, &Limits::default()));
        }
    }
}

fn judge(repository: &Path) {
    let mut read = Vec::new();
    manifests(repository, repository, &mut read);
    let bundle = Bundle::build(read, &Options::default()).expect("a repository fits a tree");
    let policy = Native::<Secrets>::new();
    let rules: Vec<u32> = (0u32..).take(policy.description().rules.len()).collect();
    let start = Instant::now();
    let violations = policy.check(&bundle, &rules, "").expect("the policy answers");
    let took = start.elapsed();
    let tree = bundle.tree();
    for violation in &violations {
        let (Place::Node(node) | Place::Key(node)) = violation.at else {
            panic!("a place that is no node: {}", violation.message);
        };
        let text = tree.symbol(node).map_or("", |symbol| tree.text(symbol));
        if let Some(within) = violation.within {
            let secret = text.get(within.start as usize..within.end as usize);
            let secret = secret.expect("a range lies within its text");
            assert!(
                secret.len() < 12 || !violation.message.contains(secret),
                "a message repeats what it marks"
            );
        }
    }
    let judgement = Judgement {
        policy: policy.description(),
        verdict: Ok(violations),
        reported: rules,
    };
    let (findings, _, failures) = accept(&bundle, vec![judgement]);
    assert!(failures.is_empty());
    eprintln!("{}: {} findings in {took:?}", repository.display(), findings.len());
    for finding in findings {
        let manifest = bundle.manifests.get(finding.place.manifest);
        let (path, line) = manifest.map_or(("", 0), |manifest| {
            let before = manifest.text.bytes().take(finding.place.span.start as usize);
            (manifest.path.as_str(), 1 + before.filter(|&byte| byte == b'\n').count())
        });
        eprintln!(
            "  {} {} {path}:{line} {}",
            finding.severity, finding.rule, finding.message
        );
    }
}
