//! What one review at admission costs: one Pod, judged by every built-in policy, each in a fresh instance, on one thread.
//! Microseconds of the thread's CPU: the median of several rounds, and the least.
//!
//! `cargo bench -p plimsoll-tests --bench review`.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

use cpu_time::ThreadTime;
use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Judgement, accept};
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{Limits, manifest_of_text};
use plimsoll_engine::{Engine, EngineOptions};
use plimsoll_schema::Schema;

/// The Pod under review, as the API server would send it.
const POD: &str = include_str!("review/pod.json");
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
    let policies = plimsoll_builtin::policies(&engine).expect("they load");
    let boxed = policies.into_iter().map(|policy| Box::new(policy) as Box<dyn Judge>);
    let mut judges: Vec<Box<dyn Judge>> = boxed.collect();
    judges.push(Box::new(Schema::new(BTreeSet::new())));
    let (lent, judges) = (&bundle(), &judges);
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
    rows.push(("whole review".to_owned(), Box::new(|| whole(judges))));
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

/// Everything but the connection and the answer's own form.
fn whole(judges: &[Box<dyn Judge>]) {
    let bundle = bundle();
    let (findings, masks, failures) = accept(&bundle, judge_all(&bundle, judges));
    assert!(failures.is_empty(), "{failures:?}");
    black_box((findings, masks));
}
