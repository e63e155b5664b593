//! What Prometheus is told. Every name starts with `plimsoll_`; no label holds what a request chooses freely.

use std::time::Duration;

use plimsoll_core::policy::Severity;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Review {
    operation: &'static str,
    decision: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Found {
    rule: String,
    severity: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OfPolicy {
    policy: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Failure {
    policy: String,
    kind: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OfKind {
    kind: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Reload {
    result: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// Every metric of a server.
pub struct Metrics {
    registry: Registry,
    reviews: Family<Review, Counter>,
    review_seconds: Histogram,
    in_flight: Gauge,
    shed: Counter,
    findings: Family<Found, Counter>,
    evaluation_seconds: Family<OfPolicy, Histogram>,
    failures: Family<Failure, Counter>,
    skipped_rules: Counter,
    broken_glass: Counter,
    context_objects: Family<OfKind, Gauge>,
    context_synced: Family<OfKind, Gauge>,
    context_bytes: Gauge,
    reloads: Family<Reload, Counter>,
    certificate_expiry: Gauge,
}

/// From 50 µs, doubled: 50 µs to 1.6 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        let evaluation_seconds: Family<OfPolicy, Histogram> = Family::new_with_constructor(seconds);
        let mut metrics = Metrics {
            registry: Registry::with_prefix("plimsoll"),
            reviews: Family::default(),
            review_seconds: seconds(),
            in_flight: Gauge::default(),
            shed: Counter::default(),
            findings: Family::default(),
            evaluation_seconds,
            failures: Family::default(),
            skipped_rules: Counter::default(),
            broken_glass: Counter::default(),
            context_objects: Family::default(),
            context_synced: Family::default(),
            context_bytes: Gauge::default(),
            reloads: Family::default(),
            certificate_expiry: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("reviews", "Reviews answered", self.reviews.clone());
        registry.register(
            "review_seconds",
            "Time from a review's last byte to its answer",
            self.review_seconds.clone(),
        );
        registry.register("reviews_in_flight", "Reviews being answered", self.in_flight.clone());
        registry.register(
            "reviews_shed",
            "Reviews answered with 429: too many at once",
            self.shed.clone(),
        );
        registry.register("findings", "Findings about objects under review", self.findings.clone());
        registry.register(
            "policy_evaluation_seconds",
            "Time of one call of a policy",
            self.evaluation_seconds.clone(),
        );
        registry.register(
            "policy_failures",
            "Calls of a policy that gave no verdict",
            self.failures.clone(),
        );
        registry.register(
            "rules_skipped",
            "Rules not asked because the cluster's objects that they need are not known",
            self.skipped_rules.clone(),
        );
        registry.register(
            "glass_broken",
            "Denials turned into warnings by break glass",
            self.broken_glass.clone(),
        );
        registry.register(
            "context_objects",
            "Objects of the cluster that are known",
            self.context_objects.clone(),
        );
        registry.register(
            "context_synced",
            "Whether all objects of a kind are known",
            self.context_synced.clone(),
        );
        registry.register(
            "context_bytes",
            "Bytes of the cluster's objects in memory",
            self.context_bytes.clone(),
        );
        registry.register(
            "config_reloads",
            "Reloads of configuration and policies",
            self.reloads.clone(),
        );
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "When the serving certificate ends",
            self.certificate_expiry.clone(),
        );
        let build = Info::new(Build {
            version: env!("CARGO_PKG_VERSION"),
        });
        registry.register("build", "This server", build);
    }

    /// All of them as text in the OpenMetrics format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        let _ = encode(&mut out, &self.registry);
        out
    }

    /// A review was answered.
    pub fn reviewed(&self, operation: &str, decision: &'static str, took: Duration) {
        let operation = ["CREATE", "UPDATE", "DELETE", "CONNECT"]
            .into_iter()
            .find(|known| *known == operation)
            .unwrap_or("other");
        self.reviews.get_or_create(&Review { operation, decision }).inc();
        self.review_seconds.observe(took.as_secs_f64());
    }

    /// A review was turned away.
    pub fn shed(&self) {
        self.shed.inc();
    }

    /// So many more reviews are being answered, or fewer.
    pub fn in_flight(&self, change: i64) {
        self.in_flight.inc_by(change);
    }

    /// A finding.
    pub fn found(&self, rule: &str, severity: Severity) {
        let found = Found {
            rule: rule.to_owned(),
            severity: severity.to_string(),
        };
        self.findings.get_or_create(&found).inc();
    }

    /// A policy was called.
    pub fn evaluated(&self, policy: &str, took: Duration) {
        let policy = OfPolicy {
            policy: policy.to_owned(),
        };
        self.evaluation_seconds
            .get_or_create(&policy)
            .observe(took.as_secs_f64());
    }

    /// A policy gave no verdict.
    pub fn failed(&self, policy: &str, kind: &'static str) {
        let failure = Failure {
            policy: policy.to_owned(),
            kind,
        };
        self.failures.get_or_create(&failure).inc();
    }

    /// So many rules were not asked.
    pub fn skipped_rules(&self, rules: usize) {
        self.skipped_rules.inc_by(u64::try_from(rules).unwrap_or(u64::MAX));
    }

    /// The glass was broken.
    pub fn glass_broken(&self) {
        self.broken_glass.inc();
    }

    /// What is known of a kind.
    pub fn context(&self, kind: &str, objects: usize, synced: bool) {
        let kind = OfKind { kind: kind.to_owned() };
        let objects = i64::try_from(objects).unwrap_or(i64::MAX);
        self.context_objects.get_or_create(&kind).set(objects);
        self.context_synced.get_or_create(&kind).set(i64::from(synced));
    }

    /// How much memory the cluster's objects take.
    pub fn context_bytes(&self, bytes: usize) {
        self.context_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Configuration and policies were read again.
    pub fn reloaded(&self, taken: bool) {
        let result = if taken { "taken" } else { "refused" };
        self.reloads.get_or_create(&Reload { result }).inc();
    }

    /// When the serving certificate ends, in seconds since 1970.
    pub fn certificate_ends(&self, at: i64) {
        self.certificate_expiry.set(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_promised() {
        let metrics = Metrics::default();
        metrics.reviewed("CREATE", "denied", Duration::from_micros(60));
        metrics.reviewed("chosen-by-the-client", "allowed", Duration::ZERO);
        metrics.found("ports/target-port-mismatch", Severity::Error);
        metrics.evaluated("ports", Duration::from_micros(60));
        metrics.failed("ports", "deadline");
        metrics.context("Service", 2, true);
        metrics.reloaded(false);
        let text = metrics.text();
        for line in [
            "plimsoll_reviews_total{operation=\"CREATE\",decision=\"denied\"} 1",
            "plimsoll_reviews_total{operation=\"other\",decision=\"allowed\"} 1",
            "plimsoll_review_seconds_bucket{le=\"0.0001\"} 2",
            "plimsoll_reviews_in_flight 0",
            "plimsoll_reviews_shed_total 0",
            "plimsoll_findings_total{rule=\"ports/target-port-mismatch\",severity=\"error\"} 1",
            "plimsoll_policy_evaluation_seconds_bucket{le=\"0.0001\",policy=\"ports\"} 1",
            "plimsoll_policy_failures_total{policy=\"ports\",kind=\"deadline\"} 1",
            "plimsoll_context_objects{kind=\"Service\"} 2",
            "plimsoll_context_synced{kind=\"Service\"} 1",
            "plimsoll_context_bytes 0",
            "plimsoll_config_reloads_total{result=\"refused\"} 1",
            "plimsoll_certificate_expiry_timestamp_seconds 0",
            "plimsoll_build_info{version=",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("chosen-by-the-client"));
        assert!(text.ends_with("# EOF\n"));
    }
}
