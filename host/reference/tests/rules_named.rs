//! Rules that the written pages name, in prose and in examples, exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use plimsoll_reference::catalogue;

/// Ids in a text: `policy/rule`, where the policy is one of these and nothing leads up to it, as in a path.
fn ids<'a>(text: &'a str, policies: &BTreeSet<String>) -> Vec<&'a str> {
    let part_of_a_path = |letter: char| letter.is_ascii_alphanumeric() || "/-_.*".contains(letter);
    text.split(|letter| !part_of_a_path(letter))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| {
            let parts: Vec<&str> = word.split('/').collect();
            let rule = |rule: &str| !rule.is_empty() && rule.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            matches!(parts[..], [policy, id] if policies.contains(policy) && rule(id))
        })
        .collect()
}

#[test]
fn rules_that_pages_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let catalogue = catalogue::read(&root).expect("the rules' pages hold");
    let policies: BTreeSet<String> = catalogue.iter().map(|policy| policy.name.clone()).collect();
    let known = catalogue::ids(&catalogue);
    let mut pages = vec![root.join("README.md"), root.join("samples/README.md")];
    for entry in fs::read_dir(root.join("docs")).expect("docs/ can be read") {
        pages.push(entry.expect("docs/ can be read").path());
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mut found = 0;
    for page in pages {
        let text = fs::read_to_string(&page).expect("pages are UTF-8");
        for id in ids(&text, &policies) {
            assert!(known.contains(id), "{}: there is no rule {id}", page.display());
            found += 1;
        }
    }
    assert!(found > 20, "only {found} were found");
}

#[test]
fn paths_and_globs_are_no_ids() {
    let policies = BTreeSet::from(["ports".to_owned()]);
    let text =
        "`ports/loopback-bind`, host/ports/src ports/* [x](rules/ports/gone.md) a/ports/gone ports/none. ports/SRC";
    assert_eq!(ids(text, &policies), ["ports/loopback-bind", "ports/none"]);
}
