//! What the three rules say alike: places, paths that are declared public, sites that could be listed, repairs.

use std::collections::BTreeMap;

use plimsoll_sdk::kube::routes::{Purpose, To};
use plimsoll_sdk::kube::{glob, openchoreo};
use plimsoll_sdk::{Bundle, Context, Edit, Fix, Node, Object, Place, Value, Violation, word};

use crate::Settings;
use crate::extract::{Answer, Cause, Credentials, Opening, Speaks, openings};
use crate::variable;

/// Kinds that the rules look at beside those they judge: where variables come from, and who asks.
pub const CONTEXT: &[&str] = &[
    "ConfigMap?",
    "Service?",
    "Ingress.networking.k8s.io?",
    "HTTPRoute.gateway.networking.k8s.io?",
    "Environment.openchoreo.dev?",
    "ReleaseBinding.openchoreo.dev?",
];

/// Directories that are looked at for hosts beside the object's own.
const DIRECTORIES: usize = 64;
/// Hosts that a help text names.
const NAMED: usize = 3;

/// Words in names of Services that pages come from.
const PAGES: &[&str] = &[
    "web",
    "frontend",
    "front",
    "ui",
    "www",
    "site",
    "client",
    "portal",
    "spa",
    "storefront",
    "webapp",
    "console",
    "dashboard",
];

/// Reports the openings that a rule speaks of, as it says.
pub fn report(
    context: &Context<'_, Settings>,
    violations: &mut Vec<Violation>,
    speaks: Speaks,
    say: impl Fn(&Opening, Violation) -> Violation,
    message: impl Fn(&Opening, &str) -> String,
) {
    let bundle = &context.bundle;
    let all = openings(bundle);
    let mut mine = all
        .iter()
        .filter(|opening| opening.speaks() == speaks && !is_declared(opening, &context.settings))
        .peekable();
    if mine.peek().is_none() {
        return;
    }
    let sites = Sites::new(bundle);
    for opening in mine {
        let Some(object) = bundle.object(opening.object) else {
            continue;
        };
        let seen = sites.seen_by(object);
        let mut violation = Violation::new(
            Node::new(bundle.tree(), opening.at),
            message(opening, &place(bundle, object, opening)),
        )
        .confidence(opening.confidence)
        .help(help(bundle, object, opening, &seen));
        if let Some(bytes) = &opening.within {
            violation = violation.within(bytes.clone());
        }
        if let Some(fix) = fix(bundle, opening, &seen) {
            violation = violation.fix(fix);
        }
        violations.push(say(opening, violation));
    }
}

/// How messages call the place of an opening: a template with the type that it is in.
fn place<'t>(bundle: &Bundle<'t>, object: Object<'t>, opening: &Opening) -> String {
    match openchoreo::outer(bundle, object).filter(|outer| *outer != object) {
        Some(outer) => format!("{} in {} {}", opening.place, outer.kind_text(), outer.called()),
        None => opening.place.clone(),
    }
}

/// Whether all paths that an opening is for are declared public.
fn is_declared(opening: &Opening, settings: &Settings) -> bool {
    let public = |path: &String| {
        settings
            .public_paths
            .iter()
            .any(|declared| glob::covers(declared, path))
    };
    !opening.paths.is_empty() && opening.paths.iter().all(public)
}

/// What to do, with the sites of the bundle that could be listed.
fn help<'t>(bundle: &Bundle<'t>, object: Object<'t>, opening: &Opening, sites: &[&Site<'t>]) -> String {
    let names: Vec<String> = sites.iter().take(NAMED).map(|site| format!("`{}`", site.url)).collect();
    let known = match names.as_slice() {
        [] => String::new(),
        names => format!(" (served here: {})", names.join(", ")),
    };
    let together = match (opening.speaks(), opening.answer) {
        (Speaks::Credentials, Answer::Echo) => {
            "the server names any origin that asks, so every site acts as its visitor; "
        }
        (Speaks::Credentials, Answer::Literal) => {
            "browsers refuse a literal `*` for requests with credentials, so these calls fail; "
        }
        (Speaks::Credentials, Answer::Either) => {
            "either the server names any origin that asks, so that every site acts as its visitor, or it sends a literal \
             `*`, which browsers refuse; "
        }
        _ => "",
    };
    let also = match opening.credentials {
        Credentials::Default(_, key) => format!("; without `{key}` credentials are on"),
        Credentials::Said(_) => ", or turn credentials off".to_owned(),
        Credentials::Off => String::new(),
    };
    let outer = openchoreo::outer(bundle, object);
    let platform = match outer.map(|outer| (outer == object, outer.kind_text())) {
        Some((true, _)) => {
            "; a new release carries the change, and the ReleaseBinding of each environment can set its own"
        }
        Some((false, "RenderedRelease" | "Release")) => "; the platform renders it: change the template it comes from",
        Some((false, _)) => "; it is a template: every component of the type gets the change",
        None => "",
    };
    format!(
        "{together}list the exact origins whose pages call it, scheme, host and port{known}{also}{platform}; where any site \
         may read the answers, waive it with that reason, or declare the paths in the setting `public-paths`"
    )
}

/// The repair, never a safe one: credentials off, or the only site whose pages can be meant.
fn fix(bundle: &Bundle<'_>, opening: &Opening, sites: &[&Site<'_>]) -> Option<Fix> {
    let tree = bundle.tree();
    let (title, edit) = match (opening.speaks(), opening.credentials) {
        (Speaks::Credentials, Credentials::Said(node)) if node != opening.at => {
            let node = Node::new(tree, node);
            let value = match (node.boolean(), node.text()) {
                (Value::Known(true), _) => "false",
                (_, Value::Known(text)) if variable::is_on(text) => "\"false\"",
                _ => return None,
            };
            let at = Place::from(node);
            let value = value.to_owned();
            ("turn credentials off".to_owned(), Edit::Set { at, value })
        }
        (Speaks::Credentials, Credentials::Default(map, key)) => {
            let into = Place::Value(map);
            let (key, value) = (key.to_owned(), "\"false\"".to_owned());
            ("turn credentials off".to_owned(), Edit::Insert { into, key, value })
        }
        (Speaks::Origin, _) if opening.whole => {
            let Cause::Entry(entry) = &opening.cause else {
                return None;
            };
            if Node::new(tree, opening.at).text() != Value::Known(entry.as_str()) {
                return None;
            }
            let mut pages = sites.iter().filter(|site| site.pages);
            let (Some(site), None) = (pages.next(), pages.next()) else {
                return None;
            };
            let at = Place::Value(opening.at);
            // A host has no character that JSON escapes.
            let value = format!("\"{}\"", site.url);
            (format!("allow {} alone", site.url), Edit::Set { at, value })
        }
        _ => return None,
    };
    Some(Fix {
        title,
        safe: false,
        edits: vec![edit],
    })
}

/// A host that pages could come from.
struct Site<'t> {
    object: Object<'t>,
    /// `https://HOST`.
    url: String,
    /// Whether its Service's name says that pages come from it.
    pages: bool,
}

/// The hosts that routes of the bundle serve by TLS, by directory.
struct Sites<'b, 't> {
    bundle: &'b Bundle<'t>,
    by_scope: BTreeMap<u32, Vec<Site<'t>>>,
}

impl<'b, 't> Sites<'b, 't> {
    fn new(bundle: &'b Bundle<'t>) -> Self {
        let mut by_scope: BTreeMap<u32, Vec<Site<'t>>> = BTreeMap::new();
        for route in bundle
            .routes()
            .all()
            .iter()
            .filter(|route| route.purpose == Purpose::Ingress)
        {
            let root = route.object.root();
            // What else there is says at its gateway whether it takes TLS; hardly any does not.
            let plain = route.object.kind() == word!("Ingress")
                && root
                    .at(&[word!("spec"), word!("tls")])
                    .known()
                    .is_none_or(Node::is_empty);
            if plain {
                continue;
            }
            let pages = route.backends.iter().any(|backend| match &backend.to {
                To::Service {
                    text: Value::Known(name),
                    ..
                } => variable::words(name).iter().any(|word| PAGES.contains(&word.as_str())),
                _ => false,
            });
            for served in &route.hosts {
                let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
                if !served.host.is_empty() && served.host.chars().all(is_host) {
                    by_scope.entry(route.object.scope()).or_default().push(Site {
                        object: route.object,
                        url: format!("https://{}", served.host),
                        pages,
                    });
                }
            }
        }
        Sites { bundle, by_scope }
    }

    /// The hosts that an object sees, its own left out and its own directory's first; each once.
    fn seen_by(&self, object: Object<'t>) -> Vec<&Site<'t>> {
        let own = self.by_scope.get(&object.scope());
        let others = self
            .by_scope
            .iter()
            .filter(|(scope, _)| **scope != object.scope())
            .take(DIRECTORIES)
            .map(|(_, sites)| sites);
        let mut seen: Vec<&Site<'t>> = Vec::new();
        for site in own.into_iter().chain(others).flatten() {
            if seen.len() == DIRECTORIES {
                break;
            }
            let other = site.object != object && self.bundle.sees(object, site.object);
            if other && !seen.iter().any(|known| known.url == site.url) {
                seen.push(site);
            }
        }
        seen
    }
}
