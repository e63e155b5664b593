//! The reference in the tree is up to date and whole, and the generator does what it says.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_reference::{FOLDER, catalogue, check, files, write};

type Outcome = Result<(), Box<dyn Error>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_reference_in_the_tree_is_up_to_date() -> Outcome {
    Ok(check(&root())?)
}

#[test]
fn every_policy_of_the_project_is_in_it() -> Outcome {
    let mut folders = BTreeSet::from(["schema".to_owned(), "plimsoll".to_owned()]);
    for entry in fs::read_dir(root().join("policies"))? {
        let entry = entry?;
        if entry.path().join("src/rules.rs").is_file() {
            folders.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let catalogue = catalogue::read(&root())?;
    let listed: BTreeSet<String> = catalogue.iter().map(|policy| policy.name.clone()).collect();
    assert_eq!(listed, folders, "the catalogue (left) and policies/ (right)");
    for policy in &catalogue {
        assert!(!policy.rules.is_empty(), "{}", policy.name);
        for rule in &policy.rules {
            let source = fs::read_to_string(root().join(&rule.source))?;
            assert_eq!(source.trim(), rule.page.trim(), "{}/{}", policy.name, rule.id);
            assert!(!rule.confidences.is_empty(), "{}/{}", policy.name, rule.id);
        }
    }
    Ok(())
}

#[test]
fn what_differs_is_written_and_what_is_left_over_is_removed() -> Outcome {
    let copy = tempfile::tempdir()?;
    for part in ["policies", "host/schema/src"] {
        std::os::unix::fs::symlink(root().join(part).canonicalize()?, {
            let at = copy.path().join(part);
            fs::create_dir_all(at.parent().ok_or("a folder lies in one")?)?;
            at
        })?;
    }
    let all = files(copy.path())?;
    assert_eq!(write(copy.path())?.len(), all.len(), "all of it is new");
    check(copy.path())?;
    assert_eq!(write(copy.path())?, [] as [PathBuf; 0]);

    let folder = copy.path().join(FOLDER);
    fs::write(folder.join("ports/gone-rule.md"), "# ports/gone-rule\n")?;
    fs::write(folder.join("ports/loopback-bind.md"), "# something else\n")?;
    fs::write(folder.join("ports/picture.svg"), "not a page")?;
    let complaint = check(copy.path()).err().ok_or("two files are wrong")?.to_string();
    assert!(
        complaint.contains("gone-rule.md") && complaint.contains("cargo dev reference"),
        "{complaint}"
    );
    let changed = write(copy.path())?;
    let names: Vec<_> = changed.iter().filter_map(|path| path.file_name()).collect();
    assert_eq!(names, ["gone-rule.md", "loopback-bind.md"]);
    assert!(!folder.join("ports/gone-rule.md").exists());
    assert!(folder.join("ports/picture.svg").exists());
    Ok(check(copy.path())?)
}
