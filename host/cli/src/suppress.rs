//! Waivers, exclusions and the baseline, of commands that judge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use plimsoll_core::bundle::Bundle;
use plimsoll_core::config;
use plimsoll_core::finding::Finding;
use plimsoll_core::read::Manifest;
use plimsoll_core::suppress::{self, Baseline};

use crate::config::Settled;
use crate::files::replace;
use crate::output;

/// Where a baseline is written that nobody gave a name.
const BASELINE: &str = ".plimsoll-baseline.json";

/// What does not count.
#[derive(Args, Clone)]
pub struct SuppressArguments {
    /// Findings that do not count: those of before, as `--write-baseline` wrote them
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings of this run to the baseline, so that only new ones count from now on
    #[arg(long)]
    write_baseline: bool,
    /// Ignore waivers in comments, annotations, configuration and baseline
    #[arg(long, conflicts_with_all = ["baseline", "write_baseline"])]
    no_suppress: bool,
    /// Says nothing of the baseline.
    #[arg(skip)]
    quiet: bool,
}

/// The rules of a run, `policy/rule`.
pub struct Rules {
    /// All there are.
    pub known: BTreeSet<String>,
    /// Those that were asked for and answered.
    pub judged: BTreeSet<String>,
}

impl SuppressArguments {
    /// The same, for what is judged only to be compared with.
    pub fn quiet(&self) -> Self {
        SuppressArguments {
            quiet: true,
            ..self.clone()
        }
    }

    /// Whether a baseline is to be written.
    pub fn writes(&self) -> bool {
        self.write_baseline
    }

    /// Marks findings that do not count, adds what is wrong with waivers, and reads and writes the baseline.
    pub fn apply(
        &self,
        settled: &Settled,
        rules: &Rules,
        bundle: &Bundle,
        mut findings: Vec<Finding>,
    ) -> anyhow::Result<Vec<Finding>> {
        let file = |finding: &Finding| {
            let manifest: Option<&Manifest> = bundle.manifests.get(finding.place.manifest);
            manifest.map_or("", |manifest| manifest.path.as_str())
        };
        let today = today();
        config::apply(&settled.config, settled.file.as_deref(), &today, &mut findings, file);
        if self.no_suppress {
            for finding in &mut findings {
                finding.suppressed = None;
            }
            return Ok(findings);
        }
        let path = self.baseline_path(settled);
        let written = match &path {
            Some(path) if !self.write_baseline => Some(read(path, settled)?),
            _ => None,
        };
        let config_manifest = settled.file.as_ref().and_then(|file| {
            let mut manifests = bundle.manifests.iter();
            manifests.position(|manifest| &manifest.path == file)
        });
        let context = suppress::Context {
            today: &today,
            known: &rules.known,
            judged: &rules.judged,
            config: &settled.config,
            config_manifest,
            baseline: written.as_ref(),
        };
        let mut findings = suppress::suppress(bundle, findings, &context);
        if self.write_baseline {
            let path = path.unwrap_or_else(|| settled.folder().join(BASELINE));
            let baseline = Baseline::of(&findings, file);
            replace(&path, baseline.text().as_bytes())
                .with_context(|| format!("{} cannot be written", path.display()))?;
            let shown = settled.root.name(&path);
            let named = baseline.named(&shown);
            named.hold_back(&mut findings, file);
            output::say("note", &format!("the findings that count now are in {shown}"));
        } else if let Some(baseline) = written.filter(|_| !self.quiet) {
            let gone = baseline.gone(&findings);
            if gone > 0 {
                let message = format!(
                    "{gone} {} of the baseline {} no longer found: --write-baseline takes them out",
                    if gone == 1 { "finding" } else { "findings" },
                    if gone == 1 { "is" } else { "are" },
                );
                output::say("note", &message);
            }
        }
        Ok(findings)
    }

    fn baseline_path(&self, settled: &Settled) -> Option<PathBuf> {
        let configured = settled.config.baseline.as_ref();
        let configured = configured.map(|path| settled.folder().join(path));
        self.baseline.clone().or(configured)
    }
}

fn read(path: &Path, settled: &Settled) -> anyhow::Result<Baseline> {
    let shown = settled.root.name(path);
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the baseline {shown} cannot be read; --write-baseline makes one"))?;
    Baseline::parse(&text, &shown).map_err(|error| anyhow!("{shown}:{error}"))
}

/// The day in UTC, `YYYY-MM-DD`.
fn today() -> String {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    now.get(..10).unwrap_or_default().to_owned()
}
