//! Changing a part: what is changed is as asked for, and the rest is as before.

use plimsoll_tree::write::{Change, Edit, Part, Scalar};
use plimsoll_tree::{Flags, NONE, Tree};
use proptest::prelude::*;

use crate::model::{self, Item, Value};

/// The roots of a part, numbered by what `ids` says of each node.
fn read(part: &Part, ids: &[u32]) -> Vec<Item> {
    let words = part.to_tree().unwrap();
    let tree = Tree::read(&words).unwrap();
    assert_eq!(tree.nodes() as usize, ids.len());
    let mut roots = model::read_roots(&tree, 0, tree.nodes());
    for root in &mut roots {
        root.each(&mut |item| item.id = ids[item.id as usize]);
    }
    roots
}

fn preorder(roots: &[Item]) -> Vec<&Item> {
    roots.iter().flat_map(Item::preorder).collect()
}

proptest! {
    #[test]
    fn copies(roots in model::roots(), pick in any::<prop::sample::Index>(), flags in 0_u32..8) {
        let flags = flags & !Flags::ORIGINAL.0;
        let mut part = model::part(&roots);
        prop_assume!(!part.is_empty());
        let node = u32::try_from(pick.index(part.len() as usize)).unwrap();
        let first = part.copy(node, None, Flags(flags));
        prop_assert_eq!(first as usize, preorder(&roots).len());
        let mut copied = preorder(&roots)[node as usize].clone();
        copied.each(&mut |item| {
            item.flags |= flags;
            item.id = item.id - node + first;
        });
        let mut expected = roots;
        expected.push(copied);
        prop_assert_eq!(read(&part, &(0..part.len()).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn removes(mut roots in model::roots(), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut part = model::part(&roots);
        let len = part.len();
        prop_assume!(len > 0);
        let nodes: Vec<u32> = picks.iter().map(|pick| u32::try_from(pick.index(len as usize)).unwrap()).collect();
        let mut ids: Vec<u32> = (0..len).collect();
        let removed = part.remove_all(&nodes);
        removed.compact(&mut ids);
        prop_assert_eq!(removed.count(), len - part.len());

        roots.retain(|item| !nodes.contains(&item.id));
        for root in &mut roots {
            root.retain(&|item| !nodes.contains(&item.id));
        }
        let kept: Vec<u32> = preorder(&roots).iter().map(|item| item.id).collect();
        prop_assert_eq!(&ids, &kept);
        prop_assert_eq!(read(&part, &ids), roots);
        for node in 0..len {
            let now = kept.iter().position(|&id| id == node).map(|at| u32::try_from(at).unwrap());
            prop_assert_eq!(removed.moved(node), now);
            prop_assert_eq!(removed.ranges().iter().any(|range| range.contains(&node)), now.is_none());
        }
        prop_assert!(removed.ranges().windows(2).all(|pair| pair[0].end < pair[1].start));
    }

    #[test]
    fn splices((mut roots, edits) in edited()) {
        let part = model::part(&roots);
        let edits: Vec<Edit<'_>> = edits.iter().map(Planned::edit).collect();
        let spliced = part.splice(&edits);
        prop_assert_eq!(spliced.moved.len(), part.len() as usize + 1);
        for edit in &edits {
            apply(&mut roots, edit);
        }
        let sources: Vec<u32> = preorder(&roots).iter().map(|item| item.id).collect();
        prop_assert_eq!(&spliced.sources, &sources);
        prop_assert_eq!(read(&spliced.part, &sources), roots);
        for (old, &now) in spliced.moved.iter().enumerate().take(part.len() as usize) {
            let expected = sources.iter().position(|&id| id as usize == old);
            prop_assert_eq!(now, expected.map_or(NONE, |at| u32::try_from(at).unwrap()));
        }
        prop_assert_eq!(spliced.moved.last(), Some(&spliced.part.len()));
    }
}

/// An edit that owns its texts.
#[derive(Clone, Debug)]
struct Planned {
    node: u32,
    path: Vec<String>,
    change: u8,
    text: Option<String>,
    flags: u32,
}

impl Planned {
    fn edit(&self) -> Edit<'_> {
        let value = self.text.as_deref().map_or(Scalar::Null, Scalar::Text);
        let flags = Flags(self.flags);
        Edit {
            node: self.node,
            path: self.path.iter().map(String::as_str).collect(),
            change: match self.change {
                0 => Change::Set(value, flags),
                1 => Change::Insert(value, flags),
                _ => Change::Flag(flags),
            },
        }
    }
}

/// Roots, and edits that mostly meet something in them, and each other.
fn edited() -> impl Strategy<Value = (Vec<Item>, Vec<Planned>)> {
    model::roots().prop_flat_map(|roots| {
        let len = u32::try_from(preorder(&roots).len()).unwrap();
        let edit = (
            prop_oneof![2 => Just(0), 1 => 0..len + 2],
            prop::collection::vec(model::any_key(), 0..4),
            0_u8..3,
            prop::option::weighted(0.7, model::any_key()),
            prop::sample::select(vec![0_u32, 2, 4]),
        )
            .prop_map(|(node, path, change, text, flags)| Planned {
                node,
                path,
                change,
                text,
                flags,
            });
        (Just(roots), prop::collection::vec(edit, 0..12))
    })
}

/// One edit, as its words say.
fn apply(roots: &mut [Item], edit: &Edit<'_>) {
    let Some(mut item) = roots.iter_mut().find_map(|root| root.find_mut(edit.node)) else {
        return;
    };
    let change = match edit.change {
        Change::Flag(flags) => {
            for key in &edit.path {
                let Value::Map(members) = &mut item.value else { return };
                let Some(member) = members.iter_mut().find(|(known, _)| known == key) else {
                    return;
                };
                item = &mut member.1;
            }
            item.flags |= flags.0;
            return;
        }
        change => change,
    };
    let (Change::Set(value, flags) | Change::Insert(value, flags)) = change else {
        return;
    };
    let value = match value {
        Scalar::Text(text) => Value::Text(text.to_owned()),
        _ => Value::Null,
    };
    let mut is_new = false;
    for key in &edit.path {
        if item.value == Value::Null && (item.flags & Flags::NOT_FINAL.0 == 0 || is_new) {
            item.value = Value::Map(Vec::new());
            item.original = None;
        }
        let Value::Map(members) = &mut item.value else { return };
        let at = members.iter().position(|(known, _)| known == key);
        is_new = at.is_none();
        let at = at.unwrap_or_else(|| {
            members.push(((*key).to_owned(), Item::new(Value::Null, 0, NONE)));
            members.len() - 1
        });
        item = &mut members[at].1;
    }
    if is_new || matches!(change, Change::Set(..)) {
        let id = item.id;
        *item = Item::new(value, flags.0, id);
    }
}

#[test]
fn labels_of_a_kustomization() {
    let mut part = Part::new();
    let text = |text: &str| Item::new(Value::Text(text.to_owned()), 0, 0);
    let map = |members: Vec<(&str, Item)>| {
        let members = members.into_iter().map(|(key, item)| (key.to_owned(), item)).collect();
        Item::new(Value::Map(members), 0, 0)
    };
    let object = map(vec![
        ("kind", text("Deployment")),
        ("metadata", map(vec![("name", text("web"))])),
        (
            "spec",
            map(vec![(
                "selector",
                map(vec![("matchLabels", Item::new(Value::Null, 0, 0))]),
            )]),
        ),
    ]);
    let root = model::write(&mut part, None, &object);
    model::write(&mut part, None, &text("another document"));
    let label = Change::Set(Scalar::Text("shop"), Flags::default());
    let set = |path: &[&'static str], change| Edit {
        node: root,
        path: path.to_vec(),
        change,
    };
    let spliced = part.splice(&[
        set(&["metadata", "labels", "part-of"], label),
        set(
            &["metadata", "labels", "tier"],
            Change::Set(Scalar::Text("web"), Flags::default()),
        ),
        set(
            &["metadata", "name"],
            Change::Set(Scalar::Text("dev-web"), Flags::default()),
        ),
        set(&["spec", "selector", "matchLabels", "part-of"], label),
        set(&["spec", "replicas"], Change::Insert(Scalar::Null, Flags::NOT_FINAL)),
        set(&["kind"], Change::Flag(Flags::NOT_FINAL)),
        set(&["kind", "in the way"], label),
        set(&["status", "absent"], Change::Flag(Flags::NOT_FINAL)),
    ]);
    let words = spliced.part.to_tree().unwrap();
    let tree = Tree::read(&words).unwrap();
    assert_eq!(
        tree.json(0),
        "{\"kind\":\"Deployment\",\
         \"metadata\":{\"name\":\"dev-web\",\"labels\":{\"part-of\":\"shop\",\"tier\":\"web\"}},\
         \"spec\":{\"selector\":{\"matchLabels\":{\"part-of\":\"shop\"}},\"replicas\":null}}"
    );
    assert_eq!(tree.json(spliced.moved[7]), "\"another document\"");
    assert_eq!(spliced.sources, [0, 1, 2, 3, NONE, NONE, NONE, 4, 5, 6, NONE, NONE, 7]);
    assert!(spliced.part.flags(1).has(Flags::NOT_FINAL));
}

#[test]
fn many_edits_and_removals_take_no_quadratic_time() {
    let count = 30_000_u32;
    let keys: Vec<String> = (0..count).map(|number| format!("key {number}")).collect();
    let members = keys
        .iter()
        .map(|key| (key.clone(), Item::new(Value::Null, 0, 0)))
        .collect();
    let mut part = model::part(&[Item::new(Value::Map(members), 0, 0)]);
    let edits: Vec<Edit<'_>> = keys
        .iter()
        .flat_map(|key| [vec![key.as_str()], vec!["made", key.as_str()]])
        .map(|path| Edit {
            node: 0,
            path,
            change: Change::Set(Scalar::Text("set"), Flags::default()),
        })
        .collect();
    let spliced = part.splice(&edits);
    assert_eq!(spliced.part.len(), 2 * count + 2);
    let removed = part.remove_all(&(1..=count).step_by(2).collect::<Vec<_>>());
    assert_eq!((removed.count(), part.len()), (count / 2, count / 2 + 1));
}
