//! The built-in policies: made, checked, precompiled and embedded by the build.

use plimsoll_core::policy::EvaluationFailure;
use plimsoll_engine::{Component, Engine, Policy};

/// What begins at a page and has its pages to itself, as code needs that is run where it lies. Larger pages than these
/// are not met where that is done.
#[repr(C, align(4096))]
struct Pages<T>(T);

/// The component that they all are: their code is in it once.
pub static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policies.wasm"));

/// SHA-256 of [`COMPONENT`], in lower-case hexadecimal digits.
pub const DIGEST: &str = env!("PLIMSOLL_BUILTIN_DIGEST");

/// What wasmtime made of it; empty when it could not compile for this target.
static CODE: &[u8] = &Pages(*include_bytes!(concat!(env!("OUT_DIR"), "/policies.cwasm"))).0;

/// The policies, sorted by name. Where this machine cannot use the code that was made at build time,
/// the component is compiled; [`Policy::origin`] says so.
///
/// # Errors
/// When the engine can use neither, or a policy cannot describe itself.
pub fn policies(engine: &Engine) -> Result<Vec<Policy>, EvaluationFailure> {
    // SAFETY: the build script made the code of the component with wasmtime, both are part of this program, and the code
    // has its pages to itself.
    #[allow(unsafe_code, reason = "compiled code is run as it is; this crate's build made it")]
    let component = unsafe { Component::from_precompiled(engine, CODE, COMPONENT) };
    component?.policies()
}

#[cfg(test)]
mod tests {
    use plimsoll_core::policy::Judge as _;
    use plimsoll_engine::{Allocation, EngineOptions, Origin};

    use super::*;

    #[test]
    fn every_policy_loads_as_the_build_compiled_it() {
        let engine = Engine::new(&EngineOptions::default()).expect("an engine");
        let policies = policies(&engine).expect("policies");
        let names = policies.iter().map(|policy| policy.description().name.as_str());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
        let folders = std::fs::read_dir(folder).expect("a folder");
        let mut expected: Vec<String> = folders
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.join("src/rules.rs").is_file())
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect();
        expected.sort();
        assert!(names.eq(&expected), "policies/all has them all, by name: {expected:?}");
        assert!(
            CODE.is_empty() || CODE.as_ptr().addr().is_multiple_of(4096),
            "copied at every start"
        );
        assert_eq!(plimsoll_engine::digest(COMPONENT), DIGEST);
        if engine.allocation() != Allocation::Small {
            assert!(policies.iter().all(|policy| policy.origin() == &Origin::Precompiled));
        }
    }

    #[test]
    fn where_the_code_does_not_fit_the_component_is_compiled() {
        let engine = Engine::new(&EngineOptions {
            allocation: Allocation::Small,
            ..EngineOptions::default()
        })
        .expect("an engine");
        for policy in policies(&engine).expect("policies") {
            assert!(matches!(policy.origin(), Origin::Compiled { because: Some(_) }));
        }
    }

    #[test]
    fn every_settings_schema_can_be_used() {
        let engine = Engine::new(&EngineOptions::default()).expect("an engine");
        for policy in policies(&engine).expect("policies") {
            let description = policy.description();
            if !description.settings_schema.is_empty() {
                assert_eq!(policy.check_settings("{}"), Ok(()), "{}", description.name);
            }
        }
    }
}
