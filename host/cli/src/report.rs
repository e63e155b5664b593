//! What is reported, in which formats, and how the run ends.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use plimsoll_core::config::{Config, FailOn};
use plimsoll_core::finding::Finding;
use plimsoll_core::report::{Report, RuleText, Style, github, gitlab, human, json, junit, sarif, tap};

use crate::exit::Exit;
use crate::judge::Loaded;
use crate::output;

/// What is reported, of all commands that judge.
#[derive(Args)]
pub struct ReportArguments {
    /// Output format (human, json, sarif, github, gitlab, junit or tap), with `=FILE` to write to a file; may be repeated, one
    /// without a file
    #[arg(long = "format", value_name = "FORMAT[=FILE]")]
    formats: Vec<Target>,
    /// Show advice as well
    #[arg(short, long)]
    verbose: bool,
    /// Show advice, and fail on warnings too
    #[arg(long)]
    strict: bool,
    /// The least severity that makes the exit code 1; `error` unless the configuration says otherwise
    #[arg(long, value_name = "LEVEL", value_parser = level())]
    pub fail_on: Option<FailOn>,
    /// Say on standard error how long each stage and policy took
    #[arg(long)]
    pub timings: bool,
    /// Never show a progress bar
    #[arg(long)]
    no_progress: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorWhen,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On terminals, as NO_COLOR and CLICOLOR_FORCE say
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A format, and where it goes: `json`, `human=report.txt`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    format: Format,
    /// None: standard output.
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Human,
    Json,
    Sarif,
    Github,
    Gitlab,
    Junit,
    Tap,
}

/// All formats, by name.
const FORMATS: &[(&str, Format)] = &[
    ("human", Format::Human),
    ("json", Format::Json),
    ("sarif", Format::Sarif),
    ("github", Format::Github),
    ("gitlab", Format::Gitlab),
    ("junit", Format::Junit),
    ("tap", Format::Tap),
];

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("a file name must follow `=`".to_owned()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        match FORMATS.iter().find(|(known, _)| *known == name) {
            Some((_, format)) => Ok(Target { format: *format, file }),
            None => {
                let known: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
                Err(format!("known formats are {}", known.join(", ")))
            }
        }
    }
}

/// Reads the level of `--fail-on`.
fn level() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(["error", "warning", "info", "never"]).map(|level| match level.as_str() {
        "warning" => FailOn::Warning,
        "info" => FailOn::Info,
        "never" => FailOn::Never,
        _ => FailOn::Error,
    })
}

impl ReportArguments {
    /// Formats and where they go; human to standard output where nothing else goes there, with annotations beside it where
    /// GitHub Actions reads it.
    pub fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let mut targets = self.formats.clone();
        let standard = |format| Target { format, file: None };
        match targets.iter().filter(|target| target.file.is_none()).count() {
            0 => targets.push(standard(Format::Human)),
            1 => {}
            _ => bail!(
                "only one format can go to standard output: give the others a file, as in --format json=report.json"
            ),
        }
        let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        if on_github && targets.contains(&standard(Format::Human)) {
            targets.push(standard(Format::Github));
        }
        Ok(targets)
    }

    /// Whether there may be a progress bar.
    pub fn shows_progress(&self, targets: &[Target]) -> bool {
        !self.no_progress && targets.iter().any(|target| target.file.is_none())
    }

    /// The least severity that fails this run.
    pub fn fail_on(&self, config: &Config) -> FailOn {
        match self.fail_on.or(config.fail_on).unwrap_or(FailOn::Error) {
            FailOn::Error if self.strict => FailOn::Warning,
            other => other,
        }
    }

    /// Writes the report in all its formats.
    pub fn write(
        &self,
        report: &Report<'_>,
        targets: &[Target],
        fail_on: FailOn,
        policies: &[Loaded],
    ) -> anyhow::Result<()> {
        let verbose = self.verbose || self.strict;
        for target in targets {
            let text = match target.format {
                Format::Human => {
                    let (blocks, summary) = human(report, self.style(target));
                    format!("{blocks}{summary}\n")
                }
                Format::Json => json(report) + "\n",
                Format::Sarif => sarif(report, &rules(report, policies)) + "\n",
                Format::Github => github(report, verbose),
                Format::Gitlab => gitlab(report, verbose) + "\n",
                Format::Junit => junit(report, verbose, fail_on),
                Format::Tap => tap(report, verbose, fail_on),
            };
            match &target.file {
                None => output::print(&text).context("standard output cannot be written")?,
                Some(file) => {
                    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
                }
            }
        }
        Ok(())
    }

    fn style(&self, target: &Target) -> Style {
        let verbose = self.verbose || self.strict;
        match target.file {
            None => output::style(self.color, verbose),
            Some(_) => Style {
                color: self.color == ColorWhen::Always,
                width: 120,
                verbose,
            },
        }
    }
}

/// The rules that findings name, with their pages.
fn rules(report: &Report<'_>, policies: &[Loaded]) -> Vec<RuleText> {
    let named: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let mut rules = Vec::new();
    for loaded in policies {
        let policy = loaded.policy.description();
        for (number, rule) in (0..).zip(&policy.rules) {
            let name = format!("{}/{}", policy.name, rule.id);
            if named.contains(name.as_str()) {
                rules.push(RuleText {
                    name,
                    title: rule.title.clone(),
                    severity: rule.severity,
                    page: loaded.policy.explain(number).unwrap_or_default(),
                });
            }
        }
    }
    rules
}

/// How a run ends that reports this.
pub fn exit(report: &Report<'_>, fail_on: FailOn) -> Exit {
    let fails = |finding: &Finding| finding.suppressed.is_none() && fail_on.fails(finding.severity);
    if !report.inputs_failed.is_empty() || !report.failures.is_empty() {
        Exit::CannotJudge
    } else if report.findings.iter().any(fails) {
        Exit::Findings
    } else {
        Exit::Clean
    }
}
