//! A policy's violations become findings.

use std::collections::{HashMap, HashSet};

use plimsoll_tree::write::{Alone, Workers};
use plimsoll_tree::{NONE, Tree};

use super::clean::{clean_block, clean_line};
use super::{AsRendered, Finding, Found, Identity, Location, Masks, ProposedFix, RelatedPlace, fingerprint, scalar};
use crate::bundle::Bundle;
use crate::bundle::back::{Back, Origin, Rendered};
use crate::policy::{Confidence, Description, Edit, EvaluationFailure, Fix, Place, Severity, Violation};
use crate::read::Span;

/// Characters of a message that are shown.
const MESSAGE: usize = 500;
/// Characters of a help text that are shown.
const HELP: usize = 4000;
/// Related places that are kept of one violation.
const RELATED: usize = 50;
/// Violations that are kept of one policy; more is an answer that cannot be taken.
const VIOLATIONS: usize = 100_000;

/// Violations that are worked on at a time.
const BATCH: usize = 32;

/// What one policy said of a bundle.
pub struct Judgement<'a> {
    /// The policy.
    pub policy: &'a Description,
    /// Its verdict, or why there is none.
    pub verdict: Result<Vec<Violation>, EvaluationFailure>,
    /// Rules whose violations are reported; those of others only mask.
    pub reported: Vec<u32>,
}

/// Takes violations in: checks their places, cleans their texts, masks secrets, and puts all in one order (file, place,
/// rule, message). Second, the failures: those that came in, and answers that cannot be taken.
///
/// Masks are gathered from all policies before any text is made, so that no policy's message shows what another one marks.
#[must_use]
pub fn accept(
    bundle: &Bundle,
    judgements: Vec<Judgement<'_>>,
) -> (Vec<Finding>, Masks, Vec<(String, EvaluationFailure)>) {
    accept_with(bundle, judgements, &Alone)
}

/// The same by several threads. The findings are the same whoever works.
#[must_use]
pub fn accept_with(
    bundle: &Bundle,
    judgements: Vec<Judgement<'_>>,
    workers: &dyn Workers,
) -> (Vec<Finding>, Masks, Vec<(String, EvaluationFailure)>) {
    let tree = bundle.tree();
    let mut failures = Vec::new();
    let mut taken = Vec::new();
    let mut sensitive = Vec::new();
    let mut marks_lost = false;
    for judgement in judgements {
        let verdict = judgement
            .verdict
            .and_then(|violations| check_answer(violations, judgement.policy));
        match verdict {
            Ok(violations) => {
                for violation in violations.iter().filter(|violation| violation.sensitive) {
                    sensitive.extend(
                        std::iter::once(&violation.at)
                            .chain(violation.related.iter().map(|related| &related.at))
                            .filter_map(|place| resolve(bundle, tree, place))
                            .map(|place| place.node),
                    );
                }
                taken.push((judgement.policy, judgement.reported, violations));
            }
            Err(failure) => {
                // Only `secrets` is known to mark; another policy may, and what it would have marked is not known either.
                marks_lost |= judgement.policy.name == "secrets";
                failures.push((judgement.policy.name.clone(), failure));
            }
        }
    }
    let mut masks = Masks::new_with(bundle, &sensitive, workers);
    masks.nothing_is_shown |= marks_lost;
    let reported: Vec<(&Description, &Violation)> = taken
        .iter()
        .flat_map(|(policy, reported, violations)| {
            let violations = violations.iter();
            violations
                .filter(|violation| reported.contains(&violation.rule))
                .map(|violation| (*policy, violation))
        })
        .collect();
    let helps = Helps::new(&reported, &masks, workers);
    let back = Back::new(bundle);
    let judged = Judging {
        bundle,
        tree,
        masks: &masks,
        helps,
        back: &back,
    };
    let batches: Vec<&[(&Description, &Violation)]> = reported.chunks(BATCH).collect();
    let findings = workers.map(batches.len(), |batch| {
        let violations = batches.get(batch).copied().unwrap_or_default();
        violations
            .iter()
            .filter_map(|&(policy, violation)| judged.finding(policy, violation))
            .collect::<Vec<Judged>>()
    });
    let findings = findings.into_iter().flatten().collect();
    let mut findings = fold_copies(findings);
    if !back.is_empty() {
        findings = fold_renderings(findings);
    }
    sort(bundle, &mut findings);
    (findings, masks, failures)
}

/// Puts findings in the order of reports: file, place, rule, message.
pub fn sort(bundle: &Bundle, findings: &mut [Finding]) {
    findings.sort_by(|a, b| order(bundle, a).cmp(&order(bundle, b)));
}

fn order<'a>(bundle: &'a Bundle, finding: &'a Finding) -> (&'a str, Location, &'a str, &'a str) {
    let path = bundle
        .manifests
        .get(finding.place.manifest)
        .map_or("", |manifest| manifest.path.as_str());
    (path, finding.place, &finding.rule, &finding.message)
}

fn check_answer(violations: Vec<Violation>, policy: &Description) -> Result<Vec<Violation>, EvaluationFailure> {
    if violations.len() > VIOLATIONS {
        let found = violations.len();
        return Err(EvaluationFailure::Answer(format!(
            "{found} violations, more than the limit of {VIOLATIONS}"
        )));
    }
    match violations
        .iter()
        .find(|violation| violation.rule as usize >= policy.rules.len())
    {
        Some(violation) => Err(EvaluationFailure::Answer(format!(
            "there is no rule number {}",
            violation.rule
        ))),
        None => Ok(violations),
    }
}

/// A place that exists.
struct Resolved {
    node: u32,
    object: u32,
    key: bool,
    exact: bool,
    /// Instead of the node's own place.
    text: Option<Location>,
}

/// What a place means; the nearest existing parent where it does not exist. None when the bundle is empty.
fn resolve(bundle: &Bundle, tree: Tree<'_>, place: &Place) -> Option<Resolved> {
    let found = match place {
        Place::Node(node) | Place::Key(node) => bundle.object_of(*node).map(|object| Resolved {
            node: *node,
            object,
            key: matches!(place, Place::Key(_)),
            exact: true,
            text: None,
        }),
        Place::Pointer { object, path } => tree.object(*object).map(|_| match bundle.resolve(*object, path) {
            Ok(node) => Resolved {
                node,
                object: *object,
                key: false,
                exact: true,
                text: None,
            },
            Err(node) => Resolved {
                node,
                object: *object,
                key: false,
                exact: false,
                text: None,
            },
        }),
        Place::Text { manifest, span, node } => {
            let node = node.unwrap_or(NONE);
            return Some(Resolved {
                node,
                object: bundle.object_of(node).unwrap_or(NONE),
                key: true,
                exact: true,
                text: Some(Location {
                    manifest: *manifest,
                    span: *span,
                }),
            });
        }
    };
    found.or_else(|| {
        let object = tree.object(0)?;
        Some(Resolved {
            node: object.root,
            object: 0,
            key: false,
            exact: false,
            text: None,
        })
    })
}

fn location(bundle: &Bundle, place: &Resolved) -> Option<Location> {
    if place.text.is_some() {
        return place.text;
    }
    let found = bundle.locate(place.node)?;
    let span = if place.key && found.key != Span::EMPTY {
        found.key
    } else {
        found.value
    };
    Some(Location {
        manifest: found.manifest,
        span,
    })
}

/// Help texts, clean and masked: most violations of a rule have the same.
struct Helps<'v> {
    shown: HashMap<&'v str, String>,
}

impl<'v> Helps<'v> {
    fn new(reported: &[(&Description, &'v Violation)], masks: &Masks, workers: &dyn Workers) -> Self {
        let mut texts: Vec<&str> = reported
            .iter()
            .filter_map(|(_, violation)| violation.help.as_deref())
            .collect();
        texts.sort_unstable();
        texts.dedup();
        let shown = workers.map(texts.len(), |text| {
            let text = texts.get(text).copied().unwrap_or_default();
            masks.text(&clean_block(text, HELP))
        });
        Helps {
            shown: texts.into_iter().zip(shown).collect(),
        }
    }

    fn get(&self, help: &str) -> Option<String> {
        self.shown.get(help).filter(|help| !help.is_empty()).cloned()
    }
}

/// What making findings takes.
struct Judging<'a> {
    bundle: &'a Bundle,
    tree: Tree<'a>,
    masks: &'a Masks,
    helps: Helps<'a>,
    back: &'a Back<'a>,
}

/// A place, and where it comes from if it is in a rendered text.
struct Sourced {
    place: Location,
    rendered: Option<AsRendered>,
    value: Option<Location>,
}

impl Judging<'_> {
    /// A finding, and whose copy the object is that it is about.
    fn finding(&self, policy: &Description, violation: &Violation) -> Option<Judged> {
        let Judging {
            bundle, tree, masks, ..
        } = *self;
        let rule = policy.rules.get(violation.rule as usize)?;
        let id = format!("{}/{}", policy.name, rule.id);
        let at = resolve(bundle, tree, &violation.at)?;
        let mut place = location(bundle, &at)?;
        let within = violation.within.as_ref().filter(|_| !at.key && at.exact);
        let within = within.map(|within| within.start as usize..within.end as usize);
        if let Some(within) = within.clone() {
            place = narrowed(bundle, tree, at.node, place, within);
        }
        let sourced = self.sourced(&at, place, within);
        let mut help = violation.help.as_deref().and_then(|help| self.helps.get(help));
        if !at.exact {
            let note = "the policy pointed at a place that does not exist; this is the nearest one that does";
            help = Some(help.map_or_else(|| note.to_owned(), |help| format!("{help}\n{note}")));
        }
        let related = violation.related.iter().take(RELATED).filter_map(|related| {
            let at = resolve(bundle, tree, &related.at)?;
            let sourced = self.sourced(&at, location(bundle, &at)?, None);
            Some(RelatedPlace {
                message: masks.text(&clean_line(&related.message, MESSAGE)),
                object: identity(tree, at.object)?,
                path: masks.text(&path(bundle, &at)?),
                place: sourced.place,
                rendered: sourced.rendered,
            })
        });
        let value = sourced.value.map(|place| RelatedPlace {
            message: "the value comes from here".to_owned(),
            object: Identity::default(),
            path: String::new(),
            place,
            rendered: None,
        });
        let owner = tree.object(at.object).map_or(NONE, |record| record.owner);
        let finding = Finding {
            severity: severity(violation.severity.unwrap_or(rule.severity), violation.confidence),
            confidence: violation.confidence,
            message: masks.text(&clean_line(&violation.message, MESSAGE)),
            help,
            object: identity(tree, at.object)?,
            owner: (owner != NONE).then(|| identity(tree, owner)).flatten(),
            path: masks.text(&path(bundle, &at)?),
            place: sourced.place,
            rendered: sourced.rendered,
            related: value.into_iter().chain(related).collect(),
            fix: violation
                .fix
                .as_ref()
                .and_then(|fix| proposed(bundle, tree, masks, fix)),
            sensitive: violation.sensitive,
            fingerprint: match at.object {
                // Of what is in no object nothing else stays the same.
                NONE => {
                    let file = bundle.manifests.get(place.manifest).map_or("", |file| &file.path);
                    fingerprint::fingerprint_of(&[&id, file])
                }
                object => fingerprint::fingerprint(&id, tree, object, at.node),
            },
            suppressed: None,
            policy: policy.name.clone(),
            rule: id,
        };
        let copy = bundle.copy_of(at.object);
        Some(Judged {
            finding,
            source: copy.unwrap_or(at.object),
            is_copy: copy.is_some(),
        })
    }

    /// Where a place comes from.
    fn sourced(&self, at: &Resolved, place: Location, within: Option<std::ops::Range<usize>>) -> Sourced {
        let value = self.tree.symbol(at.node).map(|symbol| self.tree.text(symbol));
        let origin = self.back.origin(Rendered {
            place,
            node: (at.node != NONE).then_some(at.node),
            key: at.key,
            within: within.zip(value),
        });
        match origin {
            None => Sourced {
                place,
                rendered: None,
                value: None,
            },
            Some(Origin {
                place: source,
                found,
                value,
            }) => Sourced {
                place: source,
                rendered: Some(AsRendered { place, found }),
                value,
            },
        }
    }
}

/// Who may say error: only what is certain or high.
fn severity(said: Severity, confidence: Confidence) -> Severity {
    if confidence < Confidence::High {
        said.min(Severity::Warning)
    } else {
        said
    }
}

fn narrowed(bundle: &Bundle, tree: Tree<'_>, node: u32, place: Location, range: std::ops::Range<usize>) -> Location {
    let narrowed = tree.symbol(node).and_then(|symbol| {
        let source = bundle
            .manifests
            .get(place.manifest)?
            .text
            .get(place.span.start as usize..place.span.end as usize)?;
        scalar::source_span(source, place.span.start, tree.text(symbol), range)
    });
    narrowed.map_or(place, |span| Location { span, ..place })
}

/// The pointer to a place; empty where it is in no object.
fn path(bundle: &Bundle, at: &Resolved) -> Option<String> {
    match bundle.pointer(at.object, at.node) {
        None if at.text.is_some() => Some(String::new()),
        found => found,
    }
}

/// Which object this is; nothing at all where a text is in no object.
pub(crate) fn identity(tree: Tree<'_>, object: u32) -> Option<Identity> {
    if object == NONE {
        return Some(Identity::default());
    }
    let object = tree.object(object)?;
    let (group, version) = (tree.text(object.group), tree.text(object.version));
    Some(Identity {
        api_version: if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        },
        kind: clean_line(tree.text(object.kind), MESSAGE),
        namespace: object
            .namespace()
            .map(|namespace| clean_line(tree.text(namespace), MESSAGE)),
        name: clean_line(tree.text(object.name), MESSAGE),
    })
}

/// A fix whose every place exists; others cannot be applied.
fn proposed(bundle: &Bundle, tree: Tree<'_>, masks: &Masks, fix: &Fix) -> Option<ProposedFix> {
    let exact = |place: &Place| {
        resolve(bundle, tree, place)
            .filter(|found| found.exact)
            .map(|found| Place::Node(found.node))
    };
    let edits: Option<Vec<Edit>> = fix
        .edits
        .iter()
        .map(|edit| {
            Some(match edit {
                Edit::Set { at, value } => Edit::Set {
                    at: exact(at)?,
                    value: value.clone(),
                },
                Edit::Insert { into, key, value } => Edit::Insert {
                    into: exact(into)?,
                    key: key.clone(),
                    value: value.clone(),
                },
                Edit::Rename { at, key } => Edit::Rename {
                    at: exact(at)?,
                    key: key.clone(),
                },
                Edit::Remove(at) => Edit::Remove(exact(at)?),
            })
        })
        .collect();
    Some(ProposedFix {
        title: masks.text(&clean_line(&fix.title, MESSAGE)),
        safe: fix.safe,
        edits: edits?,
    })
}

/// A finding on its way out.
struct Judged {
    finding: Finding,
    /// The object that it is about, or the one that this is a copy of.
    source: u32,
    is_copy: bool,
}

/// Findings in copies of one text stay at the first source: equal ones (rule, inner path, message) become its related
/// places.
fn fold_copies(judged: Vec<Judged>) -> Vec<Finding> {
    let (copies, sources): (Vec<Judged>, Vec<Judged>) = judged.into_iter().partition(|one| one.is_copy);
    let mut first: HashMap<(u32, String, String, String), usize> = HashMap::new();
    let mut kept: Vec<Finding> = Vec::with_capacity(sources.len());
    let key = |one: &Judged| {
        (
            one.source,
            one.finding.rule.clone(),
            one.finding.path.clone(),
            one.finding.message.clone(),
        )
    };
    // Most have no copy, and need no key.
    let copied: HashSet<u32> = copies.iter().map(|copy| copy.source).collect();
    for source in sources {
        if copied.contains(&source.source) {
            first.entry(key(&source)).or_insert(kept.len());
        }
        kept.push(source.finding);
    }
    for copy in copies {
        if let Some(finding) = first.get(&key(&copy)).and_then(|&at| kept.get_mut(at)) {
            let Finding {
                object,
                path,
                place,
                rendered,
                ..
            } = copy.finding;
            finding.related.push(RelatedPlace {
                message: "the same in a copy".to_owned(),
                object,
                path,
                place,
                rendered,
            });
        } else {
            first.insert(key(&copy), kept.len());
            kept.push(copy.finding);
        }
    }
    kept
}

/// What several renderings have from one place is one finding: the others' places become related ones.
fn fold_renderings(findings: Vec<Finding>) -> Vec<Finding> {
    let mut first: HashMap<(String, Location, String, Severity), usize> = HashMap::new();
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let rendered = finding.rendered.filter(|rendered| rendered.found != Found::Nowhere);
        let Some(rendered) = rendered else {
            kept.push(finding);
            continue;
        };
        let key = (
            finding.rule.clone(),
            finding.place,
            finding.message.clone(),
            finding.severity,
        );
        match first.get(&key).and_then(|&at| kept.get_mut(at)) {
            // Twice in one rendering: a loop.
            Some(one) if one.rendered.map(|one| one.place.manifest) == Some(rendered.place.manifest) => {
                kept.push(finding)
            }
            Some(one) => {
                let also = |related: &RelatedPlace| related.place.manifest == rendered.place.manifest;
                if one.related.len() < RELATED && !one.related.iter().any(also) {
                    one.related.push(RelatedPlace {
                        message: "the same is rendered here".to_owned(),
                        object: finding.object,
                        path: finding.path,
                        place: rendered.place,
                        rendered: Some(AsRendered {
                            found: Found::Nowhere,
                            ..rendered
                        }),
                    });
                }
            }
            None => {
                first.insert(key, kept.len());
                kept.push(finding);
            }
        }
    }
    kept
}
