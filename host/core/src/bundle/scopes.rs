//! Directories, and the marks that make some of them alternatives.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_tree::{NONE, UNKNOWN};

use super::identity::Identity;

/// Pairs of unset and named namespaces of one kind and name that get marks of their own; beyond, one mark serves all.
const MARK_PAIRS: usize = 4096;

/// Words that the lists of closed scopes may take in the tree. A closure of so many directories that they would take
/// more leaves its directories open.
const CLOSED_WORDS: usize = 1 << 20;

/// The scope of what lies in no directory and is seen from all: no directory is called so.
pub(super) const EVERYWHERE: &str = "(everywhere)";

/// The directory of a file: all before the last `/`.
pub(super) fn directory(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..slash])
}

/// A path as seen from a directory, with `.` and `..` resolved; nothing when it leaves the input or is no path in it.
pub(super) fn join(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains("://") {
        return None;
    }
    let mut steps: Vec<&str> = directory.split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()?),
            step => steps.push(step),
        }
    }
    let joined = steps.join("/");
    // Paths from the root of a file system keep their first `/`.
    Some(if directory.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    })
}

/// Directories with their ancestors, root first, each after its parent.
pub(super) struct Scopes {
    /// Paths, in order.
    pub(super) paths: Vec<String>,
    /// For each, its parent; none for the root.
    pub(super) parents: Vec<Option<u32>>,
    by_path: HashMap<String, u32>,
}

impl Scopes {
    /// The scopes that these directories need.
    pub(super) fn new<'a>(directories: impl Iterator<Item = &'a str>) -> Self {
        let mut all: BTreeSet<&str> = BTreeSet::from([""]);
        let mut last = "";
        for mut path in directories {
            if path == last {
                continue;
            }
            last = path;
            while all.insert(path) {
                path = directory(path);
            }
        }
        // A parent's path is a prefix, so it comes first.
        let mut scopes = Scopes {
            paths: Vec::new(),
            parents: Vec::new(),
            by_path: HashMap::new(),
        };
        for path in all {
            let parent = (!path.is_empty()).then(|| scopes.find(directory(path)).unwrap_or(0));
            let index = u32::try_from(scopes.paths.len()).unwrap_or(u32::MAX);
            scopes.paths.push(path.to_owned());
            scopes.parents.push(parent);
            scopes.by_path.insert(path.to_owned(), index);
        }
        scopes
    }

    /// The scope of a directory.
    pub(super) fn find(&self, path: &str) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }
}

/// For each scope its marks: identities that two or more scopes define, given each definition's identity and scope.
///
/// A namespace that is unset or unknown may be any: such a definition shares a mark with each of the same kind and name,
/// so that copies of which only some name their namespace are alternatives too.
pub(super) fn marks(scopes: usize, definitions: impl Iterator<Item = (Identity, u32)>) -> Vec<Vec<u32>> {
    let mut numbers: HashMap<Identity, usize> = HashMap::new();
    let mut groups: Vec<Vec<(Option<u32>, u32)>> = Vec::new();
    for (identity, scope) in definitions {
        let everywhere = Identity {
            namespace: NONE,
            ..identity
        };
        let number = *numbers.entry(everywhere).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[number].push(((identity.namespace < UNKNOWN).then_some(identity.namespace), scope));
    }
    let mut marks = vec![Vec::new(); scopes];
    let mut next = 0_u32;
    let mut mark = |scopes: &BTreeSet<u32>| {
        if scopes.len() < 2 {
            return;
        }
        for &scope in scopes {
            if let Some(list) = marks.get_mut(scope as usize) {
                list.push(next);
            }
        }
        next = next.saturating_add(1);
    };
    for group in groups.iter().filter(|group| group.len() > 1) {
        let mut named: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        let mut any: BTreeSet<u32> = BTreeSet::new();
        for &(namespace, scope) in group {
            match namespace {
                Some(namespace) => named.entry(namespace).or_default().insert(scope),
                None => any.insert(scope),
            };
        }
        if named.is_empty() {
            mark(&any);
        } else if any.len().saturating_mul(named.len()) > MARK_PAIRS {
            mark(&group.iter().map(|&(_, scope)| scope).collect());
        } else {
            for mut scopes in named.into_values() {
                scopes.extend(&any);
                mark(&scopes);
            }
        }
    }
    marks
}

/// For each scope that a closure closes, the scopes it sees: those that share a closure with it. `closures` lists the
/// scopes of each.
pub(super) fn closed(scopes: usize, closures: &[BTreeSet<u32>]) -> Vec<Option<BTreeSet<u32>>> {
    let mut seen: Vec<Option<BTreeSet<u32>>> = vec![None; scopes];
    let mut words = 0_usize;
    for closure in closures {
        words = words.saturating_add(closure.len().saturating_mul(closure.len()));
        if words > CLOSED_WORDS {
            break;
        }
        for &scope in closure {
            if let Some(list) = seen.get_mut(scope as usize) {
                list.get_or_insert_default().extend(closure);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use plimsoll_tree::Symbol;

    use super::*;

    #[test]
    fn joins_paths() {
        assert_eq!(join("a/b", "../c/./d.yaml").as_deref(), Some("a/c/d.yaml"));
        assert_eq!(join("a", "..").as_deref(), Some(""));
        assert_eq!(join("", "x/").as_deref(), Some("x"));
        assert_eq!(join("/r/a", "../b").as_deref(), Some("/r/b"));
        assert_eq!(join("a", "../../b"), None);
        assert_eq!(join("a", "https://example.com/x"), None);
        assert_eq!(join("a", "/etc/x"), None);
    }

    #[test]
    fn scopes_have_their_ancestors_first() {
        let scopes = Scopes::new(["b/c/d", "a", "b.x"].into_iter());
        assert_eq!(scopes.paths, ["", "a", "b", "b.x", "b/c", "b/c/d"]);
        assert_eq!(scopes.parents, [None, Some(0), Some(0), Some(0), Some(2), Some(4)]);
    }

    #[test]
    fn a_closure_that_would_take_too_much_leaves_its_directories_open() {
        let small = BTreeSet::from([1, 2]);
        let large: BTreeSet<u32> = (0..2000).collect();
        let seen = closed(2000, &[small.clone(), large]);
        assert_eq!(seen[1], Some(small));
        assert_eq!(seen[0], None);
    }

    #[test]
    fn very_many_namespaces_share_a_mark() {
        let definitions = (0..200).map(|scope| {
            let identity = Identity {
                group: Symbol(0),
                kind: Symbol(1),
                namespace: if scope < 100 { scope } else { NONE },
                name: Symbol(2),
            };
            (identity, scope)
        });
        assert_eq!(marks(200, definitions), vec![vec![0]; 200]);
    }
}
