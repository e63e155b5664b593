//! What lies around an object: by the relations that its plan names, through the indexes, never by looking at everything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use plimsoll_core::read::Manifest;

use super::Around;
use super::facts::{Class, Facts, Number, Where, kind_name, number};
use super::index::Relation;
use super::plan::{self, Steps, Turns};
use super::store::{ANYTHING, Store, Trait};

/// How much may lie around one object. Beyond it the answer is not whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Objects.
    pub objects: usize,
    /// Bytes of their texts.
    pub bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Room {
            objects: 2048,
            bytes: 8 << 20,
        }
    }
}

impl Room {
    /// No bound: for whoever looks at all of a cluster anyway.
    pub const ALL: Room = Room {
        objects: usize::MAX,
        bytes: usize::MAX,
    };
}

/// How many objects of other namespaces that mention one are looked at. What is left out says nothing about the rest, so no
/// verdict is wrong for it; and whoever may write in one namespace cannot fill the room of another's objects.
const MAX_FOREIGN: usize = 64;
/// What more objects mention than this is what they belong to (a project), not what they work with: not followed.
const MAX_MEMBERS: usize = 64;
/// How many of what only has to be seen once are taken: policies of other layers, namespaces with a label.
const MAX_SAMPLES: usize = 8;
/// How many workloads on their node's network are taken: any of them may be a proxy.
const MAX_ON_NODE: usize = 64;
/// How many proxies of a namespace are taken: as many as rules look at.
const MAX_PROXIES: usize = 64;

/// What steps are followed from where: each once. Steps are told apart by their address.
type Followed = BTreeSet<(u32, *const Steps)>;

struct Walk<'s> {
    store: &'s Store,
    room: Room,
    /// The subjects in their stored state.
    subjects: BTreeSet<u32>,
    read: BTreeMap<u32, Rc<(Manifest, Facts)>>,
    chosen: BTreeSet<u32>,
    bytes: usize,
    whole: bool,
    followed: Followed,
    next: VecDeque<(u32, &'static Steps)>,
}

impl Store {
    /// What can matter to the judgement of all objects of these manifests, without they themselves in their stored state.
    #[must_use]
    pub fn around(&self, subjects: &[&Manifest], room: Room) -> Around {
        self.around_in(subjects, "", room)
    }

    /// The same, where objects that name no namespace are in this one.
    #[must_use]
    pub fn around_in(&self, subjects: &[&Manifest], namespace: &str, room: Room) -> Around {
        let mut walk = Walk {
            store: self,
            room,
            subjects: BTreeSet::new(),
            read: BTreeMap::new(),
            chosen: BTreeSet::new(),
            bytes: 0,
            whole: true,
            followed: BTreeSet::new(),
            next: VecDeque::new(),
        };
        let mut all: Vec<(&Manifest, usize, Facts)> = Vec::new();
        for &manifest in subjects {
            for number in 0..manifest.objects.len() {
                if let Some(facts) = Facts::of_object(manifest, number, namespace) {
                    all.push((manifest, number, facts));
                }
            }
        }
        for (manifest, number, facts) in &all {
            if let Some(object) = manifest.objects.get(*number) {
                let kind = kind_name(&object.group, &object.kind);
                for namespace in [facts.namespace.as_str(), ""] {
                    walk.subjects.extend(self.find(&kind, namespace, &object.name));
                }
            }
        }
        for (manifest, number, facts) in &all {
            walk.subject(facts);
            if let Some(object) = manifest.objects.get(*number) {
                walk.definition(&kind_name(&object.group, &object.kind));
            }
        }
        walk.namespaces(all.iter().map(|(.., facts)| facts));
        walk.finish()
    }
}

impl Walk<'_> {
    fn subject(&mut self, facts: &Facts) {
        self.follow(facts, plan::of(facts.class), true);
        while let Some((slot, steps)) = self.next.pop_front() {
            if let Some(read) = self.read(slot) {
                self.follow(&read.1, steps, false);
            }
        }
        match facts.class {
            Class::Workload | Class::Policy | Class::Layer => {
                self.layers(&facts.namespace);
                // Whether policies are in use at all.
                self.store.first_policy().into_iter().for_each(|slot| self.choose(slot));
            }
            Class::Other => {
                let found = self.store.with(Trait::ForRoutes);
                self.some(found, MAX_SAMPLES);
            }
            _ => {}
        }
        if facts.class == Class::Policy {
            let found = self.store.with(Trait::OnNode);
            self.some(found, MAX_ON_NODE);
        }
        if facts.class != Class::Config {
            self.policed(facts);
        }
    }

    /// What tells whom the policies that were found let in: the namespaces that they ask for, and the proxies that may be
    /// among the pods that they do.
    fn policed(&mut self, subject: &Facts) {
        let mut asked = BTreeSet::new();
        let mut namespaces = BTreeSet::new();
        let mut ask = |policy: &Facts| {
            asked.extend(policy.asked.iter().cloned());
            namespaces.insert(policy.namespace.clone());
        };
        if subject.class == Class::Policy {
            ask(subject);
        }
        for slot in self.chosen.clone() {
            if self.class(slot) == Some(Class::Policy)
                && let Some(read) = self.read(slot)
            {
                ask(&read.1);
            }
        }
        let store = self.store;
        let is_namespace = |slot: &u32| store.entry(*slot).is_some_and(|entry| entry.class == Class::Namespace);
        for (label, value) in asked {
            let labelled = store.related(Relation::Label, "", label);
            self.some(labelled.filter(is_namespace), MAX_SAMPLES);
            self.namespace(&value);
        }
        for namespace in &namespaces {
            self.layers(namespace);
            self.some(self.store.proxies(namespace), MAX_PROXIES);
        }
        if !namespaces.is_empty() {
            self.some(self.store.proxies(""), MAX_PROXIES);
        }
    }

    /// Whether policies of other layers concern a namespace.
    fn layers(&mut self, namespace: &str) {
        for class in [Class::Layer, Class::Whole] {
            for namespace in [namespace, ""] {
                self.some(self.store.of_class(class, namespace), MAX_SAMPLES);
            }
        }
    }

    /// Takes the first of these.
    fn some(&mut self, found: impl Iterator<Item = u32>, most: usize) {
        let found = self.sorted(found);
        found.into_iter().take(most).for_each(|slot| self.choose(slot));
    }

    /// The definition of a kind.
    fn definition(&mut self, kind: &str) {
        let found = self.sorted(self.store.related(Relation::Trait, "", number(&["defines", kind])));
        found.into_iter().for_each(|slot| self.choose(slot));
    }

    /// The Namespace objects of all that was found, and of the subjects.
    fn namespaces<'f>(&mut self, subjects: impl Iterator<Item = &'f Facts>) {
        let mut names: BTreeSet<String> = subjects.map(|facts| facts.namespace.clone()).collect();
        let chosen = self.chosen.iter().filter_map(|&slot| self.store.entry(slot));
        names.extend(chosen.map(|entry| entry.namespace.to_string()));
        names.iter().for_each(|name| self.namespace(name));
    }

    fn namespace(&mut self, name: &str) {
        if let Some(slot) = self.store.find("Namespace", "", name) {
            self.choose(slot);
        }
    }

    fn finish(mut self) -> Around {
        let store = self.store;
        let chosen = std::mem::take(&mut self.chosen);
        let chosen = self.sorted(chosen.into_iter());
        let mut objects = Vec::with_capacity(chosen.len());
        for slot in chosen {
            objects.extend(match self.read.remove(&slot).map(Rc::try_unwrap) {
                Some(Ok((manifest, _))) => Some(manifest),
                Some(Err(read)) => Some(read.0.clone()),
                None => store.entry(slot).map(super::store::Entry::read),
            });
        }
        Around {
            objects,
            whole: self.whole,
        }
    }

    fn class(&self, slot: u32) -> Option<Class> {
        self.store.entry(slot).map(|entry| entry.class)
    }

    /// In an order that does not depend on when what was seen.
    fn sorted(&self, slots: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut all: Vec<u32> = slots.filter(|&slot| self.store.entry(slot).is_some()).collect();
        all.sort_unstable_by_key(|&slot| self.store.entry(slot).map(super::store::Entry::order));
        all.dedup();
        all
    }

    fn read(&mut self, slot: u32) -> Option<Rc<(Manifest, Facts)>> {
        if let Some(read) = self.read.get(&slot) {
            return Some(Rc::clone(read));
        }
        let manifest = self.store.entry(slot)?.read();
        let facts = Facts::of(&manifest)?;
        let read = Rc::new((manifest, facts));
        self.read.insert(slot, Rc::clone(&read));
        Some(read)
    }

    /// Takes an object, while there is room.
    fn choose(&mut self, slot: u32) {
        let Some(entry) = self.store.entry(slot) else { return };
        if self.subjects.contains(&slot) || self.chosen.contains(&slot) {
            return;
        }
        let bytes = self.bytes.saturating_add(entry.size());
        if self.chosen.len() >= self.room.objects || bytes > self.room.bytes {
            self.whole = false;
            return;
        }
        self.bytes = bytes;
        self.chosen.insert(slot);
    }

    /// Takes the candidates for which there is a turn, if they are what is looked for.
    fn turn(&mut self, turns: Turns, candidates: Vec<u32>, is: impl Fn(&Facts) -> bool) {
        for slot in candidates {
            let Some(steps) = self.class(slot).and_then(|class| plan::turn(turns, class)) else {
                continue;
            };
            if self.subjects.contains(&slot) || self.followed.contains(&(slot, std::ptr::from_ref(steps))) {
                continue;
            }
            if !self.whole || !self.read(slot).is_some_and(|read| is(&read.1)) {
                continue;
            }
            self.choose(slot);
            self.followed.insert((slot, std::ptr::from_ref(steps)));
            self.next.push_back((slot, steps));
        }
    }

    fn follow(&mut self, facts: &Facts, steps: &'static Steps, subject: bool) {
        if !steps.selects.is_empty() {
            self.selects(facts, false, steps.selects);
        }
        if !steps.peers.is_empty() {
            self.selects(facts, true, steps.peers);
        }
        if !steps.selected_by.is_empty() {
            let found = self.selected_by(facts);
            self.turn(steps.selected_by, found, |other| {
                other.may_select(&facts.pods, &facts.namespace)
                    || other.may_select(std::slice::from_ref(&facts.labels), &facts.namespace)
            });
        }
        if !steps.names.is_empty() {
            let named = facts.words.iter().chain(&facts.global);
            let found = self.sorted(named.flat_map(|&word| self.store.called(word)));
            self.turn(steps.names, found, |_| true);
            let stems = facts.stems.iter().flat_map(|&stem| self.store.called(stem));
            let found = self.sorted(stems.filter(|&slot| self.class(slot) == Some(Class::Other)));
            self.turn(steps.names, found, |_| true);
        }
        if !steps.named_by.is_empty() {
            let found = self.sorted(self.store.related(Relation::Mention, "", facts.identity));
            if facts.class == Class::Other && !subject && found.len() > MAX_MEMBERS {
                return;
            }
            let mut foreign = 0;
            let found = found.into_iter().filter(|&slot| {
                let own = self
                    .store
                    .entry(slot)
                    .is_some_and(|entry| *entry.namespace == *facts.namespace);
                foreign += usize::from(!own);
                own || foreign <= MAX_FOREIGN
            });
            let found = found.collect();
            self.turn(steps.named_by, found, |other| {
                other.words.binary_search(&facts.identity).is_ok()
            });
        }
    }

    /// What may select something: by any of its labels, or without asking for one.
    fn selected_by(&self, facts: &Facts) -> Vec<u32> {
        let labels = facts.pods.iter().flatten().chain(&facts.labels);
        let asked: BTreeSet<Number> = labels.copied().chain([ANYTHING]).collect();
        let namespaces = [facts.namespace.as_str(), "*"];
        let keys = asked
            .into_iter()
            .flat_map(|asked| namespaces.map(|namespace| (namespace, asked)));
        self.sorted(keys.flat_map(|(namespace, asked)| self.store.related(Relation::Selects, namespace, asked)))
    }

    /// What its selectors may match, those of its peers or its own.
    fn selects(&mut self, facts: &Facts, peers: bool, turns: Turns) {
        for selector in facts.selectors.iter().filter(|selector| selector.peer == peers) {
            if peers && selector.pairs.is_empty() {
                // Everyone of somewhere: nobody in particular.
                continue;
            }
            let listed: Option<Vec<String>> = match &selector.within {
                Where::Own => Some(vec![facts.namespace.clone()]),
                Where::Named(names) => Some(names.clone()),
                Where::Labelled(labels) => self.labelled(labels),
                Where::Any => None,
            };
            let namespaces = listed.as_deref();
            let objects = facts.class == Class::Other;
            let found = match namespaces {
                Some(names) => names
                    .iter()
                    .flat_map(|name| self.matching(selector.pairs.as_slice(), Some(name), objects))
                    .collect(),
                None => self.matching(&selector.pairs, None, objects),
            };
            let found = self.sorted(found.into_iter());
            self.turn(turns, found, |other| {
                let within = match namespaces {
                    Some(names) => names.contains(&other.namespace),
                    None => true,
                };
                within
                    && (other.pods.iter().any(|labels| selector.matches(labels))
                        || (objects && selector.matches(&other.labels)))
            });
        }
    }

    /// The names of the namespaces with all of these labels; none where there are no labels to go by.
    fn labelled(&mut self, labels: &[Number]) -> Option<Vec<String>> {
        let &first = labels.first()?;
        let found = self.sorted(self.store.related(Relation::Label, "", first));
        let mut names = Vec::new();
        for slot in found {
            if self.class(slot) == Some(Class::Namespace)
                && self
                    .read(slot)
                    .is_some_and(|read| labels.iter().all(|label| read.1.labels.contains(label)))
            {
                names.extend(self.store.entry(slot).map(|entry| entry.name.to_string()));
            }
        }
        Some(names)
    }

    /// What has one of these labels, the one that the fewest have: pods, and objects where those are meant too.
    fn matching(&self, pairs: &[Number], namespace: Option<&String>, objects: bool) -> Vec<u32> {
        let with = |pod: Relation, any: Relation, label: Number| match namespace {
            Some(name) => self.store.related(pod, name, label),
            None => self.store.related(any, "", label),
        };
        let mut fewest: Option<Vec<u32>> = None;
        for &label in pairs {
            let pods = with(Relation::Pod, Relation::AnyPod, label);
            let others = objects.then(|| with(Relation::Label, Relation::AnyLabel, label));
            // A label that everything has is not read to its end.
            let enough = fewest.as_ref().map_or(usize::MAX, Vec::len);
            let list: Vec<u32> = pods.chain(others.into_iter().flatten()).take(enough).collect();
            if list.len() < enough {
                fewest = Some(list);
            }
        }
        match (fewest, namespace) {
            (Some(fewest), _) => fewest,
            (None, Some(name)) => self.store.of_class(Class::Workload, name).collect(),
            // All pods of all namespaces: nobody in particular.
            (None, None) => Vec::new(),
        }
    }
}
