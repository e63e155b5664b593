//! A whole process with nothing cached but the disk: on one file, on a folder, and as a pre-commit hook on a repository of
//! 500 files. Median of 20, and the least that any process takes here beside it.
//!
//! `cargo bench -p plimsoll-tests --bench cold_start`.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use plimsoll_tests::{Repository, samples};

const RUNS: usize = 20;
/// Files of the repository that the hook judges.
const FILES: usize = 500;

/// A repository of copies of the samples as they should be, with one file staged.
fn repository() -> Option<Repository> {
    let repository = Repository::empty()?;
    let mut sources: Vec<PathBuf> = Vec::new();
    for folder in samples("fixed") {
        let entries = std::fs::read_dir(folder).expect("a sample can be listed");
        let files = entries.map(|entry| entry.expect("a sample can be listed").path());
        sources.extend(files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")));
    }
    sources.sort();
    let names: Vec<String> = (0..FILES)
        .map(|number| {
            let (copy, source) = (number / sources.len(), &sources[number % sources.len()]);
            let text = std::fs::read_to_string(source).expect("a sample can be read");
            let folder = source.iter().rev().nth(2).unwrap_or_default().to_string_lossy();
            let file = source.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("copy-{copy}/{folder}/{file}");
            repository.write(&name, &text);
            name
        })
        .collect();
    repository.git(&["add", "."]);
    repository.commit(&[]);
    let changed = names.first()?;
    let text = std::fs::read_to_string(repository.path().join(changed)).expect("it was written");
    repository.put(&[(changed, &format!("{text}# changed\n"))]);
    Some(repository)
}

fn main() {
    let runs = if std::env::args().any(|argument| argument == "--bench") {
        RUNS
    } else {
        1
    };
    let program = env!("CARGO_BIN_EXE_plimsoll-under-test");
    let folder = plimsoll_tests::project().join("samples/three-tier-shop/broken");
    let mut rows = vec![
        (
            "plimsoll check web.yaml",
            vec!["check", "--format", "json", "web.yaml"],
            folder.clone(),
        ),
        (
            "plimsoll check FOLDER",
            vec!["check", "--format", "json", "."],
            folder.clone(),
        ),
        ("plimsoll --version", vec!["--version"], folder),
    ];
    let repository = repository();
    if let Some(repository) = &repository {
        let arguments = vec!["hook", "--format", "json"];
        rows.push(("plimsoll hook, 500 files", arguments, repository.path().to_path_buf()));
    }
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    // In turn, so that a machine that slows down slows all of them.
    for _ in 0..=runs {
        for (row, times) in rows.iter().zip(&mut times) {
            let started = Instant::now();
            let status = Command::new(program)
                .args(&row.1)
                .current_dir(&row.2)
                .env_clear()
                // For git.
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
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
