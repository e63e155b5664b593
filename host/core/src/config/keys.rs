//! The keys that `plimsoll.yaml` may hold, by the place where they stand.

/// Keys of a config, by section; `docs/plimsoll.schema.json` says the same to editors.
pub const KEYS: &[(&str, &[&str])] = &[
    ("", TOP),
    ("cluster", CLUSTER),
    ("admission", ADMISSION),
    ("admission.exempt", EXEMPT),
    ("rules.*", RULE),
    ("rules.*.exclude[]", EXCLUSION),
    ("policies[]", POLICY),
];

pub(super) const TOP: &[&str] = &[
    "kubernetes",
    "openchoreo",
    "fail-on",
    "exclude",
    "default-namespace",
    "closed-world",
    "environments",
    "cluster",
    "rules",
    "policies",
    "baseline",
    "require-reasons",
    "admission",
];

pub(super) const CLUSTER: &[&str] = &[
    "ingress-namespaces",
    "prometheus-namespaces",
    "node-ports",
    "dual-stack",
    "openshift",
];

pub(super) const ADMISSION: &[&str] = &[
    "mode",
    "on-update",
    "owned-pods",
    "waivable",
    "break-glass",
    "body-limit",
    "exempt",
];

pub(super) const EXEMPT: &[&str] = &["namespaces", "users", "groups"];

pub(super) const RULE: &[&str] = &["severity", "mode", "exclude"];

pub(super) const EXCLUSION: &[&str] = &["path", "kind", "namespace", "name", "reason", "until"];

pub(super) const POLICY: &[&str] = &["builtin", "path", "settings", "enabled", "on-failure"];
