//! Who does the work of a join.

use std::sync::{Mutex, PoisonError};

/// Several threads, or the one that calls: who joins decides.
pub trait Workers: Sync {
    /// Calls `work` once with every number below `count`, in any order and at the same time. Returns when all are done.
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync));
}

/// The thread that calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Workers for Alone {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(work);
    }
}

impl dyn Workers + '_ {
    /// What `work` makes of every number below `count`, in their order.
    pub fn map<T: Send>(&self, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let mut made: Vec<Option<T>> = (0..count).map(|_| None).collect();
        self.each_of(made.iter_mut().collect(), |number, slot| *slot = Some(work(number)));
        made.into_iter().flatten().collect()
    }

    /// Hands each of these to `work`, with its number.
    pub fn each_of<T: Send>(&self, items: Vec<T>, work: impl Fn(usize, T) + Sync) {
        let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
        self.each(items.len(), &|number| {
            let item = items
                .get(number)
                .and_then(|item| item.lock().unwrap_or_else(PoisonError::into_inner).take());
            if let Some(item) = item {
                work(number, item);
            }
        });
    }
}
