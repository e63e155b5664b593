//! Where kustomize adds labels and annotations.

use plimsoll_tree::Flags;
use plimsoll_tree::write::{Change, Edit, Scalar};

use super::effects::{Effect, Effects};
use super::model::To;
use crate::bundle::peek::Peek;

/// A map that labels go into: the path from the root, `[]` for each item of a list; the least that reaches it; and
/// whether it is made where it is missing.
type Place = (&'static [&'static str], To, bool);

const ALL: &[Place] = &[
    (&["metadata", "labels"], To::Metadata, true),
    (&["metadata", "annotations"], To::Annotations, true),
];

const TEMPLATE: &[Place] = &[
    (&["spec", "template", "metadata", "labels"], To::Templates, true),
    (&["spec", "template", "metadata", "annotations"], To::Annotations, true),
];

const CLAIMS: &[Place] = &[(
    &["spec", "volumeClaimTemplates", "[]", "metadata", "labels"],
    To::Templates,
    true,
)];

const CRON_JOB: &[Place] = &[
    (&["spec", "jobTemplate", "metadata", "labels"], To::Templates, true),
    (
        &["spec", "jobTemplate", "metadata", "annotations"],
        To::Annotations,
        true,
    ),
    (
        &["spec", "jobTemplate", "spec", "template", "metadata", "labels"],
        To::Templates,
        true,
    ),
    (
        &["spec", "jobTemplate", "spec", "template", "metadata", "annotations"],
        To::Annotations,
        true,
    ),
    (
        &["spec", "jobTemplate", "spec", "selector", "matchLabels"],
        To::Selectors,
        false,
    ),
];

const MADE_SELECTOR: &[Place] = &[(&["spec", "selector", "matchLabels"], To::Selectors, true)];
const FOUND_SELECTOR: &[Place] = &[(&["spec", "selector", "matchLabels"], To::Selectors, false)];
const MAP_SELECTOR: &[Place] = &[(&["spec", "selector"], To::Selectors, true)];

const SPREADING: &[Place] = &[
    (
        &[
            "spec",
            "template",
            "spec",
            "topologySpreadConstraints",
            "[]",
            "labelSelector",
            "matchLabels",
        ],
        To::Selectors,
        false,
    ),
    (
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "[]",
            "labelSelector",
            "matchLabels",
        ],
        To::Selectors,
        false,
    ),
    (
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAffinity",
            "preferredDuringSchedulingIgnoredDuringExecution",
            "[]",
            "podAffinityTerm",
            "labelSelector",
            "matchLabels",
        ],
        To::Selectors,
        false,
    ),
    (
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAntiAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "[]",
            "labelSelector",
            "matchLabels",
        ],
        To::Selectors,
        false,
    ),
    (
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAntiAffinity",
            "preferredDuringSchedulingIgnoredDuringExecution",
            "[]",
            "podAffinityTerm",
            "labelSelector",
            "matchLabels",
        ],
        To::Selectors,
        false,
    ),
];

const NETWORK_POLICY: &[Place] = &[
    (&["spec", "podSelector", "matchLabels"], To::Selectors, false),
    (
        &["spec", "ingress", "[]", "from", "[]", "podSelector", "matchLabels"],
        To::Selectors,
        false,
    ),
    (
        &["spec", "egress", "[]", "to", "[]", "podSelector", "matchLabels"],
        To::Selectors,
        false,
    ),
];

/// The places of a kind, as kustomize's built-in field specifications name them.
fn places(group: &str, kind: &str) -> [&'static [Place]; 4] {
    match (group, kind) {
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet") => [ALL, MADE_SELECTOR, TEMPLATE, SPREADING],
        // Kinds with both lists share an array: the claims stand with the template.
        ("apps", "StatefulSet") => [ALL, MADE_SELECTOR, TEMPLATE, SPREADING],
        ("", "ReplicationController") => [ALL, MAP_SELECTOR, TEMPLATE, &[]],
        ("", "Service") => [ALL, MAP_SELECTOR, &[], &[]],
        ("batch", "Job") => [ALL, FOUND_SELECTOR, TEMPLATE, &[]],
        ("batch", "CronJob") => [ALL, CRON_JOB, &[], &[]],
        ("policy", "PodDisruptionBudget") => [ALL, FOUND_SELECTOR, &[], &[]],
        ("networking.k8s.io" | "extensions", "NetworkPolicy") => [ALL, NETWORK_POLICY, &[], &[]],
        _ => [ALL, &[], &[], &[]],
    }
}

/// The edits that give an object its labels, and make its maps of labels unknown where closures differ.
pub(super) fn edits<'a>(
    root: Peek<'_>,
    group: &str,
    kind: &str,
    effect: &Effect,
    effects: &'a Effects,
    edits: &mut Vec<Edit<'a>>,
) {
    let claims = if kind == "StatefulSet" && group == "apps" {
        CLAIMS
    } else {
        &[]
    };
    for &(path, least, makes) in places(group, kind).into_iter().flatten().chain(claims) {
        let reaches = |to: To| super::closure::covers(to, least);
        let labels: Vec<_> = effect
            .labels
            .iter()
            .filter_map(|&number| effects.get(number))
            .filter(|label| reaches(label.to))
            .collect();
        let differs =
            effect.differing.iter().any(|&to| reaches(to)) || labels.iter().any(|label| label.value.is_none());
        if labels.is_empty() && !differs {
            continue;
        }
        for (node, rest) in expand(root, path) {
            let map = node.at(rest);
            if !makes && !map.is_some_and(Peek::is_map) {
                continue;
            }
            for label in &labels {
                let Some(value) = &label.value else { continue };
                let mut path: Vec<&'a str> = rest.to_vec();
                path.push(&label.key);
                let change = Change::Set(Scalar::Text(value), Flags::ALIAS);
                edits.push(Edit {
                    node: node.node(),
                    path,
                    change,
                });
            }
            if differs {
                let nearest = nearest(node, rest);
                edits.push(Edit {
                    node: nearest,
                    path: Vec::new(),
                    change: Change::Flag(Flags::NOT_FINAL),
                });
            }
        }
    }
}

/// The last node that is there on a path.
fn nearest(mut node: Peek<'_>, path: &[&str]) -> u32 {
    for key in path {
        match node.get(key) {
            Some(next) => node = next,
            None => break,
        }
    }
    node.node()
}

/// Follows a path through lists: for each item the node, and what is left of the path.
fn expand<'a>(root: Peek<'a>, path: &'static [&'static str]) -> Vec<(Peek<'a>, &'static [&'static str])> {
    let mut nodes = vec![root];
    let mut rest = path;
    while let Some(list) = rest.iter().position(|&step| step == "[]") {
        nodes = nodes
            .into_iter()
            .filter_map(|node| node.at(&rest[..list]))
            .flat_map(Peek::items)
            .collect();
        rest = &rest[list + 1..];
    }
    nodes.into_iter().map(|node| (node, rest)).collect()
}
