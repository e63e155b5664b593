//! What it costs to find what lies around an object, in clusters of 100, 10,000 and 100,000 objects: as long as what lies
//! around it is the same, the time must be. And what an object in memory costs, printed before the table.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measures")]

#[path = "../tests/context/cluster.rs"]
mod cluster;

use divan::{Bencher, black_box};
use plimsoll_core::read::{Limits, Manifest, manifest_of_text};
use plimsoll_webhook::context::{Bounds, Room};

const SIZES: [usize; 3] = [100, 10_000, 100_000];

fn main() {
    for size in SIZES {
        let before = resident();
        let store = cluster::store(size, Bounds::default());
        let (objects, bytes) = (store.len(), store.bytes());
        println!(
            "{objects} objects: {} bytes of JSON each, {} counted, {} resident",
            cluster::json_bytes(size) / objects,
            bytes / objects,
            resident().saturating_sub(before) / objects,
        );
    }
    divan::main();
}

/// Bytes that the process holds, where the system tells.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kib.unwrap_or(0) << 10
}

fn subject(number: usize, kind: &str) -> Manifest {
    let text = cluster::app(number)
        .into_iter()
        .find(|text| text.contains(&format!("\"kind\":\"{kind}\"")))
        .expect("the kind is there");
    manifest_of_text("review.json", text.into(), &Limits::default())
}

fn around(bencher: Bencher<'_, '_>, size: usize, kind: &str) {
    let store = cluster::store(size, Bounds::default());
    let subject = subject(3, kind);
    let found = store.around(&[&subject], Room::default());
    assert!(
        found.whole && found.objects.len() < 100,
        "{} objects",
        found.objects.len()
    );
    bencher.bench_local(|| black_box(store.around(&[black_box(&subject)], Room::default()).objects.len()));
}

#[divan::bench(args = SIZES)]
fn deployment(bencher: Bencher<'_, '_>, size: usize) {
    around(bencher, size, "Deployment");
}

#[divan::bench(args = SIZES)]
fn service(bencher: Bencher<'_, '_>, size: usize) {
    around(bencher, size, "Service");
}

#[divan::bench(args = SIZES)]
fn network_policy(bencher: Bencher<'_, '_>, size: usize) {
    around(bencher, size, "NetworkPolicy");
}

#[divan::bench]
fn read_one(bencher: Bencher<'_, '_>) {
    let text: std::sync::Arc<str> = cluster::app(3).swap_remove(0).into();
    bencher.bench_local(|| black_box(manifest_of_text("a", text.clone(), &Limits::default()).objects.len()));
}

#[divan::bench]
fn put_one(bencher: Bencher<'_, '_>) {
    let text = cluster::app(3).swap_remove(0);
    bencher
        .with_inputs(|| text.clone())
        .bench_local_values(|text| plimsoll_webhook::context::Prepared::new(text).is_some());
}
