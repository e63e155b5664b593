//! What the cluster holds besides the object under review.

mod around;
mod connect;
mod facts;
mod index;
mod list;
mod plan;
mod prune;
mod render;
mod served;
mod store;
mod watch;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use plimsoll_core::read::Manifest;

pub use around::Room;
pub use connect::{ConnectError, connect};
pub use facts::kind_name;
pub use list::{Listed, Wanted, list, list_with};
pub use prune::{Keep, is_never_taken, pruned};
pub use render::rendered;
pub use store::{Bounds, Prepared, Put, Store, path};
pub use watch::{KindState, Patience, Status, Watch};

/// What is known of the cluster.
pub trait Cluster: Send + Sync {
    /// Whether all objects of this kind (`Deployment.apps`, `Service`) are known: they were listed, or the cluster does not
    /// serve the kind.
    fn knows(&self, kind: &str) -> bool;
    /// The objects that can matter to the judgement of this one, without it itself in its present state. In a fixed order.
    /// None where they are more than are looked at.
    fn neighbours(&self, subject: &Manifest) -> Option<Vec<Manifest>>;
    /// Whether all kinds are known, or were given up.
    fn ready(&self) -> bool;
    /// The value of a label of a namespace, as far as it is known.
    fn namespace_label(&self, namespace: &str, label: &str) -> Option<String>;
}

/// What lies around an object in the cluster.
pub struct Around {
    /// The objects, in the order of namespace, kind and name.
    pub objects: Vec<Manifest>,
    /// Whether these are all that can matter. Not where there are more than [`Room`] has: then rules that need them cannot
    /// be judged.
    pub whole: bool,
}

/// A store that is written while it is read.
pub struct Shared {
    store: RwLock<Store>,
    room: Room,
    ready: AtomicBool,
}

impl Shared {
    /// Around a store.
    #[must_use]
    pub fn new(store: Store, room: Room) -> Self {
        Shared {
            store: RwLock::new(store),
            room,
            ready: AtomicBool::new(false),
        }
    }

    /// Notes that all kinds that are wanted are known, or were given up. It stays so: what is wanted later is waited for by
    /// the rules that need it, not by the server.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Looks at the store. Nobody writes meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        // A panic elsewhere left at worst an object that is not found by all that it could be.
        look(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the store. Nobody reads meanwhile, so it must be quick.
    pub fn write<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        change(&mut self.store.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Cluster for Shared {
    fn knows(&self, kind: &str) -> bool {
        self.read(|store| store.knows(kind))
    }

    fn neighbours(&self, subject: &Manifest) -> Option<Vec<Manifest>> {
        let around = self.read(|store| store.around(&[subject], self.room));
        around.whole.then_some(around.objects)
    }

    fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    fn namespace_label(&self, namespace: &str, label: &str) -> Option<String> {
        self.read(|store| store.namespace_label(namespace, label))
    }
}

impl<T: Cluster + ?Sized> Cluster for std::sync::Arc<T> {
    fn knows(&self, kind: &str) -> bool {
        (**self).knows(kind)
    }

    fn neighbours(&self, subject: &Manifest) -> Option<Vec<Manifest>> {
        (**self).neighbours(subject)
    }

    fn ready(&self) -> bool {
        (**self).ready()
    }

    fn namespace_label(&self, namespace: &str, label: &str) -> Option<String> {
        (**self).namespace_label(namespace, label)
    }
}
