//! The policies of a run, and their verdicts.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use etcetera::BaseStrategy as _;
use plimsoll_core::bundle::{Bundle, Workers};
use plimsoll_core::config::{Config, PolicyEntry, PolicySource, RuleSettings};
use plimsoll_core::finding::Judgement;
use plimsoll_core::policy::{EvaluationFailure, Judge, Rule};
use plimsoll_core::report::Failure;
use plimsoll_core::suppress::Waivers;
use plimsoll_engine::{Component, Engine, EngineOptions, MAX_COMPONENT, Policy};
use plimsoll_schema::Schema;
use rayon::prelude::*;

use crate::config::Settled;
use crate::exit::Exit;

/// The policy whose rules always run: what they mark is masked.
pub const MASKING: &str = "secrets";

/// One loaded policy.
pub struct Loaded {
    pub policy: Box<dyn Judge>,
    /// The component it came from; none for what is built in.
    pub file: Option<PathBuf>,
    /// The host's own typed reading, no component.
    pub native: bool,
}

impl Loaded {
    /// What the host judges itself, in a run in which the user named these paths.
    fn native(named: BTreeSet<String>) -> [Self; 2] {
        let policies: [Box<dyn Judge>; 2] = [Box::new(Schema::new(named)), Box::new(Waivers::default())];
        policies.map(|policy| Loaded {
            policy,
            file: None,
            native: true,
        })
    }
}

/// The policies of a run, and those that could not be loaded.
pub struct Policies {
    pub loaded: Vec<Loaded>,
    pub failures: Vec<Failure>,
}

impl Policies {
    /// Whether there is a built-in or native policy of this name.
    fn has_own(&self, name: &str) -> bool {
        let mut own = self.loaded.iter().filter(|loaded| loaded.file.is_none());
        own.any(|loaded| loaded.policy.description().name == name)
    }

    /// Adds what was loaded; of several policies of one name the first.
    fn add(&mut self, found: Vec<Found>, names: &mut BTreeSet<String>) {
        for (source, file, result) in found {
            match result {
                Ok(policy) if names.insert(policy.description().name.clone()) => {
                    self.loaded.push(Loaded {
                        policy: Box::new(policy),
                        file,
                        native: false,
                    });
                }
                Ok(policy) => {
                    let name = &policy.description().name;
                    let failure = EvaluationFailure::Load(format!("there is a policy called `{name}` already"));
                    self.failures.push(failed(&source, &failure));
                }
                Err(failure) => self.failures.push(failed(&source, &failure)),
            }
        }
    }

    /// Notes the built-in policies that a config names and that do not exist.
    fn misnamed(&mut self, config: &Config) {
        for entry in &config.policies {
            if let PolicySource::BuiltIn(name) = &entry.source
                && !self.has_own(name)
            {
                let failure = EvaluationFailure::Load(format!(
                    "line {} of the configuration names it, and there is no built-in policy of that name",
                    entry.line
                ));
                self.failures.push(failed(name, &failure));
            }
        }
    }

    /// Tells what the host judges itself which paths the user named.
    pub fn name(&mut self, named: &BTreeSet<String>) {
        self.loaded.retain(|loaded| !loaded.native);
        self.loaded.splice(..0, Loaded::native(named.clone()));
    }
}

/// The threads of the process's pool.
pub struct Threads;

impl Workers for Threads {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).into_par_iter().with_max_len(1).for_each(work);
    }
}

/// Runs a command on a thread of its own that is one of the process's pool, so that it works where it would wait. Guests need
/// room on the stack: all threads get theirs whatever the environment says.
///
/// # Errors
/// What the command says, or when the system gives no thread.
pub fn in_pool(command: impl FnOnce() -> anyhow::Result<Exit> + Send) -> anyhow::Result<Exit> {
    const STACK: usize = 4 << 20;
    let stack = STACK.max(2 * plimsoll_engine::GUEST_STACK);
    let run = || {
        let pool = rayon::ThreadPoolBuilder::new().use_current_thread().stack_size(stack);
        // Fails only where a pool was set up before.
        let _ = pool.build_global();
        command()
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, run);
        let thread = thread.context("there is no thread to work on")?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Loads the built-in policies, these components and those that the config adds.
///
/// # Errors
/// When the sandbox cannot be set up at all.
pub fn load(files: &[PathBuf], settled: Option<&Settled>) -> anyhow::Result<Policies> {
    let configured = settled.into_iter().flat_map(Settled::policy_files);
    let files: Vec<PathBuf> = files.iter().cloned().chain(configured).collect();
    let threads = u32::try_from(rayon::current_num_threads()).unwrap_or(u32::MAX);
    let engine = Engine::new(&EngineOptions::one_run(threads)).context("the sandbox cannot be set up")?;
    let native = Loaded::native(BTreeSet::new());
    let mut names: BTreeSet<String> = native
        .iter()
        .map(|loaded| loaded.policy.description().name.clone())
        .collect();
    let mut policies = Policies {
        loaded: native.into(),
        failures: Vec::new(),
    };
    policies.add(find(&engine, &files), &mut names);
    if let Some(settled) = settled {
        policies.misnamed(&settled.config);
    }
    Ok(policies)
}

/// Loads the policies of a server: the built-in ones and these. What the host judges itself is about texts, and a review has
/// none: the API server has refused by then what is no object of its kind.
///
/// # Errors
/// When any of them cannot be used.
pub fn load_for_reviews(files: &[PathBuf], config: &Config) -> anyhow::Result<Vec<Loaded>> {
    let threads = u32::try_from(rayon::current_num_threads()).unwrap_or(u32::MAX);
    let engine = Engine::new(&EngineOptions::server(threads)).context("the sandbox cannot be set up")?;
    let mut policies = Policies {
        loaded: Vec::new(),
        failures: Vec::new(),
    };
    policies.add(find(&engine, files), &mut BTreeSet::new());
    policies.misnamed(config);
    match policies.failures.first() {
        Some(failure) => bail!("policy {}: {}", failure.policy, failure.message),
        None => Ok(policies.loaded),
    }
}

/// A policy by what it is called, where it came from, and whether it can be used.
type Found = (String, Option<PathBuf>, Result<Policy, EvaluationFailure>);

/// The built-in policies and those of these files, the files loaded in parallel, in order.
fn find(engine: &Engine, files: &[PathBuf]) -> Vec<Found> {
    let cache = cache_folder();
    let mut all = of_component("built-in", None, plimsoll_builtin::policies(engine));
    let added = files.par_iter().map(|file| {
        let policies = load_file(engine, file, cache.as_deref());
        of_component(&file.display().to_string(), Some(file), policies)
    });
    all.extend(added.collect::<Vec<_>>().into_iter().flatten());
    all
}

/// The policies of a component, or why there are none.
fn of_component(name: &str, file: Option<&PathBuf>, policies: Result<Vec<Policy>, EvaluationFailure>) -> Vec<Found> {
    match policies {
        Ok(policies) => policies
            .into_iter()
            .map(|policy| (name.to_owned(), file.cloned(), Ok(policy)))
            .collect(),
        Err(failure) => vec![(name.to_owned(), file.cloned(), Err(failure))],
    }
}

fn load_file(engine: &Engine, file: &Path, cache: Option<&Path>) -> Result<Vec<Policy>, EvaluationFailure> {
    let size = std::fs::metadata(file)
        .map_err(|error| EvaluationFailure::Load(error.to_string()))?
        .len();
    if size > MAX_COMPONENT as u64 {
        let message = format!("the file has {size} bytes, more than the limit of {MAX_COMPONENT}");
        return Err(EvaluationFailure::Load(message));
    }
    let bytes = std::fs::read(file).map_err(|error| EvaluationFailure::Load(error.to_string()))?;
    Component::new(engine, &bytes, cache)?.policies()
}

/// Where compiled policies are kept; none where the user has no such place.
fn cache_folder() -> Option<PathBuf> {
    let folder = etcetera::choose_base_strategy().ok()?.cache_dir();
    Some(folder.join("plimsoll").join("compiled"))
}

/// What a config says of a policy, the last word first; the config's paths count from this folder.
pub fn entry_of<'c>(config: &'c Config, folder: &Path, name: &str, file: Option<&Path>) -> Option<&'c PolicyEntry> {
    let mut entries = config.policies.iter().rev();
    entries.find(|entry| match &entry.source {
        PolicySource::BuiltIn(built_in) => file.is_none() && built_in == name,
        PolicySource::Path(path) => file == Some(&folder.join(path)),
    })
}

/// A policy that gave no verdict, as reports say it.
pub fn failed(policy: &str, failure: &EvaluationFailure) -> Failure {
    Failure {
        policy: policy.to_owned(),
        kind: failure.kind(),
        message: failure.to_string(),
    }
}

/// The verdicts of all policies on a bundle, and how long each took. Rules that the config turns off are not asked for;
/// those of `secrets` are, as their marks mask, and not reported.
pub fn judge<'a>(policies: &'a [Loaded], bundle: &Bundle, settled: &Settled) -> Vec<(Judgement<'a>, Duration)> {
    // What has most to do starts first.
    let mut order: Vec<usize> = (0..policies.len()).collect();
    order.sort_by_key(|&at| Reverse(policies[at].policy.description().rules.len()));
    let mut verdicts: Vec<(usize, (Judgement<'a>, Duration))> = order
        .into_par_iter()
        .with_max_len(1)
        .filter_map(|at| {
            let loaded = &policies[at];
            let started = Instant::now();
            let policy = loaded.policy.description();
            let (settings, enabled) = settled.policy(&policy.name, loaded.file.as_deref());
            let is_on = |rule: &Rule| {
                let name = format!("{}/{}", policy.name, rule.id);
                enabled && !RuleSettings::of(&settled.config.rules, &name).off
            };
            let numbered = (0..).zip(&policy.rules);
            let reported: Vec<u32> = numbered
                .filter(|(_, rule)| is_on(rule))
                .map(|(number, _)| number)
                .collect();
            let asked = if policy.name == MASKING {
                (0..).take(policy.rules.len()).collect()
            } else {
                reported.clone()
            };
            if asked.is_empty() {
                return None;
            }
            let verdict = loaded.policy.check(bundle, &asked, settings);
            let judgement = Judgement {
                policy,
                verdict,
                reported,
            };
            Some((at, (judgement, started.elapsed())))
        })
        .collect();
    verdicts.sort_unstable_by_key(|&(at, _)| at);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}
