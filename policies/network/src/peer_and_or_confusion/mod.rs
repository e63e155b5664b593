//! Two peers that were meant to be one: namespace OR pods, instead of AND.

use plimsoll_sdk::kube::netpol::{Direction, End, Means, Peer, Peers, Policy};
use plimsoll_sdk::{Bundle, Confidence, Context, Edit, Fix, Node, Rule, Severity, Value, Violation, word};

use crate::common::{Labelled, is_editable, judged, title};
use crate::dead;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "peer-and-or-confusion",
    title: "Two peers are alternatives where one was meant",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Which pods carry the labels.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// Labels of components that clusters have, with the namespaces that these are installed in.
const COMPONENTS: &[(&str, &str, &[&str])] = &[
    ("k8s-app", "kube-dns", &["kube-system"]),
    ("app.kubernetes.io/name", "ingress-nginx", &["ingress-nginx"]),
    ("app.kubernetes.io/instance", "ingress-nginx", &["ingress-nginx"]),
    ("app", "ingress-nginx", &["ingress-nginx"]),
    ("app.kubernetes.io/name", "traefik", &["traefik", "kube-system"]),
    ("app", "traefik", &["traefik", "kube-system"]),
    ("istio", "ingressgateway", &["istio-system", "istio-ingress"]),
    ("app", "istio-ingressgateway", &["istio-system", "istio-ingress"]),
    (
        "app.kubernetes.io/name",
        "prometheus",
        &["monitoring", "prometheus", "observability"],
    ),
    ("app", "prometheus", &["monitoring", "prometheus", "observability"]),
    (
        "app.kubernetes.io/name",
        "grafana",
        &["monitoring", "grafana", "observability"],
    ),
];

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut labelled = None;
    let mut dead = None;
    for (_, policy) in judged(bundle) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let side = policy.side(direction);
            if side.effect != Value::Known(true) {
                continue;
            }
            for rule in &side.rules {
                let Peers::Any(peers) = &rule.peers else { continue };
                for pair in peers.windows(2) {
                    if let [first, second] = pair
                        && let Some(apart) = apart(first, second).or_else(|| apart(second, first))
                    {
                        let labelled = labelled.get_or_insert_with(|| Labelled::new(bundle));
                        let Some(confidence) = confusion(bundle, policy, &apart, labelled) else {
                            continue;
                        };
                        // A namespace that nothing has the label of is not allowed at all, which is reported.
                        let dead = dead.get_or_insert_with(|| dead::nodes(&dead::peers(bundle)));
                        if !dead.contains(&apart.by_namespace.node.index()) {
                            violations.push(violation(policy, first, second, apart.namespaces, confidence));
                        }
                    }
                }
            }
        }
    }
}

/// Two peers, the one with only a namespaceSelector and the other with only a podSelector.
struct Apart<'a, 't> {
    by_namespace: &'a Peer<'t>,
    namespaces: Node<'t>,
    by_pod: &'a Peer<'t>,
    pods: Node<'t>,
}

fn apart<'a, 't>(first: &'a Peer<'t>, second: &'a Peer<'t>) -> Option<Apart<'a, 't>> {
    match (&first.means, &second.means) {
        (
            &Means::Pods {
                pods: None,
                namespaces: Some(namespaces),
            },
            &Means::Pods {
                pods: Some(pods),
                namespaces: None,
            },
        ) if !pods.is_empty() => Some(Apart {
            by_namespace: first,
            namespaces,
            by_pod: second,
            pods,
        }),
        _ => None,
    }
}

/// How sure it is that the pods can only be ones of the other namespace, if that is likely at all.
fn confusion<'t>(
    bundle: &Bundle<'t>,
    policy: &Policy<'t>,
    apart: &Apart<'_, 't>,
    labelled: &Labelled,
) -> Option<Confidence> {
    let &Apart {
        namespaces,
        by_pod,
        pods,
        ..
    } = apart;
    let asked = namespace_names(namespaces);
    let is_theirs = COMPONENTS.iter().any(|&(key, value, homes)| {
        let labelled = pods
            .get(word!("matchLabels"))
            .and_then(|labels| labels.get_text(key))
            .and_then(Node::text);
        labelled == Value::Known(value)
            && (namespaces.is_empty() || asked.iter().any(|name| homes.contains(name)))
            && !homes.contains(&policy.object.namespace_text())
    });
    let confidence = if is_theirs {
        Confidence::High
    } else if bundle.is_closed(policy.object) {
        Confidence::Medium
    } else {
        return None;
    };
    // Pods of the policy's own namespace with these labels: that namespace OR these.
    let local = labelled
        .candidates(pods)?
        .into_iter()
        .filter_map(|number| bundle.workloads().get(number))
        .any(|&workload| {
            bundle.sees(policy.object, workload.object)
                && bundle
                    .policies()
                    .peer_matches(bundle, policy, by_pod, End::Workload(workload))
                    != Value::Known(false)
        });
    (!local).then_some(confidence)
}

/// The values of the labels by which namespaces are named.
fn namespace_names(selector: Node<'_>) -> Vec<&str> {
    const KEYS: &[&str] = &[
        "kubernetes.io/metadata.name",
        "name",
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
    ];
    let labels = selector.get(word!("matchLabels")).known();
    let pairs = labels.into_iter().flat_map(Node::members);
    pairs
        .filter(|pair| KEYS.contains(&pair.key_text()))
        .filter_map(|pair| pair.text().known())
        .collect()
}

fn violation<'t>(
    policy: &Policy<'t>,
    first: &Peer<'t>,
    second: &Peer<'t>,
    namespaces: Node<'t>,
    confidence: Confidence,
) -> Violation {
    let whom = match namespace_names(namespaces).first() {
        Some(name) => format!("namespace {name}"),
        None if namespaces.is_empty() => "every namespace".to_owned(),
        None => "the namespaces selected".to_owned(),
    };
    let mut violation = Violation::new(
        second.node,
        format!("{}: two peers (OR): all of {whom} is allowed; remove the dash to mean AND", title(policy)),
    )
    .confidence(confidence)
    .related(first.node, "the other peer")
    .help(
        "Each item of the list is a peer of its own: the whole namespace is allowed, and besides it pods with these labels in \
         the policy's own namespace, where none is seen. One item with both selectors means these pods of that namespace.",
    );
    let other = match (
        second.node.get(word!("podSelector")),
        second.node.get(word!("namespaceSelector")),
    ) {
        (Value::Known(selector), _) | (_, Value::Known(selector)) => selector,
        _ => return violation,
    };
    if [first.node, second.node, other]
        .iter()
        .all(|&node| is_editable(policy.object, node))
    {
        violation = violation.fix(Fix {
            title: "make one peer of both".to_owned(),
            safe: false,
            edits: vec![
                Edit::Insert {
                    into: first.node.into(),
                    key: other.key_text().to_owned(),
                    value: other.tree().json(other.index()),
                },
                Edit::Remove(second.node.into()),
            ],
        });
    }
    violation
}
