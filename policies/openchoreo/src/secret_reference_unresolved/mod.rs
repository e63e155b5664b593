//! A workload needs a secret that no SecretReference gives it.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::{Class, EnvSource, KeyRef, Product, Workload, openchoreo};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Join, Kind, Node, Object, Rule, Severity, Symbol, Value, Violation, word,
};

use crate::Settings;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "secret-reference-unresolved",
    title: "A secret that no SecretReference gives",
    severity: Severity::Error,
    kinds: &[
        "Workload.openchoreo.dev",
        "ComponentRelease.openchoreo.dev",
        "ReleaseBinding.openchoreo.dev",
        "Workload.core.choreo.dev",
        "ComponentRelease.core.openchoreo.dev",
        "ReleaseBinding.core.openchoreo.dev",
        "Workload.core.openchoreo.dev",
    ],
    context: &["SecretReference.openchoreo.dev", "Secret", "*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let kind = bundle.symbol("SecretReference");
    let mut last = None;
    let mut workloads: Vec<Workload<'_>> = openchoreo::deployed(bundle)
        .into_iter()
        .filter_map(|deployed| {
            let same = last.replace(deployed.workload.object) == Some(deployed.workload.object);
            let all = std::iter::once(deployed.workload).chain(deployed.copies);
            if same {
                None
            } else {
                all.into_iter().find(|one| one.is_judged())
            }
        })
        .collect();
    let overrides = bundle.workloads().iter().filter(|one| one.class == Class::Overrides);
    workloads.extend(overrides.filter(|one| one.is_judged()).copied());
    workloads.sort_by_key(|workload| workload.object.index());
    for workload in workloads {
        for (name, uses) in uses(workload) {
            judge(bundle, kind, workload, name, &uses, violations);
        }
    }
}

/// One use of a secret: what uses it, and how.
struct Use<'t> {
    what: &'t str,
    reference: KeyRef<'t>,
}

/// Where a workload's variables and files come from secrets, by the secret's name, in order.
fn uses(workload: Workload<'_>) -> Vec<(Symbol, Vec<Use<'_>>)> {
    let mut order: Vec<Symbol> = Vec::new();
    let mut all: BTreeMap<Symbol, Vec<Use<'_>>> = BTreeMap::new();
    for container in workload.containers() {
        let variables = container.env().filter_map(|entry| match entry.source {
            EnvSource::Secret(reference) => Some((entry.name_text(), reference)),
            _ => None,
        });
        let files = container.files().filter_map(|file| {
            let from = file.get(word!("valueFrom")).known()?;
            let reference = [word!("secretKeyRef"), word!("secretRef")]
                .into_iter()
                .find_map(|key| from.get(key).known())?;
            Some((
                file.text_of(word!("key")).known().unwrap_or("a file"),
                KeyRef::of(reference),
            ))
        });
        for (what, reference) in variables.chain(files) {
            let Value::Known(name) = reference.name else { continue };
            if reference.optional {
                continue;
            }
            if !all.contains_key(&name) {
                order.push(name);
            }
            all.entry(name).or_default().push(Use { what, reference });
        }
    }
    order
        .into_iter()
        .filter_map(|name| Some((name, all.remove(&name)?)))
        .collect()
}

fn judge<'t>(
    bundle: &Bundle<'t>,
    kind: Option<Symbol>,
    workload: Workload<'t>,
    name: Symbol,
    uses: &[Use<'t>],
    violations: &mut Vec<Violation>,
) {
    let object = workload.object;
    match find(bundle, kind, object, name) {
        Value::Known((secret_reference, join)) => {
            let Some(keys) = keys_of(secret_reference) else { return };
            for (number, one) in uses.iter().enumerate() {
                let Value::Known(key) = one.reference.key else { continue };
                // Once for each key, where it is used first.
                let before = uses.get(..number).unwrap_or_default();
                if keys.contains(&key) || before.iter().any(|other| other.reference.key == Value::Known(key)) {
                    continue;
                }
                violations.push(without_key(bundle, workload, secret_reference, &join, one, key));
            }
        }
        Value::Unknown => {}
        Value::Absent => violations.extend(without_reference(bundle, workload, name, uses)),
    }
}

/// The SecretReference of a name: of the group that is served, or of the workload's own.
fn find<'t>(
    bundle: &Bundle<'t>,
    kind: Option<Symbol>,
    from: Object<'t>,
    name: Symbol,
) -> Value<(Object<'t>, Join<'t>)> {
    let Some(kind) = kind else { return Value::Absent };
    let mut result = Value::Absent;
    for group in [word!("openchoreo.dev"), from.group()] {
        match bundle.find(from, group, kind, name) {
            Value::Absent => {}
            found => result = found,
        }
    }
    result
}

/// The keys that a SecretReference gives; none where there may be others.
fn keys_of(secret_reference: Object<'_>) -> Option<Vec<Symbol>> {
    let data = secret_reference
        .root()
        .get(word!("spec"))
        .and_then(|spec| spec.get(word!("data")));
    match data {
        Value::Known(list) if list.kind() == Kind::Sequence && list.is_final() => list
            .items()
            .map(|item| item.get_text("secretKey").and_then(Node::symbol).known())
            .collect(),
        _ => None,
    }
}

/// What needs it, for a message.
fn component(workload: Workload<'_>) -> String {
    match openchoreo::component_of(workload.object) {
        Value::Known(component) => workload.object.root().tree().text(component).to_owned(),
        _ => workload.title(),
    }
}

fn without_key<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    secret_reference: Object<'t>,
    join: &Join<'t>,
    one: &Use<'t>,
    key: Symbol,
) -> Violation {
    let (name, key) = (secret_reference.called(), bundle.tree().text(key));
    let at = one
        .reference
        .node
        .get(word!("key"))
        .known()
        .unwrap_or(one.reference.node);
    Violation::new(
        at,
        format!(
            "{} needs SecretReference {name} key {key}; not found",
            component(workload)
        ),
    )
    .help(format!(
        "{name} is there, but gives no secretKey {key}, so the platform cannot render the release. Add {key} to its \
         `spec.data`, or name a key that it has"
    ))
    .related(secret_reference.root(), format!("SecretReference {name}"))
    .through(join)
}

fn without_reference<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    name: Symbol,
    uses: &[Use<'t>],
) -> Option<Violation> {
    let object = workload.object;
    let closed = bundle.is_closed(object);
    if !closed && bundle.operators().is_open(bundle, object, None) {
        return None;
    }
    let (first, others) = uses.split_first()?;
    let text = bundle.tree().text(name);
    let at = first
        .reference
        .node
        .get(word!("name"))
        .known()
        .unwrap_or(first.reference.node);
    let key = match first.reference.key {
        Value::Known(key) => bundle.tree().text(key),
        _ => "KEY",
    };
    let mut help = String::new();
    if let Some(also) = made_by_hand(bundle, object, name, text) {
        help.push_str(&also);
    }
    help.push_str(&format!(
        "The platform looks for a SecretReference in the component's own namespace, and makes an ExternalSecret of it. \
         Create one: `kind: SecretReference`, `metadata: {{name: {text}}}`, `spec: {{template: {{type: Opaque}}, data: \
         [{{secretKey: {key}, remoteRef: {{key: PATH, property: {key}}}}}]}}`"
    ));
    let mut violation = Violation::new(
        at,
        format!("{} needs SecretReference {text}; not found", component(workload)),
    )
    .help(help);
    if !closed {
        // It may have been made through the platform's API.
        violation = violation.severity(Severity::Info).confidence(Confidence::Medium);
    }
    for other in others.iter().take(8) {
        violation = violation.related(other.reference.node, format!("{} needs it too", other.what));
    }
    Some(violation)
}

/// What is to be said of a Secret of the same name: the platform does not look at it.
fn made_by_hand<'t>(bundle: &Bundle<'t>, object: Object<'t>, name: Symbol, text: &str) -> Option<String> {
    let own = bundle
        .of_kind(Symbol::default(), word!("Secret"))
        .any(|secret| secret.name_symbol() == name && bundle.sees(object, secret));
    let made = || {
        let operators = bundle.operators();
        operators
            .find(bundle, object, Product::Secret, None, text)
            .known()
            .is_some()
    };
    (own || made()).then(|| format!("The Secret {text} is there, but the platform does not look at Secrets. "))
}
