//! Secrets as manifests: what of them is a credential.

use plimsoll_sdk::{Confidence, Kind, Node, Object, Place, Severity, Violation, word};

use crate::name::{self, Promise};
use crate::report::{self, Rule, Search};
use crate::value::{self, Value};
use crate::{base64, connection, encoding, entropy, file, pem, stage, token, weak};

/// What a value of a Secret is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Held {
    /// Empty, a user's name, a certificate, settings without a credential.
    Nothing,
    /// A stand-in, or a reference that is filled in later.
    Later,
    /// A text that may be one; nothing but its place says so.
    Likely,
    /// A credential.
    Credential,
}

/// Judges a Secret.
pub(crate) fn judge<'t>(search: &mut Search<'_, 't>, object: Object<'t>) {
    // To create a Secret is what admission is asked for every day.
    let admission = search
        .bundle
        .facts()
        .is_some_and(|facts| facts.get(word!("request")).known().is_some());
    let root = object.root();
    let kind = root.text_of(word!("type")).known().unwrap_or("");
    if admission
        || matches!(kind, "kubernetes.io/service-account-token" | "helm.sh/release.v1")
        || !root.get_text("sops").is_absent()
    {
        return;
    }
    let mut worst = Held::Nothing;
    // Whether all that is a credential is known to everybody.
    let mut weak = true;
    let mut count = 0;
    let mut first: Option<Node<'t>> = None;
    for (map, encoded) in [(word!("data"), true), (word!("stringData"), false)] {
        let Some(map) = root.get(map).known() else { continue };
        for member in map.members() {
            count += 1;
            let (held, is_weak) = member_of(search, object, member, encoded);
            weak &= held < Held::Credential || is_weak;
            if held > worst || first.is_none() {
                worst = worst.max(held);
                first = Some(map);
            }
        }
    }
    let Some(map) = first else { return };
    if is_for_tests(object.file()) {
        return;
    }
    let (keys, name) = (if count == 1 { "key" } else { "keys" }, object.called());
    let message = format!("Secret {name} with {count} {keys} is committed in clear; base64 is not encryption");
    let mut violation = Violation::new(Place::Key(map.index()), message)
        .sensitive()
        .help(report::SECRET_HELP);
    violation = match worst {
        Held::Credential if weak && is_shown(object.file()) => violation.severity(Severity::Warning),
        Held::Credential if stage::is_dev(search.bundle, object) => violation.severity(Severity::Warning),
        Held::Credential if map.is_final() => violation,
        Held::Credential => violation.confidence(Confidence::Medium),
        Held::Likely => violation.severity(Severity::Warning).confidence(Confidence::Medium),
        Held::Later | Held::Nothing => violation
            .severity(Severity::Info)
            .help("nothing in it is a credential yet; keep it so: fill it when it is deployed"),
    };
    search.push(Rule::SecretManifest, violation);
}

/// Judges one value, and reports what other rules say of it.
fn member_of<'t>(search: &mut Search<'_, 't>, object: Object<'t>, member: Node<'t>, encoded: bool) -> (Held, bool) {
    let Some(raw) = member.raw_text() else {
        return if member.kind() == Kind::Null {
            (Held::Nothing, false)
        } else {
            (Held::Likely, false)
        };
    };
    let key = member.key_text();
    let decoded;
    let text = if encoded && !value::is_reference(raw) {
        match base64::decode(raw).map(String::from_utf8) {
            Some(Ok(text)) => {
                decoded = text;
                decoded.as_str()
            }
            Some(Err(_)) => return (binary(key), false),
            // Not what the API server takes: a stand-in, or a text that was never encoded.
            None => raw,
        }
    } else {
        raw
    };
    let label = format!("Secret {} key {key}", object.called());
    let is_source = text.len() == raw.len() && text == raw;
    let placed = |mut violation: Violation| {
        if !is_source {
            violation.within = None;
        }
        violation
    };
    let mut held = Held::Nothing;
    for found in token::find(text) {
        if found.worth == token::Worth::Live {
            held = Held::Credential;
        }
        // A registry's login is what such a Secret is for.
        if found.kind != "login" {
            let (_, violation) = report::known_token(member, &label, key, found);
            search.push(Rule::KnownToken, placed(violation));
        }
    }
    for one in encoding::find(text) {
        let violation = report::unescaped_letter(member, &label, &one);
        search.push(Rule::UrlEncoding, placed(violation));
    }
    let mut later = false;
    for found in connection::find(text).into_iter().filter(|found| !found.user_only) {
        later |= found.placeholder;
        if !found.placeholder {
            held = Held::Credential;
        }
    }
    if !pem::find(text).is_empty() {
        held = Held::Credential;
    }
    let trimmed = text.trim();
    let is_file = trimmed.contains('\n') || trimmed.starts_with(['{', '[', '<']) && trimmed.len() > 80;
    if is_file {
        for found in file::find(key, text) {
            later |= found.placeholder;
            if !found.placeholder {
                held = Held::Credential;
            }
        }
    } else if held < Held::Credential && !later {
        held = single(key, trimmed);
        later = held == Held::Later && value::judge(trimmed) == Value::Placeholder;
    }
    if later && held < Held::Likely {
        held = Held::Later;
        if name::judge(key) != Promise::None || connection::may_hold(text) {
            let violation = search.placeholder_violation(object, member, &label, key);
            if let Some(violation) = violation {
                search.push(Rule::Placeholder, violation);
            }
        }
    }
    if held == Held::Credential && !member.is_final() && value::is_reference(trimmed) {
        held = Held::Later;
    }
    (
        held,
        !is_file && trimmed.len() < 16 && weak::is_weak(trimmed, &[object.name()]),
    )
}

/// A value of one line.
fn single(key: &str, text: &str) -> Held {
    match value::judge(text) {
        Value::Harmless | Value::Protected => Held::Nothing,
        Value::Reference | Value::Placeholder => Held::Later,
        Value::Literal => match name::judge(key) {
            Promise::Strong(name::Class::Connection | name::Class::Webhook | name::Class::Salt) => Held::Likely,
            Promise::Strong(_) => Held::Credential,
            _ if entropy::looks_random(text) || has_hex(text) => Held::Credential,
            _ if name::is_about(key) => Held::Nothing,
            _ => Held::Likely,
        },
    }
}

/// Whether a part of a text is a number of 128 bits or more, as `shop-9f8b…`.
fn has_hex(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|piece| {
        piece.len() >= 32 && piece.bytes().all(|byte| byte.is_ascii_hexdigit()) && entropy::bits(piece) >= 3.0
    })
}

/// Bytes that are no text: a store of keys, by its name.
fn binary(key: &str) -> Held {
    let key = key.to_ascii_lowercase();
    let store = [".jks", ".p12", ".pfx", ".keytab", ".keystore", ".key", ".kdbx", ".bks"]
        .iter()
        .any(|end| key.ends_with(end));
    if store || name::judge(&key) != Promise::None {
        Held::Credential
    } else {
        Held::Likely
    }
}

/// Whether a path says that a file shows how something is done.
fn is_shown(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders
        .split('/')
        .any(|folder| matches!(folder, "example" | "examples" | "sample" | "samples" | "demo" | "demos"))
}

/// Whether a path says that a file is there for tests alone.
fn is_for_tests(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders
        .split('/')
        .any(|folder| matches!(folder, "test" | "tests" | "testdata" | "e2e" | "fixtures" | "__tests__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_line() {
        for (key, text, expected) in [
            ("password", "Fak3", Held::Credential),
            ("username", "shop", Held::Nothing),
            ("host", "db.example.com", Held::Nothing),
            ("password", "", Held::Nothing),
            ("password", "changeme", Held::Later),
            ("password", "${PASSWORD}", Held::Later),
            ("data-1", "value-1", Held::Likely),
            ("value", "q7Vx2LmZp0RtYw8Kn4Jd", Held::Credential),
            ("value", "shop-9f8b1c3d7e2a4f60b5d8c9e1a7f3402b", Held::Credential),
            ("auth", "shop:$apr1$fake$fake", Held::Nothing),
            ("url", "https://shop.example.com", Held::Nothing),
        ] {
            assert_eq!(single(key, text), expected, "{key}");
        }
    }

    #[test]
    fn tests_are_known_by_their_folder() {
        assert!(
            is_for_tests("shop/e2e/secret.yaml") && !is_for_tests("contest/secret.yaml") && !is_for_tests("test.yaml")
        );
    }
}
