//! From the text of `plimsoll.yaml` to a [`Config`].

use std::cell::RefCell;
use std::sync::Arc;

use plimsoll_tree::Tree;
use serde_json::Value;

use super::section::{Entry, Source};
use super::{Config, ConfigError, FailOn, OnFailure, PolicyEntry, PolicySource, admission, keys, rules};
use crate::read::{Limits, Manifest, RemarkKind, manifest_of_text};

/// What a config may be at most: it is read whole and by people.
const LIMITS: Limits = Limits {
    size: 1 << 20,
    depth: 32,
    aliases: 1 << 12,
    documents: 1,
    nodes: 1 << 16,
};

/// Names of environments, as `--env` takes them.
const ENVIRONMENTS: &[&str] = &["dev", "test", "staging", "prod"];

/// Reads a config. An empty text is the default config.
///
/// # Errors
/// Everything that is wrong with it, in the order of places: syntax, unknown or repeated keys, values of the wrong kind.
pub fn parse(text: &str) -> Result<Config, Vec<ConfigError>> {
    let manifest = manifest_of_text(super::FILE_NAME, Arc::from(text), &LIMITS);
    let failed = |line, column, message: String| vec![ConfigError { line, column, message }];
    if let Some(failure) = manifest.failures.first() {
        let position = manifest.position(failure.span.start);
        return Err(failed(position.line, position.column, failure.error.to_string()));
    }
    let Some(document) = manifest.documents.first() else {
        return Ok(Config::default());
    };
    let words = manifest
        .part
        .to_tree()
        .map_err(|error| failed(1, 1, error.to_string()))?;
    let tree = Tree::read(&words).map_err(|error| failed(1, 1, error.to_string()))?;
    let source = Source {
        manifest: &manifest,
        tree,
        errors: RefCell::default(),
    };
    duplicates(&source);
    let config = config(Entry::new(&source, document.root));
    let mut errors = source.errors.take();
    errors.sort_by_key(|error| (error.line, error.column));
    if errors.is_empty() { Ok(config) } else { Err(errors) }
}

fn duplicates(source: &Source<'_>) {
    let manifest: &Manifest = source.manifest;
    for remark in &manifest.remarks {
        if remark.kind == RemarkKind::DuplicateKey {
            source.complain(remark.span, "this key comes again below: write it once");
        }
    }
}

fn config(root: Entry<'_>) -> Config {
    let mut config = Config::default();
    for (key, entry) in root.members() {
        match key {
            "kubernetes" => config.kubernetes = version(entry),
            "openchoreo" => config.openchoreo = version(entry),
            "fail-on" => {
                config.fail_on = entry.one_of(&[
                    ("error", FailOn::Error),
                    ("warning", FailOn::Warning),
                    ("info", FailOn::Info),
                    ("never", FailOn::Never),
                ]);
            }
            "exclude" => config.exclude = entry.texts(),
            "default-namespace" => config.default_namespace = entry.text().map(str::to_owned),
            "closed-world" => config.closed_world = entry.texts(),
            "environments" => {
                for (glob, name) in entry.members() {
                    let words: Vec<(&str, &str)> = ENVIRONMENTS.iter().map(|name| (*name, *name)).collect();
                    if let Some(name) = name.one_of(&words) {
                        config.environments.insert(glob.to_owned(), Value::from(name));
                    }
                }
            }
            "cluster" => {
                cluster(entry);
                config.cluster = entry.map();
            }
            "rules" => config.rules = rules::entries(entry),
            "policies" => config.policies = entry.items().into_iter().filter_map(policy).collect(),
            "baseline" => config.baseline = entry.text().map(str::to_owned),
            "admission" => config.admission = admission::admission(entry),
            "require-reasons" => config.require_reasons = entry.flag().unwrap_or(false),
            _ => entry.unknown(key, keys::TOP),
        }
    }
    config
}

/// `1.35`: two numbers.
fn version(entry: Entry<'_>) -> Option<String> {
    let text = entry.text_or_number()?;
    let is_number = |part: &str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let valid = text
        .split_once('.')
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor));
    if !valid {
        entry.complain("must be a version of two numbers, such as \"1.35\"");
        return None;
    }
    Some(text.to_owned())
}

/// Looks at what is said of the cluster.
fn cluster(entry: Entry<'_>) {
    for (key, entry) in entry.members() {
        match key {
            "ingress-namespaces" | "prometheus-namespaces" => {
                entry.texts();
            }
            "dual-stack" | "openshift" => {
                entry.flag();
            }
            "node-ports" => {
                let range = entry.text().and_then(|text| text.split_once('-'));
                let port = |text: &str| text.parse::<u16>().ok().filter(|&port| port > 0);
                let valid =
                    range.is_some_and(|(from, to)| matches!((port(from), port(to)), (Some(a), Some(b)) if a <= b));
                if !valid {
                    entry.complain("must be a range of ports, such as 30000-32767");
                }
            }
            _ => entry.unknown(key, keys::CLUSTER),
        }
    }
}

fn policy(entry: Entry<'_>) -> Option<PolicyEntry> {
    let mut sources = Vec::new();
    let mut settings = String::new();
    let mut enabled = true;
    let mut on_failure = OnFailure::default();
    for (key, value) in entry.members() {
        match key {
            "builtin" => sources.push(PolicySource::BuiltIn(value.text()?.to_owned())),
            "path" => {
                let path = value.text()?;
                if path.starts_with("oci:") {
                    value.complain("policies from a registry are not yet supported: name a file");
                }
                sources.push(PolicySource::Path(path.to_owned()));
            }
            "settings" => {
                if !value.is_map() {
                    value.complain("must be a mapping");
                }
                settings = value.json();
            }
            "on-failure" => on_failure = value.one_of(admission::ON_FAILURE).unwrap_or_default(),
            "enabled" => enabled = value.flag().unwrap_or(true),
            _ => value.unknown(key, keys::POLICY),
        }
    }
    let mut sources = sources.into_iter();
    match (sources.next(), sources.next()) {
        (Some(source), None) => Some(PolicyEntry {
            source,
            settings,
            enabled,
            on_failure,
            line: entry.line(),
        }),
        _ => {
            entry.complain("a policy needs `builtin` or `path`, one of the two");
            None
        }
    }
}
