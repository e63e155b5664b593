//! Where credentials are looked for, and what such a place is called in a message.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_sdk::kube::openchoreo;
use plimsoll_sdk::{Bundle, Kind, Node, Object, Symbol, word};

/// The nodes of objects, without what is never looked at.
pub struct Surfaces<'b, 't> {
    bundle: &'b Bundle<'t>,
    /// Objects inside an object, by the outer one: they are judged by themselves.
    inner: BTreeMap<u32, Vec<Range<u32>>>,
    /// Keys whose values are never looked at, sorted.
    never: Vec<Symbol>,
}

/// A node and what it lies in, from the object's root to its parent.
pub struct Place<'a, 't> {
    /// The object.
    pub object: Object<'t>,
    /// The node.
    pub node: Node<'t>,
    /// What it lies in, outermost first.
    pub above: &'a [Node<'t>],
}

/// What is no place for a credential of anybody's, however it looks: what the API server writes, ciphertext, certificates,
/// prose.
const NEVER: &[&str] = &[
    "caBundle",
    "description",
    "documentation",
    "encryptedData",
    "managedFields",
    "openAPIV3Schema",
    "status",
    "summary",
];

impl<'b, 't> Surfaces<'b, 't> {
    /// Finds what is to be left out; one pass over the texts of the tree.
    #[must_use]
    pub fn new(bundle: &'b Bundle<'t>) -> Self {
        let tree = bundle.tree();
        let mut inner: BTreeMap<u32, Vec<Range<u32>>> = BTreeMap::new();
        for object in (0..tree.objects()).filter_map(|index| bundle.object(index)) {
            if let Some(owner) = object.owner() {
                inner.entry(owner).or_default().push(object.span());
            }
        }
        for ranges in inner.values_mut() {
            ranges.sort_by_key(|range| range.start);
        }
        let never = (0..tree.symbols())
            .map(Symbol)
            .filter(|&symbol| {
                let text = tree.text(symbol);
                matches!(text.len(), 6..=15) && NEVER.contains(&text)
            })
            .collect();
        Surfaces { bundle, inner, never }
    }

    /// Calls back for every node of the subjects that is looked at, a node after what it lies in.
    pub fn walk(&self, mut visit: impl FnMut(&Place<'_, 't>)) {
        for object in self.bundle.subjects().filter(|object| !is_schema(*object)) {
            self.walk_object(object, &mut visit);
        }
    }

    fn walk_object(&self, object: Object<'t>, visit: &mut impl FnMut(&Place<'_, 't>)) {
        let tree = self.bundle.tree();
        let secret = object.kind() == word!("Secret") && object.group() == Symbol::default();
        let mut inner = self.inner.get(&object.index()).into_iter().flatten().peekable();
        let span = object.span();
        let end = span.end.min(tree.nodes());
        let mut above: Vec<Node<'t>> = Vec::new();
        let mut index = span.start;
        while index < end {
            while inner
                .next_if(|range| range.start < index || range.start <= span.start)
                .is_some()
            {}
            if let Some(range) = inner.next_if(|range| range.start == index) {
                index = range.end.max(index + 1);
                continue;
            }
            while above.pop_if(|node| tree.end(node.index()) <= index).is_some() {}
            let node = Node::new(tree, index);
            if self.is_left_out(object, secret, node, &above) {
                index = tree.end(index);
                continue;
            }
            visit(&Place {
                object,
                node,
                above: &above,
            });
            if matches!(node.kind(), Kind::Map | Kind::Sequence) {
                above.push(node);
            }
            index += 1;
        }
    }

    /// Whether a node, with all that lies in it, is never looked at.
    fn is_left_out(&self, object: Object<'t>, secret: bool, node: Node<'t>, above: &[Node<'t>]) -> bool {
        let Some(key) = node.key() else { return false };
        if self.never.binary_search(&key).is_ok() {
            let text = node.key_text();
            // A status stands at the top; ConfigMaps and annotations have keys of anybody's choice; OpenChoreo's schemas
            // carry defaults.
            let at_top = above.len() == 1;
            return match text {
                "status" => at_top,
                "openAPIV3Schema" => !is_open_choreo(object),
                _ => !(object.kind() == word!("ConfigMap") && above.len() == 2),
            };
        }
        // A Secret is where credentials belong; the host masks its values.
        if secret && above.len() == 1 && (key == word!("data") || key == word!("stringData")) {
            return true;
        }
        object.kind() == word!("ConfigMap") && above.len() == 2 && is_document(node.key_text())
    }
}

/// Whether an object only says what other objects look like.
fn is_schema(object: Object<'_>) -> bool {
    matches!(
        object.kind_text(),
        "CustomResourceDefinition" | "CompositeResourceDefinition" | "ConstraintTemplate" | "ClusterServiceVersion"
    )
}

/// Whether it is one of OpenChoreo's, in any of its groups.
#[must_use]
pub fn is_open_choreo(object: Object<'_>) -> bool {
    openchoreo::is_group(object.group_text())
}

/// Whether a file of this name is read by people or was computed: prose, styles, lock files.
#[must_use]
pub fn is_document(name: &str) -> bool {
    const ENDS: &[&str] = &[
        ".md",
        ".html",
        ".htm",
        ".css",
        ".rst",
        ".adoc",
        ".svg",
        ".lock",
        ".sum",
        "-lock.json",
    ];
    let name = name.to_ascii_lowercase();
    ENDS.iter().any(|end| name.ends_with(end)) || name.starts_with("readme") || name.starts_with("notes.")
}

impl<'t> Place<'_, 't> {
    /// The environment variable whose value it is, if it is one: the item of the list and the list's place in `above`.
    #[must_use]
    pub fn variable(&self) -> Option<(Node<'t>, usize)> {
        if self.node.key() != Some(word!("value")) {
            return None;
        }
        let (item, rest) = self.above.split_last()?;
        let list = rest.last()?;
        let is_list = list.kind() == Kind::Sequence
            && list
                .key()
                .is_some_and(|key| key == word!("env") || key == word!("envVariables"));
        (is_list && item.kind() == Kind::Map).then_some((*item, rest.len() - 1))
    }

    /// The name of the environment variable that an item of a list sets; empty where it has none or is not final.
    #[must_use]
    pub fn variable_name(item: Node<'t>) -> &'t str {
        item.text_of(word!("name"))
            .known()
            .or_else(|| item.text_of(word!("key")).known())
            .unwrap_or("")
    }

    /// The object's name, or its kind where it has none.
    #[must_use]
    pub fn object_name(&self) -> &'t str {
        match self.object.name() {
            "" => self.object.kind_text(),
            name => name,
        }
    }

    /// Workload and container, `shop/web`: the map at this place in `above` is the container.
    #[must_use]
    pub fn container(&self, at: usize) -> String {
        let name = self
            .above
            .get(at)
            .map_or("", |&map| match map.text_of(word!("name")).known() {
                Some(name) if map.key().is_none() => name,
                // OpenChoreo: `containers` by name; `container` and the flat form have none.
                _ if at > 0 && self.above.get(at - 1).and_then(|outer| outer.key()) == Some(word!("containers")) => {
                    map.key_text()
                }
                _ => "",
            });
        match name {
            "" => self.object_name().to_owned(),
            name => format!("{}/{name}", self.object_name()),
        }
    }

    /// Where it is, for a message.
    #[must_use]
    pub fn label(&self) -> String {
        if let Some((item, list)) = self.variable() {
            return format!(
                "{} env {}",
                self.container(list.saturating_sub(1)),
                Self::variable_name(item)
            );
        }
        let kind = self.object.kind_text();
        for (at, node) in self.above.iter().enumerate().rev() {
            match node.key_text() {
                key @ ("command" | "args" | "livenessProbe" | "readinessProbe" | "startupProbe" | "lifecycle")
                    if at > 0 =>
                {
                    return format!("{} {key}", self.container(at - 1));
                }
                "annotations" => {
                    return format!("{kind} {} annotation {}", self.object_name(), self.node.key_text());
                }
                _ => {}
            }
        }
        if self.object.kind() == word!("ConfigMap") && self.above.len() == 2 {
            return format!("ConfigMap {} key {}", self.object_name(), self.node.key_text());
        }
        let path: Vec<&str> = self
            .above
            .iter()
            .chain(std::iter::once(&self.node))
            .map(|node| node.key_text())
            .filter(|key| !key.is_empty())
            .collect();
        let from = path.len().saturating_sub(4);
        format!(
            "{kind} {} {}",
            self.object_name(),
            path.get(from..).unwrap_or_default().join(".")
        )
    }

    /// Whether any of what it lies in has one of these keys.
    #[must_use]
    pub fn is_below(&self, keys: &[&str]) -> bool {
        self.above.iter().any(|node| keys.contains(&node.key_text()))
    }
}
