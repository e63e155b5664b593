//! A ReleaseBinding does not name a release of its component.

use plimsoll_sdk::kube::openchoreo::{self, RELEASE_FIELDS};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Edit, Fix, Flags, Join, Node, Object, Rule, Severity, Symbol, Value, Violation, word,
};

use crate::Settings;

/// The rule.
pub static RULE: Rule<Settings> = Rule {
    id: "binding-release-unresolved",
    title: "A ReleaseBinding that binds no release of its component",
    severity: Severity::Error,
    kinds: &[
        "ReleaseBinding.openchoreo.dev",
        "ReleaseBinding.core.choreo.dev",
        "ReleaseBinding.core.openchoreo.dev",
    ],
    context: &[
        "ComponentRelease.openchoreo.dev",
        "ComponentRelease.core.openchoreo.dev",
        "Component.openchoreo.dev",
        "Component.core.openchoreo.dev",
        "*",
    ],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for binding in context.subjects_of(&RULE) {
        let Value::Known(spec) = binding.root().get(word!("spec")) else {
            continue;
        };
        violations.extend(judge(bundle, binding, spec));
    }
}

fn judge<'t>(bundle: &Bundle<'t>, binding: Object<'t>, spec: Node<'t>) -> Option<Violation> {
    let named = match spec.get(word!("releaseName")) {
        Value::Known(node) if node.raw_text() == Some("") => Value::Absent,
        found => found,
    };
    let elsewhere = Elsewhere::of(bundle, binding, spec);
    match named {
        Value::Unknown => None,
        Value::Known(node) => {
            let name = node.symbol().known()?;
            match find(bundle, binding, name) {
                Value::Known((release, join)) => of_another(bundle, binding, node, release, &join),
                Value::Unknown => None,
                Value::Absent => not_found(bundle, binding, node, elsewhere),
            }
        }
        Value::Absent => match elsewhere {
            Some(elsewhere) => Some(in_another_field(binding, elsewhere)),
            None => names_none(bundle, binding, spec),
        },
    }
}

/// A field that is none, with the name of a release in it.
struct Elsewhere<'t> {
    node: Node<'t>,
    name: &'t str,
    /// The release, if it is seen.
    resolves: Option<Join<'t>>,
}

impl<'t> Elsewhere<'t> {
    fn of(bundle: &Bundle<'t>, binding: Object<'t>, spec: Node<'t>) -> Option<Self> {
        RELEASE_FIELDS.iter().skip(1).find_map(|field| {
            let node = spec.get_text(field).known()?;
            let symbol = node.symbol().known()?;
            let resolves = match find(bundle, binding, symbol) {
                Value::Known((release, join)) if owner_differs(binding, release).is_none() => Some(join),
                _ => None,
            };
            Some(Elsewhere {
                node,
                name: node.tree().text(symbol),
                resolves,
            })
        })
    }
}

/// The release of a name in the binding's namespace, in its own group or the one that is served.
fn find<'t>(bundle: &Bundle<'t>, binding: Object<'t>, name: Symbol) -> Value<(Object<'t>, Join<'t>)> {
    let kind = word!("ComponentRelease");
    match bundle.find(binding, binding.group(), kind, name) {
        Value::Absent if binding.group() != word!("openchoreo.dev") => {
            bundle.find(binding, word!("openchoreo.dev"), kind, name)
        }
        found => found,
    }
}

/// The component of a binding, for a message.
fn component(binding: Object<'_>) -> &str {
    match openchoreo::component_of(binding) {
        Value::Known(component) => binding.root().tree().text(component),
        _ => "its component",
    }
}

fn unresolved(binding: Object<'_>, at: Node<'_>, name: &str) -> Violation {
    Violation::new(
        at,
        format!(
            "ReleaseBinding {}: releaseName \"{name}\" is not a ComponentRelease of {}",
            binding.called(),
            component(binding)
        ),
    )
}

/// In what the owner of a release differs from the binding's: what it is called, and the two names.
fn owner_differs<'t>(binding: Object<'t>, release: Object<'t>) -> Option<(&'static str, &'t str)> {
    let tree = binding.root().tree();
    let pairs = [
        (
            "component",
            openchoreo::component_of(binding),
            openchoreo::component_of(release),
        ),
        (
            "project",
            openchoreo::project_of(binding),
            openchoreo::project_of(release),
        ),
    ];
    pairs.into_iter().find_map(|(what, mine, theirs)| match (mine, theirs) {
        (Value::Known(mine), Value::Known(theirs)) if mine != theirs => Some((what, tree.text(theirs))),
        _ => None,
    })
}

fn of_another<'t>(
    bundle: &Bundle<'t>,
    binding: Object<'t>,
    node: Node<'t>,
    release: Object<'t>,
    join: &Join<'t>,
) -> Option<Violation> {
    let (what, owner) = owner_differs(binding, release)?;
    let name = bundle.tree().text(release.name_symbol());
    Some(
        unresolved(binding, node, name)
            .help(format!(
                "{name} is a release of the {what} {owner}. A binding runs releases of its own component only: name one of \
                 {}",
                component(binding)
            ))
            .related(release.root(), format!("ComponentRelease {name}, of the {what} {owner}"))
            .through(join),
    )
}

fn not_found<'t>(
    bundle: &Bundle<'t>,
    binding: Object<'t>,
    node: Node<'t>,
    elsewhere: Option<Elsewhere<'t>>,
) -> Option<Violation> {
    let name = node.text().known()?;
    let closed = bundle.is_closed(binding);
    let open = bundle.operators().is_open(bundle, binding, None);
    let own = name == binding.name();
    let violation = unresolved(binding, node, name);
    if let Some(elsewhere) = elsewhere {
        let help = format!(
            "`releaseName` must be the name of a ComponentRelease{}. `{}` is no field of a ReleaseBinding: what it says is \
             dropped. Set releaseName to {}",
            if own { ", and this is the binding's own" } else { "" },
            elsewhere.node.key_text(),
            elsewhere.name
        );
        let violation = violation.help(help).related(
            elsewhere.node,
            format!("the release stands in {}", elsewhere.node.key_text()),
        );
        return match &elsewhere.resolves {
            Some(join) => {
                let violation = violation.through(join);
                Some(with_fix(violation, Some(node), &elsewhere))
            }
            // Two fields, and neither is seen to be right.
            None if own || closed => Some(violation),
            None => None,
        };
    }
    let help = if own {
        "`releaseName` must be the name of a ComponentRelease, and this is the binding's own. Set it to the release that this \
         environment shall run"
    } else {
        "Set releaseName to a ComponentRelease in the binding's namespace"
    };
    let violation = violation.help(help);
    if closed {
        Some(violation)
    } else if own && !open {
        // Releases are called after their component, bindings after component and environment.
        Some(violation.severity(Severity::Warning).confidence(Confidence::Medium))
    } else {
        None
    }
}

/// `releaseName` is not there, but a field that is none.
fn in_another_field(binding: Object<'_>, elsewhere: Elsewhere<'_>) -> Violation {
    let field = elsewhere.node.key_text();
    let violation = Violation::new(
        elsewhere.node,
        format!(
            "ReleaseBinding {}: the release stands in {field}, which is no field",
            binding.called()
        ),
    )
    .help(format!(
        "What `{field}` says is dropped, so the binding runs no release, or whatever was bound before. The field is \
         `releaseName`"
    ));
    match &elsewhere.resolves {
        Some(join) => {
            let violation = violation.through(join);
            with_fix(violation, None, &elsewhere)
        }
        None => violation,
    }
}

/// Moves the name to where it belongs: nothing else can be meant.
fn with_fix(violation: Violation, named: Option<Node<'_>>, elsewhere: &Elsewhere<'_>) -> Violation {
    let alias = |node: Node<'_>| node.flags().has(Flags::ALIAS);
    if alias(elsewhere.node) || named.is_some_and(alias) {
        return violation;
    }
    let edits = match named {
        Some(named) => vec![
            Edit::Set {
                at: named.into(),
                value: format!("\"{}\"", elsewhere.name),
            },
            Edit::Remove(elsewhere.node.into()),
        ],
        None => vec![Edit::Rename {
            at: elsewhere.node.into(),
            key: "releaseName".to_owned(),
        }],
    };
    violation.fix(Fix {
        title: format!("bind {}", elsewhere.name),
        safe: true,
        edits,
    })
}

/// No field names a release: right where the platform deploys by itself.
fn names_none<'t>(bundle: &Bundle<'t>, binding: Object<'t>, spec: Node<'t>) -> Option<Violation> {
    if !spec.is_final() {
        return None;
    }
    let name = openchoreo::component_of(binding).known()?;
    let found = match bundle.find(binding, binding.group(), word!("Component"), name) {
        Value::Known((component, join)) => {
            let deploys = component
                .root()
                .get(word!("spec"))
                .and_then(|spec| spec.get_text("autoDeploy"))
                .and_then(Node::boolean)
                .or_default(false);
            if deploys != Value::Known(false) {
                return None;
            }
            Some((component, join))
        }
        Value::Unknown => return None,
        Value::Absent => None,
    };
    let closed = bundle.is_closed(binding);
    if found.is_none() && !closed {
        return None;
    }
    let component = bundle.tree().text(name);
    let at = binding.root().at(&[word!("metadata"), word!("name")]);
    let mut violation = Violation::new(
        at.known().unwrap_or(spec),
        format!(
            "ReleaseBinding {} names no release, and {component} is not deployed automatically",
            binding.called()
        ),
    )
    .help(format!(
        "Nothing runs until somebody sets releaseName. Set it to a ComponentRelease of {component}, or set `autoDeploy: true` \
         in the Component"
    ));
    if let Some((component, join)) = &found {
        let at = component.root().get(word!("spec")).known().unwrap_or(component.root());
        violation = violation
            .related(at, format!("Component {} has no autoDeploy", component.called()))
            .through(join);
    }
    if !closed {
        // Updates that omit the name keep the one that was set: it may have been set by other means.
        violation = violation.severity(Severity::Info).confidence(Confidence::Medium);
    }
    Some(violation)
}
