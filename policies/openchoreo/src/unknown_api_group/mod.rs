//! An object of OpenChoreo is in an API group, or of a kind, that the platform does not serve.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::openchoreo::{self, Version};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Edit, Fix, Flags, Node, Object, Role, Rule, Severity, Symbol, Violation, word,
};

use crate::Settings;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "unknown-api-group",
    title: "An API version that OpenChoreo does not serve",
    severity: Severity::Error,
    kinds: &[],
    context: &["CustomResourceDefinition.apiextensions.k8s.io"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// The group since 0.3, and the one before.
const SERVED: &str = "openchoreo.dev/v1alpha1";
const SERVED_FIRST: &str = "core.choreo.dev/v1";

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let tree = bundle.tree();
    let version = openchoreo::version(bundle);
    let kinds = bundle
        .kinds()
        .filter(|&(group, _)| openchoreo::is_group(tree.text(group)));
    let mut objects: Vec<Object<'_>> = kinds
        .flat_map(|(group, kind)| bundle.of_kind(group, kind))
        .filter(|object| object.role() == Role::Subject)
        .collect();
    if objects.is_empty() {
        return;
    }
    objects.sort_by_key(|object| object.index());
    let defined = defined_here(bundle);
    for object in objects {
        if defined.contains(&(object.group(), object.kind())) {
            continue;
        }
        let violation = match fault(object, version) {
            Some(Fault::Version(serves)) => of_version(object, serves),
            Some(Fault::Kind(called)) => of_kind(object, called),
            None => continue,
        };
        violations.push(violation.confidence(Confidence::Certain));
    }
}

/// What is not served.
enum Fault {
    /// The API version; this one is.
    Version(&'static str),
    /// The kind; it is called this.
    Kind(&'static str),
}

/// What of an object a release of OpenChoreo does not serve; none stands for the newest.
fn fault(object: Object<'_>, version: Option<Version>) -> Option<Fault> {
    let is_first = version.is_some_and(|version| version < Version(0, 3));
    let serves = if is_first { SERVED_FIRST } else { SERVED };
    match object.group_text() {
        "core.openchoreo.dev" => return Some(Fault::Version(serves)),
        "core.choreo.dev" if !is_first => return Some(Fault::Version(serves)),
        "openchoreo.dev" if is_first => return Some(Fault::Version(serves)),
        "openchoreo.dev" => {}
        _ => return None,
    }
    let before_one = version.is_some_and(|version| version < Version(1, 0));
    match object.kind_text() {
        "Release" if !before_one => Some(Fault::Kind("RenderedRelease")),
        "RenderedRelease" if before_one => Some(Fault::Kind("Release")),
        _ => None,
    }
}

/// The groups and kinds that a definition in the input has: they are served, whoever does it.
fn defined_here(bundle: &Bundle<'_>) -> BTreeSet<(Symbol, Symbol)> {
    let symbol = |text| bundle.symbol(text);
    let (Some(group), Some(kind)) = (symbol("apiextensions.k8s.io"), symbol("CustomResourceDefinition")) else {
        return BTreeSet::new();
    };
    bundle
        .of_kind(group, kind)
        .filter_map(|definition| {
            let spec = definition.root().get(word!("spec")).known()?;
            let group = spec.get_text("group").and_then(Node::symbol).known()?;
            let names = spec.get_text("names").known()?;
            Some((group, names.get(word!("kind")).and_then(Node::symbol).known()?))
        })
        .collect()
}

fn of_version(object: Object<'_>, serves: &str) -> Violation {
    let group = object.group_text();
    let written = format!("{group}/{}", object.version());
    let why = if group == "core.openchoreo.dev" {
        "No release of OpenChoreo ever served this group; guides use it"
    } else {
        "The release of OpenChoreo that this is for does not serve this group"
    };
    let at = object.root().get(word!("apiVersion")).known();
    let violation = Violation::new(
        at.unwrap_or(object.root()),
        format!("apiVersion {written} is not served; use {serves}"),
    )
    .help(format!(
        "{why}, so the API server answers \"no matches for kind\". Write the object for {serves}: its fields differ, and \
         where they are the guides' (`image`, `envVariables`, `ports` beside each other) they become `container`, `env` \
         with `key`, and `endpoints`"
    ));
    match at {
        Some(at) => repaired(violation, at, serves),
        None => violation,
    }
}

fn of_kind(object: Object<'_>, called: &str) -> Violation {
    let kind = object.kind_text();
    let at = object.root().get(word!("kind")).known();
    let violation = Violation::new(
        at.unwrap_or(object.root()),
        format!("kind {kind} of {SERVED} is not served; use {called}"),
    )
    .help(
        "Since OpenChoreo 1.0 the rendered object is a RenderedRelease; before, it was a Release. The platform makes it: \
         nobody needs to apply one",
    );
    match at {
        Some(at) => repaired(violation, at, called),
        None => violation,
    }
}

fn repaired(violation: Violation, at: Node<'_>, text: &str) -> Violation {
    if at.flags().has(Flags::ALIAS) {
        return violation;
    }
    violation.fix(Fix {
        title: format!("write {text}"),
        safe: false,
        edits: vec![Edit::Set {
            at: at.into(),
            value: format!("\"{text}\""),
        }],
    })
}
