use proptest::prelude::*;

use super::check::{crc32, has_checksum};
use super::*;

/// Letters that look drawn and mean nothing.
fn body(length: usize) -> String {
    let letters = b"Fak3NotARealTokenButLettersOfNoMeaning247QzXwVjH";
    (0..length)
        .map(|at| char::from(letters[(at * 11 + at / 48) % 48]))
        .collect()
}

fn hex(length: usize) -> String {
    (0..length)
        .map(|at| char::from(b"0f3a9c1e7b5d2468"[(at * 7 + at / 16) % 16]))
        .collect()
}

/// With GitHub's check sum behind it.
fn summed(body: &str) -> String {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(body.as_bytes());
    let mut sum: Vec<char> = (0..6)
        .map(|_| {
            let digit = char::from(digits[(rest % 62) as usize]);
            rest /= 62;
            digit
        })
        .collect();
    sum.reverse();
    format!("{body}{}", sum.into_iter().collect::<String>())
}

fn base64_url(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    out
}

fn jwt(payload: &str) -> String {
    format!(
        "{}.{}.{}",
        base64_url("{\"alg\":\"none\",\"typ\":\"JWT\"}"),
        base64_url(payload),
        body(43)
    )
}

fn only(text: &str) -> Token {
    let mut found = find(text);
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

#[test]
fn check_sums() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    assert!(has_checksum(&summed("Fak3NotARealTokenButLetters000")));
    assert!(!has_checksum("Fak3NotARealTokenButLetters000000000"));
    assert!(!has_checksum("a"));
}

#[test]
fn vendors_tokens_are_found() {
    for (token, provider) in [
        (format!("ghp_{}", summed(&body(30))), "GitHub"),
        (format!("github_pat_{}", body(82)), "GitHub"),
        (format!("glpat-{}", body(20)), "GitLab"),
        (format!("xoxb-{}-{}", "123456789012", body(24)), "Slack"),
        (format!("sk_live_{}", body(24)), "Stripe"),
        (format!("AIza{}", body(35)), "Google"),
        (format!("npm_{}", summed(&body(30))), "npm"),
        (format!("dop_v1_{}", hex(64)), "DigitalOcean"),
        (format!("hvs.{}", body(95)), "Vault"),
        (format!("sk-proj-{}T3BlbkFJ{}", body(20), body(20)), "OpenAI"),
        (format!("sk-{}T3BlbkFJ{}", body(20), body(20)), "OpenAI"),
        (format!("sk-ant-api03-{}", body(93)), "Anthropic"),
        (format!("hf_{}", body(34)), "Hugging Face"),
        (format!("SG.{}.{}", body(22), body(43)), "SendGrid"),
        (format!("shpat_{}", hex(32)), "Shopify"),
        (format!("sha256~{}", body(43)), "OpenShift"),
        (format!("abC4Q~{}", body(34)), "Azure"),
        (format!("{}.atlasv1.{}", body(14), body(64)), "Terraform Cloud"),
        (jwt("{\"sub\":\"shop\"}"), "JWT"),
        (jwt("{\"iss\":\"kubernetes/serviceaccount\"}"), "Kubernetes"),
    ] {
        for text in [
            token.clone(),
            format!("token={token}"),
            format!("curl -H 'X-Token: {token}' https://h.example"),
            format!("a\n{token}.\nb"),
        ] {
            let found = only(&text);
            assert_eq!(found.provider, provider, "{text}");
            assert_eq!(text.get(found.range), Some(token.as_str()));
            assert!(runs(text.as_bytes()).any(|run| may_be(&text.as_bytes()[run])));
            assert!(!found.doubtful, "{text}");
        }
    }
    let telegram = format!("https://api.telegram.org/bot123456789:AA{}/send", body(33));
    assert_eq!(only(&telegram).provider, "Telegram");
}

#[test]
fn worth_is_told() {
    for (token, worth) in [
        (format!("sk_test_{}", body(24)), Worth::Test),
        (format!("pk_live_{}", body(24)), Worth::Public),
        (String::from("AKIAQ2WZ7FJ4KX3NB6MV"), Worth::Id),
        (
            String::from("id AKIAQ2WZ7FJ4KX3NB6MV key Fak3/NotA+RealKey0ButFortyLettersLongQzX"),
            Worth::Live,
        ),
        (jwt("{\"role\":\"anon\"}"), Worth::Public),
        (jwt("{\"role\": \"service_role\"}"), Worth::Live),
    ] {
        assert_eq!(only(&token).worth, worth, "{token}");
    }
    // A wrong check sum: perhaps a sample.
    assert!(only(&format!("ghp_{}", body(36))).doubtful);
}

#[test]
fn logins_and_webhooks_are_found() {
    for text in [
        "Authorization: Basic c2hvcDpGYWszLVB3",
        "-H \"authorization: Basic c2hvcDpGYWszLVB3\"",
        "{\"auths\":{\"r.example\":{\"auth\":\"c2hvcDpGYWszLVB3\"}}}",
        "{\"auth\": \"c2hvcDpGYWszLVB3\"}",
    ] {
        assert_eq!(text.get(only(text).range), Some("c2hvcDpGYWszLVB3"), "{text}");
    }
    for text in [
        "Authorization: Bearer $TOKEN",
        "Authorization: Basic $BASIC",
        "{\"auth\": \"none\"}",
        "Authorization: Basic auth",
    ] {
        assert_eq!(find(text), [], "{text}");
    }
    assert_eq!(
        only("url: https://hooks.slack.com/services/none/such/hook").provider,
        "Slack"
    );
    assert_eq!(
        only("https://acme.webhook.office.com/webhookb2/none/such/hook/at/all").provider,
        "Microsoft Teams"
    );
    for text in [
        "https://hooks.example.com/services/none/such/hook",
        "https://hooks.slack.com/services/",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX",
        "https://hooks.slack.com/services/${HOOK}/a/b",
    ] {
        assert_eq!(find(text), [], "{text}");
    }
}

#[test]
fn other_texts_are_no_tokens() {
    for text in [
        String::new(),
        String::from(
            "registry.example.com/shop/web@sha256:9f8b1c3d7e2a4f60b5d8c9e1a7f3402b9f8b1c3d7e2a4f60b5d8c9e1a7f3402b",
        ),
        String::from("app.kubernetes.io/managed-by-something-else"),
        String::from("AKIAIOSFODNN7EXAMPLE"),
        String::from("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        String::from("glpat-aaaaaaaaaaaaaaaaaaaa"),
        String::from("xoxb-your-token-goes-in-this-place"),
        String::from("hf_transformers_cache_directory_of_models"),
        String::from("eyJhbGciOiJub25lIn0"),
        format!("eyJ{}.eyJ{}.{}", body(20), body(20), body(43)),
        String::from("key-rotation-schedule-of-the-whole-shop"),
        String::from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        String::from("MANAGED.resource.of-something-quite-long-here"),
        format!("ghp_{}", body(35)),
        format!("sk_live_{}", "a".repeat(30)),
    ] {
        assert_eq!(find(&text), [], "{text}");
    }
}

proptest! {
    #[test]
    fn runs_are_the_long_ones(text in "[a-zA-Z0-9_é=/ .-]{0,200}") {
        let bytes = text.as_bytes();
        let mut expected = Vec::new();
        let mut start = 0;
        for end in 0..=bytes.len() {
            if !bytes.get(end).is_some_and(|&byte| is_token(byte)) {
                if end - start >= SHORTEST {
                    expected.push(start..end);
                }
                start = end + 1;
            }
        }
        prop_assert_eq!(runs(bytes).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn any_text(text in "(eyJ|ghp_|AKIA|SG\\.|hvs\\.|fm2_|[A-Za-z0-9+/=]{30}|[.:= \"é/-]|Authorization: Basic |https://hooks.slack.com/services/|\"auth\":){0,12}") {
        for token in find(&text) {
            prop_assert!(text.get(token.range).is_some());
        }
    }
}
