//! `plimsoll check`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Finding, accept};
use plimsoll_core::policy::Judge as _;
use plimsoll_core::read::Limits;
use plimsoll_core::report::{Counts, Report, Style, human, input_failures, json};

use crate::args::{ColorWhen, FailOn, Format, PolicyArguments, Target};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::root::Root;
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
    /// The least severity that makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,
    #[command(flatten)]
    policies: PolicyArguments,
    /// Namespace of objects that name none
    #[arg(long, value_name = "NS")]
    default_namespace: Option<String>,
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
        let root = Root::find().context("the working directory cannot be found")?;
        let progress = Progress::new(!self.no_progress && targets.iter().any(|target| target.file.is_none()));
        set_up_threads();
        let (policies, input) = rayon::join(
            || judge::load(&self.policies.policies),
            || input::read(&root, &self.paths, &Limits::default(), &progress),
        );
        progress.done();
        let policies = policies?;
        let now = timings.add("read, and load policies", started);
        let counts = Counts::of(&input.manifests, |path| input.named.contains(path));
        let mut inputs_failed = input.failures;
        inputs_failed.extend(input_failures(&input.manifests, |path| input.named.contains(path)));
        inputs_failed.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        let options = Options {
            default_namespace: self.default_namespace.clone(),
            ..Options::default()
        };
        let bundle = Bundle::build(input.manifests, &options).context("the input cannot be judged together")?;
        let now = timings.add("bundle", now);
        let verdicts = judge::judge(&policies.loaded, &bundle);
        let judged = timings.add("judge", now);
        let mut judgements = Vec::with_capacity(verdicts.len());
        for (judgement, duration) in verdicts {
            timings
                .stages
                .push((format!("policy {}", judgement.policy.name), duration));
            judgements.push(judgement);
        }
        let (findings, mut masks, failed) = accept(&bundle, judgements);
        // Nobody else knows what is secret.
        masks.nothing_is_shown |= !policies
            .loaded
            .iter()
            .any(|loaded| loaded.policy.description().name == "secrets");
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
        Ok(self.exit(&report))
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

    fn exit(&self, report: &Report<'_>) -> Exit {
        let fail_on = if self.strict && self.fail_on == FailOn::Error {
            FailOn::Warning
        } else {
            self.fail_on
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

/// Guests need room on the stack: the pool's threads get theirs whatever the environment says. Fails only where a pool
/// was set up before.
pub fn set_up_threads() {
    const STACK: usize = 4 << 20;
    let _ = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK.max(2 * plimsoll_engine::GUEST_STACK))
        .build_global();
}
