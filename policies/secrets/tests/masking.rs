//! What is found is marked, just the password's bytes of it, and no message quotes it.

use plimsoll_policy_secrets::Secrets;
use plimsoll_sdk::testing::findings;

const ADDRESSES: &str = include_str!("../src/connection_string_password/cases/fires-surfaces.yaml");

/// Cases of every rule that marks, on every surface.
const MARKED: &[(&str, &str)] = &[
    ("connection-string-password", ADDRESSES),
    (
        "plaintext-env",
        include_str!("../src/plaintext_env/cases/fires-openchoreo.yaml"),
    ),
    (
        "known-token-format",
        include_str!("../src/known_token_format/cases/fires-surfaces.yaml"),
    ),
    (
        "private-key",
        include_str!("../src/private_key/cases/fires-surfaces.yaml"),
    ),
    (
        "configmap-credential",
        include_str!("../src/configmap_credential/cases/fires-lessons-41-86-keys.yaml"),
    ),
    (
        "embedded-file-credential",
        include_str!("../src/embedded_file_credential/cases/fires-files.yaml"),
    ),
    (
        "command-line-credential",
        include_str!("../src/command_line_credential/cases/fires-programs.yaml"),
    ),
    (
        "secret-manifest-in-git",
        include_str!("../src/secret_manifest_in_git/cases/fires-lessons-52-53.yaml"),
    ),
    (
        "url-encoding",
        include_str!("../src/url_encoding/cases/fires-lessons-10-55.yaml"),
    ),
];

#[test]
fn messages_quote_nothing() {
    for (rule, text) in MARKED {
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
                said.chars().count() < 500 && one.message.chars().count() <= 140,
                "{said}"
            );
        }
    }
}

#[test]
fn the_place_is_the_password() {
    let found = findings::<Secrets>("connection-string-password", ADDRESSES);
    let fakes = found.iter().filter(|one| one.text.starts_with("Fak3")).count();
    // But for `guest`, the user of the error tracker and two keys in Base64.
    assert_eq!(fakes, found.len() - 4);
    assert!(found.iter().all(|one| !one.text.contains(['@', ':', '"', ' '])));
}

#[test]
fn a_raw_at_sign_is_part_of_the_password() {
    let found = findings::<Secrets>(
        "configmap-credential",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  URL: postgres://shop:Fak3@Pw@db:5432/shop\n",
    );
    assert_eq!(
        found.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
        ["Fak3@Pw"]
    );
}
