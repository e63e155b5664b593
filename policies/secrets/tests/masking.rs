//! What is found is marked, just the password's bytes of it, and no message quotes it.

use plimsoll_policy_secrets::Secrets;
use plimsoll_sdk::testing::findings;

const ADDRESSES: &str = include_str!("../src/connection_string_password/cases/fires-surfaces.yaml");
const VARIABLES: &str = include_str!("../src/plaintext_env/cases/fires-openchoreo.yaml");

#[test]
fn messages_quote_nothing() {
    for (rule, text) in [("connection-string-password", ADDRESSES), ("plaintext-env", VARIABLES)] {
        let found = findings::<Secrets>(rule, text);
        assert!(!found.is_empty());
        for one in found {
            assert!(one.sensitive, "{}", one.message);
            let said = format!("{} {}", one.message, one.help.unwrap_or_default());
            // Neither the value nor what the host would put in its place.
            assert!(
                !said.to_ascii_lowercase().contains("fak3") && !said.contains("***"),
                "{said}"
            );
            assert!(
                said.chars().count() < 500 && one.message.chars().count() <= 120,
                "{said}"
            );
        }
    }
}

#[test]
fn the_place_is_the_password() {
    let found = findings::<Secrets>("connection-string-password", ADDRESSES);
    let fakes = found.iter().filter(|one| one.text.starts_with("Fak3")).count();
    // But for `guest` and the user of the error tracker.
    assert_eq!(fakes, found.len() - 2);
    assert!(found.iter().all(|one| !one.text.contains(['@', ':', '"', ' '])));
}

#[test]
fn a_raw_at_sign_is_part_of_the_password() {
    let found = findings::<Secrets>(
        "connection-string-password",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  URL: postgres://shop:Fak3@Pw@db:5432/shop\n",
    );
    assert_eq!(
        found.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
        ["Fak3@Pw"]
    );
}
