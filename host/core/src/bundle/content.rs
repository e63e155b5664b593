//! Equal content, whatever the order of keys: exact duplicates and copies.

use std::hash::{BuildHasher, RandomState};

use plimsoll_tree::{Kind, Symbol, Tree};

/// Hashes content to 128 bits under keys drawn at random: equal hashes mean equal content, and nobody can write two
/// contents that collide.
pub(super) struct Hasher {
    low: RandomState,
    high: RandomState,
}

/// What a [`Hasher`] says of a content.
pub(super) type Hash = (u64, u64);

impl Hasher {
    pub(super) fn new() -> Self {
        Hasher {
            low: RandomState::new(),
            high: RandomState::new(),
        }
    }

    fn one(&self, value: impl std::hash::Hash) -> Hash {
        (self.low.hash_one(&value), self.high.hash_one(&value))
    }

    /// The hash of a node and all in it. Flags and the way scalars are written do not count.
    pub(super) fn content(&self, tree: &Tree<'_>, root: u32) -> Hash {
        let end = tree.end(root).min(tree.nodes());
        let length = end.saturating_sub(root) as usize;
        let mut hashes: Vec<Hash> = vec![(0, 0); length];
        // Backwards, children come before what holds them.
        for at in (0..length).rev() {
            let index = root + u32::try_from(at).unwrap_or(0);
            let child = |child: u32| hashes.get((child - root) as usize).copied().unwrap_or_default();
            let Some(node) = tree.node(index) else { continue };
            let hash = match node.kind {
                Kind::Null | Kind::False | Kind::True => self.one((node.kind as u8, 0_u64)),
                Kind::Integer => self.one((3_u8, tree.integer(index))),
                Kind::Float => self.one((4_u8, tree.float(index).map(f64::to_bits))),
                Kind::String => self.one((5_u8, tree.text(Symbol(node.value)))),
                Kind::Sequence => {
                    let mut sum = (0_u64, 0_u64);
                    for (position, item) in tree.children(index).enumerate() {
                        sum = add(sum, self.one((position, child(item))));
                    }
                    self.one((6_u8, sum))
                }
                Kind::Map => {
                    let mut sum = (0_u64, 0_u64);
                    for member in tree.children(index) {
                        let key = tree.node(member).and_then(|node| node.key).unwrap_or_default();
                        sum = add(sum, self.one((tree.text(key), child(member))));
                    }
                    self.one((7_u8, sum))
                }
            };
            hashes[at] = hash;
        }
        hashes.first().copied().unwrap_or_default()
    }
}

fn add(a: Hash, b: Hash) -> Hash {
    (a.0.wrapping_add(b.0), a.1.wrapping_add(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_tree::Flags;
    use plimsoll_tree::write::{Part, Scalar};

    fn hash(hasher: &Hasher, fill: impl FnOnce(&mut Part)) -> Hash {
        let mut part = Part::new();
        fill(&mut part);
        let words = part.to_tree().expect("small");
        hasher.content(&Tree::read(&words).expect("well-formed"), 0)
    }

    fn pair(part: &mut Part, first: (&str, i64), second: (&str, i64)) {
        part.open(Kind::Map, None, Flags::default());
        for (key, value) in [first, second] {
            let key = part.intern(key);
            part.scalar(Some(key), Flags::default(), Scalar::Integer(value));
        }
        part.close();
    }

    #[test]
    fn order_of_keys_does_not_count_and_values_do() {
        let hasher = Hasher::new();
        let one = hash(&hasher, |part| pair(part, ("a", 1), ("b", 2)));
        assert_eq!(one, hash(&hasher, |part| pair(part, ("b", 2), ("a", 1))));
        assert_ne!(one, hash(&hasher, |part| pair(part, ("a", 2), ("b", 1))));
        let list = |items: [i64; 2]| {
            hash(&hasher, |part| {
                part.open(Kind::Sequence, None, Flags::default());
                for item in items {
                    part.scalar(None, Flags::default(), Scalar::Integer(item));
                }
                part.close();
            })
        };
        assert_ne!(list([1, 2]), list([2, 1]));
    }
}
