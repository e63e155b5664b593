//! Where credentials are looked for, and what such a place is called in a message.
//!
//! One walk over the nodes of the subjects, for all rules: nearly all of them are passed by after two looks into tables.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_sdk::kube::openchoreo;
use plimsoll_sdk::{Bundle, Kind, Node, Object, ObjectFlags, Role, Symbol, word};

use crate::look::{KeyLook, Look, Looks};

/// What a place is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The value of an environment variable.
    Variable,
    /// The words of a container's command line: the list, not its items.
    Words,
    /// A script that a container runs.
    Script,
    /// A value of a ConfigMap.
    Data,
    /// A value of a ConfigMap's `binaryData`.
    Binary,
    /// A file: of an OpenChoreo workload, or the values of a chart in one text.
    File,
    /// A setting by name: a parameter of OpenChoreo, a value of a chart, a setting of a connector.
    Setting,
    /// A schema of OpenChoreo's, which may have defaults.
    Schema,
    /// `NAME=value`: what a kustomization makes a ConfigMap or Secret of.
    Literal,
    /// Anything else.
    Other,
}

/// A node and what it lies in, from the object's root to its parent.
pub struct Place<'a, 't> {
    /// The object.
    pub object: Object<'t>,
    /// The node.
    pub node: Node<'t>,
    /// What it lies in, outermost first.
    pub above: &'a [Node<'t>],
    /// What it is for.
    pub part: Part,
    /// What its text may hold at first sight.
    pub look: Look,
}

/// The nodes of objects, without what is never looked at.
pub struct Surfaces<'b, 't> {
    bundle: &'b Bundle<'t>,
    looks: Looks,
    /// Objects inside an object, by the outer one: they are judged by themselves.
    inner: BTreeMap<u32, Vec<Range<u32>>>,
}

/// What a map or sequence is for, as far as that says what its members are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Nothing,
    Variables,
    Variable,
    Data,
    Binary,
    Files,
    File,
    /// Probes and hooks: their commands are no command lines of the container.
    Probe,
    Settings,
    /// `name` and `value` pairs of settings.
    SettingList,
    SettingPair,
    Schema,
    Literals,
}

/// What an object's kind says of its parts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    ConfigMap,
    Secret,
    OpenChoreo,
    /// A deployment of a chart, by Argo CD or Flux.
    Chart,
    /// `spec.config` is a map of settings.
    Connector,
    /// `triggers[].metadata` is.
    Scaler,
    /// A kustomization.
    Kustomization,
}

impl Shape {
    fn of(object: Object<'_>) -> Shape {
        let kind = object.kind();
        if object.group() == Symbol::default() {
            return match kind {
                _ if kind == word!("ConfigMap") => Shape::ConfigMap,
                _ if kind == word!("Secret") => Shape::Secret,
                _ => Shape::Plain,
            };
        }
        if is_open_choreo(object) {
            return Shape::OpenChoreo;
        }
        match object.kind_text() {
            "Application" | "ApplicationSet" | "HelmRelease" | "HelmChart" => Shape::Chart,
            "KafkaConnector" => Shape::Connector,
            "ScaledObject" | "ScaledJob" => Shape::Scaler,
            "Kustomization" | "Component" if object.group_text() == "kustomize.config.k8s.io" => Shape::Kustomization,
            _ => Shape::Plain,
        }
    }
}

impl<'b, 't> Surfaces<'b, 't> {
    /// Nothing is looked at yet.
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
        Surfaces {
            bundle,
            looks: Looks::new(bundle),
            inner,
        }
    }

    /// Calls back for every place of the subjects that may hold a credential, and for every subject when it is done. Patches
    /// are looked at, too: what they set is committed as well.
    pub fn walk(&mut self, mut visit: impl FnMut(&Place<'_, 't>), mut done: impl FnMut(Object<'t>)) {
        let bundle = self.bundle;
        for object in (0..bundle.tree().objects()).filter_map(|index| bundle.object(index)) {
            if object.role() == Role::Subject && !is_schema(object) {
                self.walk_object(object, &mut visit);
                done(object);
            }
        }
    }

    fn walk_object(&mut self, object: Object<'t>, visit: &mut impl FnMut(&Place<'_, 't>)) {
        let (bundle, tree) = (self.bundle, self.bundle.tree());
        let shape = Shape::of(object);
        let inner = self.inner.remove(&object.index()).unwrap_or_default();
        let mut inner = inner.into_iter().peekable();
        let span = object.span();
        let end = span.end.min(tree.nodes());
        let mut above: Vec<Node<'t>> = Vec::new();
        // For each of `above`: where it ends, and what it is for.
        let mut frames: Vec<(u32, In)> = Vec::new();
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
            while frames.pop_if(|(end, _)| *end <= index).is_some() {
                above.pop();
            }
            let outer = frames.last().map_or(In::Nothing, |frame| frame.1);
            let Some(found) = tree.node(index) else { break };
            let mut key_look = KeyLook::Plain;
            if let Some(key) = found.key {
                key_look = self.looks.key(bundle, key);
                if is_left_out(object, shape, key, key_look, &above) {
                    index = tree.end(index);
                    continue;
                }
            }
            let node = Node::new(tree, index);
            match found.kind {
                Kind::Map | Kind::Sequence => {
                    let part = inside(shape, outer, found.kind, found.key, key_look, &above);
                    let Some(part) = part else {
                        visit(&Place {
                            object,
                            node,
                            above: &above,
                            part: Part::Words,
                            look: Look::at(b""),
                        });
                        index = tree.end(index);
                        continue;
                    };
                    frames.push((tree.end(index), part));
                    above.push(node);
                }
                Kind::String => {
                    let look = self.looks.text(bundle, found.value);
                    let mut part = part(shape, outer, found.key, key_look, &above);
                    if part == Part::Variable && !look.is_any() && !self.promises(&above) {
                        part = Part::Other;
                    }
                    if look.is_any() || part != Part::Other {
                        visit(&Place {
                            object,
                            node,
                            above: &above,
                            part,
                            look,
                        });
                    }
                }
                _ => {}
            }
            index += 1;
        }
    }
}

impl<'t> Surfaces<'_, 't> {
    /// Whether the name of the variable that this is the item of promises anything.
    fn promises(&mut self, above: &[Node<'t>]) -> bool {
        let Some(item) = above.last() else { return false };
        let name = item
            .get(word!("name"))
            .and_then(Node::symbol)
            .known()
            .or_else(|| item.get(word!("key")).and_then(Node::symbol).known());
        name.is_some_and(|name| self.looks.key(self.bundle, name) == KeyLook::Promise)
    }
}

/// What a map or sequence is for; none where it is a command line.
fn inside(shape: Shape, outer: In, kind: Kind, key: Option<Symbol>, look: KeyLook, above: &[Node<'_>]) -> Option<In> {
    let list = kind == Kind::Sequence;
    let pair = |outer: In| match outer {
        In::Variables => In::Variable,
        In::Files => In::File,
        In::SettingList => In::SettingPair,
        // What lies in a pair is no pair.
        In::Variable | In::File | In::SettingPair | In::Data | In::Binary => In::Nothing,
        other => other,
    };
    let Some(key) = key else { return Some(pair(outer)) };
    if list && (key == word!("env") || key == word!("envVariables")) {
        return Some(In::Variables);
    }
    if list && outer != In::Probe && (key == word!("command") || key == word!("args")) && above.len() > 1 {
        return None;
    }
    Some(match shape {
        _ if key == word!("livenessProbe")
            || key == word!("readinessProbe")
            || key == word!("startupProbe")
            || key == word!("lifecycle") =>
        {
            In::Probe
        }
        Shape::ConfigMap if above.len() == 1 && key == word!("data") => In::Data,
        Shape::ConfigMap if above.len() == 1 && key == word!("binaryData") => In::Binary,
        Shape::OpenChoreo if list && key == word!("files") => In::Files,
        Shape::OpenChoreo if look == KeyLook::Parameters && outer != In::Schema => In::Settings,
        Shape::OpenChoreo if look == KeyLook::Never || key == word!("schema") => In::Schema,
        Shape::Chart if list && key == word!("parameters") => In::SettingList,
        Shape::Chart if !list && (key == word!("values") || is(above, key, "valuesObject")) => In::Settings,
        Shape::Connector if is(above, key, "config") && above.len() == 2 => In::Settings,
        Shape::Scaler if key == word!("metadata") && above.len() > 2 => In::Settings,
        Shape::Kustomization if list && is(above, key, "literals") => In::Literals,
        _ => pair(outer),
    })
}

/// Whether a key has this text; not in the vocabulary, so by its letters.
fn is(above: &[Node<'_>], key: Symbol, text: &str) -> bool {
    above.first().is_some_and(|root| root.tree().text(key) == text)
}

/// What a text is for.
fn part(shape: Shape, outer: In, key: Option<Symbol>, look: KeyLook, above: &[Node<'_>]) -> Part {
    let is_value = key == Some(word!("value"));
    match outer {
        In::Variable if is_value => Part::Variable,
        In::Data => Part::Data,
        In::Binary => Part::Binary,
        In::File if is_value => Part::File,
        In::SettingPair if is_value => Part::Setting,
        In::Settings if look == KeyLook::Promise => Part::Setting,
        In::Schema => Part::Schema,
        In::Literals => Part::Literal,
        _ if shape == Shape::Chart && key == Some(word!("values")) => Part::File,
        _ => {
            let script = key == Some(word!("script"))
                || key.is_some_and(|key| {
                    above.last().and_then(|node| node.key()) == Some(word!("script")) && is(above, key, "source")
                });
            if script { Part::Script } else { Part::Other }
        }
    }
}

/// Whether a node, with all that lies in it, is never looked at.
fn is_left_out(object: Object<'_>, shape: Shape, key: Symbol, look: KeyLook, above: &[Node<'_>]) -> bool {
    if look == KeyLook::Never {
        let tree = above.first().map(|root| root.tree());
        // A status stands at the top; ConfigMaps and annotations have keys of anybody's choice; OpenChoreo's schemas carry
        // defaults.
        return match tree.map_or("", |tree| tree.text(key)) {
            "status" => above.len() == 1,
            "openAPIV3Schema" => shape != Shape::OpenChoreo,
            _ => !(shape == Shape::ConfigMap && above.len() == 2),
        };
    }
    match shape {
        // Judged as a whole.
        Shape::Secret => above.len() == 1 && (key == word!("data") || key == word!("stringData")),
        Shape::ConfigMap => above.len() == 2 && is_document(object.root().tree().text(key)),
        _ => false,
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

/// Whether it is a patch, and so not all that will be.
#[must_use]
pub fn is_patch(object: Object<'_>) -> bool {
    object.has(ObjectFlags::PATCH)
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
        let (item, rest) = self.above.split_last()?;
        (self.part == Part::Variable && !rest.is_empty()).then(|| (*item, rest.len() - 1))
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
}
