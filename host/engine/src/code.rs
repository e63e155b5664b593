//! Compiled code on its way into a component: copied where it lies anywhere, run where it lies when it is part of the
//! program.
//!
//! A program's policies are megabytes of code, of which one run needs a fraction. Copying all of it is half of what a cold
//! run takes; run where it lies, only what is called is ever read from the file.

use wasmtime::component::Component;

use crate::engine::Engine;

/// Takes compiled code as it is, and copies it. wasmtime refuses code of another version, configuration or machine.
///
/// # Safety
/// `code` must be empty or come from wasmtime itself.
#[allow(unsafe_code, reason = "one of the two places where compiled code is loaded")]
pub(crate) unsafe fn copied(engine: &Engine, code: &[u8]) -> Result<Component, String> {
    if code.is_empty() {
        return Err("there is no compiled code for this machine".to_owned());
    }
    // SAFETY: the caller's promise.
    unsafe { Component::deserialize(engine.wasmtime(), code) }.map_err(|error| error.to_string())
}

/// Takes compiled code that is part of the program, where it lies if that can be: on a page of its own, on a machine and
/// system where that is known to work. Else copies it.
///
/// # Safety
/// As [`copied`]; and nothing else than code for this program may lie on its pages.
#[allow(unsafe_code, reason = "one of the two places where compiled code is loaded")]
pub(crate) unsafe fn in_place(engine: &Engine, code: &'static [u8]) -> Result<Component, String> {
    #[cfg(all(unix, target_arch = "x86_64"))]
    if !code.is_empty() && code.as_ptr().addr().is_multiple_of(rustix::param::page_size()) && publish::is_first(code) {
        // SAFETY: the caller's promise; and what is static and not mutable lives and stays as it is until the program ends.
        let component = unsafe { Component::deserialize_raw(engine.wasmtime(), code.into()) };
        if let Ok(component) = component {
            return Ok(component);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { copied(engine, code) }
}

/// Lets wasmtime run code in memory that it did not make itself.
#[cfg(all(unix, target_arch = "x86_64"))]
pub(crate) mod publish {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex, PoisonError};

    use rustix::mm::{MprotectFlags, mprotect};
    use wasmtime::{Config, CustomCodeMemory};

    /// Makes pages executable by the system's own call, wherever they are. Only where a processor sees new code by itself:
    /// on x86-64, not on others.
    struct Pages;

    /// Whether nobody asked before for this code. wasmtime finds code by its address, so only one engine may run it where
    /// it lies; further ones, which a program has no need of, run a copy.
    pub(super) fn is_first(code: &'static [u8]) -> bool {
        static TAKEN: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(code.as_ptr().addr())
    }

    /// An engine of this configuration runs code wherever it lies.
    pub(crate) fn anywhere(config: &mut Config) {
        config.with_custom_code_memory(Some(Arc::new(Pages)));
    }

    impl CustomCodeMemory for Pages {
        fn required_alignment(&self) -> usize {
            rustix::param::page_size()
        }

        #[allow(unsafe_code, reason = "compiled code is made executable")]
        fn publish_executable(&self, code: *const u8, bytes: usize) -> wasmtime::Result<()> {
            // SAFETY: wasmtime names whole pages of code that nobody writes to any more. They can be read and run then, as
            // they could be read before; nobody loses a right but to write.
            unsafe { mprotect(code.cast_mut().cast(), bytes, MprotectFlags::READ | MprotectFlags::EXEC) }?;
            Ok(())
        }

        fn unpublish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
            // Called when the code goes: wasmtime's own memory is given back right after, the program's stays as it is, for
            // another engine may run it.
            Ok(())
        }
    }
}
