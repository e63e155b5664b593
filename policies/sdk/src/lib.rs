//! What a policy author uses: the bundle as a cursor that knows its place, violations, settings, the export macro, and a
//! test harness that runs natively.

pub use plimsoll_kube as kube;
pub use plimsoll_kube::{Bundle, Flags, Join, Kind, Node, Object, ObjectFlags, Role, Symbol, Value, word};

mod policy;
mod violation;

pub use policy::{Context, Policy, Rule};
pub use violation::{Confidence, Edit, Fix, Place, Range, Related, Severity, Violation};
