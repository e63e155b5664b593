//! A whole process on one file with nothing cached: what a pre-commit hook waits for. Median of 20, and the least that any
//! process takes here beside it.
//!
//! `cargo bench -p plimsoll-tests --bench cold_start`.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 20;

fn main() {
    let runs = if std::env::args().any(|argument| argument == "--bench") {
        RUNS
    } else {
        1
    };
    let program = env!("CARGO_BIN_EXE_plimsoll-under-test");
    let folder = plimsoll_tests::project().join("samples/three-tier-shop/broken");
    let rows = [
        ("plimsoll check web.yaml", vec!["check", "--format", "json", "web.yaml"]),
        ("plimsoll check FOLDER", vec!["check", "--format", "json", "."]),
        ("plimsoll --version", vec!["--version"]),
    ];
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    // In turn, so that a machine that slows down slows all of them.
    for _ in 0..=runs {
        for (row, times) in rows.iter().zip(&mut times) {
            let started = Instant::now();
            let status = Command::new(program)
                .args(&row.1)
                .current_dir(&folder)
                .env_clear()
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("the program starts");
            assert!(status.code().is_some_and(|code| code < 2), "{}: {status}", row.0);
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    for (row, mut times) in rows.iter().zip(times) {
        // The first one warms the disk.
        times.remove(0);
        times.sort_by(f64::total_cmp);
        println!(
            "{:28} median {:6.2} ms, least {:6.2} ms",
            row.0,
            times[times.len() / 2],
            times[0]
        );
    }
}
