//! The policies that a server judges by, and what the operator decided of them. Made anew at each reload.

use std::collections::{BTreeSet, HashMap};

use plimsoll_core::bundle::Options;
use plimsoll_core::config::{Config, Mode, OnFailure, RuleSettings};
use plimsoll_core::policy::{Description, Judge};

use crate::context::Cluster;

/// The policy whose rules always run: what they mark is masked.
const MASKING: &str = "secrets";
/// Kinds that are never asked of the cluster.
const NEVER: &str = "Secret";

/// A policy, and what was decided of it.
pub struct Governed {
    /// The policy.
    pub judge: Box<dyn Judge>,
    /// Its settings as JSON text; empty for the defaults.
    pub settings: String,
    /// Whether its findings count.
    pub enabled: bool,
    /// What is answered where it gives no verdict.
    pub on_failure: OnFailure,
}

/// All that decides.
pub struct Government {
    /// The config.
    pub config: Config,
    /// What bundles are told; of it what a review knows itself is replaced.
    pub options: Options,
    /// The policies in their order.
    pub policies: Vec<Governed>,
    /// Names config and policies in logs and in the audit log: the first digits of a digest.
    pub digest: String,
    rules: Vec<Vec<Governance>>,
    /// Per kind that any rule names, for each policy the numbers of the rules that judge it.
    kinds: HashMap<String, Vec<Vec<u32>>>,
    /// The same of all other kinds.
    others: Vec<Vec<u32>>,
    /// All kinds that any rule must see.
    needed: Vec<String>,
}

/// What was decided of a rule.
struct Governance {
    off: bool,
    mode: Option<Mode>,
    /// What it must see, as places in [`Government::needed`].
    needs: Vec<usize>,
}

/// What a policy is asked about a review.
pub struct Asked<'a> {
    /// The policy.
    pub policy: &'a Governed,
    /// The rules it is asked for.
    pub rules: Vec<u32>,
    /// Those whose findings count.
    pub reported: Vec<u32>,
}

impl Government {
    /// Of a config and its policies.
    #[must_use]
    pub fn new(config: Config, options: Options, policies: Vec<Governed>, digest: String) -> Self {
        let all = all_kinds(&policies);
        let mut needed: Vec<String> = Vec::new();
        let mut place = |kind: String| {
            needed.iter().position(|one| *one == kind).unwrap_or_else(|| {
                needed.push(kind);
                needed.len() - 1
            })
        };
        let rules: Vec<Vec<Governance>> = policies
            .iter()
            .map(|governed| {
                let description = governed.judge.description();
                let rules = description.rules.iter();
                rules
                    .map(|rule| {
                        let settings = RuleSettings::of(&config.rules, &name(description, &rule.id));
                        let needs: BTreeSet<String> = rule.needs().flat_map(|kind| expand(kind, &all)).collect();
                        Governance {
                            off: settings.off || !governed.enabled,
                            mode: settings.mode,
                            needs: needs.into_iter().map(&mut place).collect(),
                        }
                    })
                    .collect()
            })
            .collect();
        let judging = |kind: Option<&str>| -> Vec<Vec<u32>> {
            let per_policy = policies.iter().map(|governed| {
                let rules = (0..).zip(&governed.judge.description().rules);
                let judging = rules.filter(|(_, rule)| {
                    rule.kinds.is_empty() || kind.is_some_and(|kind| rule.kinds.iter().any(|one| one == kind))
                });
                judging.map(|(number, _)| number).collect()
            });
            per_policy.collect()
        };
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for governed in &policies {
            let rules = governed.judge.description().rules.iter();
            named.extend(rules.flat_map(|rule| rule.kinds.iter().map(String::as_str)));
        }
        let kinds = named
            .iter()
            .map(|&kind| (kind.to_owned(), judging(Some(kind))))
            .collect();
        let others = judging(None);
        Government {
            config,
            options,
            digest,
            rules,
            kinds,
            others,
            needed,
            policies,
        }
    }

    /// Whether any rule names this kind as one that it judges.
    #[must_use]
    pub fn judges(&self, kind: &str) -> bool {
        self.kinds.contains_key(kind)
    }

    /// The kinds that rules look at besides what they judge: what a cluster is watched for. Of rules that are off, none.
    #[must_use]
    pub fn watched(&self) -> BTreeSet<String> {
        let all = all_kinds(&self.policies);
        let mut watched = BTreeSet::new();
        for (governed, governances) in self.policies.iter().zip(&self.rules) {
            for (rule, governance) in governed.judge.description().rules.iter().zip(governances) {
                if !governance.off {
                    watched.extend(rule.looks_at().flat_map(|kind| expand(kind, &all)));
                }
            }
        }
        watched
    }

    /// What to ask of an object that holds these kinds; second, how many rules are left out because what they need of the
    /// cluster is not known.
    #[must_use]
    pub fn ask(&self, kinds: &BTreeSet<String>, cluster: Option<&dyn Cluster>) -> (Vec<Asked<'_>>, usize) {
        // Each kind is looked up once, however many rules need it.
        let mut seen: Vec<Option<bool>> = vec![None; self.needed.len()];
        let mut is_known = |need: &usize| -> bool {
            let (Some(cluster), Some(kind), Some(seen)) = (cluster, self.needed.get(*need), seen.get_mut(*need)) else {
                return false;
            };
            *seen.get_or_insert_with(|| cluster.knows(kind))
        };
        let mut left_out = 0;
        let mut asked = Vec::with_capacity(self.policies.len());
        for (at, policy) in self.policies.iter().enumerate() {
            let per_kind = kinds.iter().map(|kind| self.kinds.get(kind).unwrap_or(&self.others));
            let numbers: BTreeSet<u32> = per_kind
                .filter_map(|policies| policies.get(at))
                .flatten()
                .copied()
                .collect();
            let masking = policy.judge.description().name == MASKING;
            let mut rules = Vec::with_capacity(numbers.len());
            let mut reported = Vec::with_capacity(numbers.len());
            for number in numbers {
                let Some(governance) = self.rules.get(at).and_then(|rules| rules.get(number as usize)) else {
                    continue;
                };
                if governance.off && !masking {
                    continue;
                }
                if !governance.needs.iter().all(&mut is_known) {
                    left_out += usize::from(!governance.off);
                    continue;
                }
                rules.push(number);
                if !governance.off {
                    reported.push(number);
                }
            }
            if !rules.is_empty() {
                asked.push(Asked {
                    policy,
                    rules,
                    reported,
                });
            }
        }
        (asked, left_out)
    }

    /// The most that is done about findings of a rule (`policy/rule`), where so much is done about others.
    #[must_use]
    pub fn mode(&self, rule: &str, base: Mode) -> Mode {
        let found = self.policies.iter().zip(&self.rules).find_map(|(governed, rules)| {
            let description = governed.judge.description();
            let id = rule.strip_prefix(&description.name)?.strip_prefix('/')?;
            let at = description.rules.iter().position(|one| one.id == id)?;
            rules.get(at)
        });
        found
            .and_then(|governance| governance.mode)
            .map_or(base, |most| base.min(most))
    }

    /// Whether an annotation may waive a rule (`policy/rule`).
    #[must_use]
    pub fn waivable(&self, rule: &str) -> bool {
        match &self.config.admission.waivable {
            Some(globs) => globs
                .iter()
                .any(|glob| glob == "*" || plimsoll_tree::glob::matches(glob, rule)),
            None => !rule.starts_with("secrets/"),
        }
    }
}

fn name(policy: &Description, rule: &str) -> String {
    format!("{}/{rule}", policy.name)
}

/// All kinds that the rules of these policies name: what `*` means.
fn all_kinds(policies: &[Governed]) -> BTreeSet<String> {
    let rules = policies.iter().flat_map(|governed| &governed.judge.description().rules);
    let kinds = rules.flat_map(|rule| rule.kinds.iter().map(String::as_str).chain(rule.looks_at()));
    kinds
        .filter(|&kind| kind != "*" && kind != NEVER)
        .map(str::to_owned)
        .collect()
}

fn expand(kind: &str, all: &BTreeSet<String>) -> Vec<String> {
    match kind {
        "*" => all.iter().cloned().collect(),
        NEVER => Vec::new(),
        kind => vec![kind.to_owned()],
    }
}
