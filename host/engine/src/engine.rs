//! The engine: one wasmtime, where its guests' memory comes from, and its clock.

use std::sync::Arc;

use plimsoll_core::policy::EvaluationFailure;
use plimsoll_tree::write::Writer;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, MemoryType, PoolingAllocationConfig, Store};

use crate::gate::Gate;
use crate::host::{State, linker};
use crate::limits::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLES};
use crate::options::{Allocation, EngineOptions, Limits};
use crate::{compile, failure};

/// Runs policies. Make one for a process; clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<State>,
    limits: Limits,
    allocation: Allocation,
    gate: Gate,
    empty: Arc<Vec<u32>>,
}

impl Engine {
    /// An engine. Reserves address space for the guests' memory where there is enough, and starts one thread that keeps
    /// the time while policies run.
    ///
    /// # Errors
    /// [`EvaluationFailure::Load`] when the machine gives no memory or thread, or cannot run what `allocation` asks for.
    pub fn new(options: &EngineOptions) -> Result<Self, EvaluationFailure> {
        let (wasmtime, allocation) = start(options).map_err(|error| failure::of_load(&error))?;
        let linker = linker(&wasmtime).map_err(|error| failure::of_load(&error))?;
        let clock = wasmtime.clone();
        let gate = Gate::new(options.instances, move || clock.increment_epoch())
            .map_err(|error| EvaluationFailure::Load(format!("no thread for the clock: {error}")))?;
        let empty = Writer::new()
            .finish()
            .map_err(|error| EvaluationFailure::Load(error.to_string()))?;
        Ok(Engine {
            inner: Arc::new(Inner {
                wasmtime,
                linker,
                limits: options.limits.clone(),
                allocation,
                gate,
                empty: empty.into(),
            }),
        })
    }

    /// What bounds one call.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Where the guests' memory comes from; never [`Allocation::Auto`].
    #[must_use]
    pub fn allocation(&self) -> Allocation {
        self.inner.allocation
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.inner.linker
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// The empty bundle, for calls that judge nothing.
    pub(crate) fn empty(&self) -> Arc<Vec<u32>> {
        Arc::clone(&self.inner.empty)
    }
}

fn start(options: &EngineOptions) -> wasmtime::Result<(wasmtime::Engine, Allocation)> {
    match options.allocation {
        Allocation::Auto => {
            for allocation in [Allocation::Pooling, Allocation::OnDemand] {
                if let Ok(engine) = make(options, allocation) {
                    return Ok((engine, allocation));
                }
            }
            Ok((make(options, Allocation::Small)?, Allocation::Small))
        }
        chosen => Ok((make(options, chosen)?, chosen)),
    }
}

fn make(options: &EngineOptions, allocation: Allocation) -> wasmtime::Result<wasmtime::Engine> {
    let mut config = compile::config();
    #[cfg(all(unix, target_arch = "x86_64"))]
    crate::code::publish::anywhere(&mut config);
    match allocation {
        Allocation::Auto | Allocation::Pooling => pool(&mut config, options),
        Allocation::OnDemand => {}
        Allocation::Small => {
            config.memory_reservation(0).memory_guard_size(0);
        }
    }
    let engine = wasmtime::Engine::new(&config)?;
    if allocation == Allocation::OnDemand {
        // Reserves for each memory: whether that works shows only then.
        wasmtime::Memory::new(Store::new(&engine, ()), MemoryType::new(1, None))?;
    }
    Ok(engine)
}

fn pool(config: &mut Config, options: &EngineOptions) {
    let instances = options.instances.max(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(MAX_CORE_INSTANCES))
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .total_memories(instances.saturating_mul(MAX_MEMORIES))
        .max_memories_per_component(MAX_MEMORIES)
        .total_tables(instances.saturating_mul(MAX_TABLES))
        .max_tables_per_component(MAX_TABLES)
        .linear_memory_keep_resident(options.resident)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    if options.take_turns {
        pool.max_unused_warm_slots(0);
    }
    config.allocation_strategy(pool);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allocation_starts() {
        for allocation in [Allocation::Pooling, Allocation::OnDemand, Allocation::Small] {
            let engine = Engine::new(&EngineOptions {
                allocation,
                instances: 2,
                ..EngineOptions::default()
            })
            .expect("an engine");
            assert_eq!(engine.allocation(), allocation);
        }
    }
}
