//! A config as text again: what `--show-config` prints.

use serde_json::{Map, Value, json};

use super::admission::{ON_FAILURE, ON_UPDATE, OWNED_PODS, word};
use super::{Admission, Config, Exclusion, FailOn, OnFailure, PolicyEntry, PolicySource, RuleEntry};

/// The config as YAML that [`super::parse`] reads as an equal one. Settings are printed as they are given: they are no place
/// for secrets.
#[must_use]
pub fn show(config: &Config) -> String {
    let mut out = Map::new();
    let texts = [
        ("kubernetes", &config.kubernetes),
        ("openchoreo", &config.openchoreo),
        ("default-namespace", &config.default_namespace),
        ("baseline", &config.baseline),
    ];
    for (key, text) in texts {
        put(&mut out, key, text.as_ref().map(|text| json!(text)));
    }
    put(&mut out, "fail-on", config.fail_on.map(|fail_on| json!(name(fail_on))));
    put(&mut out, "exclude", list(&config.exclude, |glob| json!(glob)));
    put(&mut out, "closed-world", list(&config.closed_world, |name| json!(name)));
    for (key, map) in [("environments", &config.environments), ("cluster", &config.cluster)] {
        put(&mut out, key, (!map.is_empty()).then(|| json!(map)));
    }
    let rules: Map<String, Value> = config
        .rules
        .iter()
        .map(|entry| (entry.pattern.clone(), rule(entry)))
        .collect();
    put(&mut out, "rules", (!rules.is_empty()).then(|| json!(rules)));
    put(&mut out, "require-reasons", config.require_reasons.then(|| json!(true)));
    put(&mut out, "policies", list(&config.policies, policy));
    put(&mut out, "admission", admission(&config.admission));
    serde_yaml::to_string(&out).unwrap_or_default()
}

fn put(out: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        out.insert(key.to_owned(), value);
    }
}

fn list<T>(items: &[T], value: impl Fn(&T) -> Value) -> Option<Value> {
    (!items.is_empty()).then(|| items.iter().map(value).collect())
}

fn name(fail_on: FailOn) -> &'static str {
    match fail_on {
        FailOn::Error => "error",
        FailOn::Warning => "warning",
        FailOn::Info => "info",
        FailOn::Never => "never",
    }
}

fn rule(entry: &RuleEntry) -> Value {
    if entry.off {
        return json!(false);
    }
    let mut out = Map::new();
    put(&mut out, "severity", entry.severity.map(|severity| json!(severity)));
    put(&mut out, "mode", entry.mode.map(|mode| json!(mode.word())));
    put(&mut out, "exclude", list(&entry.exclude, exclusion));
    Value::Object(out)
}

fn exclusion(exclusion: &Exclusion) -> Value {
    let mut out = Map::new();
    for (key, text) in [
        ("path", &exclusion.path),
        ("kind", &exclusion.kind),
        ("namespace", &exclusion.namespace),
        ("name", &exclusion.name),
        ("reason", &exclusion.reason),
        ("until", &exclusion.until),
    ] {
        put(&mut out, key, text.as_ref().map(|text| json!(text)));
    }
    Value::Object(out)
}

fn policy(entry: &PolicyEntry) -> Value {
    let mut out = Map::new();
    match &entry.source {
        PolicySource::BuiltIn(name) => out.insert("builtin".to_owned(), json!(name)),
        PolicySource::Path(path) => out.insert("path".to_owned(), json!(path)),
    };
    if !entry.settings.is_empty() {
        put(&mut out, "settings", serde_json::from_str(&entry.settings).ok());
    }
    let on_failure = (entry.on_failure != OnFailure::default()).then(|| json!(word(ON_FAILURE, &entry.on_failure)));
    put(&mut out, "on-failure", on_failure);
    put(&mut out, "enabled", (!entry.enabled).then(|| json!(false)));
    Value::Object(out)
}

/// What differs from the defaults.
fn admission(admission: &Admission) -> Option<Value> {
    let plain = Admission::default();
    let mut out = Map::new();
    let mut put_new = |key, value: Value, changed: bool| put(&mut out, key, changed.then_some(value));
    put_new("mode", json!(admission.mode.word()), admission.mode != plain.mode);
    put_new(
        "on-update",
        json!(word(ON_UPDATE, &admission.on_update)),
        admission.on_update != plain.on_update,
    );
    put_new(
        "owned-pods",
        json!(word(OWNED_PODS, &admission.owned_pods)),
        admission.owned_pods != plain.owned_pods,
    );
    put_new("waivable", json!(admission.waivable), admission.waivable.is_some());
    put_new("break-glass", json!(true), admission.break_glass);
    put_new(
        "body-limit",
        json!(admission.body_limit),
        admission.body_limit != plain.body_limit,
    );
    let mut exempt = Map::new();
    let namespaces = admission.exempt.namespaces.as_ref();
    put(&mut exempt, "namespaces", namespaces.map(|names| json!(names)));
    put(&mut exempt, "users", list(&admission.exempt.users, |user| json!(user)));
    put(
        &mut exempt,
        "groups",
        list(&admission.exempt.groups, |group| json!(group)),
    );
    put_new("exempt", Value::Object(exempt.clone()), !exempt.is_empty());
    (!out.is_empty()).then_some(Value::Object(out))
}
