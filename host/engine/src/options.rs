//! What an engine is made with.

use std::time::Duration;

/// What bounds one call of a policy. What depends on the input is a base and a share for every byte of the tree, so that a
/// large repository is no runaway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Fuel: about one unit for each instruction of the guest and each byte that the host hands over. The limit that
    /// decides, as it is the same on every machine. Default 100 million: some 30 ms of a tight loop.
    pub fuel: u64,
    /// Fuel for each byte of the tree. Default 1,000; a rule needs 0.5 to 3.
    pub fuel_per_byte: u64,
    /// Bytes of linear memory, of all the policy's memories together. Default 64 MiB.
    pub memory: u64,
    /// Bytes of linear memory for each byte of the tree. Default 4.
    pub memory_per_byte: u64,
    /// Bytes that taking one answer may allocate. Default 4 MiB.
    pub answer: u64,
    /// Bytes of answer for each byte of the tree. Default 4.
    pub answer_per_byte: u64,
    /// Wall time of one call: the backstop for what burns time but little fuel. Default 10 s. Granularity: some
    /// milliseconds.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            fuel: 100_000_000,
            fuel_per_byte: 1_000,
            memory: 64 << 20,
            memory_per_byte: 4,
            answer: 4 << 20,
            answer_per_byte: 4,
            deadline: Duration::from_secs(10),
        }
    }
}

/// Where the guests' memory comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Allocation {
    /// The first of the others that this process has the address space for.
    #[default]
    Auto,
    /// Slots reserved once and used again: fresh instances are cheapest. Takes 4 GiB of address space (not of memory)
    /// for each of four times the instances.
    Pooling,
    /// Reserved for each instance, 4 GiB of address space while it lives.
    OnDemand,
    /// As little address space as the guest asks for. Code must check every access, so precompiled code does not fit: it
    /// is compiled anew at load.
    Small,
}

/// What an [`Engine`](crate::Engine) is made with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EngineOptions {
    /// What bounds one call.
    pub limits: Limits,
    /// Where the guests' memory comes from.
    pub allocation: Allocation,
    /// Most instances that live at the same time; further calls wait. Default 32, least 1.
    pub instances: u32,
    /// Bytes of an instance's memory that stay when it is gone, so that the next one in its place causes no page faults.
    /// Default 512 KiB, which serves small inputs.
    pub resident: usize,
    /// Whether all policies take turns in few places, instead of each coming back to places of its own: for one run over
    /// much input, where each is called once. Default no.
    pub take_turns: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            limits: Limits::default(),
            allocation: Allocation::Auto,
            instances: 32,
            resident: 512 << 10,
            take_turns: false,
        }
    }
}

impl EngineOptions {
    /// For one run over files on so many threads: each policy is called once, and on every thread there is one at a time.
    #[must_use]
    pub fn one_run(threads: u32) -> Self {
        EngineOptions {
            instances: threads.clamp(1, 256),
            resident: 64 << 20,
            take_turns: true,
            ..EngineOptions::default()
        }
    }

    /// For a server that makes so many calls at once: many small ones, each policy's over and over. Every component comes
    /// back to memory of its own for each of these calls, as long as there are no more than four components. A caller whose
    /// own time is shorter sets the deadline.
    #[must_use]
    pub fn server(calls: u32) -> Self {
        EngineOptions {
            // More places than calls: an instance is several times as dear where another component's was before.
            instances: calls.saturating_mul(4).clamp(32, 256),
            ..EngineOptions::default()
        }
    }
}
