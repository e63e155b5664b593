//! What is logged of a review: one line, after the answer is on its way.

use std::time::Duration;

use crate::decide::Decision;
use crate::judge::Verdict;
use crate::review::{Kind, Request};

/// Characters of a user's or object's name that are logged.
const LOGGED: usize = 300;

/// Who, what, decision, rules, time; never a value of the manifest.
pub struct Record {
    uid: String,
    operation: String,
    kind: Kind,
    namespace: String,
    name: String,
    user: String,
    dry_run: bool,
    /// In one word.
    pub decision: &'static str,
    rules: String,
    failed: String,
    rules_skipped: usize,
    milliseconds: f64,
    break_glass: Option<String>,
}

impl Record {
    /// Of a review that was judged.
    #[must_use]
    pub fn new(
        request: &Request<'_>,
        decision: &Decision<'_>,
        verdict: &Verdict,
        break_glass: Option<String>,
        took: Duration,
    ) -> Self {
        let failures = verdict.failures.iter();
        let failed: Vec<String> = failures
            .map(|failed| format!("{}: {}", failed.policy, failed.failure.kind()))
            .collect();
        Record {
            uid: shown(&request.uid),
            operation: shown(&request.operation),
            kind: Kind {
                group: shown(&request.kind.group),
                version: shown(&request.kind.version),
                kind: shown(&request.kind.kind),
            },
            namespace: shown(&request.namespace),
            name: shown(&request.name),
            user: shown(&request.user_info.username),
            dry_run: request.dry_run,
            decision: decision.word(),
            rules: decision.rules().join(","),
            failed: failed.join(","),
            rules_skipped: verdict.left_out,
            milliseconds: took.as_secs_f64() * 1000.0,
            break_glass,
        }
    }

    /// Writes the line. It may wait for whoever reads the log.
    pub fn log(&self) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    uid = self.uid,
                    operation = self.operation,
                    group = self.kind.group,
                    version = self.kind.version,
                    kind = self.kind.kind,
                    namespace = self.namespace,
                    name = self.name,
                    user = self.user,
                    dry_run = self.dry_run,
                    decision = self.decision,
                    rules = self.rules,
                    failed = self.failed,
                    rules_skipped = self.rules_skipped,
                    milliseconds = self.milliseconds,
                    break_glass = self.break_glass,
                    "review"
                )
            };
        }
        if self.break_glass.is_some() || !self.failed.is_empty() {
            line!(warn);
        } else {
            line!(info);
        }
    }
}

/// A text as it is logged.
#[must_use]
pub fn shown(text: &str) -> String {
    plimsoll_core::finding::clean_line(text, LOGGED)
}
