//! What all closures together make of an object: what they agree on holds, the rest is unknown.

use std::collections::{BTreeSet, HashMap};

use super::closure::Reached;
use super::model::To;
use crate::read::{Manifest, Namespace};

/// A label or annotation that a kustomization adds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Label {
    pub(super) key: String,
    /// None where the value is not known here.
    pub(super) value: Option<String>,
    pub(super) to: To,
}

/// What one object gets.
pub(super) struct Effect {
    pub(super) namespace: Namespace,
    /// Common to all closures, in the order in which they are applied.
    pub(super) labels: Vec<u32>,
    /// Where some closures add labels that others do not.
    pub(super) differing: BTreeSet<To>,
    /// The closures that include it.
    pub(super) closures: Vec<u32>,
}

/// The effects on all objects.
pub(super) struct Effects {
    labels: Vec<Label>,
    numbers: HashMap<Label, u32>,
    starts: Vec<usize>,
    objects: Vec<Option<Box<Effect>>>,
}

impl Effects {
    pub(super) fn new(manifests: &[Manifest]) -> Self {
        let mut starts = Vec::with_capacity(manifests.len());
        let mut count = 0;
        for manifest in manifests {
            starts.push(count);
            count += manifest.objects.len();
        }
        let mut objects = Vec::new();
        objects.resize_with(count, || None);
        Effects {
            labels: Vec::new(),
            numbers: HashMap::new(),
            starts,
            objects,
        }
    }

    /// The number of a label.
    pub(super) fn label(&mut self, label: Label) -> u32 {
        if let Some(&number) = self.numbers.get(&label) {
            return number;
        }
        let number = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        self.labels.push(label.clone());
        self.numbers.insert(label, number);
        number
    }

    /// The label of a number.
    pub(super) fn get(&self, number: u32) -> Option<&Label> {
        self.labels.get(number as usize)
    }

    /// Adds labels over those that are there: what goes everywhere that an earlier one of the same key went replaces it.
    pub(super) fn add_labels(&self, labels: &mut Vec<u32>, new: &[u32]) {
        for &number in new {
            let Some(label) = self.get(number) else { continue };
            labels.retain(|&old| {
                let is_replaced = |old: &Label| old.key == label.key && super::closure::covers(label.to, old.to);
                !self.get(old).is_some_and(is_replaced)
            });
            labels.push(number);
        }
    }

    /// Takes over what a closure makes of an object that states this namespace.
    pub(super) fn merge(&mut self, reached: Reached, stated: &Namespace, closure: u32) {
        let Some(slot) = self
            .starts
            .get(reached.manifest)
            .and_then(|start| self.objects.get_mut(start + reached.object))
        else {
            return;
        };
        let namespace = reached.namespace.unwrap_or_else(|| stated.clone());
        let Some(effect) = slot else {
            *slot = Some(Box::new(Effect {
                namespace,
                labels: reached.labels,
                differing: BTreeSet::new(),
                closures: vec![closure],
            }));
            return;
        };
        if effect.namespace != namespace {
            effect.namespace = Namespace::Unknown;
        }
        if effect.labels != reached.labels {
            let to = |number: &u32| self.labels.get(*number as usize).map(|label| label.to);
            let common: BTreeSet<u32> = reached
                .labels
                .iter()
                .copied()
                .filter(|new| effect.labels.contains(new))
                .collect();
            let all = effect.labels.iter().chain(&reached.labels);
            effect
                .differing
                .extend(all.filter(|number| !common.contains(number)).filter_map(to));
            effect.labels.retain(|number| common.contains(number));
        }
        if effect.closures.last() != Some(&closure) {
            effect.closures.push(closure);
        }
    }

    /// Nothing is known of what kustomizations make of this object.
    pub(super) fn blur(&mut self, manifest: usize, object: usize) {
        let slot = self
            .starts
            .get(manifest)
            .and_then(|start| self.objects.get_mut(start + object));
        if let Some(slot) = slot {
            let closures = slot.take().map(|effect| effect.closures).unwrap_or_default();
            *slot = Some(Box::new(Effect {
                namespace: Namespace::Unknown,
                labels: Vec::new(),
                differing: BTreeSet::new(),
                closures,
            }));
        }
    }

    /// The effect on an object, if a closure includes it.
    pub(super) fn of(&self, manifest: usize, object: usize) -> Option<&Effect> {
        let start = self.starts.get(manifest)?;
        self.objects.get(start + object)?.as_deref()
    }
}
