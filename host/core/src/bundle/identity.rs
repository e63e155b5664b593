//! Identities in symbols of the whole, so that comparing them compares numbers.

use plimsoll_tree::write::{Workers, Writer};
use plimsoll_tree::{NONE, Symbol, UNKNOWN};

use super::Notes;
use super::scopes::Scopes;
use crate::read::{Manifest, Namespace, ReadObject};

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

/// Files that are worked on at a time.
const BATCH: usize = 64;

/// Group, kind, name and, where it is known, namespace.
fn texts<'a>(object: &'a ReadObject, namespace: &'a Namespace) -> [Option<&'a str>; 4] {
    let named = match namespace {
        Namespace::Named(name) => Some(name.as_str()),
        Namespace::Unset | Namespace::Unknown => None,
    };
    [Some(&object.group), Some(&object.kind), Some(&object.name), named]
}

impl Identities {
    pub(super) fn new(
        writer: &mut Writer<'_>,
        manifests: &[Manifest],
        directories: &[&str],
        notes: &Notes,
        scopes: &Scopes,
        workers: &dyn Workers,
    ) -> Self {
        let batches: Vec<&[Manifest]> = manifests.chunks(BATCH).collect();
        // Almost all of these texts are somewhere in the files. What is not is added in order.
        let known = workers.map(batches.len(), |batch| {
            let files = batches.get(batch).copied().unwrap_or_default();
            let files = (batch * BATCH..).zip(files);
            let objects = files.flat_map(|(index, manifest)| {
                let objects = manifest.objects.iter().enumerate();
                objects.map(move |(number, object)| texts(object, &notes.get(index, number).namespace))
            });
            let symbols = objects.map(|texts| texts.map(|text| text.and_then(|text| writer.find(text))));
            symbols.collect::<Vec<_>>()
        });
        let mut known = known.into_iter().flatten();
        let mut objects = Vec::with_capacity(notes.len());
        for (index, manifest) in manifests.iter().enumerate() {
            for (number, object) in manifest.objects.iter().enumerate() {
                let namespace = &notes.get(index, number).namespace;
                let known = known.next().unwrap_or_default();
                let mut symbols = [Symbol::default(); 4];
                for ((symbol, known), text) in symbols.iter_mut().zip(known).zip(texts(object, namespace)) {
                    *symbol = known.unwrap_or_else(|| writer.intern(text.unwrap_or_default()));
                }
                let [group, kind, name, named] = symbols;
                objects.push(Identity {
                    group,
                    kind,
                    namespace: match namespace {
                        Namespace::Named(_) => named.0,
                        Namespace::Unset => NONE,
                        Namespace::Unknown => UNKNOWN,
                    },
                    name,
                });
            }
        }
        let mut last: Option<(&str, u32)> = None;
        let scopes = directories
            .iter()
            .map(|&path| match last {
                Some((before, scope)) if before == path => scope,
                _ => {
                    let scope = scopes.find(path).unwrap_or(0);
                    last = Some((path, scope));
                    scope
                }
            })
            .collect();
        Identities { objects, scopes }
    }
}
