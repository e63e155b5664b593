//! Selectors, three-valued.
//!
//! Sources: Kubernetes documentation, pages "Labels and Selectors", "Service" (selectors), "Network Policies".

use plimsoll_tree::Symbol;

use crate::{Kind, Node, Value, word};

/// Labels that controllers add to the pods they make: a template never has them.
const GENERATED: &[&str] = &[
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "job-name",
    "controller-uid",
    "apps.kubernetes.io/pod-index",
    "pod-template-hash",
    "pod-template-generation",
    "rollouts-pod-template-hash",
];

/// Whether a label is one that controllers add: a template need not have it to match.
pub(crate) fn is_generated(key: &str) -> bool {
    GENERATED.contains(&key)
}

/// Conjunction: one that is false decides, else one that is unknown.
#[must_use]
pub fn all(facts: impl IntoIterator<Item = Value<bool>>) -> Value<bool> {
    let mut result = Value::Known(true);
    for fact in facts {
        match fact {
            Value::Known(true) => {}
            Value::Known(false) => return Value::Known(false),
            Value::Unknown | Value::Absent => result = Value::Unknown,
        }
    }
    result
}

fn not(fact: Value<bool>) -> Value<bool> {
    fact.map(|fact| !fact)
}

/// What selectors are matched with.
pub trait Labels {
    /// The value of a label: absent where there is none, for sure.
    fn label(&self, key: Symbol, key_text: &str) -> Value<Symbol>;
}

/// The labels of a pod template: a map.
impl Labels for Value<Node<'_>> {
    fn label(&self, key: Symbol, key_text: &str) -> Value<Symbol> {
        let found = match *self {
            Value::Known(labels) if labels.kind() == Kind::Map => labels.get(key),
            Value::Known(_) | Value::Unknown => Value::Unknown,
            Value::Absent => Value::Absent,
        };
        match found {
            Value::Known(node) => string(node),
            Value::Absent if is_generated(key_text) => Value::Unknown,
            Value::Absent => Value::Absent,
            Value::Unknown => Value::Unknown,
        }
    }
}

/// Whether labels have a value under a key.
fn has(labels: &impl Labels, key: Symbol, key_text: &str, wanted: Value<Symbol>) -> Value<bool> {
    match (labels.label(key, key_text), wanted) {
        (Value::Known(value), Value::Known(wanted)) => Value::Known(value == wanted),
        (Value::Absent, _) => Value::Known(false),
        _ => Value::Unknown,
    }
}

/// Whether an equality map (a Service's or ReplicationController's selector, `matchLabels`) matches. An empty or absent map
/// selects *nothing* here, as a Service's does.
#[must_use]
pub fn map_matches(selector: Value<Node<'_>>, labels: Value<Node<'_>>) -> Value<bool> {
    match selector {
        Value::Absent => Value::Known(false),
        Value::Known(map) if map.is_empty() => Value::Known(false),
        _ => pairs_match(selector, &labels),
    }
}

/// Whether all pairs of a map are among the labels; so does a map without pairs.
fn pairs_match(map: Value<Node<'_>>, labels: &impl Labels) -> Value<bool> {
    match map {
        Value::Known(map) if map.kind() == Kind::Map => {
            let open = if map.is_final() {
                Value::Known(true)
            } else {
                Value::Unknown
            };
            all(map
                .members()
                .map(|pair| match pair.key() {
                    Some(key) => has(labels, key, pair.key_text(), string(pair)),
                    None => Value::Unknown,
                })
                .chain([open]))
        }
        Value::Absent => Value::Known(true),
        _ => Value::Unknown,
    }
}

/// The symbol of a scalar; unknown for what is no string (`yes`): the API server refuses such an object.
fn string(node: Node<'_>) -> Value<Symbol> {
    match node.symbol() {
        Value::Absent => Value::Unknown,
        value => value,
    }
}

/// Whether a LabelSelector (`matchLabels` and `matchExpressions`) matches. An empty one matches everything; what an absent
/// one does depends on the field, so it is for the caller.
#[must_use]
pub fn selector_matches(selector: Node<'_>, labels: impl Labels) -> Value<bool> {
    if selector.kind() != Kind::Map {
        return Value::Unknown;
    }
    let expressions = match selector.get(word!("matchExpressions")) {
        Value::Known(list) if list.kind() == Kind::Sequence => all(list
            .items()
            .map(|expression| expression_matches(expression, &labels))
            .chain([if list.is_final() {
                Value::Known(true)
            } else {
                Value::Unknown
            }])),
        Value::Absent => Value::Known(true),
        _ => Value::Unknown,
    };
    all([pairs_match(selector.get(word!("matchLabels")), &labels), expressions])
}

fn expression_matches(expression: Node<'_>, labels: &impl Labels) -> Value<bool> {
    let (Value::Known(key), Value::Known(operator)) = (
        expression.get(word!("key")).and_then(Node::symbol),
        expression.get(word!("operator")).and_then(Node::symbol),
    ) else {
        return Value::Unknown;
    };
    let key_text = expression.tree().text(key);
    let exists = || match labels.label(key, key_text) {
        Value::Known(_) => Value::Known(true),
        Value::Absent => Value::Known(false),
        Value::Unknown => Value::Unknown,
    };
    let within = || match expression.get(word!("values")) {
        Value::Known(values) if values.kind() == Kind::Sequence && values.is_final() => {
            any(values.items().map(|value| has(labels, key, key_text, string(value))))
        }
        _ => Value::Unknown,
    };
    if operator == word!("Exists") {
        exists()
    } else if operator == word!("DoesNotExist") {
        not(exists())
    } else if operator == word!("In") {
        within()
    } else if operator == word!("NotIn") {
        // Also true where the key is not there.
        not(within())
    } else {
        Value::Unknown
    }
}

/// Disjunction: one that is true decides, else one that is unknown.
#[must_use]
pub fn any(facts: impl IntoIterator<Item = Value<bool>>) -> Value<bool> {
    not(all(facts.into_iter().map(not)))
}

/// The pairs that labels must have for an equality map to match: those that are known.
pub(crate) fn known_pairs<'t>(map: Value<Node<'t>>) -> impl Iterator<Item = (Symbol, Symbol)> + use<'t> {
    map.known().into_iter().flat_map(Node::members).filter_map(|pair| {
        let key = pair.key()?;
        Some((key, pair.symbol().known()?))
    })
}
