//! The built-in policies: made, checked, precompiled and embedded by the build.

use plimsoll_core::policy::EvaluationFailure;
use plimsoll_engine::{Engine, Policy};

/// A policy of this program: its component, and the code that the build made of it.
pub struct BuiltinPolicy {
    /// Its name, the same as in its description.
    pub name: &'static str,
    /// SHA-256 of the component, in lower-case hexadecimal digits.
    pub digest: &'static str,
    /// The component.
    pub component: &'static [u8],
    /// What wasmtime made of it; empty when it could not compile for this target.
    code: &'static [u8],
}

/// What begins at a page and has its pages to itself, as code needs that is run where it lies. Larger pages than these
/// are not met where that is done.
#[repr(C, align(4096))]
struct Pages<T>(T);

/// The content of a file, in pages of its own.
macro_rules! pages {
    ($path:literal) => {{
        static CODE: &[u8] = &Pages(*include_bytes!($path)).0;
        CODE
    }};
}

static POLICIES: &[BuiltinPolicy] = &include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// All of them, sorted by name.
#[must_use]
pub fn policies() -> &'static [BuiltinPolicy] {
    POLICIES
}

impl BuiltinPolicy {
    /// Loads it: a fraction of a millisecond. Where this machine cannot use the code that was made at build time, the
    /// component is compiled; [`Policy::origin`] says so.
    ///
    /// # Errors
    /// When the engine can use neither, or the policy cannot describe itself.
    pub fn load(&self, engine: &Engine) -> Result<Policy, EvaluationFailure> {
        // SAFETY: the build script made `code` of `component` with wasmtime, both are part of this program, and `code` has
        // its pages to itself.
        #[allow(unsafe_code, reason = "compiled code is run as it is; this crate's build made it")]
        unsafe {
            Policy::from_precompiled(engine, self.code, self.component)
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::policy::Judge as _;
    use plimsoll_engine::{Allocation, EngineOptions, Origin};

    use super::*;

    #[test]
    fn every_policy_loads_as_the_build_compiled_it() {
        let engine = Engine::new(&EngineOptions::default()).expect("an engine");
        assert!(!policies().is_empty());
        assert!(policies().is_sorted_by_key(|policy| policy.name));
        for policy in policies() {
            let loaded = policy.load(&engine).expect(policy.name);
            assert_eq!(loaded.description().name, policy.name);
            let address = policy.code.as_ptr().addr();
            assert!(
                policy.code.is_empty() || address.is_multiple_of(4096),
                "{}: copied at every start",
                policy.name
            );
            assert_eq!(plimsoll_engine::digest(policy.component), policy.digest);
            if engine.allocation() != Allocation::Small {
                assert_eq!(loaded.origin(), &Origin::Precompiled, "{}", policy.name);
            }
        }
    }

    #[test]
    fn where_the_code_does_not_fit_the_component_is_compiled() {
        let engine = Engine::new(&EngineOptions {
            allocation: Allocation::Small,
            ..EngineOptions::default()
        })
        .expect("an engine");
        let policy = policies().first().expect("a policy");
        let loaded = policy.load(&engine).expect(policy.name);
        assert!(matches!(loaded.origin(), Origin::Compiled { because: Some(_) }));
        assert_eq!(loaded.description().name, policy.name);
    }

    #[test]
    fn every_settings_schema_can_be_used() {
        let engine = Engine::new(&EngineOptions::default()).expect("an engine");
        for policy in policies() {
            let loaded = policy.load(&engine).expect(policy.name);
            if !loaded.description().settings_schema.is_empty() {
                assert_eq!(loaded.check_settings("{}"), Ok(()), "{}", policy.name);
            }
        }
    }
}
