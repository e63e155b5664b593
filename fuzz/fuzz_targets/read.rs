//! Any bytes as a manifest: no panic, and places for all that is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_core::read::{Limits, manifest};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        size: 1 << 16,
        aliases: 1 << 12,
        ..Limits::default()
    };
    let manifest = manifest("fuzz.yaml", bytes, &limits);
    let nodes = manifest.part.len() as usize;
    assert_eq!((manifest.spans.len(), manifest.keys.len()), (nodes, nodes));
    for span in manifest.spans.iter().chain(&manifest.keys) {
        assert!(manifest.text.get(span.start as usize..span.end as usize).is_some());
    }
});
