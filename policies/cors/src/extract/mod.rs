//! Every place where a bundle lets all origins in, with or without credentials: what the three rules about wildcards share.
//!
//! Sources: Fetch standard, "CORS protocol"; the references of the products, named beside their readers.

mod annotations;
mod files;
mod headers;
mod process;
mod resources;
mod text;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use plimsoll_sdk::kube::bytes::{are_pairs, places};
use plimsoll_sdk::kube::{Stage, Tree};
use plimsoll_sdk::{Bundle, Confidence, Node, Object, Symbol, Value, word};

use crate::exposed::is_exposed;

/// The annotation with the list of origins, without its prefix; also the key for all in a controller's ConfigMap.
const ORIGIN: &str = "cors-allow-origin";

/// What a server does for a request with credentials from any origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It names that origin: any site acts as its visitor.
    Echo,
    /// It sends a literal `*`, or refuses its own configuration: browsers refuse the answer.
    Literal,
    /// One of the two, which depends on what cannot be seen.
    Either,
}

/// Whether answers allow credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// They do not, or it is not known.
    Off,
    /// They do, as this node says.
    Said(u32),
    /// They do, as nothing says otherwise. A member of this key with the value `"false"` in this map turns it off.
    Default(u32, &'static str),
}

/// What any origin is let in by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// By an entry of the list of origins.
    Entry(String),
    /// By the default of a list that is not given: what switches CORS on, the list, and whose default it is.
    Default(&'static str, &'static str, &'static str),
}

/// A place that lets every origin in. Nodes and objects by their numbers.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The object whose answers these are.
    pub object: u32,
    /// Where the origin stands, or what switches CORS on.
    pub at: u32,
    /// Bytes of it, where it stands in a longer text.
    pub within: Option<Range<usize>>,
    /// Whether the scalar may be the origin and nothing else, so that another may take its place.
    pub whole: bool,
    /// How messages call the place.
    pub place: String,
    /// How messages call the list of origins.
    pub field: String,
    /// Why any origin is let in.
    pub cause: Cause,
    /// Whether credentials are, too.
    pub credentials: Credentials,
    /// What comes of both together.
    pub answer: Answer,
    /// How sure all this is.
    pub confidence: Confidence,
    /// The paths it is for, where they are known.
    pub paths: Vec<String>,
    /// Whether clients from outside of the cluster get these answers.
    pub exposed: bool,
    /// The number of the workload whose process answers; what leads to it is looked for only when that matters.
    pub workload: Option<usize>,
}

/// The rule that speaks of an opening: each is reported once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaks {
    /// `wildcard-origin`: a list says so, and credentials are off.
    Origin,
    /// `wildcard-by-default`: nothing says so.
    Default,
    /// `wildcard-with-credentials`: credentials are on, and somebody wrote one half of it.
    Credentials,
}

impl Opening {
    /// A place in an object where an entry of a list lets all origins in.
    fn new(object: Object<'_>, at: Node<'_>, field: impl Into<String>, entry: &str) -> Self {
        Opening {
            object: object.index(),
            at: at.index(),
            within: None,
            whole: true,
            place: title(object),
            field: field.into(),
            cause: Cause::Entry(entry.to_owned()),
            credentials: Credentials::Off,
            answer: Answer::Either,
            confidence: Confidence::High,
            paths: Vec::new(),
            exposed: false,
            workload: None,
        }
    }

    /// Which rule speaks of it.
    pub fn speaks(&self) -> Speaks {
        match (&self.cause, self.credentials) {
            (_, Credentials::Said(_)) | (Cause::Entry(_), Credentials::Default(..)) => Speaks::Credentials,
            (Cause::Entry(_), Credentials::Off) => Speaks::Origin,
            (Cause::Default(..), _) => Speaks::Default,
        }
    }

    /// Whether an Ingress switches CORS on and leaves the rest to its controller.
    fn is_of_ingress(&self) -> bool {
        matches!(self.cause, Cause::Default(_, ORIGIN, _))
    }

    /// Whether its answers go to the public, as far as that can be told: in production, from outside.
    pub fn is_public(&self, bundle: &Bundle<'_>) -> bool {
        let workload = self.workload.and_then(|number| bundle.workloads().get(number));
        (self.exposed || workload.is_some())
            && self.is_in_production(bundle)
            && (self.exposed || workload.is_some_and(|&workload| is_exposed(bundle, workload)))
    }

    /// Whether it is deployed to production, and more than the variables of a process says so.
    pub fn is_in_production(&self, bundle: &Bundle<'_>) -> bool {
        let staged = bundle.object(self.object).map(|object| bundle.stage(object));
        staged.is_some_and(|staged| staged.sure && staged.stage == Stage::Prod)
    }
}

/// How messages call an object.
fn title(object: Object<'_>) -> String {
    match object.name() {
        "" => object.kind_text().to_owned(),
        name => format!("{} {name}", object.kind_text()),
    }
}

/// Which texts of a tree say something of origins: what does not need not be read. Each is looked at once.
pub(crate) struct Hot<'t> {
    tree: &'t Tree<'t>,
    /// By symbol, as far as asked.
    known: RefCell<Vec<Option<bool>>>,
}

impl<'t> Hot<'t> {
    fn new(tree: &'t Tree<'t>) -> Self {
        Hot {
            tree,
            known: RefCell::new(vec![None; tree.symbols() as usize]),
        }
    }

    fn has(&self, symbol: Symbol) -> bool {
        let mut known = self.known.borrow_mut();
        let Some(slot) = known.get_mut(symbol.0 as usize) else {
            return false;
        };
        *slot.get_or_insert_with(|| {
            let text = self.tree.text(symbol);
            says_origin(text) || crate::variable::is_address(text)
        })
    }

    /// Whether the key or the text of a node says something.
    fn node(&self, node: Node<'_>) -> bool {
        node.key().is_some_and(|key| self.has(key)) || self.text(node)
    }

    /// Whether the text of a scalar does.
    fn text(&self, node: Node<'_>) -> bool {
        self.tree.symbol(node.index()).is_some_and(|symbol| self.has(symbol))
    }
}

/// Whether a text has `cors` or `origin` in it, or the switch of a browser that knows no origins, in any case.
fn says_origin(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |from: Option<usize>, word: &[u8]| {
        from.and_then(|from| bytes.get(from..from + word.len()))
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    // By two letters that both words have, and by the end of a word that is rare.
    places(bytes, |word, next| {
        are_pairs(word, next, *b"or") | are_pairs(word, next, *b"b-")
    })
    .any(|at| match bytes.get(at) {
        Some(b'o' | b'O') => has(Some(at), b"origin") || has(at.checked_sub(1), b"cors"),
        Some(b'b' | b'B') => {
            let start = at.checked_sub(2);
            start.is_some_and(|start| bytes.get(start) == Some(&b'w')) && has(start, b"web-security")
        }
        _ => false,
    })
}

/// Every opening in the objects that are judged, in the order of their places. Found once for all rules.
pub fn openings(bundle: &Bundle<'_>) -> Rc<Vec<Opening>> {
    bundle.memo(|| {
        let hot = Hot::new(bundle.tree());
        let mut found = Vec::new();
        process::read(bundle, &hot, &mut found);
        for (group, kind) in bundle.kinds() {
            let (group_text, kind_text) = (bundle.tree().text(group), bundle.tree().text(kind));
            let readers = Readers::of(group_text, kind_text);
            for object in bundle
                .of_kind(group, kind)
                .filter(|object| object.role() == plimsoll_sdk::Role::Subject)
            {
                readers.read(object, &hot, &mut found);
            }
        }
        if found.iter().any(|opening| opening.is_of_ingress()) && is_set_for_all(bundle) {
            found.retain(|opening| !opening.is_of_ingress());
        }
        found.sort_by_key(|opening| (opening.at, opening.within.as_ref().map_or(0, |bytes| bytes.start)));
        // What several containers read is one place; what the process that reads it says comes first.
        found.dedup_by(|later, first| later.at == first.at && later.within == first.within);
        found
    })
}

/// Whether a ConfigMap sets the origins of every Ingress that does not, as HAProxy's controllers let it.
fn is_set_for_all(bundle: &Bundle<'_>) -> bool {
    bundle.of_kind(Symbol::default(), word!("ConfigMap")).any(|map| {
        let data = map.root().get(word!("data"));
        data.is_unknown()
            || data
                .known()
                .is_some_and(|data| matches!(data.get_text(ORIGIN), Value::Known(_)))
    })
}

/// What is read of one kind.
struct Readers {
    resources: Vec<&'static resources::Resource>,
    headers: Vec<&'static headers::Headers>,
    ingress: bool,
    config_map: bool,
    envoy_filter: bool,
    snippets: bool,
}

impl Readers {
    fn of(group: &str, kind: &str) -> Self {
        Readers {
            resources: resources::of(group, kind).collect(),
            headers: headers::of(group, kind).collect(),
            ingress: kind == "Ingress" && matches!(group, "networking.k8s.io" | "extensions"),
            config_map: kind == "ConfigMap" && group.is_empty(),
            envoy_filter: kind == "EnvoyFilter" && group == "networking.istio.io",
            snippets: matches!(kind, "VirtualServer" | "VirtualServerRoute" | "Policy") && group == "k8s.nginx.org",
        }
    }

    fn read(&self, object: Object<'_>, hot: &Hot<'_>, found: &mut Vec<Opening>) {
        for resource in &self.resources {
            resource.read(object, found);
        }
        for place in &self.headers {
            place.read(object, found);
        }
        if self.ingress {
            annotations::read(object, hot, found);
        }
        if self.config_map {
            files::read(object, hot, found);
        }
        if self.envoy_filter {
            resources::envoy_filter(object, hot, found);
        }
        if self.snippets {
            annotations::snippets(object, hot, found);
        }
    }
}

/// The nodes at a path of keys: `[]` stands for every item of a list, `{}` for every member of a map. A key that is not
/// there ends the path.
fn nodes_at<'t>(root: Node<'t>, path: &str) -> Vec<Node<'t>> {
    let mut nodes = vec![root];
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let (key, every) = match key.strip_suffix("[]") {
            Some(key) => (key, true),
            None => (key, false),
        };
        nodes = nodes
            .into_iter()
            .filter_map(|node| node.get_text(key).known())
            .flat_map(|node| -> Vec<Node<'t>> {
                if every { node.items().collect() } else { vec![node] }
            })
            .collect();
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_say_something_of_origins() {
        for text in [
            "CORS_ORIGIN",
            "enable-cors",
            "Access-Control-Allow-Origin",
            "xOrigin",
            "a\nb cOrS",
            "--disable-web-security",
        ] {
            assert!(says_origin(text), "{text}");
        }
        for text in [
            "",
            "c",
            "cor",
            "core",
            "original".get(..5).unwrap_or_default(),
            "web-securit",
        ] {
            assert!(!says_origin(text), "{text}");
        }
    }
}
