//! Real manifests, where the folder is named by PLIMSOLL_CORPORA: an `error` is a defect, so there are next to none.
#![allow(
    clippy::print_stderr,
    reason = "a test that is skipped says so, and what is found is to be read"
)]

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Judgement, accept};
use plimsoll_core::policy::{Judge, Severity};
use plimsoll_core::read::{self, Limits, Manifest};
use plimsoll_schema::{Schema, not_validated};

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
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            manifests.push(read::manifest(
                &name.replace('\\', "/"),
                &std::fs::read(&path)?,
                &Limits::default(),
            ));
        }
    }
    Ok(())
}

#[test]
fn errors_are_rare_in_real_repositories() {
    let Some(root) = std::env::var_os("PLIMSOLL_CORPORA") else {
        eprintln!("skipped: PLIMSOLL_CORPORA names no folder of manifests");
        return;
    };
    let schema = Schema::default();
    let rules: Vec<u32> = (0..).take(schema.description().rules.len()).collect();
    let mut counts: BTreeMap<(String, Severity), usize> = BTreeMap::new();
    let (mut objects, mut unknown, mut errors) = (0, 0, 0);
    for entry in std::fs::read_dir(Path::new(&root)).expect("a folder") {
        let folder = entry.expect("an entry").path();
        if !folder.is_dir() {
            continue;
        }
        let mut manifests = Vec::new();
        collect(&folder, &folder, &mut manifests).expect("files that can be read");
        let bundle = Bundle::build(manifests, &Options::default()).expect("it fits");
        objects += bundle.tree().objects() as usize;
        unknown += not_validated(&bundle);
        let judgement = Judgement {
            policy: schema.description(),
            verdict: schema.check(&bundle, &rules, ""),
            reported: rules.clone(),
        };
        let (findings, _, failures) = accept(&bundle, vec![judgement]);
        assert!(failures.is_empty());
        let repository = folder.file_name().unwrap_or_default().to_string_lossy();
        for finding in findings {
            *counts.entry((finding.rule.clone(), finding.severity)).or_default() += 1;
            errors += usize::from(finding.severity == Severity::Error && finding.rule != "schema/yaml-syntax");
            if finding.severity > Severity::Info {
                let manifest = &bundle.manifests[finding.place.manifest];
                let line = manifest.position(finding.place.span.start).line;
                let (severity, rule, message) = (finding.severity, &finding.rule, &finding.message);
                eprintln!("{severity} {rule} {repository}/{}:{line}: {message}", manifest.path);
            }
        }
    }
    eprintln!("{objects} objects, {unknown} of kinds without a schema");
    for ((rule, severity), count) in counts {
        eprintln!("{count:>6} {severity} {rule}");
    }
    assert!(errors * 20 <= objects, "more than one error for 20 objects");
}
