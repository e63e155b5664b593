//! Equal content, whatever the order of keys: exact duplicates and copies.

use plimsoll_tree::{Kind, Symbol, Tree};
use sha2::{Digest, Sha256};

/// A digest of content: equal digests mean equal content, as nobody can write two contents that share one.
pub(super) type Hash = [u8; 32];

/// The digest of a node and all in it. Flags and the way scalars are written do not count.
pub(super) fn hash(tree: &Tree<'_>, root: u32) -> Hash {
    let end = tree.end(root).min(tree.nodes());
    let length = end.saturating_sub(root) as usize;
    let mut hashes: Vec<Hash> = vec![Hash::default(); length];
    // Backwards, children come before what holds them.
    for at in (0..length).rev() {
        let index = root + u32::try_from(at).unwrap_or(0);
        let Some(node) = tree.node(index) else { continue };
        let mut digest = Sha256::new_with_prefix([node.kind as u8]);
        let child = |child: u32| hashes.get((child - root) as usize).copied().unwrap_or_default();
        match node.kind {
            Kind::Null | Kind::False | Kind::True => {}
            Kind::Integer => digest.update(tree.integer(index).unwrap_or_default().to_le_bytes()),
            Kind::Float => digest.update(tree.float(index).unwrap_or_default().to_le_bytes()),
            Kind::String => digest.update(tree.text(Symbol(node.value))),
            Kind::Sequence => tree.children(index).for_each(|item| digest.update(child(item))),
            Kind::Map => {
                let key = |member| tree.node(member).and_then(|node| node.key).unwrap_or_default();
                let mut members: Vec<(&str, Hash)> = tree
                    .children(index)
                    .map(|member| (tree.text(key(member)), child(member)))
                    .collect();
                members.sort_unstable();
                for (key, value) in members {
                    digest.update(key.len().to_le_bytes());
                    digest.update(key);
                    digest.update(value);
                }
            }
        }
        let hash = digest.finalize().into();
        if let Some(slot) = hashes.get_mut(at) {
            *slot = hash;
        }
    }
    hashes.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_tree::Flags;
    use plimsoll_tree::write::{Part, Scalar};

    fn of(fill: impl FnOnce(&mut Part)) -> Hash {
        let mut part = Part::new();
        fill(&mut part);
        let words = part.to_tree().expect("small");
        hash(&Tree::read(&words).expect("well-formed"), 0)
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
        let one = of(|part| pair(part, ("a", 1), ("b", 2)));
        assert_eq!(one, of(|part| pair(part, ("b", 2), ("a", 1))));
        assert_ne!(one, of(|part| pair(part, ("a", 2), ("b", 1))));
        let list = |items: [i64; 2]| {
            of(|part| {
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
