//! A policy's peer asks for a namespace by the label `name`, which no namespace has by itself.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::Kind;
use plimsoll_sdk::{Bundle, Context, Edit, Fix, Flags, Node, Object, ObjectFlags, Place, Rule, Severity, Symbol};
use plimsoll_sdk::{Value, Violation, word};

/// The label that every namespace has.
const STANDARD: &str = "kubernetes.io/metadata.name";

/// Namespaces that clusters and common components bring. Those of distributions that put `name` on their own are left out.
const WELL_KNOWN: &[&str] = &[
    "argocd",
    "calico-system",
    "cert-manager",
    "default",
    "envoy-gateway-system",
    "external-dns",
    "external-secrets",
    "flux-system",
    "gatekeeper-system",
    "ingress-nginx",
    "istio-ingress",
    "istio-system",
    "keda",
    "knative-serving",
    "kourier-system",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "kyverno",
    "linkerd",
    "logging",
    "longhorn-system",
    "metallb-system",
    "monitoring",
    "nginx-ingress",
    "observability",
    "projectcontour",
    "prometheus",
    "traefik",
    "vault",
    "velero",
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "namespace-label-missing",
    title: "A namespaceSelector asks for a label that no namespace has by itself",
    severity: Severity::Warning,
    kinds: &["NetworkPolicy.networking.k8s.io"],
    // Which namespaces there are is told by every object.
    context: &["*"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let key = word!("name");
    let namespaces = Namespaces::new(bundle, key);
    for policy in bundle.subjects() {
        if policy.kind() != word!("NetworkPolicy") || policy.group() != word!("networking.k8s.io") {
            continue;
        }
        for selector in selectors(policy) {
            violations.extend(
                asked(selector, key)
                    .filter(|&(_, _, value)| {
                        namespaces.exists(bundle, value) && !namespaces.may_have(bundle, policy, value)
                    })
                    .map(|(place, node, value)| violation(policy, selector, place, node, bundle.tree().text(value))),
            );
        }
    }
}

/// The namespaceSelectors of a policy's peers.
fn selectors<'t>(policy: Object<'t>) -> impl Iterator<Item = Node<'t>> {
    let spec = policy.root().get(word!("spec")).known();
    let rules = |list: Symbol, peers: Symbol| {
        let rules = spec.into_iter().flat_map(move |spec| spec.items_of(list));
        rules.flat_map(move |rule| rule.items_of(peers))
    };
    rules(word!("ingress"), word!("from"))
        .chain(rules(word!("egress"), word!("to")))
        .filter_map(|peer| peer.get(word!("namespaceSelector")).known())
}

/// What a selector asks of the label with this key: the place of the key, the node that holds it, the value. Of an
/// expression only `In` with one value, which says the same as a pair.
fn asked<'t>(selector: Node<'t>, key: Symbol) -> impl Iterator<Item = (Place, Node<'t>, Symbol)> {
    let pair = selector
        .at(&[word!("matchLabels"), key])
        .known()
        .and_then(|node| Some((Place::Key(node.index()), node, node.symbol().known()?)));
    let expressions = selector
        .items_of(word!("matchExpressions"))
        .filter_map(move |expression| {
            let node = expression.get(word!("key")).known()?;
            let operator = expression.get(word!("operator")).and_then(Node::symbol);
            if node.symbol() != Value::Known(key) || operator != Value::Known(word!("In")) {
                return None;
            }
            let values = expression
                .get(word!("values"))
                .known()
                .filter(|values| values.is_final())?;
            let mut items = values.items();
            match (items.next(), items.next()) {
                (Some(only), None) => Some((Place::from(node), node, only.symbol().known()?)),
                _ => None,
            }
        });
    pair.into_iter().chain(expressions)
}

/// What the bundle says of namespaces.
struct Namespaces<'t> {
    /// Those that objects are in or that are defined.
    named: BTreeSet<Symbol>,
    /// Namespace objects that have the label, with its value; unknown where it may come.
    labelled: Vec<(Object<'t>, Value<Symbol>)>,
}

impl<'t> Namespaces<'t> {
    fn new(bundle: &Bundle<'t>, key: Symbol) -> Self {
        let named = bundle.objects().filter_map(|object| object.namespace().known());
        let mut all = Namespaces {
            named: named.collect(),
            labelled: Vec::new(),
        };
        for namespace in bundle.of_kind(Symbol(0), word!("Namespace")) {
            all.named.insert(namespace.name_symbol());
            let labels = namespace.root().at(&[word!("metadata"), word!("labels")]);
            match labels.and_then(|labels| {
                if labels.kind() == Kind::Map {
                    labels.get(key)
                } else {
                    Value::Unknown
                }
            }) {
                Value::Known(label) => all.labelled.push((namespace, label.symbol())),
                Value::Unknown => all.labelled.push((namespace, Value::Unknown)),
                Value::Absent => {}
            }
        }
        all
    }

    fn exists(&self, bundle: &Bundle<'t>, name: Symbol) -> bool {
        let known = || WELL_KNOWN.binary_search(&bundle.tree().text(name)).is_ok();
        name != Symbol(0) && (self.named.contains(&name) || known())
    }

    /// Whether a namespace that is seen has the label with this value, or may.
    fn may_have(&self, bundle: &Bundle<'t>, policy: Object<'t>, value: Symbol) -> bool {
        self.labelled.iter().any(|&(namespace, label)| {
            let differs = matches!(label, Value::Known(label) if label != value);
            !differs && bundle.sees(policy, namespace)
        })
    }
}

fn violation(policy: Object<'_>, selector: Node<'_>, place: Place, node: Node<'_>, value: &str) -> Violation {
    let mut violation = Violation::new(
        place,
        format!("namespaceSelector name={value} matches nothing by default; use {STANDARD}"),
    )
    .help(format!(
        "No namespace has the label `name` unless somebody puts it there, and no Namespace here does, so this peer admits \
         nobody. Every namespace has {STANDARD} with its own name (Kubernetes 1.22 and later)."
    ));
    let taken = !selector
        .at(&[word!("matchLabels"), word!("kubernetes.io/metadata.name")])
        .is_absent();
    let source = !policy.has(ObjectFlags::COARSE) && !policy.has(ObjectFlags::RENDERED);
    if source && !node.flags().has(Flags::ALIAS) && !(taken && matches!(place, Place::Key(_))) {
        let edit = match place {
            Place::Key(_) => Edit::Rename {
                at: place,
                key: STANDARD.to_owned(),
            },
            Place::Value(_) => Edit::Set {
                at: place,
                value: format!("\"{STANDARD}\""),
            },
        };
        violation = violation.fix(Fix {
            title: format!("select by {STANDARD}"),
            safe: true,
            edits: vec![edit],
        });
    }
    violation
}
