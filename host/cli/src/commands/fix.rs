//! `plimsoll fix`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Args;
use plimsoll_core::edit::{Editor, Side, Taken, diff};
use plimsoll_core::read::{Encoding, Limits, Manifest, manifest_of_text};
use plimsoll_core::report::InputFailure;
use rayon::prelude::*;

use crate::args::PolicyArguments;
use crate::config::{ConfigArguments, Settled};
use crate::exit::Exit;
use crate::files::replace;
use crate::input::Input;
use crate::judge::{self, Policies};
use crate::progress::Progress;
use crate::report::{ReportArguments, exit};
use crate::run::{self, Outcome, Timings};
use crate::suppress::SuppressArguments;
use crate::{input, output};

/// How often what was repaired is judged and repaired again, at most.
const ROUNDS: usize = 10;

/// Repair what can be repaired, judge again, and report what remains
///
/// Applies safe fixes: those that keep the meaning, or repair what would be refused or ignored. Edits are the smallest ones;
/// comments, quotes, anchors, order and line ends stay. What an alias stands for, templates and values that are not final are
/// left alone, and nothing that is held back by a waiver is touched.
#[derive(Args)]
pub struct Fix {
    /// What to repair: files and directories
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Apply fixes as well that change what runs
    #[arg(long = "unsafe")]
    with_unsafe: bool,
    /// Show what would change, secrets masked, and change nothing
    #[arg(long, conflicts_with = "formats")]
    diff: bool,
    #[command(flatten)]
    report: ReportArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    suppress: SuppressArguments,
}

/// What came of the fixes.
#[derive(Default)]
struct Tally {
    fixed: usize,
    /// Findings whose fix needs `--unsafe`.
    withheld: usize,
    /// Findings whose fix cannot be applied here.
    refused: usize,
    /// Files that are not written, as they are UTF-16.
    wide: BTreeSet<String>,
}

/// What was read, as it stood.
struct Before {
    failures: Vec<InputFailure>,
    named: BTreeSet<String>,
}

impl Fix {
    pub fn run(self) -> anyhow::Result<Exit> {
        let started = Instant::now();
        if self.paths.iter().any(|path| path.as_os_str() == "-") {
            bail!("standard input cannot be repaired: name files or directories");
        }
        if self.suppress.writes() {
            bail!("--write-baseline is for check: a baseline is of findings that stay");
        }
        let targets = self.report.targets()?;
        let mut timings = Timings::default();
        let settled = self.config.settle()?;
        let progress = Progress::new(self.report.shows_progress(&targets));
        let (policies, input) = rayon::join(
            || judge::load(&self.policies.policies, Some(&settled)),
            || {
                let exclude = &settled.config.exclude;
                input::read(&settled.root, &self.paths, exclude, &Limits::default(), &progress)
            },
        );
        progress.done();
        let mut policies = policies?;
        let now = timings.add("read, and load policies", started);
        let before = Before {
            failures: input.failures.clone(),
            named: input.named.clone(),
        };
        let first = run::judge(&mut policies, input, &settled, &self.suppress, &mut timings)?;
        let (last, repaired, tally) = self.repair(&first, &before, &mut policies, &settled)?;
        timings.add("repair", now);
        let last = last.as_ref().unwrap_or(&first);
        let mut failed = false;
        if self.diff {
            output::print(&diffs(&first, last, &repaired)).context("standard output cannot be written")?;
        } else {
            failed = !write(&first, &repaired, &settled);
        }
        let report = last.report(started);
        let fail_on = self.report.fail_on(&settled.config);
        if !self.diff {
            self.report.write(&report, &targets, fail_on, &policies.loaded)?;
        }
        for file in &tally.wide {
            output::warn(&format!("{file} is UTF-16 and was left as it is"));
        }
        output::say("fix", &self.summary(&tally, repaired.len()));
        if self.report.timings {
            timings.say();
        }
        Ok(match exit(&report, fail_on) {
            _ if failed => Exit::CannotJudge,
            exit => exit,
        })
    }

    /// Applies fixes and judges again until none is left that can be applied; in memory. The last outcome, where it is not
    /// the first, and the texts of the files that changed.
    fn repair(
        &self,
        first: &Outcome,
        before: &Before,
        policies: &mut Policies,
        settled: &Settled,
    ) -> anyhow::Result<(Option<Outcome>, BTreeMap<String, String>, Tally)> {
        let mut repaired = BTreeMap::new();
        let mut tally = Tally::default();
        let mut last: Option<Outcome> = None;
        for round in 0.. {
            let outcome = last.as_ref().unwrap_or(first);
            let texts = self.round(outcome, &mut tally, round == ROUNDS);
            if texts.is_empty() {
                break;
            }
            let input = Input {
                manifests: again(&outcome.bundle.manifests, &texts),
                failures: before.failures.clone(),
                named: before.named.clone(),
                ..Input::default()
            };
            for (index, text) in texts {
                if let Some(manifest) = outcome.bundle.manifests.get(index) {
                    repaired.insert(manifest.path.clone(), text);
                }
            }
            last = Some(run::judge(
                policies,
                input,
                settled,
                &self.suppress,
                &mut Timings::default(),
            )?);
        }
        Ok((last, repaired, tally))
    }

    /// The texts of files with the fixes of an outcome applied, by manifest; those that meet others wait. None are applied
    /// in the `last` round.
    fn round(&self, outcome: &Outcome, tally: &mut Tally, last: bool) -> BTreeMap<usize, String> {
        let mut editor = Editor::new(&outcome.bundle);
        (tally.withheld, tally.refused) = (0, 0);
        for finding in &outcome.findings {
            let Some(fix) = finding.fix.as_ref().filter(|_| finding.suppressed.is_none()) else {
                continue;
            };
            if !fix.safe && !self.with_unsafe {
                tally.withheld += 1;
                continue;
            }
            if last {
                tally.refused += 1;
                continue;
            }
            match editor.take(&fix.edits) {
                Taken::Taken => tally.fixed += 1,
                Taken::Later => {}
                Taken::Refused => {
                    tally.refused += 1;
                    let manifest = outcome.bundle.manifests.get(finding.place.manifest);
                    let wide =
                        |manifest: &&Manifest| matches!(manifest.encoding, Encoding::Utf16Le | Encoding::Utf16Be);
                    tally
                        .wide
                        .extend(manifest.filter(wide).map(|manifest| manifest.path.clone()));
                }
            }
        }
        editor.texts()
    }

    fn summary(&self, tally: &Tally, files: usize) -> String {
        let counted = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let mut text = format!(
            "{} {} in {}",
            if self.diff { "would fix" } else { "fixed" },
            counted(tally.fixed, "finding", "findings"),
            counted(files, "file", "files"),
        );
        if tally.withheld > 0 {
            text.push_str(&format!(", {} --unsafe", counted(tally.withheld, "needs", "need")));
        }
        if tally.refused > 0 {
            text.push_str(&format!(", {} cannot be applied here", tally.refused));
        }
        text
    }
}

/// The manifests read again, some with other texts.
fn again(manifests: &[Manifest], texts: &BTreeMap<usize, String>) -> Vec<Manifest> {
    let read = |(index, manifest): (usize, &Manifest)| {
        if manifest.documents.is_empty() {
            return manifest.clone();
        }
        let text = texts
            .get(&index)
            .map_or_else(|| Arc::clone(&manifest.text), |text| Arc::from(text.as_str()));
        let mut read = manifest_of_text(&manifest.path, text, &Limits::default());
        read.encoding = manifest.encoding;
        read
    };
    manifests.par_iter().enumerate().map(read).collect()
}

fn diffs(first: &Outcome, last: &Outcome, repaired: &BTreeMap<String, String>) -> String {
    repaired
        .keys()
        .map(|path| diff(path, side(first), side(last)))
        .collect()
}

fn side(outcome: &Outcome) -> Side<'_> {
    Side {
        bundle: &outcome.bundle,
        masks: &outcome.masks,
    }
}

/// Writes the files that were repaired; says which cannot be.
fn write(first: &Outcome, repaired: &BTreeMap<String, String>, settled: &Settled) -> bool {
    let mut written = true;
    for (path, text) in repaired {
        let manifests = first.bundle.manifests.iter();
        let done = match manifests.into_iter().find(|manifest| &manifest.path == path) {
            Some(manifest) => write_one(manifest, text, settled),
            None => Ok(()),
        };
        if let Err(reason) = done {
            output::complain(&format!("{path} is not repaired: {reason}"));
            written = false;
        }
    }
    written
}

fn write_one(manifest: &Manifest, text: &str, settled: &Settled) -> Result<(), String> {
    let path = settled.root.path(&manifest.path);
    let mark: &[u8] = match manifest.encoding {
        Encoding::Utf8Bom => b"\xEF\xBB\xBF",
        _ => b"",
    };
    let data = std::fs::metadata(&path).map_err(|error| error.to_string())?;
    if data.permissions().readonly() {
        return Err("it is read-only".to_owned());
    }
    let now = std::fs::read(&path).map_err(|error| error.to_string())?;
    if now != [mark, manifest.text.as_bytes()].concat() {
        return Err("it has changed meanwhile".to_owned());
    }
    replace(&path, &[mark, text.as_bytes()].concat()).map_err(|error| error.to_string())
}
