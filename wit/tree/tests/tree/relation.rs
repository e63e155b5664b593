//! Who sees whom and what is nearest, against the plain words of FORMAT.md.

use std::collections::BTreeSet;

use plimsoll_tree::write::{NewScope, Writer};
use plimsoll_tree::{NONE, Object, ObjectFlags, Reach, Symbol, Tree};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Scope {
    parent: Option<u32>,
    closed: bool,
    list: BTreeSet<u32>,
}

#[derive(Clone, Debug)]
struct Placed {
    scope: u32,
    file: u8,
    name: u8,
}

#[derive(Clone, Debug)]
struct World {
    scopes: Vec<Scope>,
    objects: Vec<Placed>,
}

fn world() -> impl Strategy<Value = World> {
    let scope = (
        any::<prop::sample::Index>(),
        prop::bool::weighted(0.95),
        prop::bool::weighted(0.15),
        prop::collection::btree_set(0_u32..8, 0..4),
    );
    let object = (any::<prop::sample::Index>(), 0_u8..2, 0_u8..3);
    (
        prop::collection::vec(scope, 1..10),
        prop::collection::vec(object, 1..14),
    )
        .prop_map(|(scopes, objects)| {
            let count = scopes.len();
            let scopes = (0_usize..)
                .zip(scopes)
                .map(|(index, (parent, has_parent, closed, list))| Scope {
                    parent: (index > 0 && has_parent).then(|| parent.index(index) as u32),
                    closed,
                    list,
                })
                .collect();
            let objects = objects
                .into_iter()
                .map(|(scope, file, name)| Placed {
                    scope: scope.index(count) as u32,
                    file,
                    name,
                })
                .collect();
            World { scopes, objects }
        })
}

impl World {
    fn words(&self) -> Vec<u32> {
        let mut writer = Writer::new();
        for (index, scope) in self.scopes.iter().enumerate() {
            writer.scope(NewScope {
                parent: scope.parent,
                path: format!("scope {index}"),
                closed: scope.closed,
                list: scope.list.iter().copied().collect(),
            });
        }
        for placed in &self.objects {
            let file = writer.intern(&format!("{}/{}", placed.scope, placed.file));
            let name = match placed.name {
                0 => Symbol(0),
                number => writer.intern(&format!("name {number}")),
            };
            writer.object(Object {
                root: 0,
                end: 0,
                flags: ObjectFlags::default(),
                file,
                scope: placed.scope,
                document: 0,
                group: Symbol(0),
                version: Symbol(0),
                kind: Symbol(0),
                namespace: NONE,
                name,
                owner: NONE,
            });
        }
        writer.finish().unwrap()
    }

    /// From a scope up to its top.
    fn line(&self, scope: u32) -> Vec<u32> {
        std::iter::successors(Some(scope), |&at| self.scopes[at as usize].parent).collect()
    }

    fn lists(&self, a: u32, b: u32) -> bool {
        let one = |a: u32, b: u32| self.scopes[a as usize].closed && self.scopes[a as usize].list.contains(&b);
        one(a, b) || one(b, a)
    }

    fn sees(&self, a: u32, b: u32) -> bool {
        let (from, to) = (&self.scopes[a as usize], &self.scopes[b as usize]);
        a == b
            || if from.closed || to.closed {
                self.lists(a, b)
            } else {
                self.line(a).contains(&b) || from.list.is_disjoint(&to.list)
            }
    }

    /// Distance of two scopes, and whether only scope 0 lies above both.
    fn distance(&self, a: u32, b: u32) -> (u32, bool) {
        let (up, down) = (self.line(a), self.line(b));
        let steps = up.iter().enumerate().find_map(|(steps, at)| {
            down.iter()
                .position(|other| other == at)
                .map(|more| (steps + more, *at == 0))
        });
        let (steps, across) = steps.unwrap_or((up.len() - 1 + down.len() - 1 + 1, false));
        (u32::try_from(steps).unwrap() + 1, across)
    }

    fn nearest(&self, from: u32, among: &[u32]) -> Vec<Reach> {
        let origin = &self.objects[from as usize];
        let object = |index: u32| &self.objects[index as usize];
        let among: BTreeSet<u32> = among
            .iter()
            .copied()
            .filter(|&it| (it as usize) < self.objects.len())
            .collect();
        let own: Vec<u32> = among
            .iter()
            .copied()
            .filter(|&it| object(it).scope == origin.scope)
            .collect();
        if !own.is_empty() {
            let near = |it: u32| object(it).file == origin.file;
            let shadowed = |it: u32| {
                let name = object(it).name;
                name > 0 && !near(it) && own.iter().any(|&other| near(other) && object(other).name == name)
            };
            return vec![Reach {
                distance: u32::from(!own.iter().any(|&it| near(it))),
                across_root: false,
                objects: own.iter().copied().filter(|&it| !shadowed(it)).collect(),
            }];
        }
        let scopes: BTreeSet<u32> = among.iter().map(|&it| object(it).scope).collect();
        let seen: Vec<u32> = scopes
            .into_iter()
            .filter(|&scope| self.sees(origin.scope, scope))
            .collect();
        let Some(least) = seen.iter().map(|&scope| self.distance(origin.scope, scope).0).min() else {
            return Vec::new();
        };
        let kept: Vec<u32> = seen
            .into_iter()
            .filter(|&scope| self.distance(origin.scope, scope).0 == least)
            .collect();
        let together = |a: u32, b: u32| a == b || (self.sees(a, b) && self.sees(b, a));
        let worlds: Vec<Vec<u32>> = kept
            .iter()
            .map(|&scope| kept.iter().copied().filter(|&other| together(scope, other)).collect())
            .collect();
        let mut reaches: Vec<Vec<u32>> = Vec::new();
        for world in &worlds {
            if world.len() < kept.len() && !reaches.contains(world) {
                reaches.push(world.clone());
            }
        }
        if reaches.is_empty() {
            reaches.push(kept);
        }
        reaches
            .into_iter()
            .map(|world| Reach {
                distance: least,
                across_root: world
                    .iter()
                    .any(|&scope| self.distance(origin.scope, scope).1 && !self.lists(origin.scope, scope)),
                objects: among
                    .iter()
                    .copied()
                    .filter(|&it| world.contains(&object(it).scope))
                    .collect(),
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn sees_and_finds_as_the_words_say(world in world(), among in prop::collection::vec(0_u32..16, 0..20)) {
        let words = world.words();
        let tree = Tree::read(&words).unwrap();
        for a in 0..tree.scopes() {
            for b in 0..tree.scopes() {
                prop_assert_eq!(tree.sees(a, b), world.sees(a, b), "{} sees {}", a, b);
            }
            prop_assert!(!tree.sees(a, tree.scopes()) && !tree.sees(tree.scopes(), a));
        }
        for from in 0..tree.objects() {
            prop_assert_eq!(tree.nearest(from, &among), world.nearest(from, &among), "from {}", from);
        }
        prop_assert_eq!(tree.nearest(tree.objects(), &among), vec![]);
    }
}

fn flat(count: u32, list: impl Fn(u32) -> Vec<u32>) -> World {
    let root = Scope {
        parent: None,
        closed: false,
        list: BTreeSet::new(),
    };
    let copies = (0..count).map(|index| Scope {
        parent: Some(0),
        closed: false,
        list: list(index).into_iter().collect(),
    });
    World {
        scopes: std::iter::once(root).chain(copies).collect(),
        objects: (0..=count)
            .map(|scope| Placed {
                scope,
                file: 0,
                name: 1,
            })
            .collect(),
    }
}

/// Thousands of copies: each is an alternative of its own, and finding that takes no comparison of each with each.
#[test]
fn thousands_of_copies() {
    let count = 5_000;
    let words = flat(count, |_| (0..20).collect()).words();
    let tree = Tree::read(&words).unwrap();
    let all: Vec<u32> = (1..=count).collect();
    for _ in 0..4 {
        let reaches = tree.nearest(0, &all);
        assert_eq!(reaches.len(), count as usize);
        assert!(
            reaches
                .iter()
                .all(|reach| reach.objects.len() == 1 && reach.across_root)
        );
    }
    for from in 1..=count {
        assert_eq!(tree.nearest(from, &[from, 1]).len(), 1);
    }
}

/// Thousands of directories that are no alternatives: all together.
#[test]
fn thousands_of_strangers() {
    let count = 5_000;
    let words = flat(count, |index| vec![index]).words();
    let tree = Tree::read(&words).unwrap();
    let all: Vec<u32> = (1..=count).collect();
    let reaches = tree.nearest(0, &all);
    assert_eq!(reaches.len(), 1);
    assert_eq!(reaches[0].objects, all);
}

/// Thousands of pairs: every reach is nearly everything. The later ones are left out before they take gigabytes.
#[test]
fn thousands_of_pairs() {
    let count = 10_000;
    let words = flat(count, |index| vec![index / 2]).words();
    let tree = Tree::read(&words).unwrap();
    let all: Vec<u32> = (1..=count).collect();
    let reaches = tree.nearest(0, &all);
    assert!((100..count as usize).contains(&reaches.len()), "{}", reaches.len());
    assert_eq!(reaches[0].objects.len(), count as usize - 1);
    assert_eq!(tree.nearest(0, &all), reaches);
}
