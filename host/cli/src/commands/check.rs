//! `plimsoll check`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use plimsoll_core::bundle::Bundle;
use plimsoll_core::config;
use plimsoll_core::finding::accept;
use plimsoll_core::policy::Judge as _;
use plimsoll_core::read::Limits;
use plimsoll_core::report::{Counts, Report, input_failures};

use crate::args::PolicyArguments;
use crate::config::{ConfigArguments, Settled};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::report::{ReportArguments, exit};
use crate::{input, judge, output};

/// Judge files, directories, or `-` (standard input)
#[derive(Args)]
pub struct Check {
    /// What to judge
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    config: ConfigArguments,
    /// Print the configuration in force and judge nothing
    #[arg(long)]
    show_config: bool,
}

/// How long things took.
#[derive(Default)]
struct Timings {
    stages: Vec<(String, Duration)>,
}

impl Timings {
    fn add(&mut self, stage: &str, since: Instant) -> Instant {
        let now = Instant::now();
        self.stages.push((stage.to_owned(), now - since));
        now
    }
}

impl Check {
    pub fn run(self) -> anyhow::Result<Exit> {
        let started = Instant::now();
        let targets = self.report.targets()?;
        let mut timings = Timings::default();
        let mut settled = self.config.settle()?;
        if self.report.fail_on.is_some() {
            settled.config.fail_on = self.report.fail_on;
        }
        if self.show_config {
            return show(&settled);
        }
        let progress = Progress::new(self.report.shows_progress(&targets));
        set_up_threads();
        let (policies, input) = rayon::join(
            || judge::load(&self.policies.policies, Some(&settled)),
            || {
                let exclude = &settled.config.exclude;
                input::read(&settled.root, &self.paths, exclude, &Limits::default(), &progress)
            },
        );
        progress.done();
        let policies = policies?;
        let now = timings.add("read, and load policies", started);
        let counts = Counts::of(&input.manifests, |path| input.named.contains(path));
        let mut inputs_failed = input.failures;
        inputs_failed.extend(input_failures(&input.manifests, |path| input.named.contains(path)));
        inputs_failed.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        let bundle =
            Bundle::build(input.manifests, &settled.options()).context("the input cannot be judged together")?;
        let now = timings.add("bundle", now);
        let verdicts = judge::judge(&policies.loaded, &bundle, &settled);
        let judged = timings.add("judge", now);
        let mut judgements = Vec::with_capacity(verdicts.len());
        for (judgement, duration) in verdicts {
            timings
                .stages
                .push((format!("policy {}", judgement.policy.name), duration));
            judgements.push(judgement);
        }
        let (mut findings, mut masks, failed) = accept(&bundle, judgements);
        config::apply(
            &settled.config,
            settled.file.as_deref(),
            &today(),
            &mut findings,
            |finding| {
                let manifest = bundle.manifests.get(finding.place.manifest);
                manifest.map_or("", |manifest| &manifest.path)
            },
        );
        // Nobody else knows what is secret.
        masks.nothing_is_shown |= !policies
            .loaded
            .iter()
            .any(|loaded| loaded.policy.description().name == judge::MASKING);
        let mut failures = policies.failures;
        failures.extend(failed.iter().map(|(policy, failure)| judge::failed(policy, failure)));
        timings.add("locate and mask", judged);
        let report = Report {
            bundle: &bundle,
            findings: &findings,
            masks: &masks,
            failures,
            inputs_failed,
            counts,
            duration_ms: started.elapsed().as_secs_f64() * 1000.0,
        };
        if report.counts.documents == 0 && report.inputs_failed.is_empty() {
            output::warn("there is no Kubernetes manifest among the paths");
        }
        let fail_on = self.report.fail_on(&settled.config);
        self.report.write(&report, &targets, fail_on, &policies.loaded)?;
        if self.report.timings {
            for (stage, duration) in &timings.stages {
                output::say("time", &format!("{:9.3} ms  {stage}", duration.as_secs_f64() * 1000.0));
            }
        }
        Ok(exit(&report, fail_on))
    }
}

fn show(settled: &Settled) -> anyhow::Result<Exit> {
    let from = settled
        .file
        .as_ref()
        .map_or_else(|| "no configuration file".to_owned(), |file| format!("from {file}"));
    let text = format!("# {from}\n{}", config::show(&settled.config));
    output::print(&text).context("standard output cannot be written")?;
    Ok(Exit::Clean)
}

/// The day in UTC, `YYYY-MM-DD`.
fn today() -> String {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    now.get(..10).unwrap_or_default().to_owned()
}

/// Guests need room on the stack: the pool's threads get theirs whatever the environment says. Fails only where a pool
/// was set up before.
pub fn set_up_threads() {
    const STACK: usize = 4 << 20;
    let _ = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK.max(2 * plimsoll_engine::GUEST_STACK))
        .build_global();
}
