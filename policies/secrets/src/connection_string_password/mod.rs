//! `secrets/connection-string-password`: a password inside an address or DSN, whatever holds it is called.

use plimsoll_sdk::{Confidence, Context, Kind, Rule, Severity, Symbol, Violation, word};

use crate::connection::{self, Carrier, Credential};
use crate::dsn::Form;
use crate::surface::{Place, Surfaces, is_open_choreo};
use crate::{base64, value};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "connection-string-password",
    title: "A password inside a connection string",
    severity: Severity::Error,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let tree = bundle.tree();
    // Each text once, however often it is used.
    let looks: Vec<Look> = (0..tree.symbols())
        .map(|symbol| look(tree.text(Symbol(symbol))))
        .collect();
    let look_of = |symbol: u32| looks.get(symbol as usize).copied().unwrap_or(Look::Nothing);
    Surfaces::new(bundle).walk(|place| {
        let Some(node) = tree.node(place.node.index()).filter(|node| node.kind == Kind::String) else {
            return;
        };
        if is_binary(place) {
            binary(place, violations);
        } else if look_of(node.value) == Look::MayHold {
            let text = tree.text(Symbol(node.value));
            for credential in connection::find(text) {
                violations.push(violation(place, text, &credential));
            }
        }
        if node.key.is_some_and(|key| look_of(key.0) == Look::SpringKey) {
            spring_key(place, violations);
        }
    });
}

/// What a text may be, at first sight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Nothing,
    /// A connection string somewhere in it.
    MayHold,
    /// As a key: of a Spring property that is a password.
    SpringKey,
}

fn look(text: &str) -> Look {
    if connection::may_hold(text) {
        Look::MayHold
    } else if text.starts_with("spring.") && text.ends_with(".password") {
        Look::SpringKey
    } else {
        Look::Nothing
    }
}

/// Whether it is one of a ConfigMap's `binaryData`.
fn is_binary(place: &Place<'_, '_>) -> bool {
    place.object.kind() == word!("ConfigMap")
        && place.above.len() == 2
        && place.above.get(1).and_then(|data| data.key()) == Some(word!("binaryData"))
}

/// A text kept as Base64; places in it are no places of the source.
fn binary(place: &Place<'_, '_>, violations: &mut Vec<Violation>) {
    let bytes = place.node.raw_text().and_then(base64::decode);
    let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return;
    };
    for credential in connection::find(&text) {
        let mut violation = violation(place, &text, &credential);
        violation.within = None;
        violations.push(violation);
    }
}

/// `spring.datasource.password: …` as a key of its own.
fn spring_key(place: &Place<'_, '_>, violations: &mut Vec<Violation>) {
    let Some(text) = place.node.raw_text() else { return };
    if value::judge(text) == value::Value::Literal && connection::find(text).is_empty() {
        let message = format!("{}: set to a literal password (redacted)", place.label());
        violations.push(finish(Violation::new(place.node, message).within(0..text.len()), place));
    }
}

fn violation(place: &Place<'_, '_>, text: &str, credential: &Credential<'_>) -> Violation {
    let mut at = place.label();
    if credential.line > 0 {
        at = format!("{at} line {}", credential.line);
    }
    let host = credential.host.map(|host| format!(" for {host}")).unwrap_or_default();
    let message = match credential.carrier {
        Carrier::Address(scheme) if credential.user_only => {
            format!("{at}: {scheme} URL{host} carries a user without a password (redacted)")
        }
        Carrier::Address(scheme) => format!("{at}: {scheme} URL{host} carries a password (redacted)"),
        Carrier::Dsn(Form::AzureKey) => format!("{at}: Azure connection string carries an account key (redacted)"),
        Carrier::Dsn(Form::Spring) => format!("{at}: a Spring property sets a literal password (redacted)"),
        Carrier::Dsn(_) => format!("{at}: connection string{host} carries a password (redacted)"),
    };
    let violation = Violation::new(place.node, message).within(credential.secret.clone());
    if credential.user_only {
        // Often a public identifier (an error tracker's DSN), sometimes a token: advice, but masked.
        return violation
            .severity(Severity::Info)
            .confidence(Confidence::Low)
            .sensitive()
            .help("if the user's name is a token, keep the whole value in a Secret and rotate it");
    }
    // A later patch may put another text here; one that is composed of references is here to stay.
    let patched = !place.node.is_final() && !value::is_reference(text);
    let violation = finish(violation, place);
    if patched {
        violation.confidence(Confidence::Medium)
    } else {
        violation
    }
}

/// Marks it and says what to do.
fn finish(violation: Violation, place: &Place<'_, '_>) -> Violation {
    let help = if is_open_choreo(place.object) {
        "OpenChoreo renders literals into a ConfigMap: keep the whole value under a key of a SecretReference, refer to it \
         with `valueFrom.secretKeyRef`, and rotate the password, for the history keeps it"
    } else if place.object.kind() == word!("ConfigMap") {
        "a ConfigMap is not guarded as a Secret is: move the whole value to a key of a Secret, turn `configMapKeyRef` into \
         `secretKeyRef`, and rotate the password, for the history keeps it"
    } else if place.variable().is_some() {
        "keep the whole value under a key of a Secret, refer to it with `valueFrom.secretKeyRef`, and rotate the password, \
         for the history keeps it"
    } else {
        "keep the whole value in a Secret, hand it over as a variable or file, and rotate the password, for the history \
         keeps it"
    };
    violation.sensitive().help(help)
}
