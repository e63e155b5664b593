//! What a kustomization says, read from its document.

use crate::bundle::peek::Peek;
use crate::bundle::scopes;
use crate::read::{Manifest, Namespace};

/// The group of kustomizations and their components.
pub(in crate::bundle) const GROUP: &str = "kustomize.config.k8s.io";

/// One kustomization.
#[derive(Default)]
pub(in crate::bundle) struct Kustomization {
    /// The manifest it is read from.
    pub(in crate::bundle) manifest: usize,
    /// Its directory: what its paths count from.
    pub(in crate::bundle) directory: String,
    /// A `kind: Component`: changes those that include it, and stands for nothing alone.
    pub(in crate::bundle) component: bool,
    /// No kustomization of kustomize's, but what deploys a path: an Argo CD Application, a Flux Kustomization.
    pub(in crate::bundle) deploys: bool,
    /// `resources` and `bases`: files and directories.
    pub(in crate::bundle) resources: Vec<String>,
    /// `components`: directories.
    pub(in crate::bundle) components: Vec<String>,
    /// Files that only configure kustomize: `configurations`, `generators`, `transformers`, `validators`, `crds`.
    pub(in crate::bundle) configuration: Vec<String>,
    /// Some of it is not in the input: remote resources, inflated charts, plugins.
    pub(in crate::bundle) remote: bool,
    /// What it does to all that it includes.
    pub(in crate::bundle) transform: Transform,
}

/// What a kustomization does to its resources.
#[derive(Default)]
pub(in crate::bundle) struct Transform {
    pub(in crate::bundle) namespace: Option<Namespace>,
    /// The namespace applies only to those that state none (Argo CD).
    pub(in crate::bundle) only_unset: bool,
    pub(in crate::bundle) prefix: String,
    pub(in crate::bundle) suffix: String,
    pub(in crate::bundle) labels: Vec<Labels>,
    pub(in crate::bundle) patches: Vec<Patch>,
    /// Names of images whose tag or name is replaced.
    pub(in crate::bundle) images: Vec<String>,
    /// Names of workloads whose replicas are set.
    pub(in crate::bundle) replicas: Vec<String>,
    pub(in crate::bundle) replacements: Vec<Source>,
    /// Transformers of its own, which may change anything.
    pub(in crate::bundle) opaque: bool,
    pub(in crate::bundle) generators: Vec<Generator>,
}

impl Transform {
    /// Whether it can make any value unknown.
    pub(in crate::bundle) fn marks(&self) -> bool {
        self.opaque
            || !(self.patches.is_empty()
                && self.images.is_empty()
                && self.replicas.is_empty()
                && self.replacements.is_empty())
    }
}

/// A set of labels or annotations that is added.
pub(in crate::bundle) struct Labels {
    /// A value that is not known here is none.
    pub(in crate::bundle) pairs: Vec<(String, Option<String>)>,
    pub(in crate::bundle) to: To,
}

/// Where labels go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(in crate::bundle) enum To {
    /// `metadata.labels`.
    Metadata,
    /// And the labels of templates.
    Templates,
    /// And selectors.
    Selectors,
    /// Annotations of objects and templates.
    Annotations,
}

/// Where a text stands: in a file, or in the kustomization.
pub(in crate::bundle) enum Source {
    Path(String),
    /// The text of this node of the kustomization.
    Inline(String),
    /// This node of the kustomization itself.
    Node(u32),
}

/// A patch and what it applies to.
pub(in crate::bundle) struct Patch {
    pub(in crate::bundle) source: Source,
    /// None: what the patch itself names.
    pub(in crate::bundle) target: Option<Target>,
}

/// A patch's target. A pattern that is more than plain text matches everything: where the target is not clear, what
/// could be set is unknown.
#[derive(Default)]
pub(in crate::bundle) struct Target {
    pub(in crate::bundle) group: Option<String>,
    pub(in crate::bundle) kind: Option<String>,
    pub(in crate::bundle) name: Option<String>,
    pub(in crate::bundle) namespace: Option<String>,
}

/// A ConfigMap or Secret that kustomize makes.
pub(in crate::bundle) struct Generator {
    pub(in crate::bundle) kind: &'static str,
    pub(in crate::bundle) name: String,
    pub(in crate::bundle) namespace: Option<String>,
    /// The entry's node, for its place.
    pub(in crate::bundle) node: u32,
}

impl Target {
    /// Reads `target` of a patch or `select` of a replacement.
    pub(in crate::bundle) fn read(node: Peek<'_>) -> Self {
        // An empty pattern matches everything, as no pattern does.
        let plain = |key: &str| {
            let text = node.get(key)?.text()?;
            let is_plain = text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':'));
            (is_plain && !text.is_empty()).then(|| text.to_owned())
        };
        Target {
            group: plain("group"),
            kind: plain("kind"),
            name: plain("name"),
            namespace: plain("namespace"),
        }
    }
}

/// The node of the kustomization in a file, if it is one: by kind, or by the file's name where the document has none.
pub(in crate::bundle) fn find(manifest: &Manifest) -> Option<(u32, bool)> {
    for object in manifest.all_objects().iter().filter(|object| object.group == GROUP) {
        if matches!(object.kind.as_str(), "Kustomization" | "Component") {
            return Some((object.root, object.kind == "Component"));
        }
    }
    let root = manifest.documents.first()?.root;
    let node = Peek::new(&manifest.part, root);
    (has_name(&manifest.path) && node.is_map() && node.get("kind").is_none()).then_some((root, false))
}

/// Whether kustomize takes a file of this name.
pub(in crate::bundle) fn has_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Reads a kustomization.
pub(in crate::bundle) fn read(manifest: &Manifest, index: usize, root: u32, component: bool) -> Kustomization {
    let node = Peek::new(&manifest.part, root);
    let owned = |key: &str| node.texts_of(key).map(str::to_owned).collect::<Vec<_>>();
    let mut resources = owned("resources");
    resources.extend(owned("bases"));
    let mut configuration = owned("configurations");
    for key in ["generators", "transformers", "validators", "crds"] {
        configuration.extend(owned(key));
    }
    let remote = ["helmCharts", "helmChartInflationGenerator", "generators"]
        .iter()
        .any(|key| node.get(key).is_some())
        || node
            .get("resources")
            .is_some_and(|list| list.items().any(|item| item.text().is_none()));
    Kustomization {
        manifest: index,
        directory: scopes::directory(&manifest.path).to_owned(),
        component,
        deploys: false,
        resources,
        components: owned("components"),
        configuration,
        remote,
        transform: transform(node),
    }
}

fn transform(node: Peek<'_>) -> Transform {
    let text = |key: &str| node.get(key).and_then(Peek::text).unwrap_or_default().to_owned();
    let names = |key: &str| {
        let items = node.get(key).into_iter().flat_map(Peek::items);
        items
            .filter_map(|item| item.get("name")?.text().map(str::to_owned))
            .collect()
    };
    let replacements = node.get("replacements").into_iter().flat_map(Peek::items);
    Transform {
        namespace: node.get("namespace").and_then(namespace),
        only_unset: false,
        prefix: text("namePrefix"),
        suffix: text("nameSuffix"),
        labels: labels(node),
        patches: patches(node),
        images: names("images"),
        replicas: names("replicas"),
        replacements: replacements
            .map(|item| match item.get("path").and_then(Peek::text) {
                Some(path) => Source::Path(path.to_owned()),
                None => Source::Node(item.node()),
            })
            .collect(),
        opaque: node
            .get("transformers")
            .is_some_and(|list| list.items().next().is_some()),
        generators: generators(node),
    }
}

/// A namespace that is set to something: known or not.
pub(in crate::bundle) fn namespace(node: Peek<'_>) -> Option<Namespace> {
    match node.raw_text() {
        Some("") => None,
        Some(text) if node.is_final() => Some(Namespace::Named(text.to_owned())),
        Some(_) => Some(Namespace::Unknown),
        None => None,
    }
}

fn labels(node: Peek<'_>) -> Vec<Labels> {
    let mut all = Vec::new();
    let mut add = |pairs: Option<Peek<'_>>, to: To| {
        let pairs: Vec<_> = pairs
            .into_iter()
            .flat_map(Peek::children)
            .map(|pair| (pair.key().to_owned(), pair.text().map(str::to_owned)))
            .collect();
        if !pairs.is_empty() {
            all.push(Labels { pairs, to });
        }
    };
    for item in node.get("labels").into_iter().flat_map(Peek::items) {
        let is = |key: &str| item.get(key).is_some_and(Peek::is_true);
        let to = match (is("includeSelectors"), is("includeTemplates")) {
            (true, _) => To::Selectors,
            (false, true) => To::Templates,
            (false, false) => To::Metadata,
        };
        add(item.get("pairs").filter(|pairs| pairs.is_map()), to);
    }
    add(node.get("commonLabels").filter(|pairs| pairs.is_map()), To::Selectors);
    add(
        node.get("commonAnnotations").filter(|pairs| pairs.is_map()),
        To::Annotations,
    );
    all
}

/// All three ways to name patches. Also of a Flux Kustomization's `spec`.
pub(in crate::bundle) fn patches(node: Peek<'_>) -> Vec<Patch> {
    let mut all = Vec::new();
    // Texts under `patches` are of an older spelling.
    let files = node.texts_of("patches");
    for text in node.texts_of("patchesStrategicMerge").chain(files) {
        // An entry of several lines is the patch itself.
        let inline = text.contains('\n') || text.trim_start().starts_with('{');
        let source = if inline {
            Source::Inline(text.to_owned())
        } else {
            Source::Path(text.to_owned())
        };
        all.push(Patch { source, target: None });
    }
    for key in ["patches", "patchesJson6902"] {
        for item in node.get(key).into_iter().flat_map(Peek::items) {
            let source = match (item.get("path"), item.get("patch")) {
                (Some(path), _) => path.text().map(|path| Source::Path(path.to_owned())),
                // Not final is good enough here: only what it sets is asked, not to what.
                (None, Some(patch)) => match patch.raw_text() {
                    Some(text) => Some(Source::Inline(text.to_owned())),
                    None => Some(Source::Node(patch.node())),
                },
                (None, None) => None,
            };
            let target = item.get("target").filter(|target| target.is_map()).map(Target::read);
            all.extend(source.map(|source| Patch { source, target }));
        }
    }
    all
}

fn generators(node: Peek<'_>) -> Vec<Generator> {
    let mut all = Vec::new();
    for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for item in node.get(key).into_iter().flat_map(Peek::items) {
            let text = |key: &str| item.get(key).and_then(Peek::text).map(str::to_owned);
            if let Some(name) = text("name") {
                all.push(Generator {
                    kind,
                    name,
                    namespace: text("namespace"),
                    node: item.node(),
                });
            }
        }
    }
    all
}
