//! A component: compiled, checked, and ready to be its policies.

use std::borrow::Cow;
use std::path::Path;

use plimsoll_core::policy::{EvaluationFailure, Judge as _};
use wasmtime::component::Component as Compiled;
use wit_component::ComponentEncoder;

use crate::bindings::PolicyPre;
use crate::cache::Entry;
use crate::engine::Engine;
use crate::host::State;
use crate::policy::Policy;
use crate::{EXPORT, IMPORT, MAX_COMPONENT, code, failure};

/// Most policies of one component.
pub const MAX_PARTS: u32 = 64;

/// How a policy's code came to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Compiled by the build.
    Precompiled,
    /// Compiled by an earlier run.
    Cached,
    /// Compiled just now.
    Compiled {
        /// Why nothing that was compiled before could be used, or what was compiled could not be kept; for logs.
        because: Option<String>,
    },
}

/// A component that targets the contract. Most are one policy; several in one component share their code, so that a
/// processor that has run one of them has the others' at hand, and never an instance.
pub struct Component {
    engine: Engine,
    pre: PolicyPre<State>,
    origin: Origin,
}

impl Component {
    /// From a component's bytes, or those of the module that compilers make of one. Compiling takes some 50 ms for each
    /// 100 KB; with `cache`, a folder of the user's own that is made when it is missing, it is done once. A folder that
    /// cannot be used or trusted is no failure: see [`Policy::origin`].
    ///
    /// # Errors
    /// [`Load`](EvaluationFailure::Load), [`Import`](EvaluationFailure::Import) and
    /// [`Version`](EvaluationFailure::Version) when it is none that this host runs.
    pub fn new(engine: &Engine, component: &[u8], cache: Option<&Path>) -> Result<Self, EvaluationFailure> {
        let encoded = as_component(component)?;
        let component = encoded.as_ref();
        let (compiled, origin) = match cache {
            None => (compile(engine, component)?, Origin::Compiled { because: None }),
            Some(folder) => match Entry::new(folder, component, engine.wasmtime()) {
                Ok(entry) => cached(engine, component, &entry)?,
                Err(because) => (compile(engine, component)?, Origin::Compiled { because: Some(because) }),
            },
        };
        Component::link(engine, &compiled, origin)
    }

    /// From code that the build compiled and that is part of the program; from the component's bytes when this machine
    /// cannot use that code. Code that starts at a page is not copied where the system lets it be run as it lies.
    ///
    /// # Errors
    /// As [`Component::new`].
    ///
    /// # Safety
    /// `code` must be empty, or what wasmtime made of `component` by `Engine::precompile_component`: it is run as it is. If
    /// it starts at a page, nothing that must not be run may share a page with it.
    #[allow(
        unsafe_code,
        reason = "compiled code is run as it is: who calls must know where it comes from"
    )]
    pub unsafe fn from_precompiled(
        engine: &Engine,
        code: &'static [u8],
        component: &[u8],
    ) -> Result<Self, EvaluationFailure> {
        // SAFETY: the caller's promise.
        let loaded = unsafe { code::in_place(engine, code) };
        match loaded {
            Ok(compiled) => Component::link(engine, &compiled, Origin::Precompiled),
            Err(because) => {
                let origin = Origin::Compiled { because: Some(because) };
                Component::link(engine, &compile(engine, component)?, origin)
            }
        }
    }

    fn link(engine: &Engine, compiled: &Compiled, origin: Origin) -> Result<Self, EvaluationFailure> {
        check_interface(engine, compiled)?;
        let load = |error: wasmtime::Error| failure::of_load(&error);
        let pre = engine.linker().instantiate_pre(compiled).map_err(load)?;
        Ok(Component {
            engine: engine.clone(),
            pre: PolicyPre::new(pre).map_err(load)?,
            origin,
        })
    }

    /// Its policies, by their numbers, one at least. The settings schemas of what the build compiled are looked at when there
    /// are settings, others now.
    ///
    /// # Errors
    /// Any failure when one cannot describe itself; [`Answer`](EvaluationFailure::Answer) also for a settings schema that
    /// cannot be used, and when there are more than 64.
    pub fn policies(&self) -> Result<Vec<Policy>, EvaluationFailure> {
        let mut policies: Vec<Policy> = Vec::new();
        for part in 0..=MAX_PARTS {
            let next = Policy::new(&self.engine, self.pre.clone(), part, self.origin.clone())?;
            // One that does not ask which it is says the same each time.
            let other = |next: &Policy| {
                let first = policies.first();
                first.is_none_or(|first| next.description().name != first.description().name)
            };
            let Some(policy) = next.filter(other) else {
                return Ok(policies);
            };
            if self.origin != Origin::Precompiled {
                policy.check_schema()?;
            }
            policies.push(policy);
        }
        Err(EvaluationFailure::Answer(format!(
            "it holds more than {MAX_PARTS} policies"
        )))
    }
}

/// The component itself, or the one that a module describes: compilers leave a module with the contract in it, and it is
/// encoded here so that nobody needs a tool for that. Refuses everything else before anything reads it.
fn as_component(bytes: &[u8]) -> Result<Cow<'_, [u8]>, EvaluationFailure> {
    let refuse = |why: String| Err(EvaluationFailure::Load(why));
    if bytes.len() > MAX_COMPONENT {
        return refuse(format!("it has {} bytes, and {MAX_COMPONENT} is the most", bytes.len()));
    }
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => Ok(Cow::Borrowed(bytes)),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
            // The encoder is made for what compilers write; here anybody wrote it.
            let encoded = std::panic::catch_unwind(|| {
                ComponentEncoder::default()
                    .validate(true)
                    .module(bytes)
                    .and_then(|mut encoder| encoder.encode())
            });
            match encoded {
                Ok(Ok(component)) => Ok(Cow::Owned(component)),
                Err(_) => refuse("it is a module that cannot be made a component".to_owned()),
                Ok(Err(error)) => refuse(format!(
                    "it is a module that cannot be made a component: {}",
                    plimsoll_core::finding::clean_line(&format!("{error:#}"), 300)
                )),
            }
        }
        _ => refuse("it is not a WebAssembly component".to_owned()),
    }
}

/// Refuses a component that asks for anything but the contract's import, or does not answer as the contract says.
fn check_interface(engine: &Engine, component: &Compiled) -> Result<(), EvaluationFailure> {
    const PACKAGE: &str = "plimsoll:policy/";
    let clean = |name: &str| plimsoll_core::finding::clean_line(name, 200);
    let kind = component.component_type();
    for (name, _) in kind.imports(engine.wasmtime()) {
        if name == IMPORT {
            continue;
        }
        let other = name
            .strip_prefix(PACKAGE)
            .is_some_and(|name| name.starts_with("bundle@"));
        return Err(if other {
            EvaluationFailure::Version(clean(name))
        } else {
            EvaluationFailure::Import(clean(name))
        });
    }
    if kind.get_export(engine.wasmtime(), EXPORT).is_some() {
        return Ok(());
    }
    let other = kind.exports(engine.wasmtime()).map(|(name, _)| name).find(|name| {
        name.strip_prefix(PACKAGE)
            .is_some_and(|name| name.starts_with("judge@"))
    });
    Err(match other {
        Some(name) => EvaluationFailure::Version(clean(name)),
        None => EvaluationFailure::Load(format!("it does not export {EXPORT}")),
    })
}

fn compile(engine: &Engine, component: &[u8]) -> Result<Compiled, EvaluationFailure> {
    // wasmtime asserts what it believes of components; where one proves it wrong, that is no reason to break off.
    let compiled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        Compiled::from_binary(engine.wasmtime(), component)
    }));
    match compiled {
        Ok(compiled) => compiled.map_err(|error| failure::of_load(&error)),
        Err(_) => Err(EvaluationFailure::Load("the compiler broke off on it".to_owned())),
    }
}

/// From the cache; else compiled, and kept for the next time.
fn cached(engine: &Engine, component: &[u8], entry: &Entry) -> Result<(Compiled, Origin), EvaluationFailure> {
    if let Some(kept) = entry.read() {
        // SAFETY: an earlier run wrote it, to a folder that is this user's alone, and its digest is right.
        #[allow(unsafe_code, reason = "compiled code is run as it is; the cache answers for it")]
        let loaded = unsafe { code::copied(engine, &kept) };
        if let Ok(component) = loaded {
            return Ok((component, Origin::Cached));
        }
    }
    let component = compile(engine, component)?;
    let kept = component
        .serialize()
        .map_err(|error| error.to_string())
        .and_then(|code| entry.write(&code).map_err(|error| error.to_string()));
    let because = kept
        .err()
        .map(|error| format!("the compiled code cannot be kept: {error}"));
    Ok((component, Origin::Compiled { because }))
}
