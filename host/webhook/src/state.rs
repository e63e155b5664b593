//! A server's state, and one review from the first byte to the answer's last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use arc_swap::{ArcSwap, ArcSwapOption};
use plimsoll_core::config::{Mode, OnUpdate};
use plimsoll_core::read::{Members, members};

use crate::context::Cluster;
use crate::decide::Decision;
use crate::governed::Government;
use crate::judge::{Court, Verdict};
use crate::metrics::Metrics;
use crate::record::{Record, shown};
use crate::review::{self, Answer, NoReview, Request};
use crate::scope::{self, Scope, Skip};

/// The label that gives a namespace another mode.
const MODE: &str = "plimsoll.dev/mode";
/// The annotation that breaks the glass.
const BREAK_GLASS: &str = "plimsoll.dev/break-glass";
/// Where new findings of ephemeral containers lie.
const EPHEMERAL: &str = "/spec/ephemeralContainers/";

/// What all requests share.
pub struct State {
    /// Who decides; swapped whole when it is read again.
    pub government: ArcSwap<Government>,
    /// What is known of the cluster; none with `--no-context`.
    pub cluster: ArcSwapOption<Box<dyn Cluster>>,
    /// Whether the cluster is to be known.
    pub context: bool,
    /// The metrics.
    pub metrics: Metrics,
    /// The namespace that the server runs in.
    pub own: Option<String>,
    /// Bytes of bodies that are held at this moment.
    pub bodies: AtomicUsize,
    /// Reviews being answered.
    pub reviews: AtomicUsize,
}

impl State {
    /// A server's state before it has seen anything of the cluster.
    #[must_use]
    pub fn new(government: Government, own: Option<String>, context: bool) -> Self {
        State {
            government: ArcSwap::from_pointee(government),
            cluster: ArcSwapOption::empty(),
            context,
            metrics: Metrics::default(),
            own,
            bodies: AtomicUsize::new(0),
            reviews: AtomicUsize::new(0),
        }
    }

    /// Why reviews should not come here yet.
    #[must_use]
    pub fn not_ready(&self) -> Option<&'static str> {
        let cluster = self.cluster.load();
        let ready = cluster.as_ref().map_or(!self.context, |cluster| cluster.ready());
        (!ready).then_some("the cluster's objects are not yet known")
    }

    /// Answers one review that has to be answered by then; second, what to log of it behind the answer, where it was judged.
    ///
    /// # Errors
    /// When the body is no review.
    pub fn answer(&self, body: &[u8], deadline: Instant) -> Result<(Vec<u8>, Option<Record>), NoReview> {
        let started = Instant::now();
        let (version, request) = review::read(body)?;
        let government = self.government.load();
        let (answer, record) = match scope::scope(&request, &government, self.own.as_deref()) {
            Ok(scope) => {
                let (answer, record) = self.judge(&request, scope, &government, deadline, started);
                (answer, Some(record))
            }
            Err(skip) => (skipped(&government, skip), None),
        };
        let decision = record.as_ref().map_or("skipped", |record| record.decision);
        self.metrics.reviewed(&request.operation, decision, started.elapsed());
        Ok((review::write(version, &request.uid, &answer), record))
    }

    fn judge(
        &self,
        request: &Request<'_>,
        scope: Scope<'_>,
        government: &Government,
        deadline: Instant,
        started: Instant,
    ) -> (Answer, Record) {
        let cluster = self.cluster.load();
        let cluster = cluster.as_ref().map(|cluster| &***cluster as &dyn Cluster);
        let today = today();
        let court = Court {
            government,
            cluster,
            request,
            deadline,
            today: &today,
        };
        let mut verdict = court.judge(scope.object);
        if scope.ephemeral {
            verdict.findings.retain(|finding| finding.path.starts_with(EPHEMERAL));
        }
        self.count(&verdict);
        let label = cluster
            .filter(|_| !verdict.is_silent())
            .and_then(|cluster| cluster.namespace_label(&request.namespace, MODE));
        let base = label.as_deref().and_then(Mode::of);
        let base = base
            .filter(|_| request.kind.named() != "Namespace")
            .unwrap_or(government.config.admission.mode);
        let mut decision = Decision::of(&verdict, government, base);
        let pardons = scope.ephemeral || government.config.admission.on_update == OnUpdate::New;
        if !decision.denied.is_empty()
            && pardons
            && let Some(old) = scope.old
        {
            let mut before = court.judge(old);
            self.count_calls(&before);
            before.findings.retain(|finding| finding.suppressed.is_none());
            decision.pardon(&before.findings);
        }
        let mut glass = None;
        if decision.denies()
            && government.config.admission.break_glass
            && let Some(reason) = annotation(&request.members, BREAK_GLASS)
        {
            self.metrics.glass_broken();
            glass = Some(shown(&reason));
            decision.break_glass(shown(&reason));
        }
        let answer = decision.answer(request, government);
        let record = Record::new(request, &decision, &verdict, glass, started.elapsed());
        (answer, record)
    }

    fn count(&self, verdict: &Verdict) {
        for finding in verdict.findings.iter().filter(|finding| finding.suppressed.is_none()) {
            self.metrics.found(&finding.rule, finding.severity);
        }
        self.metrics.skipped_rules(verdict.left_out);
        self.count_calls(verdict);
    }

    fn count_calls(&self, verdict: &Verdict) {
        for (policy, took) in &verdict.evaluations {
            self.metrics.evaluated(policy, *took);
        }
        for failed in &verdict.failures {
            self.metrics.failed(&failed.policy, failed.failure.kind());
        }
    }

    /// Takes room for so many bytes of a body, if there is any.
    #[must_use]
    pub fn hold(self: &Arc<Self>, bytes: usize, most: usize) -> Option<Held> {
        let before = self.bodies.fetch_add(bytes, Ordering::Relaxed);
        let held = Held {
            state: Arc::clone(self),
            bytes,
        };
        (before.saturating_add(bytes) <= most).then_some(held)
    }
}

/// Room for bytes of a body; given back when dropped.
pub struct Held {
    state: Arc<State>,
    bytes: usize,
}

impl Held {
    /// All of these as one.
    #[must_use]
    pub fn together(held: Vec<Held>) -> Option<Held> {
        held.into_iter().reduce(|mut all, mut one| {
            all.bytes += std::mem::take(&mut one.bytes);
            all
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.state.bodies.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The answer to what is not judged.
fn skipped(government: &Government, skip: Skip) -> Answer {
    Answer {
        allowed: true,
        annotations: [
            ("decision", format!("skipped: {}", skip.word())),
            ("policy-digest", government.digest.clone()),
        ]
        .into(),
        ..Answer::default()
    }
}

/// An annotation of an object that is not empty.
fn annotation(object: &Members<'_>, key: &str) -> Option<String> {
    let metadata = members(object.get("metadata")?).ok()?;
    let annotations = members(metadata.get("annotations")?).ok()?;
    let value: String = serde_json::from_str(annotations.get(key)?).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The day in UTC, `YYYY-MM-DD`.
fn today() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.get(..10).unwrap_or_default().to_owned()
}
