//! Every rule's page and cases, through the component that users run.

use plimsoll_core::policy::Judge as _;
use plimsoll_engine::{Engine, EngineOptions};
use plimsoll_tests::project;

#[test]
fn pages_and_cases_hold_in_the_sandbox() {
    let engine = Engine::new(&EngineOptions::default()).expect("an engine");
    for policy in plimsoll_builtin::policies(&engine).expect("the built-in policies load") {
        let name = &policy.description().name;
        let folder = project().join("policies").join(name);
        if let Err(difference) = plimsoll_sdk::testing::check_pages(&policy, &folder) {
            panic!("{name}: {difference}");
        }
    }
}
