//! What a policy author uses: the bundle as a cursor that knows its place, violations, settings, the export macro, and a
//! test harness that runs natively.

// The generated exports name this crate as the policies do.
#[cfg(target_arch = "wasm32")]
extern crate self as plimsoll_sdk;

pub use plimsoll_kube as kube;
pub use plimsoll_kube::{Bundle, Flags, Join, Kind, Node, Object, ObjectFlags, Role, Symbol, Value, word};

#[cfg(any(test, target_arch = "wasm32"))]
mod allocator;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod export;
mod policy;
pub mod run;
#[cfg(feature = "testing")]
pub mod testing;
mod violation;

pub use policy::{Context, Policy, Rule};
pub use violation::{Confidence, Edit, Fix, Place, Range, Related, Severity, Violation};

/// Exports a [`Policy`] as the component that the crate compiles to.
///
/// Expands to nothing but on wasm32: the names that a component exports do not link natively, where the same crate is
/// tested and measured.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! policy {
    ($policy:ty) => {};
}

/// Exports a [`Policy`] as the component that the crate compiles to.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! policy {
    ($policy:ty) => {
        const _: () = {
            type Exported = $crate::export::Exported<$policy>;
    $crate::export::export_policy!(Exported with_types_in $crate::export::contract);
        };
    };
}
