//! Any bytes as a manifest: no panic, places inside the text for all that is read, and a tree that can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_core::read::{Limits, manifest};
use plimsoll_tree::Tree;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        size: 1 << 16,
        aliases: 1 << 12,
        ..Limits::default()
    };
    let manifest = manifest("fuzz.yaml", bytes, &limits);
    let nodes = manifest.part.len();
    assert_eq!(
        (manifest.spans.len(), manifest.keys.len()),
        (nodes as usize, nodes as usize)
    );
    let comments = manifest.comments.iter().map(|comment| &comment.span);
    let failures = manifest.failures.iter().map(|failure| &failure.span);
    for span in manifest
        .spans
        .iter()
        .chain(&manifest.keys)
        .chain(comments)
        .chain(failures)
    {
        assert!(manifest.text.get(span.start as usize..span.end as usize).is_some());
    }
    let mut end = 0;
    for document in &manifest.documents {
        assert_eq!((document.root, document.end), (end, manifest.part.end(document.root)));
        end = document.end;
    }
    assert_eq!(end, nodes);
    for (index, object) in manifest.objects.iter().enumerate() {
        assert!(object.root < nodes && object.owner.is_none_or(|owner| (owner as usize) < index));
    }
    if let Ok(words) = manifest.part.to_tree() {
        let tree = Tree::read(&words).expect("a tree that was just written");
        for document in &manifest.documents {
            // Aliases share text: a small tree can be a long JSON text.
            tree.write_json_within(document.root, &mut String::new(), 1 << 20);
        }
    }
});
