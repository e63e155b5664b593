//! Which failure an error is: by its type, never by its text.

use plimsoll_core::finding::clean_line;
use plimsoll_core::policy::EvaluationFailure;
use wasmtime::{Error, Trap};

use crate::limits::{Applied, OutOfMemory};

/// Most characters of an error's text that are shown.
const MESSAGE: usize = 500;

/// What failed while a guest ran or its answer was taken.
pub(crate) fn of_call(error: &Error, limits: &Applied) -> EvaluationFailure {
    if let Some(&OutOfMemory { limit }) = error.downcast_ref::<OutOfMemory>() {
        return EvaluationFailure::Memory(limit);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => EvaluationFailure::Fuel(limits.fuel),
        Some(Trap::Interrupt) => EvaluationFailure::Deadline(limits.deadline),
        Some(Trap::StackOverflow) => EvaluationFailure::Stack,
        Some(Trap::UnreachableCodeReached) => EvaluationFailure::Trap("it panicked".to_owned()),
        Some(
            trap @ (Trap::StringOutOfBounds
            | Trap::ListOutOfBounds
            | Trap::InvalidDiscriminant
            | Trap::InvalidChar
            | Trap::UnalignedPointer),
        ) => EvaluationFailure::Answer(text(&Error::from(*trap))),
        Some(trap) => EvaluationFailure::Trap(text(&Error::from(*trap))),
        None => EvaluationFailure::Answer(text(error)),
    }
}

/// What failed while an instance was made: its limits, its start function, or that it does not fit the host.
pub(crate) fn of_start(error: &Error, limits: &Applied) -> EvaluationFailure {
    match of_call(error, limits) {
        EvaluationFailure::Answer(text) => EvaluationFailure::Load(text),
        failure => failure,
    }
}

/// What failed while a component was read or compiled.
pub(crate) fn of_load(error: &Error) -> EvaluationFailure {
    EvaluationFailure::Load(text(error))
}

/// The innermost cause in one clean line: what surrounds it names frames of ours.
fn text(error: &Error) -> String {
    let cause = error.root_cause().to_string();
    let cause = cause.strip_prefix("wasm trap: ").unwrap_or(&cause);
    clean_line(cause, MESSAGE)
}
