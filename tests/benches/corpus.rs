//! One table: a whole run over a corpus against only parsing it, stage by stage, and the sandbox against the same policies
//! compiled natively. Ratios of medians, measured in turn in one run.
//!
//! `cargo bench -p plimsoll-tests --bench corpus`. The corpus is the folder that `PLIMSOLL_CORPORA` names, else 500 copies
//! of the samples.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_core::bundle::{Bundle, Options, Workers};
use plimsoll_core::finding::{Finding, Judgement, accept_with};
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{Limits, Manifest, manifest};
use plimsoll_core::report::{Counts, Report, json};
use plimsoll_engine::{Engine, EngineOptions};
use plimsoll_schema::Schema;
use plimsoll_sdk::testing::Native;
use rayon::prelude::*;

/// Runs of each column; the median counts.
const RUNS: usize = 15;

fn main() {
    // `cargo test --benches` runs this too: once is enough to know that it works.
    let runs = if std::env::args().any(|argument| argument == "--bench") {
        RUNS
    } else {
        1
    };
    let corpus = corpus(if runs == 1 { 2 } else { 500 });
    let bytes: usize = corpus.iter().map(|(_, text)| text.len()).sum();
    // As the command line sets it up.
    let pool = rayon::ThreadPoolBuilder::new().use_current_thread();
    pool.build_global().expect("threads");
    let options = EngineOptions::one_run(u32::try_from(rayon::current_num_threads()).expect("few threads"));
    let engine = Engine::new(&options).expect("an engine");
    let policies = plimsoll_builtin::policies(&engine).expect("they load");
    let boxed = policies.into_iter().map(|policy| Box::new(policy) as Box<dyn Judge>);
    let mut sandboxed: Vec<Box<dyn Judge>> = boxed.collect();
    let mut native: Vec<Box<dyn Judge>> = vec![
        Box::new(Native::<plimsoll_policy_cors::Cors>::new()),
        Box::new(Native::<plimsoll_policy_network::Network>::new()),
        Box::new(Native::<plimsoll_policy_openchoreo::Openchoreo>::new()),
        Box::new(Native::<plimsoll_policy_ports::Ports>::new()),
        Box::new(Native::<plimsoll_policy_probes::Probes>::new()),
        Box::new(Native::<plimsoll_policy_secrets::Secrets>::new()),
    ];
    // Native in both.
    for judges in [&mut sandboxed, &mut native] {
        judges.push(Box::new(Schema::new(BTreeSet::new())));
    }
    let bundle = join(read(&corpus));
    let objects = bundle.tree().objects();
    println!(
        "{} files, {:.1} MB, {objects} objects, {} threads, {runs} runs",
        corpus.len(),
        bytes as f64 / 1e6,
        rayon::current_num_threads()
    );

    let names = [
        "parse floor",
        "read",
        "read + bundle",
        "whole run, native",
        "whole run, sandbox",
    ];
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); names.len()];
    for _ in 0..runs {
        times[0].push(time(|| floor(&corpus)));
        times[1].push(time(|| read(&corpus)));
        times[2].push(time(|| join(read(&corpus))));
        times[3].push(time(|| whole(&corpus, &native)));
        times[4].push(time(|| whole(&corpus, &sandboxed)));
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    println!("{:22} {:>10} {:>10} {:>8}", "", "median ms", "MB/s", "× floor");
    for (name, median) in names.iter().zip(&medians) {
        println!(
            "{name:22} {:10.2} {:10.1} {:8.2}",
            median * 1e3,
            bytes as f64 / 1e6 / median,
            median / medians[0]
        );
    }
    println!("sandbox against native, whole run: {:.2} ×", medians[4] / medians[3]);

    println!(
        "{:22} {:>12} {:>12} {:>8}",
        "one call", "native µs", "sandbox µs", "ratio"
    );
    for (native, sandboxed) in native.iter().zip(&sandboxed) {
        let rules: Vec<u32> = (0..).take(native.description().rules.len()).collect();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            a.push(time(|| native.check(&bundle, &rules, "")));
            b.push(time(|| sandboxed.check(&bundle, &rules, "")));
        }
        let (a, b) = (median(&mut a), median(&mut b));
        println!(
            "{:22} {:12.1} {:12.1} {:8.2}",
            native.description().name,
            a * 1e6,
            b * 1e6,
            b / a
        );
    }
}

/// Path and text of every file.
fn corpus(copies: usize) -> Vec<(String, String)> {
    let outside = std::env::var_os("PLIMSOLL_CORPORA").filter(|folder| !folder.is_empty());
    let folder = outside
        .as_ref()
        .map_or_else(|| plimsoll_tests::project().join("samples"), PathBuf::from);
    let mut files = Vec::new();
    find(&folder, &folder, &mut files);
    files.sort();
    if outside.is_none() {
        let one = std::mem::take(&mut files);
        files = (0..copies)
            .flat_map(|copy| {
                one.iter()
                    .map(move |(path, text)| (format!("copy-{copy}/{path}"), text.clone()))
            })
            .collect();
    }
    files
}

fn find(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(root, &path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            // What the parser alone refuses, or is a template, would flatter us: neither side reads it.
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            if events(&text).is_some() {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                files.push((name, text));
            }
        }
    }
}

/// Number of events; none where the parser refuses the text.
fn events(text: &str) -> Option<usize> {
    let mut count = 0;
    for event in saphyr_parser::Parser::new_from_str(text) {
        black_box(&event.ok()?);
        count += 1;
    }
    Some(count)
}

/// In the larger pieces that the pool makes by itself: here that is faster than file by file.
fn floor(corpus: &[(String, String)]) -> usize {
    corpus.par_iter().filter_map(|(_, text)| events(text)).sum()
}

fn read(corpus: &[(String, String)]) -> Vec<Manifest> {
    let limits = Limits::default();
    corpus
        .par_iter()
        .with_max_len(1)
        .map(|(path, text)| manifest(path, text.as_bytes(), &limits))
        .collect()
}

/// The threads of the pool.
struct Threads;

impl Workers for Threads {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).into_par_iter().with_max_len(1).for_each(work);
    }
}

fn join(manifests: Vec<Manifest>) -> Bundle {
    Bundle::build_with(manifests, &Options::default(), &Threads).expect("it fits")
}

/// Everything that `check --format json` does, but for finding and opening files. What a process does not take apart when
/// it ends is given back.
fn whole(corpus: &[(String, String)], judges: &[Box<dyn Judge>]) -> (String, Bundle, Vec<Finding>) {
    let manifests = read(corpus);
    let counts = Counts::of(&manifests, |_| false);
    let bundle = join(manifests);
    // What has most to do starts first.
    let mut order: Vec<&Box<dyn Judge>> = judges.iter().collect();
    order.sort_by_key(|judge| std::cmp::Reverse(judge.description().rules.len()));
    let judgements: Vec<Judgement<'_>> = order
        .par_iter()
        .with_max_len(1)
        .map(|judge| {
            let policy = judge.description();
            let rules: Vec<u32> = (0..).take(policy.rules.len()).collect();
            Judgement {
                policy,
                verdict: judge.check(&bundle, &rules, ""),
                reported: rules,
            }
        })
        .collect();
    let (findings, masks, failures) = accept_with(&bundle, judgements, &Threads);
    assert!(failures.is_empty(), "{failures:?}");
    let text = json(&Report {
        bundle: &bundle,
        findings: &findings,
        masks: &masks,
        failures: Vec::new(),
        inputs_failed: Vec::new(),
        counts,
        since: None,
        duration_ms: 0.0,
    });
    (text, bundle, findings)
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    let made = black_box(work());
    let elapsed = started.elapsed();
    drop(made);
    elapsed
}

/// In seconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}
