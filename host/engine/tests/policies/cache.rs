//! Compiled code that is kept.

use std::fs;
use std::path::PathBuf;

use plimsoll_engine::Origin;
use plimsoll_test_guests as guests;

use super::*;

fn load_from(cache: &Path) -> Policy {
    load_with(engine(), guests::HARMLESS, Some(cache)).expect("a policy")
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    fs::read_dir(cache)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

#[test]
fn a_component_is_compiled_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("plimsoll/policies");
    let first = load_from(&cache);
    assert_eq!(first.origin(), &Origin::Compiled { because: None });
    let second = load_from(&cache);
    assert_eq!(second.origin(), &Origin::Cached);
    assert_eq!(first.check(&bundle(), &[0], ""), second.check(&bundle(), &[0], ""));
    assert_eq!(entries(&cache).len(), 1);
    let name = entries(&cache)[0]
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    assert!(name.starts_with(&plimsoll_engine::digest(guests::HARMLESS)), "{name}");
}

#[test]
fn a_damaged_entry_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    load_from(&cache);
    let path = entries(&cache).remove(0);
    let mut code = fs::read(&path).expect("code");
    let middle = code.len() / 2;
    code[middle] ^= 0xff;
    fs::write(&path, code).expect("written");
    assert_eq!(load_from(&cache).origin(), &Origin::Compiled { because: None });
    assert_eq!(load_from(&cache).origin(), &Origin::Cached);
}

#[test]
fn another_engine_has_another_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    load_from(&cache);
    let small = start(limits(), Allocation::Small);
    let policy = load_with(&small, guests::HARMLESS, Some(&cache)).expect("a policy");
    assert_eq!(policy.origin(), &Origin::Compiled { because: None });
    assert_eq!(entries(&cache).len(), 2);
}

#[test]
fn a_cache_that_cannot_be_used_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    for cache in [file.clone(), file.join("below")] {
        assert!(matches!(
            load_from(&cache).origin(),
            Origin::Compiled { because: Some(_) }
        ));
    }
}

#[test]
fn code_that_was_made_before_is_taken_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    load_from(&cache);
    // Code is taken from what lives as long as the program.
    let entry: &'static [u8] = fs::read(entries(&cache).remove(0)).expect("an entry").leak();
    // Behind its header and digest, and so at no page's begin.
    let code = entry.get(48..).expect("code");
    for (code, precompiled) in [(code, true), (&[][..], false), (&code[..100], false)] {
        // SAFETY: wasmtime made it, or it is too short to be taken.
        #[allow(unsafe_code, reason = "compiled code is run as it is; wasmtime made it")]
        let component = unsafe { Component::from_precompiled(engine(), code, guests::HARMLESS) }.expect("a component");
        let policy = component.policies().expect("policies").remove(0);
        assert_eq!(policy.origin() == &Origin::Precompiled, precompiled);
        assert_eq!(policy.check(&bundle(), &[0], "").map(|found| found.len()), Ok(3));
    }
}
