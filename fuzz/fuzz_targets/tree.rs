//! Any bytes as the words of a tree: no panic, nothing out of bounds, no walk without end.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../wit/tree/tests/tree/probe.rs"]
mod probe;

fuzz_target!(|bytes: &[u8]| {
    // The first byte says whether what follows gets a valid header.
    let Some((first, rest)) = bytes.split_first() else { return };
    let mut words: Vec<u32> = rest
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| u32::from_le_bytes(bytes))
        .collect();
    if first % 8 != 0 {
        probe::frame(&mut words);
    }
    probe::touch(&words);
});
