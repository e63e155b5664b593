//! The objects of a cluster, in memory: pruned, compact, counted, and found by what relates them. No network, no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::read::{Limits, Manifest, manifest_of_text};

use super::facts::{Class, Facts, Number, Where, identity, kind_name, number};
use super::index::{ENTRY, Index, Key, Relation};

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Bytes of all objects together, with what it takes to find them.
    pub bytes: usize,
    /// Bytes of one object's text. What etcd takes by default is 1.5 MiB; escapes may double it.
    pub object: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            bytes: 512 << 20,
            object: 3 << 20,
        }
    }
}

/// An object that is ready to be kept: read, and with all that it is found by.
pub struct Prepared {
    kind: String,
    namespace: Box<str>,
    name: Box<str>,
    text: Arc<str>,
    facts: Facts,
}

impl Prepared {
    /// Reads an object's JSON text; none where it is no object with a name.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        let text: Arc<str> = text.into();
        let manifest = manifest_of_text("", Arc::clone(&text), &Limits::default());
        let facts = Facts::of(&manifest)?;
        let object = manifest.objects.first()?;
        (!object.name.is_empty()).then(|| Prepared {
            kind: kind_name(&object.group, &object.kind),
            namespace: facts.namespace.as_str().into(),
            name: object.name.as_str().into(),
            text,
            facts,
        })
    }

    /// The kind as rules name it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

/// An object that is kept.
pub(super) struct Entry {
    kind: Arc<str>,
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    text: Arc<str>,
    pub(super) identity: Number,
    pub(super) class: Class,
    /// The list of its kind in which it was seen last.
    list: u32,
    cost: usize,
}

/// Bytes that an entry takes besides its texts.
const OVERHEAD: usize = std::mem::size_of::<Option<Entry>>() + 64;

/// What is known of a kind.
#[derive(Default)]
struct Kind {
    /// All of it was listed, or the cluster does not serve it.
    synced: bool,
    /// Which list is being read.
    list: u32,
    objects: usize,
    /// Those that do not fit, by what they are called, and the list in which each was seen last.
    left_out: BTreeMap<Number, u32>,
}

/// What happened to an object that was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    /// It is kept as it is now.
    Kept,
    /// It was kept like this already.
    Same,
    /// There is no room for it: its kind is not known any more.
    LeftOut,
}

/// The objects of a cluster.
pub struct Store {
    bounds: Bounds,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    index: Index,
    kinds: BTreeMap<Arc<str>, Kind>,
    /// NetworkPolicies by namespace and name: whether there is any matters everywhere.
    policies: BTreeSet<(Box<str>, Box<str>)>,
    bytes: usize,
}

/// Traits by which objects are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trait {
    /// Pods on the network of their nodes.
    OnNode,
    /// Settings for all routes of a controller.
    ForRoutes,
    /// Proxies, by namespace; without one, those on the network of their nodes.
    Proxy,
}

impl Store {
    /// An empty one.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Store {
            bounds,
            entries: Vec::new(),
            free: Vec::new(),
            index: Index::default(),
            kinds: BTreeMap::new(),
            policies: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// A list of a kind begins: what it does not hold is gone when it ends ([`Store::finish`]). Until then what was known
    /// stays.
    pub fn begin(&mut self, kind: &str) {
        let kind = self.kind(kind);
        kind.list = kind.list.wrapping_add(1);
    }

    /// Takes an object, or its new state.
    pub fn put(&mut self, prepared: Prepared) -> Put {
        let Prepared {
            kind,
            namespace,
            name,
            text,
            facts,
        } = prepared;
        let list = self.kind(&kind).list;
        if let Some(slot) = self.find(&kind, &namespace, &name) {
            if let Some(entry) = self.entry_mut(slot).filter(|entry| entry.text == text) {
                entry.list = list;
                return Put::Same;
            }
            self.take(slot);
        }
        let keys = keys(&facts);
        let cost = text.len() + namespace.len() + name.len() + OVERHEAD + keys.len() * ENTRY;
        let fits = text.len() <= self.bounds.object && self.bytes.saturating_add(cost) <= self.bounds.bytes;
        let state = self.kind(&kind);
        if !fits {
            state.left_out.insert(facts.identity, list);
            return Put::LeftOut;
        }
        state.left_out.remove(&facts.identity);
        state.objects += 1;
        self.bytes += cost;
        if facts.class == Class::Policy {
            self.policies.insert((namespace.clone(), name.clone()));
        }
        let entry = Entry {
            kind: self.shared(&kind),
            namespace,
            name,
            text,
            identity: facts.identity,
            class: facts.class,
            list,
            cost,
        };
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.entries.push(None);
                u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
            }
        };
        if let Some(place) = self.entries.get_mut(slot as usize) {
            *place = Some(entry);
        }
        for key in keys {
            self.index.insert(key, slot);
        }
        Put::Kept
    }

    /// An object is gone, or is none that is kept.
    pub fn remove(&mut self, kind: &str, namespace: &str, name: &str) {
        self.kind(kind).left_out.remove(&identity(namespace, name));
        if let Some(slot) = self.find(kind, namespace, name) {
            self.take(slot);
        }
    }

    /// The list of a kind is whole: what is not in it is gone, and the kind is known.
    pub fn finish(&mut self, kind: &str) {
        let list = self.kind(kind).list;
        let old = |entry: &Entry| &*entry.kind == kind && entry.list != list;
        let slots = (0..).zip(&self.entries);
        let gone: Vec<u32> = slots
            .filter(|(_, entry)| entry.as_ref().is_some_and(old))
            .map(|(slot, _): (u32, _)| slot)
            .collect();
        for slot in gone {
            self.take(slot);
        }
        let kind = self.kind(kind);
        kind.left_out.retain(|_, seen| *seen == list);
        kind.synced = true;
    }

    /// A kind is not known any more (`false`: it may not be listed), or is known to be empty (`true`: it is not served).
    pub fn forget(&mut self, kind: &str, known: bool) {
        self.begin(kind);
        self.finish(kind);
        let kind = self.kind(kind);
        kind.left_out.clear();
        kind.synced = known;
    }

    /// What is here of a kind may not be what is in the cluster: it is not known until its next list is whole.
    pub fn doubt(&mut self, kind: &str) {
        self.kind(kind).synced = false;
    }

    /// Whether all objects of a kind are here.
    #[must_use]
    pub fn knows(&self, kind: &str) -> bool {
        self.kinds
            .get(kind)
            .is_some_and(|kind| kind.synced && kind.left_out.is_empty())
    }

    /// The kinds that were listed or asked for, with the number of objects that are kept, in order.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, usize)> {
        self.kinds.iter().map(|(name, kind)| (&**name, kind.objects))
    }

    /// Bytes of all objects, with what it takes to find them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.values().map(|kind| kind.objects).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All objects, read, in the order of namespace, kind and name.
    #[must_use]
    pub fn all(&self) -> Vec<Manifest> {
        let mut all: Vec<&Entry> = self.entries.iter().flatten().collect();
        all.sort_unstable_by_key(|entry| entry.order());
        all.into_iter().map(Entry::read).collect()
    }

    /// The value of a label of a namespace.
    #[must_use]
    pub fn namespace_label(&self, namespace: &str, label: &str) -> Option<String> {
        let slot = self.find("Namespace", "", namespace)?;
        let value: serde_json::Value = serde_json::from_str(&self.entry(slot)?.text).ok()?;
        let labels = value.get("metadata")?.get("labels")?;
        Some(labels.get(label)?.as_str()?.to_owned())
    }

    /// The object of a kind, namespace and name.
    pub(super) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<u32> {
        self.called(identity(namespace, name)).find(|&slot| {
            self.entry(slot)
                .is_some_and(|entry| &*entry.kind == kind && *entry.namespace == *namespace && *entry.name == *name)
        })
    }

    /// The objects, of whatever kind, that are called so.
    pub(super) fn called(&self, identity: Number) -> impl Iterator<Item = u32> + '_ {
        self.index
            .get(Key::new(Relation::Name, "", identity))
            .filter(move |&slot| self.entry(slot).is_some_and(|entry| entry.identity == identity))
    }

    /// The objects under a key.
    pub(super) fn related(&self, relation: Relation, namespace: &str, to: Number) -> impl Iterator<Item = u32> + '_ {
        self.index.get(Key::new(relation, namespace, to))
    }

    /// The objects of a class in a namespace.
    pub(super) fn of_class(&self, class: Class, namespace: &str) -> impl Iterator<Item = u32> + '_ {
        self.related(Relation::Class, namespace, class as u64)
    }

    /// The first NetworkPolicy of all.
    pub(super) fn first_policy(&self) -> Option<u32> {
        let (namespace, name) = self.policies.first()?;
        self.find("NetworkPolicy.networking.k8s.io", namespace, name)
    }

    /// The objects with a trait.
    pub(super) fn with(&self, trait_of: Trait) -> impl Iterator<Item = u32> + '_ {
        self.related(Relation::Trait, "", trait_of as u64)
    }

    /// What may be a proxy in a namespace; without one, on the network of any node.
    pub(super) fn proxies(&self, namespace: &str) -> impl Iterator<Item = u32> + '_ {
        self.related(Relation::Trait, namespace, Trait::Proxy as u64)
    }

    pub(super) fn entry(&self, slot: u32) -> Option<&Entry> {
        self.entries.get(slot as usize)?.as_ref()
    }

    fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.entries.get_mut(slot as usize)?.as_mut()
    }

    fn kind(&mut self, name: &str) -> &mut Kind {
        if !self.kinds.contains_key(name) {
            self.kinds.insert(name.into(), Kind::default());
        }
        self.kinds.entry(name.into()).or_default()
    }

    /// The one copy of a kind's name.
    fn shared(&self, name: &str) -> Arc<str> {
        self.kinds
            .get_key_value(name)
            .map_or_else(|| name.into(), |(shared, _)| Arc::clone(shared))
    }

    fn take(&mut self, slot: u32) {
        let Some(entry) = self.entries.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        if entry.class == Class::Policy {
            self.policies.remove(&(entry.namespace.clone(), entry.name.clone()));
        }
        self.free.push(slot);
        self.bytes -= entry.cost;
        let kind = self.kind(&entry.kind);
        kind.objects = kind.objects.saturating_sub(1);
        if let Some(facts) = Facts::of(&entry.read()) {
            for key in keys(&facts) {
                self.index.remove(key, slot);
            }
        }
    }
}

impl Entry {
    /// Its text, read. Its path says where it is in the cluster.
    pub(super) fn read(&self) -> Manifest {
        manifest_of_text(&self.path(), Arc::clone(&self.text), &Limits::default())
    }

    /// `cluster/NAMESPACE/Kind/name`, without namespace where it has none.
    fn path(&self) -> String {
        let kind = self.kind.split('.').next().unwrap_or_default();
        path(&self.namespace, kind, &self.name)
    }

    /// Bytes of its text.
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }

    /// By namespace, kind and name.
    pub(super) fn order(&self) -> (&str, &str, &str) {
        (&self.namespace, &self.kind, &self.name)
    }
}

/// How an object of the cluster is called where a file's path would stand: `cluster/NAMESPACE/Kind/name`.
#[must_use]
pub fn path(namespace: &str, kind: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("cluster/{kind}/{name}")
    } else {
        format!("cluster/{namespace}/{kind}/{name}")
    }
}

/// All keys that an object is found by.
fn keys(facts: &Facts) -> Vec<Key> {
    let namespace = facts.namespace.as_str();
    let mut keys = vec![
        Key::new(Relation::Name, "", facts.identity),
        Key::new(Relation::Class, namespace, facts.class as u64),
    ];
    keys.extend(facts.words.iter().map(|&word| Key::new(Relation::Mention, "", word)));
    for &label in facts.pods.iter().flatten() {
        keys.push(Key::new(Relation::Pod, namespace, label));
        keys.push(Key::new(Relation::AnyPod, "", label));
    }
    for &label in &facts.labels {
        keys.push(Key::new(Relation::Label, namespace, label));
        keys.push(Key::new(Relation::AnyLabel, "", label));
    }
    for selector in facts.selectors.iter().filter(|selector| !selector.peer) {
        let asked = asked_by(&selector.pairs);
        match &selector.within {
            Where::Own => keys.push(Key::new(Relation::Selects, namespace, asked)),
            Where::Any | Where::Labelled(_) => keys.push(Key::new(Relation::Selects, "*", asked)),
            Where::Named(names) => {
                keys.extend(names.iter().map(|name| Key::new(Relation::Selects, name, asked)));
            }
        }
    }
    for (has, which) in [(facts.on_node, Trait::OnNode), (facts.for_routes, Trait::ForRoutes)] {
        if has {
            keys.push(Key::new(Relation::Trait, "", which as u64));
        }
    }
    if facts.proxy {
        let places = [Some(namespace), facts.on_node.then_some("")];
        let places = places.into_iter().flatten();
        keys.extend(places.map(|place| Key::new(Relation::Trait, place, Trait::Proxy as u64)));
    }
    if let Some(kind) = &facts.defines {
        keys.push(Key::new(Relation::Trait, "", number(&["defines", kind])));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What a selector that asks for no pair is found by.
pub(super) const ANYTHING: Number = 0;

/// The one of a selector's pairs that it is found by: whatever it selects has that label too.
fn asked_by(pairs: &[Number]) -> Number {
    pairs.iter().copied().min().unwrap_or(ANYTHING)
}
