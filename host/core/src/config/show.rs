//! A config as text again: what `--show-config` prints.

use serde_json::{Map, Value, json};

use super::{Config, Exclusion, FailOn, PolicyEntry, PolicySource, RuleEntry};

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
    put(&mut out, "enabled", (!entry.enabled).then(|| json!(false)));
    Value::Object(out)
}
