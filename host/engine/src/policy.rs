//! A policy: a component that was compiled, checked and described, ready to judge.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{Description, EvaluationFailure, Judge, Violation};
use wasmtime::Store;
use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use crate::bindings::PolicyPre;
use crate::bindings::exports::plimsoll::policy::judge::Guest;
use crate::cache::Entry;
use crate::engine::Engine;
use crate::host::State;
use crate::limits::{Applied, Limiter};
use crate::settings::Schema;
use crate::{EXPORT, IMPORT, MAX_COMPONENT, code, convert, describe, failure};

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

/// A policy, ready to judge. Each call runs in a fresh instance, and any number of threads may call at once; each needs
/// [`GUEST_STACK`](crate::GUEST_STACK) bytes of stack.
pub struct Policy {
    engine: Engine,
    pre: PolicyPre<State>,
    description: Description,
    schema: OnceLock<Result<Schema, String>>,
    origin: Origin,
}

impl Policy {
    /// A policy from a component, or from the module that compilers make of one. Compiling takes some 50 ms for each 100 KB; with `cache`, a folder of the user's own
    /// that is made when it is missing, it is done once. A folder that cannot be used or trusted is no failure: see
    /// [`Policy::origin`].
    ///
    /// # Errors
    /// [`Load`](EvaluationFailure::Load), [`Import`](EvaluationFailure::Import) and
    /// [`Version`](EvaluationFailure::Version) when it is no policy that this host runs; any other failure when it cannot
    /// describe itself, [`Answer`](EvaluationFailure::Answer) also for a settings schema that cannot be used.
    pub fn from_component(engine: &Engine, component: &[u8], cache: Option<&Path>) -> Result<Self, EvaluationFailure> {
        let encoded = as_component(component)?;
        let component = encoded.as_ref();
        let (component, origin) = match cache {
            None => (compile(engine, component)?, Origin::Compiled { because: None }),
            Some(folder) => match Entry::new(folder, component, engine.wasmtime()) {
                Ok(entry) => cached(engine, component, &entry)?,
                Err(because) => (compile(engine, component)?, Origin::Compiled { because: Some(because) }),
            },
        };
        let policy = Policy::new(engine, &component, origin)?;
        policy.schema().map_err(bad_schema)?;
        Ok(policy)
    }

    /// A policy from code that the build compiled and that is part of the program; from the component when this machine
    /// cannot use that code. Code that starts at a page is not copied where the system lets it be run as it lies.
    ///
    /// # Errors
    /// As [`Policy::from_component`]; but a settings schema is looked at only when there are settings.
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
            Ok(component) => Policy::new(engine, &component, Origin::Precompiled),
            Err(because) => {
                let origin = Origin::Compiled { because: Some(because) };
                Policy::new(engine, &compile(engine, component)?, origin)
            }
        }
    }

    fn new(engine: &Engine, component: &Component, origin: Origin) -> Result<Self, EvaluationFailure> {
        check_interface(engine, component)?;
        let load = |error: wasmtime::Error| failure::of_load(&error);
        let pre = engine.linker().instantiate_pre(component).map_err(load)?;
        let pre = PolicyPre::new(pre).map_err(load)?;
        let raw = call(engine, &pre, engine.empty(), |guest, store| guest.call_describe(store))?;
        let description = describe::description(raw)
            .map_err(|wrong| EvaluationFailure::Answer(format!("its description: {wrong}")))?;
        Ok(Policy {
            engine: engine.clone(),
            pre,
            description,
            schema: OnceLock::new(),
            origin,
        })
    }

    /// How its code came to be.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Checks settings (JSON; empty for the defaults) against the policy's schema. What a schema cannot say is the policy's
    /// own to refuse, when it judges.
    ///
    /// # Errors
    /// [`EvaluationFailure::Settings`] when they do not fit, [`EvaluationFailure::Answer`] when the schema itself cannot
    /// be used.
    pub fn check_settings(&self, settings: &str) -> Result<(), EvaluationFailure> {
        if settings.is_empty() {
            return Ok(());
        }
        match self.schema().map_err(bad_schema)? {
            Some(schema) => schema.check(settings).map_err(EvaluationFailure::Settings),
            None => Err(EvaluationFailure::Settings("it has none".to_owned())),
        }
    }

    /// The schema, compiled when first asked for; none when the policy has no settings.
    fn schema(&self) -> Result<Option<&Schema>, &str> {
        let text = &self.description.settings_schema;
        if text.is_empty() {
            return Ok(None);
        }
        match self.schema.get_or_init(|| Schema::new(text)) {
            Ok(schema) => Ok(Some(schema)),
            Err(wrong) => Err(wrong),
        }
    }
}

impl Judge for Policy {
    fn description(&self) -> &Description {
        &self.description
    }

    fn explain(&self, rule: u32) -> Result<String, EvaluationFailure> {
        let page = call(&self.engine, &self.pre, self.engine.empty(), |guest, store| {
            guest.call_explain(store, rule)
        })?;
        Ok(describe::page(&page))
    }

    fn check(&self, bundle: &Bundle, rules: &[u32], settings: &str) -> Result<Vec<Violation>, EvaluationFailure> {
        self.check_within(bundle, rules, settings, Duration::MAX)
    }

    fn check_within(
        &self,
        bundle: &Bundle,
        rules: &[u32],
        settings: &str,
        within: Duration,
    ) -> Result<Vec<Violation>, EvaluationFailure> {
        self.check_settings(settings)?;
        let limits = Applied::new(self.engine.limits(), bundle.words.len()).within(within);
        let words = Arc::clone(&bundle.words);
        let answer = call_limited(&self.engine, &self.pre, words, &limits, |guest, store| {
            guest.call_check(store, rules, settings)
        })?;
        let violations = answer.map_err(|reason| refusal(&reason))?;
        if let Some(stray) = violations.iter().find(|violation| !rules.contains(&violation.rule)) {
            return Err(EvaluationFailure::Answer(format!(
                "it reports rule {}, which was not asked for",
                stray.rule
            )));
        }
        Ok(violations.into_iter().map(convert::violation).collect())
    }
}

/// A guest's own words on why it cannot judge.
fn refusal(reason: &str) -> EvaluationFailure {
    const REASON: usize = 500;
    EvaluationFailure::Refused(plimsoll_core::finding::clean_line(reason, REASON))
}

fn bad_schema(wrong: &str) -> EvaluationFailure {
    EvaluationFailure::Answer(format!("its settings schema: {wrong}"))
}

/// One call in a fresh instance under fresh limits.
fn call<R>(
    engine: &Engine,
    pre: &PolicyPre<State>,
    words: Arc<Vec<u32>>,
    run: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<R>,
) -> Result<R, EvaluationFailure> {
    let limits = Applied::new(engine.limits(), words.len());
    call_limited(engine, pre, words, &limits, run)
}

/// The same under these limits.
fn call_limited<R>(
    engine: &Engine,
    pre: &PolicyPre<State>,
    words: Arc<Vec<u32>>,
    limits: &Applied,
    run: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<R>,
) -> Result<R, EvaluationFailure> {
    let _pass = engine.gate().enter();
    let mut store = Store::new(engine.wasmtime(), State::new(words, Limiter::new(limits.memory)));
    store.limiter(|state| &mut state.limiter);
    store.set_epoch_deadline(limits.epochs);
    store.set_hostcall_fuel(usize::try_from(limits.answer).unwrap_or(usize::MAX));
    store
        .set_fuel(limits.fuel)
        .and_then(|()| pre.instantiate(&mut store))
        .map_err(|error| failure::of_start(&error, limits))
        .and_then(|policy| {
            run(policy.plimsoll_policy_judge(), &mut store).map_err(|error| failure::of_call(&error, limits))
        })
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
fn check_interface(engine: &Engine, component: &Component) -> Result<(), EvaluationFailure> {
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

fn compile(engine: &Engine, component: &[u8]) -> Result<Component, EvaluationFailure> {
    // wasmtime asserts what it believes of components; where one proves it wrong, that is no reason to break off.
    let compiled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        Component::from_binary(engine.wasmtime(), component)
    }));
    match compiled {
        Ok(compiled) => compiled.map_err(|error| failure::of_load(&error)),
        Err(_) => Err(EvaluationFailure::Load("the compiler broke off on it".to_owned())),
    }
}

/// From the cache; else compiled, and kept for the next time.
fn cached(engine: &Engine, component: &[u8], entry: &Entry) -> Result<(Component, Origin), EvaluationFailure> {
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
