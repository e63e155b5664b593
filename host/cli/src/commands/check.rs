//! `plimsoll check`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use plimsoll_core::bundle::Bundle;
use plimsoll_core::config::{self, FailOn};
use plimsoll_core::finding::{Finding, accept};
use plimsoll_core::policy::Judge as _;
use plimsoll_core::read::Limits;
use plimsoll_core::report::{Counts, Report, Style, human, input_failures, json};

use crate::args::{ColorWhen, Format, PolicyArguments, Target, fail_on};
use crate::config::{ConfigArguments, Settled};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{input, judge, output};

/// Judge files, directories, or `-` (standard input)
#[derive(Args)]
pub struct Check {
    /// What to judge
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Output format, `human` or `json`, with `=FILE` to write to a file; may be repeated, one without a file
    #[arg(long = "format", value_name = "FORMAT[=FILE]")]
    formats: Vec<Target>,
    /// Show advice as well
    #[arg(short, long)]
    verbose: bool,
    /// Show advice, and fail on warnings too
    #[arg(long)]
    strict: bool,
    /// The least severity that makes the exit code 1; `error` unless the configuration says otherwise
    #[arg(long, value_name = "LEVEL", value_parser = fail_on())]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    config: ConfigArguments,
    /// Print the configuration in force and judge nothing
    #[arg(long)]
    show_config: bool,
    /// Say on standard error how long each stage and policy took
    #[arg(long)]
    timings: bool,
    /// Never show a progress bar
    #[arg(long)]
    no_progress: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorWhen,
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
        let targets = self.targets()?;
        let mut timings = Timings::default();
        let mut settled = self.config.settle()?;
        if self.fail_on.is_some() {
            settled.config.fail_on = self.fail_on;
        }
        if self.show_config {
            return show(&settled);
        }
        let progress = Progress::new(!self.no_progress && targets.iter().any(|target| target.file.is_none()));
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
        for target in &targets {
            self.write(&report, target)?;
        }
        if self.timings {
            for (stage, duration) in &timings.stages {
                output::say("time", &format!("{:9.3} ms  {stage}", duration.as_secs_f64() * 1000.0));
            }
        }
        Ok(self.exit(&report, settled.config.fail_on.unwrap_or(FailOn::Error)))
    }

    /// Formats and where they go; human to standard output where nothing else goes there.
    fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let mut targets = self.formats.clone();
        match targets.iter().filter(|target| target.file.is_none()).count() {
            0 => targets.push(Target {
                format: Format::Human,
                file: None,
            }),
            1 => {}
            _ => bail!(
                "only one format can go to standard output: give the others a file, as in --format json=report.json"
            ),
        }
        Ok(targets)
    }

    fn write(&self, report: &Report<'_>, target: &Target) -> anyhow::Result<()> {
        let verbose = self.verbose || self.strict;
        let style = match target.file {
            None => output::style(self.color, verbose),
            Some(_) => Style {
                color: self.color == ColorWhen::Always,
                width: 120,
                verbose,
            },
        };
        let text = match target.format {
            Format::Json => json(report) + "\n",
            Format::Human => {
                let (blocks, summary) = human(report, style);
                format!("{blocks}{summary}\n")
            }
        };
        match &target.file {
            None => output::print(&text).context("standard output cannot be written"),
            Some(file) => std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display())),
        }
    }

    fn exit(&self, report: &Report<'_>, fail_on: FailOn) -> Exit {
        let fail_on = if self.strict && fail_on == FailOn::Error {
            FailOn::Warning
        } else {
            fail_on
        };
        let fails = |finding: &Finding| finding.suppressed.is_none() && fail_on.fails(finding.severity);
        if !report.inputs_failed.is_empty() || !report.failures.is_empty() {
            Exit::CannotJudge
        } else if report.findings.iter().any(fails) {
            Exit::Findings
        } else {
            Exit::Clean
        }
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
