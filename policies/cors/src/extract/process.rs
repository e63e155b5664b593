//! What processes are told: by their environment, their command lines, and files that OpenChoreo gives them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use plimsoll_sdk::kube::command::{base, commands_of};
use plimsoll_sdk::kube::{Class, Container, EnvFromSource, Environment, Workload, openchoreo};
use plimsoll_sdk::{Bundle, Confidence, Node, Object, Role, Symbol, Value, word};

use super::{Cause, Credentials, Hot, Opening, files};
use crate::exposed::is_exposed;
use crate::origin;
use crate::variable::{self, Holds};

/// Programs that let every origin in by a bare `--cors`.
const SWITCHED: &[&str] = &["http-server", "serve", "sirv", "live-server", "local-web-server", "ws"];

/// The processes of all workloads that are judged.
pub fn read(bundle: &Bundle<'_>, hot: &Hot<'_>, found: &mut Vec<Opening>) {
    let maps = Maps::new(bundle, hot);
    let reader = Reader {
        bundle,
        hot,
        maps: &maps,
    };
    // What OpenChoreo runs is a release with its binding; copies of it, and releases that nothing runs, say nothing more.
    let mut done: BTreeSet<u32> = BTreeSet::new();
    for deployed in openchoreo::deployed(bundle) {
        let start = found.len();
        let parts = std::iter::once(deployed.workload).chain(deployed.overrides);
        done.extend(
            parts
                .clone()
                .chain(deployed.copies.iter().copied())
                .map(|workload| workload.pod.index()),
        );
        let told = parts
            .clone()
            .flat_map(Workload::containers)
            .any(|container| maps.is_told(container, hot));
        let judged = parts.clone().any(Workload::is_judged);
        if let (true, true, Some(container)) = (told, judged, deployed.workload.containers().first()) {
            let object = deployed.binding.unwrap_or(deployed.workload.object);
            reader.environment(
                object,
                deployed.workload,
                *container,
                &deployed.environment(bundle),
                found,
            );
        }
        for part in parts.filter(|part| part.is_judged()) {
            for container in part.containers() {
                reader.rest(part, container, None, found);
            }
        }
        let exposed = start < found.len() && is_exposed(bundle, deployed.workload);
        found
            .iter_mut()
            .skip(start)
            .for_each(|opening| opening.exposed = exposed);
    }
    for (number, &workload) in bundle.workloads().iter().enumerate() {
        if !workload.is_judged() || done.contains(&workload.pod.index()) || is_history(workload) {
            continue;
        }
        let start = found.len();
        for container in workload.containers() {
            let told = maps.is_told(container, hot);
            let environment = told.then(|| Environment::of(bundle, workload.object, container));
            if let Some(environment) = &environment {
                reader.environment(workload.object, workload, container, environment, found);
            }
            reader.rest(workload, container, environment, found);
        }
        found
            .iter_mut()
            .skip(start)
            .for_each(|opening| opening.workload = Some(number));
    }
}

/// A release that nothing runs.
fn is_history(workload: Workload<'_>) -> bool {
    workload.class == Class::OpenChoreo && workload.object.kind_text() == "ComponentRelease"
}

/// ConfigMaps, as far as variables come from them.
struct Maps {
    /// Those that have a key that says something, by name.
    told: BTreeSet<Symbol>,
    /// The nodes of those that are judged, in the order of the tree.
    judged: Vec<Range<u32>>,
}

impl Maps {
    fn new(bundle: &Bundle<'_>, hot: &Hot<'_>) -> Self {
        let (mut told, mut judged) = (BTreeSet::new(), Vec::new());
        for map in bundle.of_kind(Symbol::default(), word!("ConfigMap")) {
            let data = map.root().get(word!("data")).known();
            if data
                .into_iter()
                .flat_map(Node::members)
                .any(|member| member.key().is_some_and(|key| hot.has(key)))
            {
                told.insert(map.name_symbol());
            }
            if map.role() == Role::Subject {
                judged.push(map.span());
            }
        }
        Maps { told, judged }
    }

    /// Whether a container may have a variable about origins.
    fn is_told(&self, container: Container<'_>, hot: &Hot<'_>) -> bool {
        container.env().any(|entry| {
            entry
                .name
                .and_then(Node::symbol)
                .known()
                .is_some_and(|name| hot.has(name))
        }) || container.env_from().any(|from| {
            // A prefix may make a name of what is none.
            let named = match from.source {
                EnvFromSource::ConfigMap {
                    name: Value::Known(name),
                    ..
                } => self.told.contains(&name),
                _ => false,
            };
            named || from.prefix != Value::Known("") && matches!(from.source, EnvFromSource::ConfigMap { .. })
        })
    }

    /// The place of a value if it lies in an object that is judged: one of these, or a ConfigMap.
    fn judged_place<'t>(&self, objects: &[Object<'_>], at: Node<'t>) -> Option<Node<'t>> {
        let own = objects
            .iter()
            .any(|object| object.role() == Role::Subject && object.span().contains(&at.index()));
        let next = self.judged.partition_point(|map| map.start <= at.index());
        let map = next.checked_sub(1).and_then(|last| self.judged.get(last));
        (own || map.is_some_and(|map| map.contains(&at.index()))).then_some(at)
    }
}

/// How messages call a container.
fn title(workload: Workload<'_>, container: Container<'_>) -> String {
    let name = match workload.name() {
        "" => workload.object.kind_text(),
        name => name,
    };
    format!("{name}/{}", container.name())
}

/// What reading needs.
struct Reader<'b, 't> {
    bundle: &'b Bundle<'t>,
    hot: &'b Hot<'b>,
    maps: &'b Maps,
}

impl<'t> Reader<'_, 't> {
    /// Command line and files of a container.
    fn rest(
        &self,
        workload: Workload<'t>,
        container: Container<'t>,
        environment: Option<Rc<Environment<'t>>>,
        found: &mut Vec<Opening>,
    ) {
        let mut words = container.command().into_iter().chain(container.args());
        if words.any(|node| self.hot.text(node)) {
            let environment = environment.unwrap_or_else(|| Environment::of(self.bundle, workload.object, container));
            command_line(workload, container, &environment, found);
            // What a script writes into a server's file, and what it hands to the tool of a store.
            let nodes = container.command().into_iter().chain(container.args());
            for node in nodes.filter(|node| self.hot.text(*node)) {
                let start = found.len();
                found.extend(files::of_script(workload.object, node));
                found
                    .iter_mut()
                    .skip(start)
                    .for_each(|opening| opening.place = title(workload, container));
            }
        }
        for file in container.files() {
            let name = file.text_of(word!("key")).known().unwrap_or("file");
            if let Some(text) = file.get(word!("value")).known().filter(|text| self.hot.text(*text)) {
                found.extend(files::of_file(workload.object, text, name));
            }
        }
    }

    /// The variables of a container, for the object that decides where it runs.
    fn environment(
        &self,
        object: Object<'t>,
        workload: Workload<'t>,
        container: Container<'t>,
        environment: &Environment<'t>,
        found: &mut Vec<Opening>,
    ) {
        // Variables that allow credentials, by what their names begin with.
        let mut credentials: BTreeMap<String, Node<'_>> = BTreeMap::new();
        for (name, variable) in environment.iter() {
            if let (Some(Holds::Credentials), Value::Known(value)) = (variable::judge(name), &variable.value)
                && variable::is_on(value)
            {
                credentials.entry(variable::family(name)).or_insert(variable.at);
            }
        }
        for (name, variable) in environment.iter() {
            let (Some(holds), Value::Known(value)) = (variable::judge(name), &variable.value) else {
                continue;
            };
            let entry = match holds {
                Holds::Origins => origin::wildcard(value),
                Holds::Switch => variable::is_on(value).then(|| value.trim()),
                Holds::Address => (value.trim() == "*").then_some("*"),
                Holds::Credentials => None,
            };
            let Some(entry) = entry.filter(|_| !variable.secret) else {
                continue;
            };
            let place = |at| self.maps.judged_place(&[workload.object, object], at);
            let at = place(variable.at).unwrap_or_else(|| container.place());
            let mut opening = Opening::new(object, at, name, entry);
            // The text at the place need not be the value that is put together from it.
            opening.whole &= holds != Holds::Switch;
            opening.place = title(workload, container);
            opening.answer = variable::answer(name);
            if holds == Holds::Address {
                // Only the code knows what it does with the site's address.
                opening.confidence = Confidence::Medium;
            }
            if variable.distant {
                opening.confidence = opening.confidence.lowered();
            }
            if let Some(said) = credentials.get(&variable::family(name)) {
                // Where it cannot be pointed at, it is said all the same.
                opening.credentials = Credentials::Said(place(*said).unwrap_or(at).index());
            }
            found.push(opening);
        }
    }
}

fn command_line<'t>(
    workload: Workload<'t>,
    container: Container<'t>,
    environment: &Environment<'t>,
    found: &mut Vec<Opening>,
) {
    for command in commands_of(container, environment).all {
        let switched = SWITCHED.contains(&command.program())
            || command
                .texts()
                .iter()
                .flatten()
                .any(|word| SWITCHED.contains(&base(word)));
        for (at, word) in command.words.iter().enumerate() {
            let Some(text) = &word.text else { continue };
            let next = command.words.get(at + 1).and_then(|word| word.text.as_deref());
            if let Some((flag, cause)) = flag(text, next, switched) {
                let mut opening = Opening::new(workload.object, word.node, flag, "*");
                opening.whole = false;
                opening.place = title(workload, container);
                opening.cause = cause;
                found.push(opening);
            }
        }
    }
}

/// What a flag lets in: its name, and why.
fn flag(word: &str, next: Option<&str>, switched: bool) -> Option<(String, Cause)> {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let (name, value) = match name.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (name, None),
    };
    if name == "disable-web-security" && value.is_none_or(variable::is_on) {
        return Some((format!("--{name}"), Cause::Entry("on".to_owned())));
    }
    if name == "cors" && value.is_none() && switched {
        return Some(("--cors".to_owned(), Cause::Default("--cors", "a list", "this server")));
    }
    let special = [
        "http.corsdomain",
        "graphql.corsdomain",
        "rpccorsdomain",
        "ws.origins",
        "wsorigins",
    ];
    let holds = if special.contains(&name) {
        Holds::Origins
    } else {
        variable::judge(name)?
    };
    let said = value.or(next.filter(|next| !next.starts_with('-')));
    let entry = match holds {
        Holds::Origins => origin::wildcard(said?)?,
        Holds::Switch => {
            value.is_none_or(variable::is_on).then_some(())?;
            value.unwrap_or("on")
        }
        Holds::Address | Holds::Credentials => return None,
    };
    Some((format!("--{name}"), Cause::Entry(entry.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_let_all_in() {
        for (word, next) in [
            ("--cors=*", None),
            ("--cors", Some("*")),
            ("--cors-allowed-origins=.*", None),
            ("--cors-origin", Some("*")),
            ("--allowed-origins=*", None),
            ("--access-control-allow-origin=*", None),
            ("--web.cors.origin=.*", None),
            ("--allow-origin", Some("*")),
            ("--http.corsdomain=*", None),
            ("--http.corsdomain", Some("*")),
            ("--rpc-cors=*", None),
            ("--cors-allow-all-origins", None),
            ("--disable-web-security", None),
            ("-cors.origins=https://a.example,*", None),
            ("--ServerApp.allow_origin=*", None),
        ] {
            assert!(matches!(flag(word, next, false), Some((_, Cause::Entry(_)))), "{word}");
        }
        assert!(matches!(flag("--cors", None, true), Some((_, Cause::Default(..)))));
    }

    #[test]
    fn flags_that_do_not() {
        for (word, next) in [
            ("--cors", None),
            ("--cors-allowed-origins=https://a.example", None),
            ("--cors-allow-headers=*", None),
            ("--origin", Some("*")),
            ("--allowed-hosts=*", None),
            ("--cors-origin", Some("--port")),
            ("cors=*", None),
            ("--cors-allow-credentials", Some("true")),
            ("--disable-web-security=false", None),
        ] {
            assert_eq!(flag(word, next, false), None, "{word}");
        }
    }
}
