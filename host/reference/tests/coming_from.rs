//! `docs/coming-from.md` names every rule once, and no other.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use plimsoll_reference::catalogue;
use pulldown_cmark::{Event, Options, Parser, Tag};

#[test]
fn every_rule_has_its_equivalents_or_none() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/coming-from.md"))?;
    let mut named = Vec::new();
    for event in Parser::new_ext(&page, Options::ENABLE_TABLES) {
        if let Event::Start(Tag::Link { dest_url, .. }) = event
            && let Some(rule) = dest_url.strip_prefix("rules/")
        {
            named.push(rule.trim_end_matches(".md").to_owned());
        }
    }
    let once: BTreeSet<String> = named.iter().cloned().collect();
    assert_eq!(once.len(), named.len(), "a rule is named twice: {named:?}");
    let known = catalogue::ids(&catalogue::read(&root)?);
    let missing: Vec<_> = known.difference(&once).collect();
    let unknown: Vec<_> = once.difference(&known).collect();
    assert!(missing.is_empty(), "not in docs/coming-from.md: {missing:?}");
    assert!(unknown.is_empty(), "not in the catalogue: {unknown:?}");
    Ok(())
}
