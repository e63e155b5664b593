//! A policy: described, ready to judge.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{Description, EvaluationFailure, Judge, Violation};
use wasmtime::Store;

use crate::bindings::PolicyPre;
use crate::bindings::exports::plimsoll::policy::judge::Guest;
use crate::component::Origin;
use crate::engine::Engine;
use crate::host::State;
use crate::limits::{Applied, Limiter};
use crate::settings::Schema;
use crate::{convert, describe, failure};

/// A policy, ready to judge. Each call runs in a fresh instance, and any number of threads may call at once; each needs
/// [`GUEST_STACK`](crate::GUEST_STACK) bytes of stack.
pub struct Policy {
    engine: Engine,
    pre: PolicyPre<State>,
    part: u32,
    description: Description,
    schema: OnceLock<Result<Schema, String>>,
    origin: Origin,
}

impl Policy {
    /// One of a component's policies; none when it has no such one, and says so by having no name.
    pub(crate) fn new(
        engine: &Engine,
        pre: PolicyPre<State>,
        part: u32,
        origin: Origin,
    ) -> Result<Option<Self>, EvaluationFailure> {
        let raw = call(engine, &pre, part, |guest, store| guest.call_describe(store))?;
        if part > 0 && raw.name.is_empty() {
            return Ok(None);
        }
        let description = describe::description(raw)
            .map_err(|wrong| EvaluationFailure::Answer(format!("its description: {wrong}")))?;
        Ok(Some(Policy {
            engine: engine.clone(),
            pre,
            part,
            description,
            schema: OnceLock::new(),
            origin,
        }))
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

    /// Whether its settings schema can be used.
    pub(crate) fn check_schema(&self) -> Result<(), EvaluationFailure> {
        self.schema().map(drop).map_err(bad_schema)
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
        let page = call(&self.engine, &self.pre, self.part, |guest, store| {
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
        let state = State::new(self.part, Arc::clone(&bundle.words), Limiter::new(limits.memory));
        let answer = call_limited(&self.engine, &self.pre, state, &limits, |guest, store| {
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

/// One call in a fresh instance over the empty bundle.
fn call<R>(
    engine: &Engine,
    pre: &PolicyPre<State>,
    part: u32,
    run: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<R>,
) -> Result<R, EvaluationFailure> {
    let words = engine.empty();
    let limits = Applied::new(engine.limits(), words.len());
    let state = State::new(part, words, Limiter::new(limits.memory));
    call_limited(engine, pre, state, &limits, run)
}

/// One call in a fresh instance with this state, under these limits.
fn call_limited<R>(
    engine: &Engine,
    pre: &PolicyPre<State>,
    state: State,
    limits: &Applied,
    run: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<R>,
) -> Result<R, EvaluationFailure> {
    let _pass = engine.gate().enter();
    let mut store = Store::new(engine.wasmtime(), state);
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
