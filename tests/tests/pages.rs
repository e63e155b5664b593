//! Every rule's page and cases, through the component that users run.

use plimsoll_engine::{Engine, EngineOptions};
use plimsoll_tests::project;

#[test]
fn pages_and_cases_hold_in_the_sandbox() {
    let engine = Engine::new(&EngineOptions::default()).expect("an engine");
    let policies = plimsoll_builtin::policies();
    assert_eq!(
        policies.iter().map(|policy| policy.name).collect::<Vec<_>>(),
        ["cors", "network", "openchoreo", "ports", "probes", "secrets"]
    );
    for policy in policies {
        let judge = policy.load(&engine).expect("a built-in policy loads");
        let folder = project().join("policies").join(policy.name);
        if let Err(difference) = plimsoll_sdk::testing::check_pages(&judge, &folder) {
            panic!("{}: {difference}", policy.name);
        }
    }
}
