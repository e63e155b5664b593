//! One object judged: read, put beside what the cluster holds, shown to each policy, its findings taken in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::config;
use plimsoll_core::finding::{Finding, Judgement, accept};
use plimsoll_core::policy::EvaluationFailure;
use plimsoll_core::read::{Limits, Manifest, manifest_of_text};
use plimsoll_core::suppress;
use plimsoll_tree::Role;
use serde_json::{Value, json};

use crate::context::{Cluster, kind_name};
use crate::governed::{Asked, Government};
use crate::review::Request;

/// What reading one object accepts. The API server's own limit is 3 MiB of JSON in etcd's terms.
const LIMITS: Limits = Limits {
    size: 64 << 20,
    depth: 128,
    aliases: 0,
    documents: 1,
    nodes: 1 << 22,
};

/// Where an object under review lies: there is no file. Nothing of the object, as the words of paths tell environments.
const PATH: &str = "admission";

/// Where `kubectl apply` writes down what it applied.
const LAST_APPLIED: &str = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

/// A policy that gave no verdict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failed {
    /// The policy's name.
    pub policy: String,
    /// Why.
    pub failure: EvaluationFailure,
}

/// What judging gave.
#[derive(Default)]
pub struct Verdict {
    /// Findings about the object under review; those that are held back are marked so.
    pub findings: Vec<Finding>,
    /// Policies that gave none.
    pub failures: Vec<Failed>,
    /// How long each policy took.
    pub evaluations: Vec<(String, Duration)>,
    /// Rules that were not asked because what they need of the cluster is not known.
    pub left_out: usize,
}

impl Verdict {
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.findings.is_empty() && self.failures.is_empty()
    }
}

/// What every judgement of one review has in common.
pub struct Court<'a> {
    /// The policies and what was decided of them.
    pub government: &'a Government,
    /// What is known of the cluster.
    pub cluster: Option<&'a dyn Cluster>,
    /// The request.
    pub request: &'a Request<'a>,
    /// When an answer is too late.
    pub deadline: Instant,
    /// The day, `YYYY-MM-DD`.
    pub today: &'a str,
}

impl Court<'_> {
    /// Judges one object. An object that cannot be read is a failure of each policy that would have been asked.
    #[must_use]
    pub fn judge(&self, object: &str) -> Verdict {
        let subject = manifest_of_text(PATH, Arc::from(object), &LIMITS);
        let mut kinds = kinds(&subject);
        if kinds.is_empty() {
            kinds.insert(self.request.kind.named());
        }
        let (mut asked, mut left_out) = self.government.ask(&kinds, self.cluster);
        let unreadable = subject.failures.first().map(|failure| failure.error.to_string());
        let unreadable = unreadable.or_else(|| {
            subject
                .objects
                .is_empty()
                .then(|| "it is no Kubernetes object".to_owned())
        });
        if let Some(why) = unreadable {
            return failed(
                &asked,
                left_out,
                &EvaluationFailure::Refused(format!("the object cannot be read: {why}")),
            );
        }
        let neighbours = match self.cluster {
            Some(cluster) => match cluster.neighbours(&subject) {
                Some(neighbours) => neighbours,
                // Too many to look at: as good as not known.
                None => {
                    (asked, left_out) = self.government.ask(&kinds, None);
                    Vec::new()
                }
            },
            None => Vec::new(),
        };
        let options = self.options(neighbours.len());
        let bundle = match Bundle::build(std::iter::once(subject).chain(neighbours).collect(), &options) {
            Ok(bundle) => bundle,
            Err(error) => return failed(&asked, left_out, &EvaluationFailure::Refused(error.to_string())),
        };
        let mut evaluations = Vec::with_capacity(asked.len());
        let mut judgements = Vec::with_capacity(asked.len());
        for one in asked {
            let started = Instant::now();
            let policy = one.policy.judge.description();
            let left = self.deadline.saturating_duration_since(started);
            let verdict = if left.is_zero() {
                Err(EvaluationFailure::Deadline(0))
            } else {
                one.policy
                    .judge
                    .check_within(&bundle, &one.rules, &one.policy.settings, left)
            };
            evaluations.push((policy.name.clone(), started.elapsed()));
            judgements.push(Judgement {
                policy,
                verdict,
                reported: one.reported,
            });
        }
        let silent = |judgement: &Judgement<'_>| judgement.verdict.as_ref().is_ok_and(Vec::is_empty);
        if judgements.iter().all(silent) {
            return Verdict {
                evaluations,
                left_out,
                ..Verdict::default()
            };
        }
        let (mut findings, _, failures) = accept(&bundle, judgements);
        // What is wrong elsewhere in the cluster is not this request's.
        findings.retain(|finding| {
            finding.place.manifest == 0 || finding.related.iter().any(|related| related.place.manifest == 0)
        });
        repeat_nothing(&mut findings);
        let file = |finding: &Finding| {
            let manifest = bundle.manifests.get(finding.place.manifest);
            manifest.map_or("", |manifest| manifest.path.as_str())
        };
        config::apply(&self.government.config, None, self.today, &mut findings, file);
        suppress::waive(&bundle, &mut findings, self.today, |rule| {
            self.government.waivable(rule)
        });
        let failures = failures.into_iter();
        Verdict {
            findings,
            failures: failures.map(|(policy, failure)| Failed { policy, failure }).collect(),
            evaluations,
            left_out,
        }
    }

    fn options(&self, neighbours: usize) -> Options {
        let request = self.request;
        let own = &self.government.options;
        let namespace =
            (!request.namespace.is_empty() && request.kind.named() != "Namespace").then(|| request.namespace.clone());
        Options {
            default_namespace: namespace,
            kubernetes: own.kubernetes.clone(),
            openchoreo: own.openchoreo.clone(),
            closed_world: own.closed_world.clone(),
            environments: own.environments.clone(),
            environment: own.environment.clone(),
            cluster: own.cluster.clone(),
            request: Some(facts(request)),
            roles: std::iter::once(Role::Subject)
                .chain(std::iter::repeat_n(Role::Context, neighbours))
                .collect(),
            no_alternatives: true,
            everywhere: false,
        }
    }
}

/// What is wrong in the object is wrong in what kubectl wrote down of it too: that is not said twice.
fn repeat_nothing(findings: &mut Vec<Finding>) {
    let repeated = |finding: &Finding| finding.path.starts_with(LAST_APPLIED);
    let said: BTreeSet<String> = findings
        .iter()
        .filter(|finding| !repeated(finding))
        .map(|finding| finding.rule.clone())
        .collect();
    findings.retain(|finding| !repeated(finding) || !said.contains(&finding.rule));
}

/// What policies are told of a request: never who asks.
fn facts(request: &Request<'_>) -> Value {
    json!({
        "operation": request.operation,
        "namespace": request.namespace,
        "name": request.name,
        "subResource": request.sub_resource,
        "dryRun": request.dry_run,
    })
}

/// No verdict of any policy.
fn failed(asked: &[Asked<'_>], left_out: usize, failure: &EvaluationFailure) -> Verdict {
    let policies = asked.iter().map(|one| one.policy.judge.description().name.clone());
    Verdict {
        failures: policies
            .map(|policy| Failed {
                policy,
                failure: failure.clone(),
            })
            .collect(),
        left_out,
        ..Verdict::default()
    }
}

/// The kinds of the object and of those inside it, as rules name them.
fn kinds(subject: &Manifest) -> BTreeSet<String> {
    let objects = subject.objects.iter();
    objects.map(|object| kind_name(&object.group, &object.kind)).collect()
}
