//! Finding objects by a key, those of one directory first, without looking at all of them for every reference.

use std::collections::BTreeMap;

/// How many candidates outside of its own directory one reference is compared with. Beyond it lie hundreds of copies of one
/// thing: which one is meant cannot be told, and the work would grow with the square of the input.
pub(crate) const MAX_CANDIDATES: usize = 1024;

/// Numbers (of objects, of workloads) by key; under each key sorted by directory.
pub(crate) struct Lookup<K> {
    all: BTreeMap<K, Vec<(u32, u32)>>,
}

impl<K: Ord> Lookup<K> {
    /// From keys with directory and number.
    pub(crate) fn new(entries: impl Iterator<Item = (K, u32, u32)>) -> Self {
        let mut all: BTreeMap<K, Vec<(u32, u32)>> = BTreeMap::new();
        for (key, scope, number) in entries {
            all.entry(key).or_default().push((scope, number));
        }
        for list in all.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Lookup { all }
    }

    /// All with this key: directory and number.
    pub(crate) fn all(&self, key: &K) -> &[(u32, u32)] {
        self.all.get(key).map_or(&[], Vec::as_slice)
    }

    /// Those of one directory.
    pub(crate) fn own(&self, key: &K, scope: u32) -> &[(u32, u32)] {
        let all = self.all(key);
        let start = all.partition_point(|&(other, _)| other < scope);
        let end = all.partition_point(|&(other, _)| other <= scope);
        all.get(start..end).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_directory_is_a_slice_of_all() {
        let lookup = Lookup::new([('a', 2, 7), ('a', 1, 3), ('b', 1, 4), ('a', 1, 2), ('a', 1, 2)].into_iter());
        assert_eq!(lookup.all(&'a'), [(1, 2), (1, 3), (2, 7)]);
        assert_eq!(lookup.own(&'a', 1), [(1, 2), (1, 3)]);
        assert_eq!(lookup.own(&'a', 3), []);
        assert_eq!(lookup.all(&'c'), []);
    }
}
