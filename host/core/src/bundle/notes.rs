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
    notes: Vec<Vec<Note>>,
    roles: Vec<Role>,
}

impl Notes {
    pub(super) fn new(manifests: &[Manifest], roles: &[Role]) -> Self {
        let mut notes = Notes {
            notes: vec![Vec::new(); manifests.len()],
            roles: (0..manifests.len())
                .map(|index| roles.get(index).copied().unwrap_or_default())
                .collect(),
        };
        for (index, manifest) in manifests.iter().enumerate() {
            notes.extend(index, manifest);
        }
        notes
    }

    /// Adds notes for objects that a manifest got since.
    pub(super) fn extend(&mut self, index: usize, manifest: &Manifest) {
        let known = self.notes[index].len();
        for object in manifest.objects.iter().skip(known) {
            let mut flags = ObjectFlags::default().with_role(self.roles[index]);
            let document = manifest.documents.get(object.document as usize);
            if document.is_some_and(|document| document.coarse) {
                flags = flags.with(ObjectFlags::COARSE);
            }
            self.notes[index].push(Note {
                namespace: object.namespace.clone(),
                flags,
                dropped: false,
                included: false,
            });
        }
    }

    /// The note of an object, which must exist.
    pub(super) fn of(&mut self, manifest: usize, object: usize) -> &mut Note {
        &mut self.notes[manifest][object]
    }

    /// The note of an object, which must exist.
    pub(super) fn get(&self, manifest: usize, object: usize) -> &Note {
        &self.notes[manifest][object]
    }

    /// The last notes of a manifest.
    pub(super) fn last(&mut self, manifest: usize, count: usize) -> &mut [Note] {
        let notes = &mut self.notes[manifest];
        let start = notes.len().saturating_sub(count);
        &mut notes[start..]
    }

    /// Why a manifest is in the bundle.
    pub(super) fn role(&self, manifest: usize) -> Role {
        self.roles[manifest]
    }
}
