//! Every page's examples and every case, run natively.
#[test]
fn pages_and_cases() {
    plimsoll_sdk::testing::run_rule_docs::<plimsoll_policy_openchoreo::Openchoreo>(env!("CARGO_MANIFEST_DIR"));
}
