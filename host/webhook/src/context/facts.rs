//! What can be told of an object alone: the labels of its pods, what it selects, the names that it mentions.
//!
//! Found by the shape of the object, not by its kind, so that custom resources are understood too: a map with `containers`
//! under `spec` is a pod, a map under a key that ends in `elector` selects, every text may name something. Names and labels
//! are kept as numbers (hashes): two that are equal may be different texts once in 2⁶⁴.
//!
//! All of this says too much rather than too little: it finds what *can* matter, and the policies judge exactly.

use std::hash::{DefaultHasher, Hash, Hasher};

use plimsoll_core::read::{Manifest, Namespace};
use plimsoll_tree::Kind;
use plimsoll_tree::write::Part;

/// The number of a text, or of several in a row.
pub(super) type Number = u64;

/// Longest name that is looked for, in bytes: that of a DNS name.
const MAX_NAME: usize = 253;
/// How many parts an operator puts behind the name of what it serves: `NAME-cluster-ca-cert`.
const MAX_SUFFIXES: usize = 3;

/// The number of some texts.
pub(super) fn number(texts: &[&str]) -> Number {
    // Its keys are fixed: the same text has the same number in every process.
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

/// The number of what a namespace (empty: none) calls by a name, whatever its kind.
pub(super) fn identity(namespace: &str, name: &str) -> Number {
    number(&["name", namespace, name])
}

/// The number of a label.
pub(super) fn pair(key: &str, value: &str) -> Number {
    number(&["label", key, value])
}

/// What an object is to others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    /// It makes pods, or is one.
    Workload,
    /// A Service.
    Service,
    /// A ConfigMap.
    Config,
    /// A NetworkPolicy.
    Policy,
    /// A policy of another layer that has a say beside NetworkPolicies.
    Layer,
    /// A Namespace.
    Namespace,
    /// What holds for a namespace as a whole: a LimitRange, a ResourceQuota.
    Whole,
    /// Everything else: routes, scalers, custom resources.
    Other,
}

/// Parts of names of proxies: what `network/ingress-path-blocked` goes by.
const PROXIES: &[&str] = &[
    "ingress", "gateway", "proxy", "nginx", "traefik", "envoy", "istio", "kong", "contour", "apisix", "caddy",
];

/// In which namespaces a selector looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Where {
    /// In its object's own.
    Own,
    /// In all.
    Any,
    /// In these.
    Named(Vec<String>),
    /// In those with all of these labels.
    Labelled(Vec<Number>),
}

/// A selector of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Selector {
    /// The labels that it asks for, as far as it asks by pairs. Empty: everything may match.
    pub pairs: Vec<Number>,
    /// Where it looks.
    pub within: Where,
    /// Whether it tells who is meant by a rule of the object (the peer of a policy), not what the object is about.
    pub peer: bool,
}

/// What is known of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Facts {
    /// What it is to others.
    pub class: Class,
    /// Its namespace; empty without.
    pub namespace: String,
    /// What it is called in its namespace.
    pub identity: Number,
    /// The labels of each pod that it makes.
    pub pods: Vec<Vec<Number>>,
    /// Its own labels.
    pub labels: Vec<Number>,
    /// Its selectors.
    pub selectors: Vec<Selector>,
    /// What it mentions that has a namespace, as [`identity`]; ascending.
    pub words: Vec<Number>,
    /// The same of what has none.
    pub global: Vec<Number>,
    /// What of it may be the beginning of a name that an operator makes (`db` of `db-rw`).
    pub stems: Vec<Number>,
    /// The labels of namespaces that its peers ask for, and the values of those labels, which may be names of namespaces.
    pub asked: Vec<(Number, String)>,
    /// Its pods use the network of their node.
    pub on_node: bool,
    /// By its name it may be a proxy, which takes requests from outside.
    pub proxy: bool,
    /// The kind that it defines, as `Widget.example.com`.
    pub defines: Option<String>,
    /// It sets what holds for all routes of a controller: a ConfigMap with keys for origins.
    pub for_routes: bool,
}

/// `Deployment.apps`, `Service`: the kind as rules name it.
#[must_use]
pub fn kind_name(group: &str, kind: &str) -> String {
    if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    }
}

impl Facts {
    /// Of the first object of a manifest; none where it has none.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        Self::of_object(manifest, 0, "")
    }

    /// Of an object of a manifest, which is in this namespace where it names none.
    pub(super) fn of_object(manifest: &Manifest, index: usize, default: &str) -> Option<Self> {
        let object = manifest.objects.get(index)?;
        let namespace = match &object.namespace {
            Namespace::Named(name) => name.as_str(),
            Namespace::Unset | Namespace::Unknown => default,
        };
        let mut facts = Facts {
            class: Class::Other,
            namespace: namespace.to_owned(),
            identity: identity(namespace, &object.name),
            pods: Vec::new(),
            labels: Vec::new(),
            selectors: Vec::new(),
            words: Vec::new(),
            global: Vec::new(),
            stems: Vec::new(),
            asked: Vec::new(),
            on_node: false,
            proxy: false,
            defines: None,
            for_routes: false,
        };
        let root = Node {
            part: &manifest.part,
            at: object.root,
        };
        facts.labels = root
            .get("metadata")
            .and_then(|metadata| metadata.get("labels"))
            .map(pairs)
            .unwrap_or_default();
        let mut walk = Walk {
            facts: &mut facts,
            workload: false,
        };
        walk.map(root, "", Place::Root);
        let workload = walk.workload;
        facts.class = class(&object.group, &object.kind, workload);
        if facts.class == Class::Workload {
            // Its own selector says again which pods it makes.
            facts.selectors.retain(|selector| selector.peer);
        }
        if facts.class == Class::Workload {
            let name = object.name.to_ascii_lowercase();
            facts.proxy = PROXIES.iter().any(|part| name.contains(part));
        }
        if facts.class == Class::Config {
            let keys = root.get("data").into_iter().flat_map(Node::members);
            facts.for_routes = keys.into_iter().any(|(key, _)| key.starts_with("cors-"));
        }
        if object.group == "apiextensions.k8s.io" && object.kind == "CustomResourceDefinition" {
            facts.defines = defined(root);
        }
        for list in [&mut facts.words, &mut facts.global, &mut facts.stems] {
            list.sort_unstable();
            list.dedup();
        }
        Some(facts)
    }

    /// Whether a selector of this object may match one of these lists of labels, of something in this namespace.
    pub(super) fn may_select(&self, labels: &[Vec<Number>], namespace: &str) -> bool {
        self.selectors.iter().filter(|selector| !selector.peer).any(|selector| {
            let there = match &selector.within {
                Where::Own => self.namespace == namespace,
                Where::Any | Where::Labelled(_) => true,
                Where::Named(names) => names.iter().any(|name| name == namespace),
            };
            there && labels.iter().any(|labels| selector.matches(labels))
        })
    }
}

impl Selector {
    /// Whether all pairs that it asks for are among these labels.
    pub(super) fn matches(&self, labels: &[Number]) -> bool {
        self.pairs.iter().all(|pair| labels.contains(pair))
    }
}

fn class(group: &str, kind: &str, workload: bool) -> Class {
    match (group, kind) {
        ("", "Service") => Class::Service,
        ("", "ConfigMap") => Class::Config,
        ("", "Namespace") => Class::Namespace,
        ("", "LimitRange" | "ResourceQuota") => Class::Whole,
        ("networking.k8s.io", "NetworkPolicy") => Class::Policy,
        (_, kind) if kind.ends_with("NetworkPolicy") => Class::Layer,
        _ if workload => Class::Workload,
        _ => Class::Other,
    }
}

/// The kind that a definition defines.
fn defined(root: Node<'_>) -> Option<String> {
    let spec = root.get("spec")?;
    let kind = spec.get("names")?.get("kind")?.text()?;
    Some(kind_name(spec.get("group")?.text()?, kind))
}

/// A node of a part.
#[derive(Clone, Copy)]
struct Node<'a> {
    part: &'a Part,
    at: u32,
}

impl<'a> Node<'a> {
    fn kind(self) -> Kind {
        self.part.kind(self.at).unwrap_or(Kind::Null)
    }

    fn text(self) -> Option<&'a str> {
        self.part.string(self.at)
    }

    fn key(self) -> &'a str {
        self.part.key(self.at).map_or("", |key| self.part.text(key))
    }

    fn children(self) -> impl Iterator<Item = Node<'a>> {
        let mut at = self.at + 1;
        let end = if matches!(self.kind(), Kind::Map | Kind::Sequence) {
            self.part.end(self.at)
        } else {
            0
        };
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let child = Node { part: self.part, at };
                at = self.part.end(at).max(at + 1);
                child
            })
        })
    }

    fn members(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let map = self.kind() == Kind::Map;
        self.children().filter(move |_| map).map(|child| (child.key(), child))
    }

    fn get(self, key: &str) -> Option<Node<'a>> {
        self.members().find(|(name, _)| *name == key).map(|(_, node)| node)
    }
}

/// The pairs of a map of texts.
fn pairs(map: Node<'_>) -> Vec<Number> {
    map.members()
        .filter_map(|(key, value)| Some(pair(key, value.text()?)))
        .collect()
}

/// Where a map stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is the object.
    Root,
    /// Somewhere in it.
    Inside,
    /// In the `spec` of a pod.
    Pod,
}

struct Walk<'f> {
    facts: &'f mut Facts,
    workload: bool,
}

/// Keys whose texts name nothing.
const SILENT: &[&str] = &[
    "apiGroup",
    "apiVersion",
    "creationTimestamp",
    "generateName",
    "image",
    "imagePullPolicy",
    "kind",
    "labels",
    "matchLabels",
    "mountPath",
    "path",
    "protocol",
    "subPath",
    "type",
    "uid",
    "workingDir",
];

/// Lists whose items have names of their own that mean nothing outside of the object.
const NAMED_WITHIN: &[&str] = &[
    "containers",
    "env",
    "ephemeralContainers",
    "httpHeaders",
    "initContainers",
    "ports",
    "volumeDevices",
    "volumeMounts",
    "volumes",
];

impl Walk<'_> {
    /// The limit on nesting of what is read bounds the recursion.
    fn map(&mut self, map: Node<'_>, list: &str, place: Place) {
        let pod = map.get("spec").filter(|spec| {
            ["containers", "initContainers"]
                .iter()
                .any(|key| spec.get(key).is_some())
        });
        if let Some(spec) = pod {
            self.workload = true;
            let labels = map.get("metadata").and_then(|metadata| metadata.get("labels"));
            self.facts.pods.push(labels.map(pairs).unwrap_or_default());
            self.facts.on_node |= spec.get("hostNetwork").is_some_and(|uses| uses.kind() == Kind::True);
        }
        // OpenChoreo's workloads hold one container, or several by name.
        self.workload |= place == Place::Root
            && map
                .get("spec")
                .is_some_and(|spec| spec.get("container").is_some() || spec.get("workloadRef").is_some());
        if let (Some(name), Some(namespace)) = (
            ["name", "serviceName", "service", "host"]
                .iter()
                .find_map(|key| map.get(key)?.text()),
            map.get("namespace").and_then(Node::text),
        ) && place != Place::Pod
        {
            self.facts.words.push(identity(namespace, name));
        }
        let metadata = list == "metadata";
        for (key, value) in map.members() {
            let is_pod_spec = key == "spec" && pod.is_some();
            if SILENT.contains(&key)
                || (metadata && matches!(key, "name" | "namespace"))
                || (key == "name" && NAMED_WITHIN.contains(&list))
            {
                continue;
            }
            let selects = key.ends_with("elector") && value.kind() == Kind::Map;
            if selects && place != Place::Pod {
                self.selector(map, key, value, place);
                continue;
            }
            if selects {
                continue;
            }
            let below = if is_pod_spec || place == Place::Pod {
                Place::Pod
            } else {
                Place::Inside
            };
            self.value(value, key, below);
        }
    }

    fn value(&mut self, value: Node<'_>, key: &str, place: Place) {
        match value.kind() {
            Kind::Map => self.map(value, key, place),
            Kind::Sequence => {
                for item in value.children() {
                    self.value(item, key, place);
                }
            }
            Kind::String => self.text(value.text().unwrap_or_default()),
            _ => {}
        }
    }

    /// A selector and, beside it, that of the namespaces it looks in.
    fn selector(&mut self, holder: Node<'_>, key: &str, value: Node<'_>, place: Place) {
        let of_namespaces = key.ends_with("amespaceSelector");
        if key == "nodeSelector" {
            return;
        }
        if of_namespaces {
            for (key, label) in value.get("matchLabels").into_iter().flat_map(Node::members) {
                self.asks(key, label);
            }
            for expression in value.get("matchExpressions").into_iter().flat_map(Node::children) {
                let key = expression.get("key").and_then(Node::text).unwrap_or_default();
                for label in expression.get("values").into_iter().flat_map(Node::children) {
                    self.asks(key, label);
                }
            }
            return;
        }
        let by_expressions = value.get("matchExpressions").is_some();
        let pairs = match value.get("matchLabels") {
            Some(labels) => pairs(labels),
            None if by_expressions => Vec::new(),
            None => pairs(value),
        };
        let stem = key.strip_suffix("Selector").unwrap_or_default();
        let beside = holder
            .get("namespaceSelector")
            .or_else(|| holder.get(&format!("{stem}NamespaceSelector")));
        let within = beside.map_or(Where::Own, within);
        // `spec.podSelector` is what a policy is about, anything deeper whom its rules mean.
        let peer = !(place == Place::Inside && holder.key() == "spec");
        // A Service without a selector has no pods, an empty LabelSelector all.
        if pairs.is_empty() && key == "selector" && value.children().next().is_none() && self.is_service(holder) {
            return;
        }
        self.facts.selectors.push(Selector { pairs, within, peer });
    }

    /// By its ports: only Services and controllers have a selector that is a plain map.
    fn is_service(&self, spec: Node<'_>) -> bool {
        spec.get("ports").is_some() || spec.get("clusterIP").is_some()
    }

    fn asks(&mut self, key: &str, label: Node<'_>) {
        if let Some(text) = label.text() {
            self.facts.asked.push((pair(key, text), text.to_owned()));
        }
    }

    /// The names in a text.
    fn text(&mut self, text: &str) {
        let namespace = std::mem::take(&mut self.facts.namespace);
        let mut first = true;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let word = word.trim_matches(['.', '-']);
            if is_word(word) {
                let word = word.to_ascii_lowercase();
                // `shop/web:80`: a namespace and a name.
                if first && let Some(other) = after.strip_prefix('/') {
                    let end = other.find(|letter| !is_name(letter)).unwrap_or(other.len());
                    let name = other.get(..end).unwrap_or_default();
                    if is_word(name) && !word.contains('.') {
                        self.facts.words.push(identity(&word, &name.to_ascii_lowercase()));
                    }
                }
                self.word(&namespace, &word);
            }
            first = false;
            rest = after.trim_start_matches(|letter| !is_name(letter));
        }
        self.facts.namespace = namespace;
    }

    fn word(&mut self, namespace: &str, word: &str) {
        let facts = &mut *self.facts;
        facts.words.push(identity(namespace, word));
        facts.global.push(identity("", word));
        let mut labels = word.split('.');
        let (first, second, third) = (labels.next().unwrap_or_default(), labels.next(), labels.next());
        if let Some(second) = second {
            // `web.shop`, `pod-0.web`, `pod-0.web.shop`, each with or without the domain behind it.
            facts.words.push(identity(second, first));
            facts.words.push(identity(namespace, second));
            if let Some(third) = third {
                facts.words.push(identity(third, second));
            }
        }
        let mut stem = first;
        for _ in 0..MAX_SUFFIXES {
            let Some((shorter, _)) = stem.rsplit_once('-') else {
                break;
            };
            facts.stems.push(identity(namespace, shorter));
            if let Some(second) = second {
                facts.stems.push(identity(second, shorter));
            }
            stem = shorter;
        }
    }
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_')
}

/// Whether a word may be the name of an object or a host: names of variables have underscores, numbers no letter.
fn is_word(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= MAX_NAME
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !word.contains('_')
}

/// What a selector of namespaces says.
fn within(selector: Node<'_>) -> Where {
    if let Some(names) = selector.get("matchNames") {
        let names = names.children().filter_map(Node::text).map(str::to_owned);
        return Where::Named(names.collect());
    }
    let Some(labels) = selector.get("matchLabels") else {
        return match selector.get("any") {
            Some(any) if any.kind() != Kind::True => Where::Own,
            // Empty, or expressions.
            _ if selector.kind() == Kind::Map => Where::Any,
            _ => Where::Own,
        };
    };
    match labels.get("kubernetes.io/metadata.name").and_then(Node::text) {
        Some(name) => Where::Named(vec![name.to_owned()]),
        None => Where::Labelled(pairs(labels)),
    }
}
