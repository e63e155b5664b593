//! What the platform will run: a Workload or a release of one, with what a binding sets in it.
//!
//! Source: OpenChoreo documentation and controllers v0.16 to v1.2: a release is a snapshot of its component's Workload; a
//! ReleaseBinding names the release that an environment runs (with `autoDeploy`, the newest) and merges
//! `workloadOverrides` into it, variables by key.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_tree::Symbol;

use super::component_of;
use crate::lookup::{Lookup, MAX_CANDIDATES};
use crate::{Bundle, Class, Environment, Node, Object, Value, Workload, word, work};

/// A Workload or release as it will run in one environment.
#[derive(Clone)]
pub struct Deployed<'t> {
    /// The Workload, or the release where no Workload says the same.
    pub workload: Workload<'t>,
    /// The ReleaseBinding that has it run, if one is seen.
    pub binding: Option<Object<'t>>,
    /// What the binding sets in it.
    pub overrides: Option<Workload<'t>>,
    /// Releases that say the same, word for word: what is wrong with one is wrong with all, and is said once.
    pub copies: Vec<Workload<'t>>,
}

/// The field that names a binding's release, in the forms that were ever written. The first is the one that counts.
pub const RELEASE_FIELDS: [&str; 3] = ["releaseName", "componentReleaseName", "release"];

impl<'t> Deployed<'t> {
    /// What its process sees: the release's variables, and over them the binding's.
    #[must_use]
    pub fn environment(&self, bundle: &Bundle<'t>) -> Environment<'t> {
        let first = |workload: Workload<'t>| workload.containers().into_iter().next();
        let Some(container) = first(self.workload) else {
            return Environment::default();
        };
        let mut all = Environment::made(bundle, self.workload.object, container);
        if let Some(overrides) = self.overrides
            && let Some(container) = first(overrides)
        {
            all.set_over(Environment::made(bundle, overrides.object, container));
        }
        all
    }
}

/// Everything that will run, once for each environment that a binding gives it; in the order of objects. Releases that no
/// binding names are history where the component has a binding that names another, and are left out.
#[must_use]
pub fn deployed<'t>(bundle: &Bundle<'t>) -> Vec<Deployed<'t>> {
    let described: Vec<Workload<'t>> = bundle
        .workloads()
        .iter()
        .filter(|workload| workload.class == Class::OpenChoreo && is_described(workload.object))
        .copied()
        .collect();
    if described.is_empty() {
        return Vec::new();
    }
    let groups = Groups::new(bundle, &described);
    // By the object that runs: its bindings. By component: in which directories it has one.
    let mut bound: BTreeMap<u32, Vec<Object<'t>>> = BTreeMap::new();
    let mut has_binding: BTreeMap<Symbol, Vec<Object<'t>>> = BTreeMap::new();
    for binding in bindings(bundle) {
        if let Some(object) = groups.runs(bundle, binding) {
            let source = groups.source(object.index()).unwrap_or(object.index());
            bound.entry(source).or_default().push(binding);
            if let Value::Known(component) = component_of(binding) {
                has_binding.entry(component).or_default().push(binding);
            }
        }
    }
    let is_history = |object: Object<'t>| {
        let Value::Known(component) = component_of(object) else {
            return false;
        };
        let bindings = has_binding.get(&component).map_or(&[][..], Vec::as_slice);
        is_release(object)
            && bindings.iter().take(MAX_CANDIDATES).any(|&binding| {
                work::count();
                bundle.sees(object, binding) && bundle.in_one_namespace(object, binding) != Value::Known(false)
            })
    };
    let mut all = Vec::new();
    for &workload in &described {
        let object = workload.object;
        if groups.source(object.index()).is_some() {
            continue;
        }
        let copies = groups.copies(object.index());
        match bound.get(&object.index()) {
            Some(bindings) => all.extend(bindings.iter().map(|&binding| Deployed {
                workload,
                binding: Some(binding),
                overrides: overrides(bundle, binding),
                copies: copies.clone(),
            })),
            None if is_history(object) => {}
            None => all.push(Deployed {
                workload,
                binding: None,
                overrides: None,
                copies,
            }),
        }
    }
    all
}

fn is_release(object: Object<'_>) -> bool {
    object.kind() == word!("ComponentRelease")
}

fn is_described(object: Object<'_>) -> bool {
    is_release(object) || object.kind() == word!("Workload")
}

fn bindings<'t>(bundle: &Bundle<'t>) -> Vec<Object<'t>> {
    super::GROUPS
        .iter()
        .filter_map(|group| bundle.symbol(group))
        .flat_map(|group| bundle.of_kind(group, word!("ReleaseBinding")).collect::<Vec<_>>())
        .collect()
}

/// The release that a binding names, by whatever field, and the field.
#[must_use]
pub fn release_named(binding: Object<'_>) -> Value<(Node<'_>, &'static str)> {
    let Value::Known(spec) = binding.root().get(word!("spec")) else {
        return Value::Absent;
    };
    for field in RELEASE_FIELDS {
        match spec.get_text(field) {
            Value::Known(node) if node.raw_text() == Some("") => {}
            Value::Known(node) => return Value::Known((node, field)),
            Value::Unknown => return Value::Unknown,
            Value::Absent => {}
        }
    }
    Value::Absent
}

fn overrides<'t>(bundle: &Bundle<'t>, binding: Object<'t>) -> Option<Workload<'t>> {
    let all = bundle.workloads();
    let start = all.partition_point(|workload| workload.object.index() < binding.index());
    all.get(start)
        .filter(|workload| workload.object == binding && workload.class == Class::Overrides)
        .copied()
}

/// Which releases say what another object says.
struct Groups<'a, 't> {
    described: &'a [Workload<'t>],
    by_component: Lookup<Symbol>,
    source: BTreeMap<u32, u32>,
    copies: BTreeMap<u32, Vec<Workload<'t>>>,
}

impl<'a, 't> Groups<'a, 't> {
    fn new(bundle: &Bundle<'t>, described: &'a [Workload<'t>]) -> Self {
        let entries = described.iter().enumerate().filter_map(|(number, workload)| {
            let component = component_of(workload.object).known()?;
            Some((component, workload.object.scope(), u32::try_from(number).ok()?))
        });
        let mut groups = Groups {
            described,
            by_component: Lookup::new(entries),
            source: BTreeMap::new(),
            copies: BTreeMap::new(),
        };
        // Workloads before releases, so that the text that people edit is the source.
        let mut sources: BTreeMap<(Symbol, String), Vec<Object<'t>>> = BTreeMap::new();
        for releases in [false, true] {
            for &workload in described.iter().filter(|one| is_release(one.object) == releases) {
                let object = workload.object;
                let Value::Known(component) = component_of(object) else {
                    continue;
                };
                let known = sources.entry((component, content(workload))).or_default();
                let own = known.iter().rev().find(|source| source.scope() == object.scope());
                let source = own.or_else(|| {
                    known.iter().take(MAX_CANDIDATES).find(|&&source| {
                        work::count();
                        bundle.sees(object, source) && bundle.in_one_namespace(object, source) == Value::Known(true)
                    })
                });
                match source {
                    Some(source) if releases => {
                        groups.source.insert(object.index(), source.index());
                        groups.copies.entry(source.index()).or_default().push(workload);
                    }
                    _ => known.push(object),
                }
            }
        }
        groups
    }

    fn source(&self, object: u32) -> Option<u32> {
        self.source.get(&object).copied()
    }

    fn copies(&self, source: u32) -> Vec<Workload<'t>> {
        self.copies.get(&source).cloned().unwrap_or_default()
    }

    /// The object that a binding has run: the release it names, or its component's Workload.
    fn runs(&self, bundle: &Bundle<'t>, binding: Object<'t>) -> Option<Object<'t>> {
        match release_named(binding) {
            // `releaseName` may hold the binding's own name where another field has the release's.
            Value::Known(_) => RELEASE_FIELDS.iter().find_map(|field| {
                let spec = binding.root().get(word!("spec")).known()?;
                let name = spec.get_text(field).and_then(Node::symbol).known()?;
                let found = bundle.find(binding, binding.group(), word!("ComponentRelease"), name);
                found.known().map(|(object, _)| object)
            }),
            Value::Unknown => None,
            Value::Absent => {
                let component = component_of(binding).known()?;
                for candidates in [
                    self.by_component.own(&component, binding.scope()),
                    self.by_component.all(&component),
                ] {
                    let found: Vec<Object<'t>> = candidates
                        .iter()
                        .take(MAX_CANDIDATES)
                        .filter_map(|&(_, number)| self.described.get(number as usize))
                        .map(|workload| workload.object)
                        .filter(|&object| {
                            object.kind() == word!("Workload")
                                && object.group() == binding.group()
                                && bundle.in_one_namespace(binding, object) == Value::Known(true)
                        })
                        .collect();
                    if let [join] = bundle.nearest(binding, &found).as_slice() {
                        return join.objects.first().copied();
                    }
                }
                None
            }
        }
    }
}

/// The keys of what a release repeats of its Workload.
const REPEATED: [Symbol; 7] = [
    word!("container"),
    word!("containers"),
    word!("endpoints"),
    word!("image"),
    word!("envVariables"),
    word!("env"),
    word!("ports"),
];

/// What a workload's container and endpoints say, as text that is equal where they are.
fn content(workload: Workload<'_>) -> String {
    const LIMIT: usize = 1 << 16;
    let mut text = String::new();
    let tree = workload.pod.tree();
    for key in REPEATED {
        if let Value::Known(node) = workload.pod.get(key) {
            text.push_str(tree.text(key));
            if !tree.write_json_within(node.index(), &mut text, LIMIT) {
                // Too long to compare: like nothing else.
                text.push_str(&format!("#{}", workload.object.index()));
            }
        }
    }
    text
}

/// Which nodes of releases repeat, word for word, what a Workload or an earlier release says.
#[derive(Default)]
pub struct Copies {
    /// Nodes of the copy, and the first node of the same in its source; ascending.
    ranges: Vec<(Range<u32>, u32)>,
}

impl Copies {
    /// Of a bundle's releases. Nothing is compared where there are none.
    #[must_use]
    pub fn new(bundle: &Bundle<'_>) -> Self {
        if !bundle.kinds().any(|(_, kind)| kind == word!("ComponentRelease")) {
            return Copies::default();
        }
        let described: Vec<Workload<'_>> = bundle
            .workloads()
            .iter()
            .filter(|workload| workload.class == Class::OpenChoreo && is_described(workload.object))
            .copied()
            .collect();
        let groups = Groups::new(bundle, &described);
        let mut ranges = Vec::new();
        for source in &described {
            for copy in groups.copies.get(&source.object.index()).into_iter().flatten() {
                let both = REPEATED
                    .iter()
                    .filter_map(|&key| Some((copy.pod.get(key).known()?, source.pod.get(key).known()?)));
                for (copy, source) in both {
                    let end = |node: Node<'_>| node.tree().end(node.index());
                    let (copied, from) = (copy.index()..end(copy), source.index()..end(source));
                    if copied.len() == from.len() {
                        ranges.push((copied, from.start));
                    }
                }
            }
        }
        ranges.sort_by_key(|(range, _)| range.start);
        Copies { ranges }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The node that a node repeats, if it does.
    #[must_use]
    pub fn source_of(&self, node: u32) -> Option<u32> {
        let before = self.ranges.partition_point(|(range, _)| range.start <= node);
        let (range, start) = self.ranges.get(before.checked_sub(1)?)?;
        range.contains(&node).then(|| start + (node - range.start))
    }
}
