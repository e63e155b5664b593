//! `plimsoll check`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use plimsoll_core::config;
use plimsoll_core::read::Limits;
use plimsoll_core::suppress::Known;

use crate::args::PolicyArguments;
use crate::cluster::ClusterArguments;
use crate::config::{ConfigArguments, Settled};
use crate::exit::Exit;
use crate::input::Input;
use crate::progress::Progress;
use crate::render::RenderArguments;
use crate::report::{ReportArguments, exit};
use crate::run::{self, Timings};
use crate::since::Before;
use crate::suppress::SuppressArguments;
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
    #[command(flatten)]
    suppress: SuppressArguments,
    /// Let only findings count that are new: those that the tree of this git revision does not have, judged with the same
    /// configuration
    #[arg(long, value_name = "REV", conflicts_with = "write_baseline")]
    since: Option<String>,
    #[command(flatten)]
    render: RenderArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
    /// Print the configuration in force and judge nothing
    #[arg(long)]
    show_config: bool,
}

impl Check {
    pub fn run(self) -> anyhow::Result<Exit> {
        let started = Instant::now();
        let targets = self.report.targets()?;
        self.cluster.check()?;
        let mut timings = Timings::default();
        let mut settled = self.config.settle()?;
        if self.report.fail_on.is_some() {
            settled.config.fail_on = self.report.fail_on;
        }
        if self.show_config {
            return show(&settled);
        }
        let before = match &self.since {
            Some(revision) => Some(Before::find(revision, &self.paths)?),
            None => None,
        };
        let progress = Progress::new(self.report.shows_progress(&targets));
        let (policies, input) = rayon::join(
            || judge::load(&self.policies.policies, Some(&settled)),
            || {
                if self.cluster.cluster {
                    return Input::default();
                }
                let exclude = &settled.config.exclude;
                input::read(&settled.root, &self.paths, exclude, &Limits::default(), &progress)
            },
        );
        progress.done();
        let (mut policies, mut input) = (policies?, input);
        let read = timings.add("read, and load policies", started);
        if self.render.wanted() {
            self.render.apply(&mut input, &settled);
            timings.add("render", read);
        }
        if self.cluster.wanted() {
            let before = Instant::now();
            self.cluster.apply(&policies.loaded, &mut input)?;
            timings.add("list the cluster", before);
        }
        let known = match &before {
            Some(before) => before.judge(&mut policies, &settled, &self.suppress, &input.named, &mut timings)?,
            None => Known::default(),
        };
        let mut outcome = run::judge(&mut policies, input, &settled, &self.suppress, &mut timings)?;
        if let Some(before) = before {
            before.hold_back(&mut outcome, &known);
        }
        let report = outcome.report(started);
        if report.counts.documents == 0 && report.inputs_failed.is_empty() {
            output::warn(if self.cluster.cluster {
                "the cluster has no object of a kind that the rules name"
            } else {
                "there is no Kubernetes manifest among the paths"
            });
        }
        let fail_on = self.report.fail_on(&settled.config);
        self.report.write(&report, &targets, fail_on, &policies.loaded)?;
        if self.report.timings {
            timings.say();
        }
        let exit = exit(&report, fail_on);
        // The process ends: taking all this apart first would take time that nobody has any use for.
        std::mem::forget(outcome);
        std::mem::forget(policies);
        Ok(exit)
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
