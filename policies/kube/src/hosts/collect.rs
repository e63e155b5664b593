//! Reads the hosts of workloads and of ConfigMaps and Secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::name::{Form, form};
use super::{Dialled, Hosts, Reference, Source, pairs, scan, scheme};
use crate::dashboard::is_dashboard;
use crate::environment::is_template;
use crate::{
    Bundle, Container, EnvFromSource, EnvSource, Environment, Node, Object, Symbol, Value, Workload, base64, listen,
    mounts_of, word,
};

/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 256 << 10;

/// Endings of files that are read by people, or that hold no addresses to call.
const PROSE: &[&str] = &[
    ".md", ".html", ".htm", ".css", ".svg", ".pem", ".crt", ".txt", ".rst", ".adoc", ".tmpl", ".tpl",
];

/// A setting: a name and its text.
struct Setting<'a, 't> {
    kind: Holds,
    name: Cow<'a, str>,
    at: Node<'t>,
    /// The text, as it is written.
    text: Cow<'t, str>,
    /// Where the text begins in that of the node; none where it is another text.
    start: Option<usize>,
    secret: bool,
    distant: bool,
}

/// What holds a setting; becomes a [`Source`] where a host is found in it.
#[derive(Clone, Copy)]
enum Holds {
    Variable,
    CommandLine,
    File,
    Data,
}

impl Setting<'_, '_> {
    fn source(&self) -> Source {
        let name = || self.name.clone().into_owned();
        match self.kind {
            Holds::Variable => Source::Variable(name()),
            Holds::CommandLine => Source::CommandLine,
            Holds::File => Source::File(name()),
            Holds::Data => Source::Data(name()),
        }
    }
}

/// Where references are collected for one reader.
struct Collector<'a, 't> {
    hosts: &'a Hosts<'t>,
    from: Object<'t>,
    workload: Option<usize>,
    container: Option<Container<'t>>,
    environment: Option<&'a Environment<'t>>,
    found: Vec<Reference<'t>>,
}

/// The hosts that the containers of a workload are told.
pub fn workload<'t>(
    hosts: &Hosts<'t>,
    bundle: &Bundle<'t>,
    number: usize,
    workload: Workload<'t>,
) -> Vec<Reference<'t>> {
    let mut all = Vec::new();
    for container in workload.containers() {
        let environment = Environment::of(bundle, workload.object, container);
        let mut collector = Collector {
            hosts,
            from: workload.object,
            workload: Some(number),
            container: Some(container),
            environment: Some(&*environment),
            found: Vec::new(),
        };
        let mut settings = variables(&environment);
        secrets(bundle, workload.object, container, &environment, &mut settings);
        arguments(container, &mut settings);
        collector.settings(settings);
        for file in &mounts_of(bundle, workload, container).files {
            hosts.used.borrow_mut().insert(file.node.index());
            collector.file(file.node, file.distant);
        }
        for file in container.files() {
            if let Value::Known(node) = file.get(word!("value")) {
                collector.file(node, false);
            }
        }
        all.append(&mut collector.found);
    }
    all
}

/// The hosts in ConfigMaps and Secrets that no workload reads.
pub fn loose<'t>(hosts: &Hosts<'t>, bundle: &Bundle<'t>) -> Vec<Reference<'t>> {
    let mut all = Vec::new();
    for (kind, secret) in [(word!("ConfigMap"), false), (word!("Secret"), true)] {
        for object in bundle.of_kind(Symbol(0), kind) {
            let mut collector = Collector {
                hosts,
                from: object,
                workload: None,
                container: None,
                environment: None,
                found: Vec::new(),
            };
            let mut settings = Vec::new();
            for map in [word!("data"), word!("stringData")] {
                let members = object.root().get(map).known().into_iter().flat_map(Node::members);
                for node in members.filter(|node| !hosts.used.borrow().contains(&node.index())) {
                    if secret {
                        settings.extend(secret_setting(node, map, Holds::Data));
                    } else if node.raw_text().is_some_and(|text| text.contains('\n')) {
                        collector.file(node, false);
                    } else {
                        settings.extend(setting(node, Holds::Data, Cow::Borrowed(node.key_text())));
                    }
                }
            }
            collector.settings(settings);
            all.append(&mut collector.found);
        }
    }
    all
}

/// A node's text as a setting.
fn setting<'a, 't>(at: Node<'t>, kind: Holds, name: Cow<'a, str>) -> Option<Setting<'a, 't>> {
    // A number or boolean where a string belongs is one nevertheless.
    let text = match (at.raw_text(), at.integer()) {
        (Some(text), _) => Cow::Borrowed(text),
        (None, Value::Known(number)) => Cow::Owned(number.to_string()),
        _ => return None,
    };
    (text.len() <= MAX_TEXT).then_some(Setting {
        kind,
        name,
        at,
        text,
        start: Some(0),
        secret: false,
        distant: false,
    })
}

/// A member of a Secret as a setting.
fn secret_setting<'t>(at: Node<'t>, map: Symbol, kind: Holds) -> Option<Setting<'t, 't>> {
    let mut setting = setting(at, kind, Cow::Borrowed(at.key_text()))?;
    setting.secret = true;
    if map == word!("data") {
        let bytes = at.is_final().then(|| base64::decode(&setting.text)).flatten()?;
        setting.text = Cow::Owned(String::from_utf8(bytes).ok()?);
        setting.start = None;
    }
    Some(setting)
}

/// The variables whose text is seen, by name.
fn variables<'a, 't>(environment: &'a Environment<'t>) -> Vec<Setting<'a, 't>> {
    environment
        .iter()
        .filter(|(_, variable)| !variable.secret)
        .filter_map(|(name, variable)| {
            let setting = setting(variable.at, Holds::Variable, Cow::Borrowed(name))?;
            Some(Setting {
                distant: variable.distant,
                ..setting
            })
        })
        .collect()
}

/// The variables that come from Secrets that are seen.
fn secrets<'a, 't>(
    bundle: &Bundle<'t>,
    from: Object<'t>,
    container: Container<'t>,
    environment: &Environment<'t>,
    settings: &mut Vec<Setting<'a, 't>>,
) where
    't: 'a,
{
    let find = |name| bundle.find(from, Symbol(0), word!("Secret"), name).known();
    let maps = [word!("stringData"), word!("data")];
    for item in container.env_from() {
        let (
            EnvFromSource::Secret {
                name: Value::Known(name),
                ..
            },
            Value::Known(prefix),
        ) = (item.source, item.prefix)
        else {
            continue;
        };
        let Some((secret, join)) = find(name) else { continue };
        for map in maps {
            for node in secret.root().get(map).known().into_iter().flat_map(Node::members) {
                let name = format!("{prefix}{}", node.key_text());
                let stands = matches!(environment.get(&name), Value::Known(variable) if variable.at == node);
                if let Some(setting) = secret_setting(node, map, Holds::Variable).filter(|_| stands) {
                    settings.push(Setting {
                        name: Cow::Owned(name),
                        distant: join.distant,
                        ..setting
                    });
                }
            }
        }
    }
    for entry in container.env() {
        let EnvSource::Secret(reference) = entry.source else {
            continue;
        };
        let (Value::Known(name), Value::Known(key)) = (reference.name, reference.key) else {
            continue;
        };
        let Some((secret, join)) = find(name) else { continue };
        let found = maps
            .iter()
            .find_map(|&map| Some((map, secret.root().at(&[map, key]).known()?)));
        let Some((map, node)) = found else { continue };
        if let Some(setting) = secret_setting(node, map, Holds::Variable) {
            settings.push(Setting {
                name: Cow::Borrowed(entry.name_text()),
                distant: join.distant,
                ..setting
            });
        }
    }
}

/// The words of the command line; `--name=value` and `--name value` as settings of that name.
fn arguments<'a, 't: 'a>(container: Container<'t>, settings: &mut Vec<Setting<'a, 't>>) {
    let mut flag: Option<&'t str> = None;
    for word in container.command().into_iter().chain(container.args()) {
        let name = flag.take().unwrap_or_default();
        let Some(mut setting) = setting(word, Holds::CommandLine, Cow::Borrowed(name)) else {
            continue;
        };
        if let Some(text) = word
            .raw_text()
            .filter(|text| text.starts_with('-') && !text.contains(char::is_whitespace))
        {
            match text.split_once('=') {
                Some((name, value)) => {
                    setting.name = Cow::Borrowed(name.trim_start_matches('-'));
                    setting.start = Some(name.len() + 1);
                    setting.text = Cow::Borrowed(value);
                }
                None => {
                    flag = Some(text.trim_start_matches('-'));
                    continue;
                }
            }
        }
        settings.push(setting);
    }
}

impl<'t> Collector<'_, 't> {
    fn settings(&mut self, settings: Vec<Setting<'_, 't>>) {
        let ports: BTreeMap<String, usize> = settings
            .iter()
            .enumerate()
            .filter(|(_, setting)| pairs::is_port(&setting.name))
            .map(|(number, setting)| (setting.name.to_ascii_lowercase(), number))
            .collect();
        let own = self.from.span();
        for setting in &settings {
            if self.workload.is_some() && !own.contains(&setting.at.index()) {
                self.hosts.used.borrow_mut().insert(setting.at.index());
            }
            // Most settings are neither: say so as cheaply as can be.
            let plain = !scan::has_sign(&setting.text);
            if plain && !pairs::may_be_host(&setting.name) {
                continue;
            }
            let found = if plain {
                Vec::new()
            } else {
                scan::scan(&setting.text, setting.text.contains('\n'))
            };
            let stem = if found.is_empty() {
                pairs::host_stem(&setting.name)
            } else {
                pairs::stem(&setting.name)
            };
            if (found.is_empty() && stem.is_none())
                || pairs::is_own(&setting.name)
                || listen::environment_role(&setting.name).is_some()
                || !is_readable(setting.at)
            {
                continue;
            }
            let beside = || {
                let number = ports.get(&format!("{}port", stem.as_ref()?))?;
                settings
                    .get(*number)
                    .filter(|port| port.secret == setting.secret || port.secret)
            };
            if found.is_empty() {
                self.bare(setting, beside());
                continue;
            }
            let has_port = beside().is_some();
            for one in &found {
                let reference = self.reference(&setting.text, one, setting);
                // `API_URL` and `API_PORT`: put together by the process.
                let port = match reference.port {
                    Dialled::Scheme(_) if has_port => Dialled::Unknown,
                    port => port,
                };
                self.found.push(Reference { port, ..reference });
            }
        }
    }

    /// A setting whose name says that it is a host; its port is in the setting beside it.
    fn bare(&mut self, setting: &Setting<'_, 't>, beside: Option<&Setting<'_, 't>>) {
        // `HTTP_HOST` and `HTTP_PORT` are where the process itself listens.
        if beside.is_some_and(|port| listen::environment_role(&port.name).is_some()) {
            return;
        }
        let written = setting.text.trim();
        let start = setting.text.len() - setting.text.trim_start().len();
        let host = self.expanded(written);
        if !matches!(form(&host), Form::Name | Form::Address) {
            return;
        }
        let port = match beside {
            None => Dialled::Unsaid,
            Some(port) => {
                let text = port.text.trim();
                match listen::port(&self.expanded(text)) {
                    Some(number) if is_readable(port.at) => Dialled::Written {
                        number,
                        at: port.at,
                        within: port.start.filter(|_| port.at.raw_text().is_some()).map(|start| {
                            let start = start + port.text.len() - port.text.trim_start().len();
                            start..start + text.len()
                        }),
                    },
                    _ => Dialled::Unknown,
                }
            }
        };
        self.found.push(Reference {
            from: self.from,
            workload: self.workload,
            container: self.container,
            source: setting.source(),
            at: setting.at,
            within: setting.start.map(|at| at + start..at + start + written.len()),
            host,
            scheme: Cow::Borrowed(""),
            port,
            secret: setting.secret || beside.is_some_and(|port| port.secret),
            certain: !is_template(&setting.text),
            distant: setting.distant || beside.is_some_and(|port| port.distant),
        });
    }

    /// The hosts of a file.
    fn file(&mut self, node: Node<'t>, distant: bool) {
        let name = node.key_text();
        let lower = name.to_ascii_lowercase();
        let passed_over = |bytes: &[u8]| bytes.len() > MAX_TEXT || is_dashboard(bytes);
        if PROSE.iter().any(|end| lower.ends_with(end))
            || node.raw_bytes().is_none_or(passed_over)
            || !is_readable(node)
        {
            return;
        }
        let Some(text) = node.raw_text() else { return };
        let known = self.hosts.scanned.borrow().get(&node.index()).cloned();
        let found: Rc<[scan::Found]> = known.unwrap_or_else(|| {
            let found: Rc<[scan::Found]> = scan::scan(text, true).into();
            self.hosts.scanned.borrow_mut().insert(node.index(), found.clone());
            found
        });
        let kind = match self.workload {
            Some(_) => Holds::File,
            None => Holds::Data,
        };
        let whole = Setting {
            kind,
            name: Cow::Borrowed(name),
            at: node,
            text: Cow::Borrowed(text),
            start: Some(0),
            secret: false,
            distant,
        };
        for one in found.iter() {
            let reference = self.reference(&whole.text, one, &whole);
            self.found.push(reference);
        }
    }

    /// A host that was found in a setting's text.
    fn reference(&self, text: &Cow<'t, str>, found: &scan::Found, setting: &Setting<'_, 't>) -> Reference<'t> {
        let scheme = slice(text, found.scheme.clone());
        let place = |range: &Range<usize>| setting.start.map(|start| start + range.start..start + range.end);
        let port = match &found.port {
            Some(range) => match listen::port(&self.expanded(&slice(text, range.clone()))) {
                Some(number) => Dialled::Written {
                    number,
                    at: setting.at,
                    within: place(range),
                },
                None => Dialled::Unknown,
            },
            None => scheme::default_port(&scheme).map_or(Dialled::Unsaid, Dialled::Scheme),
        };
        let host = slice(text, found.host.clone());
        let host = if scan::has_mark(&*host) {
            Cow::Owned(self.expanded(&host).into_owned())
        } else {
            host
        };
        Reference {
            from: self.from,
            workload: self.workload,
            container: self.container,
            source: setting.source(),
            at: setting.at,
            within: place(&found.host),
            host,
            scheme,
            port,
            secret: setting.secret,
            certain: !is_template(text),
            distant: setting.distant,
        }
    }

    /// A text with `$(NAME)` put in, or as it is where that is not known.
    fn expanded(&self, text: &str) -> Cow<'t, str> {
        let whole = self.environment.map(|environment| environment.expand(text));
        match whole {
            Some(Value::Known(whole)) => Cow::Owned(whole.into_owned()),
            _ => Cow::Owned(text.to_owned()),
        }
    }
}

/// Whether a scalar's text may be read: what a patch replaces may be anything, a template only in part.
fn is_readable(node: Node<'_>) -> bool {
    node.is_final() || node.raw_bytes().is_some_and(scan::has_mark)
}

/// A part of a text, borrowed where the text is.
fn slice<'t>(text: &Cow<'t, str>, range: Range<usize>) -> Cow<'t, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
    }
}
