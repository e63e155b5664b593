//! Which objects are related to something, by number.

use std::collections::BTreeSet;

use super::facts::{Number, number};

/// In what way an object is related to a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    /// It is called so in its namespace.
    Name,
    /// It mentions what is called so.
    Mention,
    /// It is of this class, in this namespace.
    Class,
    /// It makes pods with this label, in this namespace.
    Pod,
    /// The same in any namespace.
    AnyPod,
    /// It has this label itself, in this namespace.
    Label,
    /// The same in any namespace.
    AnyLabel,
    /// It selects by this label, among others, in this namespace.
    Selects,
    /// It has some trait.
    Trait,
}

/// Bytes that an entry takes: eight, and its share of nodes that are not full.
pub(super) const ENTRY: usize = 14;

/// Numbers of objects by relation. An entry is half a hash and the object's number, so that hundreds of entries an object
/// cost little; two keys that share a hash (once in 2³²) find too much, which whoever asks compares with the object.
#[derive(Default)]
pub(super) struct Index {
    entries: BTreeSet<u64>,
}

/// The key of a relation to some numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key(u32);

impl Key {
    /// In a namespace: its name; empty where that does not matter.
    pub(super) fn new(relation: Relation, namespace: &str, to: Number) -> Self {
        let hash = number(&[namespace]) ^ to.rotate_left(1);
        // All that distinguishes is in one word; the upper half of a product depends on all of it.
        let mixed = (hash ^ (relation as u64).wrapping_add(1).wrapping_mul(0xA24B_AED4_963E_E407))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Key(u32::try_from(mixed >> 32).unwrap_or_default())
    }
}

impl Index {
    pub(super) fn insert(&mut self, key: Key, object: u32) {
        self.entries.insert(entry(key, object));
    }

    pub(super) fn remove(&mut self, key: Key, object: u32) {
        self.entries.remove(&entry(key, object));
    }

    /// The objects under a key, ascending.
    pub(super) fn get(&self, key: Key) -> impl Iterator<Item = u32> + '_ {
        self.entries
            .range(entry(key, 0)..=entry(key, u32::MAX))
            .map(|&entry| u32::try_from(entry & u64::from(u32::MAX)).unwrap_or(u32::MAX))
    }
}

fn entry(key: Key, object: u32) -> u64 {
    u64::from(key.0) << 32 | u64::from(object)
}
