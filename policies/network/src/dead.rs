//! Peers that match no namespace by default: they ask for a label that nothing sets.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sdk::kube::Kind;
use plimsoll_sdk::kube::netpol::{Direction, Means, Peers};
use plimsoll_sdk::{Bundle, Node, Object, Place, Symbol, Value, word};

/// The label that every namespace has.
pub const STANDARD: &str = "kubernetes.io/metadata.name";

/// How many Namespace objects are looked at for one selector.
const MAX_NAMESPACES: usize = 256;

/// Keys by which a namespace's name is asked for, though nothing sets them.
const NAME_KEYS: &[&str] = &["name", "ns", "namespace", "kubernetes.io/name"];

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

/// Label keys that others than the author set on namespaces.
const SET_BY_OTHERS: &[&str] = &[
    "kubernetes.io",
    "k8s.io",
    "openshift.io",
    "istio.io",
    "istio-injection",
    "control-plane",
];

/// A namespaceSelector that asks for a label no Namespace of the input has.
pub struct Dead<'t> {
    /// Number of the policy.
    pub policy: usize,
    /// Which of its rules.
    pub direction: Direction,
    /// The position of the rule.
    pub rule: usize,
    /// The peer.
    pub peer: Node<'t>,
    /// The selector.
    pub selector: Node<'t>,
    /// Where the key stands.
    pub place: Place,
    /// The node that holds it.
    pub node: Node<'t>,
    /// The key.
    pub key: &'t str,
    /// The value.
    pub value: Symbol,
    /// Whether the key is one by which names are asked for, and the value a namespace's name. Else the label is one that
    /// somebody may set.
    pub by_name: bool,
}

/// What a selector asks for: the place of the key, the node that holds it, the key and the value.
type Asked<'t> = (Place, Node<'t>, Symbol, Symbol);

/// All of them, in the order of the policies.
pub fn peers<'t>(bundle: &Bundle<'t>) -> Vec<Dead<'t>> {
    let mut namespaces = None;
    let mut found = Vec::new();
    for (number, policy) in bundle.policies().all().iter().enumerate() {
        for direction in [Direction::Ingress, Direction::Egress] {
            for (position, rule) in policy.side(direction).rules.iter().enumerate() {
                let Peers::Any(peers) = &rule.peers else { continue };
                for peer in peers {
                    let Means::Pods {
                        namespaces: Some(selector),
                        ..
                    } = peer.means
                    else {
                        continue;
                    };
                    for (place, node, key, value) in asked(selector) {
                        let namespaces = namespaces.get_or_insert_with(|| Namespaces::new(bundle));
                        let key_text = bundle.tree().text(key);
                        if !namespaces.is_missing(bundle, policy.object, key, value) {
                            continue;
                        }
                        let by_name = NAME_KEYS.contains(&key_text) && namespaces.exists(bundle, value);
                        if by_name || (namespaces.are_kept(bundle, policy.object) && is_own_label(key_text)) {
                            found.push(Dead {
                                policy: number,
                                direction,
                                rule: position,
                                peer: peer.node,
                                selector,
                                place,
                                node,
                                key: key_text,
                                value,
                                by_name,
                            });
                        }
                    }
                }
            }
        }
    }
    found
}

/// The nodes of the peers that ask for a name.
pub fn nodes(dead: &[Dead<'_>]) -> BTreeSet<u32> {
    let by_name = dead.iter().filter(|dead| dead.by_name);
    by_name.map(|dead| dead.peer.index()).collect()
}

fn is_own_label(key: &str) -> bool {
    let domain = key.split_once('/').map_or(key, |(domain, _)| domain);
    !SET_BY_OTHERS
        .iter()
        .any(|other| domain == *other || domain.strip_suffix(other).is_some_and(|rest| rest.ends_with('.')))
}

/// What a selector asks for, by pairs and by expressions with `In` and one value, which say the same.
fn asked<'t>(selector: Node<'t>) -> impl Iterator<Item = Asked<'t>> {
    let labels = selector.get(word!("matchLabels")).known();
    let pairs = labels
        .into_iter()
        .flat_map(Node::members)
        .filter_map(|node| Some((Place::Key(node.index()), node, node.key()?, node.symbol().known()?)));
    let expressions = selector.items_of(word!("matchExpressions")).filter_map(|expression| {
        let node = expression.get(word!("key")).known()?;
        if expression.get(word!("operator")).and_then(Node::symbol) != Value::Known(word!("In")) {
            return None;
        }
        let values = expression
            .get(word!("values"))
            .known()
            .filter(|values| values.is_final())?;
        let mut items = values.items();
        match (items.next(), items.next()) {
            (Some(only), None) => Some((Place::from(node), node, node.symbol().known()?, only.symbol().known()?)),
            _ => None,
        }
    });
    pairs
        .chain(expressions)
        .filter(|&(.., key, _)| key != word!("kubernetes.io/metadata.name"))
}

/// What the bundle says of namespaces.
struct Namespaces<'t> {
    /// Those that objects are in or that are defined.
    named: BTreeSet<Symbol>,
    /// Namespace objects by the label keys they have, each with its value; unknown where it may come.
    labelled: BTreeMap<Symbol, Vec<(Object<'t>, Value<Symbol>)>>,
    /// Namespace objects whose labels are not known.
    open: Vec<Object<'t>>,
    all: Vec<Object<'t>>,
}

impl<'t> Namespaces<'t> {
    fn new(bundle: &Bundle<'t>) -> Self {
        let named = bundle.objects().filter_map(|object| object.namespace().known());
        let mut found = Namespaces {
            named: named.collect(),
            labelled: BTreeMap::new(),
            open: Vec::new(),
            all: bundle.of_kind(Symbol(0), word!("Namespace")).collect(),
        };
        for &namespace in &found.all {
            found.named.insert(namespace.name_symbol());
            match namespace.root().at(&[word!("metadata"), word!("labels")]) {
                Value::Known(labels) if labels.kind() == Kind::Map => {
                    if !labels.is_final() {
                        found.open.push(namespace);
                    }
                    for label in labels.members() {
                        if let Some(key) = label.key() {
                            found.labelled.entry(key).or_default().push((namespace, label.symbol()));
                        }
                    }
                }
                Value::Absent => {}
                _ => found.open.push(namespace),
            }
        }
        found
    }

    fn exists(&self, bundle: &Bundle<'t>, name: Symbol) -> bool {
        let known = || WELL_KNOWN.binary_search(&bundle.tree().text(name)).is_ok();
        name != Symbol(0) && (self.named.contains(&name) || known())
    }

    /// Whether no namespace that is seen has a label with this value, for sure.
    fn is_missing(&self, bundle: &Bundle<'t>, policy: Object<'t>, key: Symbol, value: Symbol) -> bool {
        let labelled = self.labelled.get(&key).map_or(&[][..], Vec::as_slice);
        let has = labelled.iter().take(MAX_NAMESPACES).any(|&(namespace, label)| {
            let differs = matches!(label, Value::Known(label) if label != value);
            !differs && bundle.sees(policy, namespace)
        });
        let open = || {
            self.open
                .iter()
                .take(MAX_NAMESPACES)
                .any(|&one| bundle.sees(policy, one))
        };
        // Of so many copies one will have it.
        labelled.len() <= MAX_NAMESPACES && self.open.len() <= MAX_NAMESPACES && !has && !open()
    }

    /// Whether namespaces are defined where a policy sees them.
    fn are_kept(&self, bundle: &Bundle<'t>, policy: Object<'t>) -> bool {
        let mut all = self.all.iter().take(MAX_NAMESPACES);
        all.any(|&namespace| bundle.sees(policy, namespace))
    }
}
