//! The limits of one call, and what holds memory to them.

use std::fmt;
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::options::Limits;

/// Most entries of a guest's tables together: function pointers. An interpreter has some thousands.
const MAX_TABLE_ENTRIES: usize = 20_000;
/// Most core modules of a component that live at once; those that adapt the contract count too.
pub(crate) const MAX_CORE_INSTANCES: u32 = 16;
/// Most linear memories of a component. One in Rust has one; one that an interpreter and adapters are part of has three.
pub(crate) const MAX_MEMORIES: u32 = 4;
/// Most tables of a component.
pub(crate) const MAX_TABLES: u32 = 8;

/// The limits of one call over a tree of known size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Applied {
    /// Units.
    pub(crate) fuel: u64,
    /// Bytes.
    pub(crate) memory: u64,
    /// Bytes.
    pub(crate) answer: u64,
    /// Milliseconds.
    pub(crate) deadline: u64,
    /// Epochs.
    pub(crate) epochs: u64,
}

impl Applied {
    /// The limits for a tree of so many words.
    pub(crate) fn new(limits: &Limits, words: usize) -> Self {
        let bytes = u64::try_from(words).unwrap_or(u64::MAX).saturating_mul(4);
        let share = |base: u64, each: u64| base.saturating_add(each.saturating_mul(bytes));
        Applied {
            fuel: share(limits.fuel, limits.fuel_per_byte),
            memory: share(limits.memory, limits.memory_per_byte),
            answer: share(limits.answer, limits.answer_per_byte),
            deadline: u64::try_from(limits.deadline.as_millis()).unwrap_or(u64::MAX),
            epochs: crate::gate::epochs(limits.deadline),
        }
    }

    /// The same with a deadline that is no later than this.
    pub(crate) fn within(self, within: Duration) -> Self {
        Applied {
            deadline: self.deadline.min(u64::try_from(within.as_millis()).unwrap_or(u64::MAX)),
            epochs: self.epochs.min(crate::gate::epochs(within)),
            ..self
        }
    }
}

/// The guest asked for more memory than it may have. An error of our own: told that there is no more, it would panic, and
/// nobody could tell that from a fault of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OutOfMemory {
    /// The limit in bytes.
    pub(crate) limit: u64,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more memory than {} bytes", self.limit)
    }
}

impl std::error::Error for OutOfMemory {}

/// Counts what all memories and tables of one instance take.
pub(crate) struct Limiter {
    limit: u64,
    memory: u64,
    entries: usize,
}

impl Limiter {
    pub(crate) fn new(limit: u64) -> Self {
        Limiter {
            limit,
            memory: 0,
            entries: 0,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let memory = self.memory.saturating_add(more);
        if memory > self.limit {
            return Err(OutOfMemory { limit: self.limit }.into());
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let entries = self.entries.saturating_add(desired.saturating_sub(current));
        if entries > MAX_TABLE_ENTRIES {
            return Err(OutOfMemory { limit: self.limit }.into());
        }
        self.entries = entries;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_grow_with_the_tree_and_never_wrap() {
        let limits = Limits::default();
        let small = Applied::new(&limits, 0);
        assert_eq!(
            (small.fuel, small.memory, small.answer),
            (100_000_000, 64 << 20, 4 << 20)
        );
        let large = Applied::new(&limits, 1_000_000);
        assert_eq!(large.fuel, 100_000_000 + 4_000_000_000);
        assert_eq!(large.memory, (64 << 20) + 16_000_000);
        assert_eq!(Applied::new(&limits, usize::MAX).fuel, u64::MAX);
    }

    #[test]
    fn memories_count_together() {
        let mut limiter = Limiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).is_ok());
        assert!(limiter.memory_growing(0, 30, None).is_ok());
        assert!(limiter.memory_growing(30, 41, None).is_err());
        assert!(limiter.memory_growing(30, 40, None).is_ok());
    }
}
