//! What is found out about each object before the tree is written.

use plimsoll_tree::{ObjectFlags, Role};

use crate::read::{Manifest, Namespace};

/// What the tree will say of an object.
#[derive(Clone)]
pub(super) struct Note {
    /// Effective namespace.
    pub(super) namespace: Namespace,
    pub(super) flags: ObjectFlags,
    /// An exact duplicate: left out.
    pub(super) dropped: bool,
    /// A kustomization lists it as a resource.
    pub(super) included: bool,
}

/// A note for every object of every manifest.
pub(super) struct Notes {
    /// Where each manifest's notes start.
    starts: Vec<usize>,
    notes: Vec<Note>,
    roles: Vec<Role>,
}

impl Notes {
    /// Notes for objects as they state themselves.
    pub(super) fn new(manifests: &[Manifest], roles: &[Role]) -> Self {
        let mut notes = Notes {
            starts: Vec::with_capacity(manifests.len()),
            notes: Vec::with_capacity(manifests.iter().map(|manifest| manifest.objects.len()).sum()),
            roles: (0..manifests.len())
                .map(|index| roles.get(index).copied().unwrap_or_default())
                .collect(),
        };
        for (manifest, &role) in manifests.iter().zip(&notes.roles) {
            notes.starts.push(notes.notes.len());
            for object in &manifest.objects {
                let mut flags = ObjectFlags::default().with_role(role);
                if manifest.rendering().is_some() {
                    flags = flags.with(ObjectFlags::RENDERED);
                }
                let document = manifest.documents.get(object.document as usize);
                if document.is_some_and(|document| document.coarse) {
                    flags = flags.with(ObjectFlags::COARSE);
                }
                notes.notes.push(Note {
                    namespace: object.namespace.clone(),
                    flags,
                    dropped: false,
                    included: false,
                });
            }
        }
        notes
    }

    /// The number of an object among those of all manifests.
    pub(super) fn number(&self, manifest: usize, object: usize) -> usize {
        self.starts[manifest] + object
    }

    /// Number of objects.
    pub(super) fn len(&self) -> usize {
        self.notes.len()
    }

    /// The note of an object, which must exist.
    pub(super) fn of(&mut self, manifest: usize, object: usize) -> &mut Note {
        &mut self.notes[self.starts[manifest] + object]
    }

    /// The note of an object, which must exist.
    pub(super) fn get(&self, manifest: usize, object: usize) -> &Note {
        &self.notes[self.starts[manifest] + object]
    }

    /// Why a manifest is in the bundle.
    pub(super) fn role(&self, manifest: usize) -> Role {
        self.roles[manifest]
    }
}
