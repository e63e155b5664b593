//! What findings say, and what to do about them. Never a value.

use std::ops::Range;

use plimsoll_sdk::{Confidence, Node, Severity, Violation, word};

use super::{Candidate, Rule};
use crate::connection::{Carrier, Credential};
use crate::dsn::Form;
use crate::encoding::{self, Unescaped, Verdict};
use crate::name::Class;
use crate::pem;
use crate::surface::{Part, Place, is_open_choreo};
use crate::token::{Token, Worth};

pub(super) const CONFIGMAP_HELP: &str = "move the whole value to a key of a Secret, turn `configMapKeyRef` into `secretKeyRef` (or \
                              `configMapRef` into `secretRef`), and rotate the credential, for the history keeps it";

/// What to do about a Secret in a file.
pub(crate) const SECRET_HELP: &str = "commit it encrypted (a SealedSecret, SOPS) or leave it to an operator that fills it from \
                                      a vault (an ExternalSecret), and rotate what was in it, for the history keeps it";

pub(super) const COMMAND_HELP: &str = "the process list and every audit of the pod show command lines: hand it over as a variable from a \
                            Secret, refer to it as `$(NAME)` or let the program read a mounted file, and rotate it";

/// Where a later patch may set another value, this one may never be used.
pub(super) fn patched(place: &Place<'_, '_>, violation: Violation) -> Violation {
    if place.node.is_final() || violation.confidence < Confidence::Medium {
        violation
    } else {
        violation.confidence(Confidence::Medium)
    }
}

/// The name of what holds a value: of the variable, or the key.
pub(super) fn holder<'t>(place: &Place<'_, 't>) -> &'t str {
    match place.above.last() {
        Some(item) if place.part == Part::Variable => Place::variable_name(*item),
        _ => place.node.key_text(),
    }
}

/// Words beside a password that it should not be made of.
pub(super) fn beside<'a>(place: &Place<'_, 'a>, name: &'a str) -> Vec<&'a str> {
    let mut words: Vec<&str> = place.object_name().split(['-', '.']).collect();
    words.extend(name.split(['_', '-', '.']).next());
    words
}

pub(super) fn line_label(place: &Place<'_, '_>, line: usize) -> String {
    match line {
        0 => place.label(),
        line => format!("{} line {line}", place.label()),
    }
}

pub(super) fn configmap_message(place: &Place<'_, '_>) -> String {
    format!(
        "ConfigMap {} key {} holds a credential; ConfigMaps are not access-controlled as secrets",
        place.object_name(),
        place.node.key_text()
    )
}

pub(super) fn connection_message(place: &Place<'_, '_>, credential: &Credential<'_>) -> String {
    let at = line_label(place, credential.line);
    let host = credential.host.map(|host| format!(" for {host}")).unwrap_or_default();
    match credential.carrier {
        Carrier::Address(scheme) if credential.user_only => {
            format!("{at}: {scheme} URL{host} carries a user without a password (redacted)")
        }
        Carrier::Address(scheme) => format!("{at}: {scheme} URL{host} carries a password (redacted)"),
        Carrier::Dsn(Form::AzureKey) => format!("{at}: Azure connection string carries an account key (redacted)"),
        Carrier::Dsn(Form::Spring) => format!("{at}: a Spring property sets a literal password (redacted)"),
        Carrier::Dsn(_) => format!("{at}: connection string{host} carries a password (redacted)"),
    }
}

pub(super) fn connection_help(place: &Place<'_, '_>) -> &'static str {
    if is_open_choreo(place.object) {
        "OpenChoreo renders literals into a ConfigMap: keep the whole value under a key of a SecretReference, refer to it \
         with `valueFrom.secretKeyRef`, and rotate the password, for the history keeps it"
    } else if place.object.kind() == word!("ConfigMap") {
        "a ConfigMap is not guarded as a Secret is: make the file from a Secret, and rotate the password, for the history \
         keeps it"
    } else if place.variable().is_some() {
        "keep the whole value under a key of a Secret, refer to it with `valueFrom.secretKeyRef`, and rotate the password, \
         for the history keeps it"
    } else {
        "keep the whole value in a Secret, hand it over as a variable or file, and rotate the password, for the history \
         keeps it"
    }
}

pub(super) fn variable_help(place: &Place<'_, '_>, name: &str, class: Class) -> String {
    let (class, object) = (class.with_article(), place.object_name());
    if is_open_choreo(place.object) {
        format!(
            "OpenChoreo renders literals into a ConfigMap: put {class} into a SecretReference and set {name} with \
             `valueFrom: {{secretKeyRef: {{name: {object}-secrets, key: {name}}}}}`; rotate it, for the history keeps it"
        )
    } else {
        format!(
            "put {class} into a Secret and set {name} with `valueFrom: {{secretKeyRef: {{name: {object}-secrets, key: \
             {name}}}}}`; rotate it, for the history keeps it"
        )
    }
}

pub(super) fn private_key(place: &Place<'_, '_>, text: &str, key: pem::PrivateKey) -> Candidate {
    let mut violation = Violation::new(place.node, format!("{} contains a private key", place.label()))
        .sensitive()
        .help("who has the key can pose as its owner: revoke it, make a new one where it is used, and mount it from a Secret");
    if key.range.len() < text.len() {
        violation = violation.within(key.range.clone());
    }
    if key.guarded {
        violation = violation.severity(Severity::Warning);
    }
    Candidate {
        rule: Rule::PrivateKey,
        range: key.range,
        violation: patched(place, violation),
    }
}

/// A token, and where it stands; `name` is what holds it.
pub(crate) fn known_token(node: Node<'_>, label: &str, name: &str, token: Token) -> (Range<usize>, Violation) {
    let prefix = if token.prefix.is_empty() {
        String::from("redacted")
    } else {
        format!("{}…, redacted", token.prefix)
    };
    let message = format!("{label} contains a {} {} ({prefix})", token.provider, token.kind);
    // Firebase's keys of web pages have the form of Google's others, and are meant to be seen.
    let worth = match token.prefix {
        "AIza" if name.to_ascii_lowercase().contains("firebase") => Worth::Public,
        _ => token.worth,
    };
    let (severity, help) = match worth {
        Worth::Live => (
            Severity::Error,
            "revoke it now, for the history keeps it, and have a new one put in from a Secret",
        ),
        Worth::Test => (
            Severity::Warning,
            "it opens the vendor's test mode alone; still keep it in a Secret, where the live one will be, and roll it",
        ),
        Worth::Id => (
            Severity::Warning,
            "it names an account and opens nothing without its secret; use the workload's own identity, or keep both in a Secret",
        ),
        Worth::Public => (
            Severity::Info,
            "it is meant to be public; make sure that it may do no more than it must",
        ),
    };
    let confidence = if token.doubtful {
        Confidence::Medium
    } else {
        Confidence::Certain
    };
    let mut violation = Violation::new(node, message)
        .within(token.range.clone())
        .severity(severity)
        .confidence(confidence)
        .help(help);
    if worth != Worth::Public {
        violation = violation.sensitive();
    }
    (token.range, violation)
}

/// A letter that an address should not hold raw.
pub(crate) fn unescaped_letter(node: Node<'_>, label: &str, one: &Unescaped) -> Violation {
    let at = match one.line {
        0 => label.to_owned(),
        line => format!("{label} line {line}"),
    };
    let part = if one.in_user { "user" } else { "password" };
    let (letter, escaped) = (one.letter, encoding::escaped(one.letter));
    let message = if one.twice {
        format!("{at}: {part} part of the URL is escaped twice (%25…); readers decode it once")
    } else if letter == ' ' {
        format!("{at}: {part} part of the URL has an unescaped blank or control character; encode it as {escaped}")
    } else {
        format!("{at}: {part} part of the URL has an unescaped \"{letter}\"; encode it as {escaped}")
    };
    let help = match one.verdict {
        Verdict::Certain => {
            "no reader of URLs takes this: percent-encode each part of the URL by itself before it is put together"
        }
        Verdict::Wrong => {
            "drivers disagree on where the password ends, so some connect to the wrong host or with half a password: \
             percent-encode each part of the URL by itself before it is put together"
        }
        Verdict::Doubtful => {
            "some drivers decode this to another password than others: percent-encode it, and once only"
        }
    };
    let (severity, confidence) = match one.verdict {
        Verdict::Certain => (Severity::Error, Confidence::Certain),
        Verdict::Wrong => (Severity::Error, Confidence::High),
        Verdict::Doubtful => (Severity::Warning, Confidence::Medium),
    };
    Violation::new(node, message)
        .within(one.range.clone())
        .severity(severity)
        .confidence(confidence)
        .sensitive()
        .help(help)
}
