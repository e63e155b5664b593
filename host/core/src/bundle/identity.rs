//! Identities in symbols of the whole, so that comparing them compares numbers.

use plimsoll_tree::write::Writer;
use plimsoll_tree::{NONE, Symbol, UNKNOWN};

use super::Notes;
use super::scopes::{Scopes, directory};
use crate::read::{Manifest, Namespace};

/// What an object is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) group: Symbol,
    pub(super) kind: Symbol,
    /// As in the tree: a symbol, [`NONE`] or [`UNKNOWN`].
    pub(super) namespace: u32,
    /// Empty when it has none.
    pub(super) name: Symbol,
}

impl Identity {
    /// The same with a namespace that is unset where it is not known.
    pub(super) fn settled(self) -> Self {
        let namespace = if self.namespace == UNKNOWN {
            NONE
        } else {
            self.namespace
        };
        Identity { namespace, ..self }
    }

    pub(super) fn is_named(self) -> bool {
        self.name != Symbol::default()
    }
}

/// The identity of every object, by its number, and the scope of every manifest.
pub(super) struct Identities {
    pub(super) objects: Vec<Identity>,
    pub(super) scopes: Vec<u32>,
}

impl Identities {
    pub(super) fn new(writer: &mut Writer<'_>, manifests: &[Manifest], notes: &Notes, scopes: &Scopes) -> Self {
        let mut objects = Vec::with_capacity(notes.len());
        for (index, manifest) in manifests.iter().enumerate() {
            for (number, object) in manifest.objects.iter().enumerate() {
                objects.push(Identity {
                    group: writer.intern(&object.group),
                    kind: writer.intern(&object.kind),
                    namespace: match &notes.get(index, number).namespace {
                        Namespace::Named(name) => writer.intern(name).0,
                        Namespace::Unset => NONE,
                        Namespace::Unknown => UNKNOWN,
                    },
                    name: writer.intern(&object.name),
                });
            }
        }
        let mut last: Option<(&str, u32)> = None;
        let scopes = manifests
            .iter()
            .map(|manifest| {
                let path = directory(&manifest.path);
                match last {
                    Some((before, scope)) if before == path => scope,
                    _ => {
                        let scope = scopes.find(path).unwrap_or(0);
                        last = Some((path, scope));
                        scope
                    }
                }
            })
            .collect();
        Identities { objects, scopes }
    }
}
