//! From what was read to what is reported: the same for every command that judges.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use plimsoll_core::bundle::Bundle;
use plimsoll_core::finding::{Finding, Judgement, Masks, accept_with};
use plimsoll_core::policy::Description;
use plimsoll_core::report::{Counts, Failure, InputFailure, Report, Since, input_failures};
use plimsoll_tree::Role;

use crate::config::Settled;
use crate::input::Input;
use crate::judge::{self, Policies, Threads};
use crate::output;
use crate::suppress::{Rules, SuppressArguments};

/// How long things took.
#[derive(Default)]
pub struct Timings {
    stages: Vec<(String, Duration)>,
}

impl Timings {
    /// Notes how long a stage took; gives the start of the next.
    pub fn add(&mut self, stage: &str, since: Instant) -> Instant {
        let now = Instant::now();
        self.stages.push((stage.to_owned(), now - since));
        now
    }

    /// Says it on standard error.
    pub fn say(&self) {
        for (stage, duration) in &self.stages {
            output::say("time", &format!("{:9.3} ms  {stage}", duration.as_secs_f64() * 1000.0));
        }
    }
}

/// What judging gave.
pub struct Outcome {
    pub bundle: Bundle,
    pub findings: Vec<Finding>,
    pub masks: Masks,
    pub failures: Vec<Failure>,
    pub inputs_failed: Vec<InputFailure>,
    pub counts: Counts,
    /// What it was compared with.
    pub since: Option<Since>,
}

impl Outcome {
    /// What is reported of a run that started then.
    pub fn report(&self, started: Instant) -> Report<'_> {
        Report {
            bundle: &self.bundle,
            findings: &self.findings,
            masks: &self.masks,
            failures: self.failures.clone(),
            inputs_failed: self.inputs_failed.clone(),
            counts: self.counts.clone(),
            since: self.since.clone(),
            duration_ms: started.elapsed().as_secs_f64() * 1000.0,
        }
    }
}

/// Judges what was read by these policies.
pub fn judge(
    policies: &mut Policies,
    mut input: Input,
    settled: &Settled,
    waivers: &SuppressArguments,
    timings: &mut Timings,
) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    policies.name(&input.named);
    let config = settled.take_manifest(&mut input.manifests);
    let mut counts = Counts::of(&input.manifests, |path| input.named.contains(path));
    let mut inputs_failed = input.failures;
    inputs_failed.extend(input_failures(&input.manifests, |path| input.named.contains(path)));
    inputs_failed.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    let judged = input.manifests.len();
    let light = judged..judged + input.light.len();
    let mut options = settled.options();
    options.no_alternatives = input.cluster;
    options.everywhere = !input.light.is_empty();
    options.default_namespace = options.default_namespace.or(input.namespace);
    options.roles = (0..light.end)
        .map(|at| {
            if light.contains(&at) {
                Role::Context
            } else {
                Role::Subject
            }
        })
        .collect();
    input.manifests.append(&mut input.light);
    // Last, as nothing in it is judged: findings about it have a place there.
    input.manifests.extend(config);
    let bundle =
        Bundle::build_with(input.manifests, &options, &Threads).context("the input cannot be judged together")?;
    counts.not_validated = plimsoll_schema::not_validated(&bundle);
    let now = timings.add("bundle", started);
    let verdicts = judge::judge(&policies.loaded, &bundle, settled);
    let done = timings.add("judge", now);
    let mut judgements = Vec::with_capacity(verdicts.len());
    for (judgement, duration) in verdicts {
        timings
            .stages
            .push((format!("policy {}", judgement.policy.name), duration));
        judgements.push(judgement);
    }
    let rules = rules(policies, &judgements);
    let (mut findings, mut masks, failed) = accept_with(&bundle, judgements, &Threads);
    // What is wrong in the cluster alone is not about the files.
    findings.retain(|finding| {
        let mut places = std::iter::once(finding.place).chain(finding.related.iter().map(|related| related.place));
        places.any(|place| !light.contains(&place.manifest))
    });
    let findings = waivers.apply(settled, &rules, &bundle, findings)?;
    // Nobody else knows what is secret.
    masks.nothing_is_shown |= !policies
        .loaded
        .iter()
        .any(|loaded| loaded.policy.description().name == judge::MASKING);
    let mut failures = policies.failures.clone();
    failures.extend(failed.iter().map(|(policy, failure)| judge::failed(policy, failure)));
    timings.add("locate and mask", done);
    Ok(Outcome {
        bundle,
        findings,
        masks,
        failures,
        inputs_failed,
        counts,
        since: None,
    })
}

/// The rules there are, and those that were judged.
fn rules(policies: &Policies, judgements: &[Judgement<'_>]) -> Rules {
    let name = |policy: &Description, id: &str| format!("{}/{id}", policy.name);
    let loaded = policies.loaded.iter().map(|loaded| loaded.policy.description());
    let known = loaded
        .flat_map(|policy| policy.rules.iter().map(move |rule| name(policy, &rule.id)))
        .collect();
    let judged: BTreeSet<String> = judgements
        .iter()
        .filter(|judgement| judgement.verdict.is_ok())
        .flat_map(|judgement| {
            let reported = judgement.reported.iter();
            let rules = reported.filter_map(|&rule| judgement.policy.rules.get(rule as usize));
            rules.map(|rule| name(judgement.policy, &rule.id))
        })
        .collect();
    Rules { known, judged }
}
