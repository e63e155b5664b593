//! What one review at admission costs: one Pod, judged by every built-in policy, each in a fresh instance, on one thread; and
//! by those that a server asks, from its bytes to the answer's.
//! Microseconds of the thread's CPU: the median of several rounds, and the least.
//!
//! `cargo bench -p plimsoll-tests --bench review`.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::config::{Config, OnFailure};
use plimsoll_core::finding::Judgement;
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{Limits, manifest_of_text};
use plimsoll_engine::{Engine, EngineOptions};
use plimsoll_webhook::{Governed, Government, State};

/// The Pod under review, as the API server would send it.
const POD: &str = include_str!("review/pod.json");
/// The same in its review.
const REVIEW: &[u8] = include_bytes!("review/pod-review.json");
/// A review of the size that others measured with: 1.3 KB.
const SMALL_REVIEW: &[u8] = include_bytes!("review/small-pod-review.json");
/// Rounds of each row; the median counts.
const ROUNDS: usize = 15;
/// Calls of a round.
const CALLS: u32 = 400;

fn main() {
    // `cargo test --benches` runs this too: once is enough to know that it works.
    let (rounds, calls) = if std::env::args().any(|argument| argument == "--bench") {
        (ROUNDS, CALLS)
    } else {
        (1, 1)
    };
    let engine = Engine::new(&EngineOptions::server(1)).expect("an engine");
    let load = || plimsoll_builtin::policies(&engine).expect("they load").into_iter();
    let boxed = load().map(|policy| Box::new(policy) as Box<dyn Judge>);
    let judges: &Vec<Box<dyn Judge>> = &boxed.collect();
    let (lent, server) = (
        &bundle(),
        &server(load().map(|policy| Box::new(policy) as Box<dyn Judge>)),
    );
    let mut rows: Vec<(String, Box<dyn Fn() + '_>)> = Vec::new();
    rows.push(("read and bundle".to_owned(), Box::new(|| drop(black_box(bundle())))));
    for judge in judges {
        let rules = rules(judge.as_ref());
        let name = format!("{} ({} rules)", judge.description().name, rules.len());
        rows.push((name, Box::new(move || drop(black_box(judge.check(lent, &rules, ""))))));
    }
    if let Some(judge) = judges.first() {
        let page = || drop(black_box(judge.explain(u32::MAX)));
        rows.push(("an instance, no work".to_owned(), Box::new(page)));
    }
    rows.push((
        "all of these in turn".to_owned(),
        Box::new(|| drop(black_box(judge_all(lent, judges)))),
    ));
    rows.push(("a review".to_owned(), Box::new(|| answer(server, REVIEW))));
    rows.push(("a small review".to_owned(), Box::new(|| answer(server, SMALL_REVIEW))));
    let mut costs = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for ((_, work), costs) in rows.iter().zip(&mut costs) {
            work();
            let before = ThreadTime::now();
            for _ in 0..calls {
                work();
            }
            costs.push(before.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
        }
    }
    for ((name, _), mut costs) in rows.iter().zip(costs) {
        costs.sort_by(f64::total_cmp);
        println!("{name:24} {:8.1} µs, least {:8.1}", costs[costs.len() / 2], costs[0]);
    }
}

fn bundle() -> Bundle {
    let manifest = manifest_of_text("request.json", Arc::from(POD), &Limits::default());
    Bundle::build(vec![manifest], &Options::default()).expect("it fits")
}

fn rules(judge: &dyn Judge) -> Vec<u32> {
    (0..).take(judge.description().rules.len()).collect()
}

fn judge_all<'a>(bundle: &Bundle, judges: &'a [Box<dyn Judge>]) -> Vec<Judgement<'a>> {
    let judge = |judge: &'a dyn Judge| {
        let reported = rules(judge);
        Judgement {
            policy: judge.description(),
            verdict: judge.check(bundle, &reported, ""),
            reported,
        }
    };
    judges.iter().map(AsRef::as_ref).map(judge).collect()
}

/// A server that knows no cluster, without the connection.
fn server(judges: impl Iterator<Item = Box<dyn Judge>>) -> State {
    let governed = judges.map(|judge| Governed {
        judge,
        settings: String::new(),
        enabled: true,
        on_failure: OnFailure::Deny,
    });
    let government = Government::new(
        Config::default(),
        Options::default(),
        governed.collect(),
        "bench".to_owned(),
    );
    State::new(government, None, false)
}

/// A review from the body's first byte to the answer's last.
fn answer(server: &State, body: &[u8]) {
    let answer = server.answer(body, Instant::now() + Duration::from_secs(10));
    let (answer, _) = answer.expect("a review");
    assert!(!black_box(answer).is_empty());
}
