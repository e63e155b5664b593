//! `secrets/plaintext-env`: a variable whose name promises a credential, set to one in the clear.

use plimsoll_sdk::{Confidence, Context, Kind, Node, Rule, Severity, Violation};

use crate::name::{self, Class, Promise};
use crate::surface::{Place, Surfaces, is_open_choreo};
use crate::value::{self, Value};
use crate::{connection, entropy};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "plaintext-env",
    title: "A credential as a literal environment variable",
    severity: Severity::Error,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// What OpenChoreo's platform engineers and developers fill in, by the keys of its versions.
const PARAMETERS: &[&str] = &[
    "parameters",
    "overrides",
    "environmentConfigs",
    "componentTypeEnvironmentConfigs",
    "componentTypeEnvOverrides",
    "traitEnvironmentConfigs",
    "traitOverrides",
];

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    // Lists of variables are known by their shape, not by their place: operators' kinds hold pod templates at places that
    // no table has.
    Surfaces::new(&context.bundle).walk(|place| {
        if place.node.kind() != Kind::String {
            return;
        }
        if let Some((item, list)) = place.variable() {
            variable(place, item, list, violations);
        } else if is_open_choreo(place.object) {
            parameter(place, violations);
        }
    });
}

fn variable(place: &Place<'_, '_>, item: Node<'_>, list: usize, violations: &mut Vec<Violation>) {
    let name = Place::variable_name(item);
    let Some(text) = place.node.raw_text() else { return };
    let Some(found) = credential(name, text) else { return };
    let container = place.container(list.saturating_sub(1));
    let message = format!(
        "{container} sets {name} to a literal credential ({} characters, redacted)",
        value::length(text)
    );
    let help = if is_open_choreo(place.object) {
        format!(
            "OpenChoreo renders literals into a ConfigMap: put {} into a SecretReference and set {name} with \
             `valueFrom: {{secretKeyRef: {{name: {}-secrets, key: {name}}}}}`; rotate it, for the history keeps it",
            found.class.with_article(),
            place.object_name()
        )
    } else {
        format!(
            "put {} into a Secret and set {name} with `valueFrom: {{secretKeyRef: {{name: {}-secrets, key: {name}}}}}`; \
             rotate it, for the history keeps it",
            found.class.with_article(),
            place.object_name()
        )
    };
    violations.push(found.violation(place, text, message, help));
}

/// A parameter of OpenChoreo, or a schema's default for one.
fn parameter(place: &Place<'_, '_>, violations: &mut Vec<Violation>) {
    let Some(text) = place.node.raw_text() else { return };
    let in_schema = place.is_below(&["schema", "openAPIV3Schema"]);
    let (name, value, what) = if in_schema && place.node.key_text() == "default" {
        (
            place.above.last().map_or("", |node| node.key_text()),
            text,
            "default of parameter",
        )
    } else if in_schema {
        // `string | default="…"`, a schema in one line.
        let Some(value) = short_default(text) else { return };
        (place.node.key_text(), value, "default of parameter")
    } else if place.is_below(PARAMETERS) {
        (place.node.key_text(), text, "parameter")
    } else {
        return;
    };
    let Some(found) = credential(name, value) else { return };
    let message = format!(
        "{} {}: {what} {name} is a literal credential ({} characters, redacted)",
        place.object.kind_text(),
        place.object_name(),
        value::length(value)
    );
    let help = format!(
        "OpenChoreo renders literals into a ConfigMap: put {} into a SecretReference and refer to it with \
         `valueFrom.secretKeyRef`; rotate it, for the history keeps it",
        found.class.with_article()
    );
    violations.push(found.violation(place, value, message, help));
}

/// The default in a one-line schema, without quotes.
fn short_default(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('|')?;
    let (_, value) = rest.split_once("default=")?;
    let value = value.trim_start();
    Some(match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next().unwrap_or(quoted),
        None => value.split([' ', '|']).next().unwrap_or(value),
    })
}

/// A literal credential.
struct Found {
    class: Class,
    /// Whether only the look of the value says so.
    guessed: bool,
}

impl Found {
    /// `value` is a part of the text at the place.
    fn violation(&self, place: &Place<'_, '_>, value: &str, message: String, help: String) -> Violation {
        let mut violation = Violation::new(place.node, message).sensitive().help(help);
        let whole = place.node.raw_text().unwrap_or("");
        if let Some(start) = whole.find(value).filter(|_| value.len() < whole.len()) {
            violation = violation.within(start..start + value.len());
        }
        if self.class == Class::Salt {
            violation = violation.severity(Severity::Info);
        }
        // Where a later patch may set another value, this one may never be used.
        if self.guessed || !place.node.is_final() {
            violation = violation.confidence(Confidence::Medium);
        }
        violation
    }
}

/// Whether a name and a value together make a credential of this rule's.
fn credential(name: &str, text: &str) -> Option<Found> {
    let (class, guessed) = match name::judge(name) {
        Promise::Strong(Class::Webhook) => {
            return is_webhook(text).then_some(Found {
                class: Class::Webhook,
                guessed: false,
            });
        }
        // Its value decides, and `connection-string-password` says so.
        Promise::Strong(Class::Connection) | Promise::None => return None,
        Promise::Strong(class) => (class, false),
        Promise::Ambiguous => (Class::Credential, true),
    };
    let literal = value::judge(text) == Value::Literal
        && (!guessed || entropy::looks_random(text))
        && !value::is_resource_name(name, text)
        && !value::repeats_name(name, text)
        && !is_reported_elsewhere(text);
    literal.then_some(Found { class, guessed })
}

/// Whether `connection-string-password` speaks of this value: one finding per value.
fn is_reported_elsewhere(text: &str) -> bool {
    connection::may_hold(text) && connection::find(text).iter().any(|credential| !credential.user_only)
}

/// Hosts where the address is all that it takes to post.
fn is_webhook(text: &str) -> bool {
    const HOSTS: &[(&str, &str)] = &[
        ("hooks.slack.com", "/services/"),
        ("discord.com", "/api/webhooks/"),
        ("discordapp.com", "/api/webhooks/"),
        ("outlook.office.com", "/webhook/"),
        ("chat.googleapis.com", "/v1/spaces/"),
    ];
    let Some(rest) = text.trim().strip_prefix("https://") else {
        return false;
    };
    let (host, path) = rest
        .find('/')
        .and_then(|at| rest.split_at_checked(at))
        .unwrap_or((rest, ""));
    let known = HOSTS
        .iter()
        .any(|(known, start)| host.eq_ignore_ascii_case(known) && path.len() > start.len() && path.starts_with(start))
        || (host.to_ascii_lowercase().ends_with(".webhook.office.com") && path.len() > 1);
    known && !value::is_reference(text) && !crate::placeholder::is_placeholder(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_in_one_line() {
        assert_eq!(short_default("string | default=Fak3 | required=false"), Some("Fak3"));
        assert_eq!(short_default("string | default=\"Fa k3\""), Some("Fa k3"));
        assert_eq!(short_default("string"), None);
        assert_eq!(short_default("string | enum=a,b"), None);
    }

    #[test]
    fn webhooks_are_known_by_their_host() {
        assert!(is_webhook("https://hooks.slack.com/services/none/such/hook"));
        assert!(is_webhook("https://acme.webhook.office.com/webhookb2/none"));
        for text in [
            "https://hooks.example.com/services/none",
            "https://hooks.slack.com/services/",
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX",
            "https://hooks.slack.com/services/${HOOK}",
            "http://orders/hook",
        ] {
            assert!(!is_webhook(text), "{text}");
        }
    }
}
