//! Where a container listens, by the evidence of the bundle.
//!
//! Process configuration (environment, command line, mounted files, probes), knowledge of the image, declared ports, and
//! plain mentions, which prove nothing but rule out that a port is unknown to the pod. A declared `containerPort` is
//! informational: a numeric `targetPort` works without it.
//!
//! Sources: Kubernetes API reference, `ContainerPort`; documentation, page "Service" (port definitions).

mod address;
mod files;
mod flags;
mod names;
mod shell;

use crate::environment::is_template;
use crate::{Bundle, Container, Environment, MountedFile, Mounts, Node, Value, Workload, image, mounts_of, word};

pub(crate) use address::port;
pub use address::{listen_port, mentions};
pub use names::role as environment_role;

/// How a port became known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tier {
    /// The process is told to listen there.
    Process,
    /// The process is told to listen there too: metrics, gRPC, TLS, a command of a script that does not last.
    Side,
    /// A probe asks there.
    Probe,
    /// The image listens there unless told otherwise, and nothing tells it.
    Image,
    /// It is declared.
    Declared,
}

/// A port that a container listens on, and why that is believed.
#[derive(Clone, Debug)]
pub struct Evidence<'t> {
    /// The port.
    pub port: u16,
    /// How it became known.
    pub tier: Tier,
    /// Where that stands.
    pub node: Node<'t>,
    /// What says so, in a few words: `PORT=3000`, `--port 3000`, `containerPort`.
    pub what: String,
    /// Whether only the root of the input joins the place with the workload.
    pub distant: bool,
}

/// What is known of where a container listens.
#[derive(Default, Debug)]
pub struct Listen<'t> {
    /// The evidence, strongest kind first, in order within a kind.
    pub evidence: Vec<Evidence<'t>>,
    /// Something says where it listens, but what is not known here: a variable from a Secret, a template.
    pub unknown: bool,
    /// There may be settings that are not seen: keys of a ConfigMap that is not here, a mounted file.
    pub open: bool,
}

/// The TCP ports that a container declares. Unknown where it may declare ports that are not seen.
#[must_use]
pub fn declared<'t>(container: Container<'t>) -> Vec<Evidence<'t>> {
    container
        .ports()
        .filter(|declared| declared.protocol == Value::Known(word!("TCP")))
        .filter_map(|declared| {
            let port = declared.number.known().and_then(|number| u16::try_from(number).ok())?;
            Some(Evidence {
                port,
                tier: Tier::Declared,
                node: declared.at,
                what: "containerPort".to_owned(),
                distant: false,
            })
        })
        .collect()
}

/// Where a container of a workload listens.
#[must_use]
pub fn listen_of<'t>(bundle: &Bundle<'t>, workload: Workload<'t>, container: Container<'t>) -> Listen<'t> {
    let environment = Environment::of(bundle, workload.object, container);
    let mounts = mounts_of(bundle, workload, container);
    let mut listen = Listen {
        unknown: container.ports_unknown(),
        open: environment.is_open() || mounts.unseen,
        ..Listen::default()
    };
    listen.add_environment(&environment);
    listen.add_command_line(container, &environment);
    for file in &mounts.files {
        listen.add_file(file);
    }
    listen.add_probes(container);
    listen.add_image(container, &environment, &mounts);
    listen.evidence.extend(declared(container));
    listen.evidence.sort_by_key(|evidence| evidence.tier);
    listen
}

impl<'t> Listen<'t> {
    /// Whether anything says that it listens on this port.
    #[must_use]
    pub fn has(&self, port: u16) -> bool {
        self.evidence.iter().any(|evidence| evidence.port == port)
    }

    fn push(&mut self, port: u16, tier: Tier, node: Node<'t>, what: String) {
        self.evidence.push(Evidence {
            port,
            tier,
            node,
            what,
            distant: false,
        });
    }

    fn add_environment(&mut self, environment: &Environment<'t>) {
        for (name, variable) in environment.iter() {
            let Some(main) = names::role(name) else { continue };
            let Value::Known(value) = &variable.value else {
                self.unknown |= main;
                continue;
            };
            let ports = names::ports(name, value);
            // A reference that nothing here resolves: a variable of the build.
            self.unknown |= main && ports.is_empty() && value.contains("$(");
            for port in ports {
                self.evidence.push(Evidence {
                    port,
                    tier: if main { Tier::Process } else { Tier::Side },
                    node: variable.at,
                    what: format!("{name}={port}"),
                    distant: variable.distant,
                });
            }
        }
    }

    fn add_command_line(&mut self, container: Container<'t>, environment: &Environment<'t>) {
        let (command, args) = (container.command(), container.args());
        self.unknown |= container.command_line_unknown();
        let entrypoint = command.is_empty();
        let nodes: Vec<Node<'t>> = command.into_iter().chain(args).collect();
        let Some(&first) = nodes.first() else { return };
        let words: Vec<Value<String>> = nodes.iter().map(|&node| word_of(node, environment)).collect();
        let program = |at: usize| match words.get(at) {
            Some(Value::Known(word)) => word.rsplit('/').next().unwrap_or(word),
            _ => "",
        };
        let shell = matches!(program(0), "sh" | "bash" | "ash" | "dash" | "zsh");
        let script_at = words
            .iter()
            .skip(1)
            .position(|word| matches!(word, Value::Known(flag) if flag.starts_with('-') && flag.ends_with('c')))
            .filter(|_| shell)
            .map(|position| position + 2);
        if let Some(at) = script_at {
            let node = nodes.get(at).copied().unwrap_or(first);
            match words.get(at) {
                Some(Value::Known(script)) => self.add_script(script, node),
                Some(_) => self.unknown = true,
                None => {}
            }
            return;
        }
        // Without a command the image's own program takes the arguments.
        let reference = container.image().and_then(Node::text).known().unwrap_or_default();
        let own = entrypoint.then(|| image::basename(reference));
        let line: Vec<Option<&str>> = own
            .into_iter()
            .map(Some)
            .chain(words.iter().map(|word| match word {
                Value::Known(word) => Some(word.as_str()),
                _ => None,
            }))
            .collect();
        let found = flags::read(&line, true);
        self.unknown |= found.unknown || hides_flag(&nodes, &words);
        for (port, main, what) in found.found {
            let node = nodes
                .iter()
                .copied()
                .find(|node| node.raw_text().is_some_and(|text| mentions(text, port)))
                .unwrap_or(first);
            self.push(port, if main { Tier::Process } else { Tier::Side }, node, what);
        }
    }

    /// A script: its last command is the one that keeps running.
    fn add_script(&mut self, script: &str, node: Node<'t>) {
        let commands = shell::commands(script);
        let last = commands.len().saturating_sub(1);
        for (number, command) in commands.iter().enumerate() {
            let words: Vec<Option<&str>> = command.iter().map(|word| Some(word.as_str())).collect();
            let found = flags::read(&words, number == last);
            self.unknown |= found.unknown;
            for (port, main, what) in found.found {
                self.push(port, if main { Tier::Process } else { Tier::Side }, node, what);
            }
        }
    }

    fn add_file(&mut self, file: &MountedFile<'t>) {
        let (name, text) = (file.node.key_text(), file.node.raw_text().unwrap_or_default());
        // A template, or patched: it may say something else in the end.
        self.open |= !file.node.is_final();
        for port in files::ports(name, text) {
            self.evidence.push(Evidence {
                port,
                tier: Tier::Process,
                node: file.node,
                what: format!("{name} of ConfigMap {}", file.config_map),
                distant: file.distant,
            });
        }
    }

    fn add_probes(&mut self, container: Container<'t>) {
        for key in [word!("livenessProbe"), word!("readinessProbe"), word!("startupProbe")] {
            let Value::Known(probe) = container.probe(key) else {
                continue;
            };
            for handler in [word!("httpGet"), word!("tcpSocket"), word!("grpc")] {
                let Value::Known(node) = probe.at(&[handler, word!("port")]) else {
                    continue;
                };
                let number = node.integer().known().and_then(|number| u16::try_from(number).ok());
                if let Some(port) = number.filter(|&port| port > 0) {
                    self.push(port, Tier::Probe, node, probe.key_text().to_owned());
                }
            }
        }
    }

    /// What the image does unless it is told otherwise: by a variable, a command, a flag, or a mounted configuration.
    fn add_image(&mut self, container: Container<'t>, environment: &Environment<'t>, mounts: &Mounts<'t>) {
        let Value::Known(node) = container.image() else { return };
        let Value::Known(reference) = node.text() else { return };
        let ports = image::default_ports(reference);
        let told = mounts.configured
            || !container.command().is_empty()
            || container.command_line_unknown()
            || self.evidence.iter().any(|evidence| evidence.tier == Tier::Process)
            || image::known(reference)
                .is_some_and(|known| known.knobs.iter().any(|knob| !environment.get(knob).is_absent()));
        if told {
            return;
        }
        for &port in ports {
            self.push(port, Tier::Image, node, format!("image {}", image::basename(reference)));
        }
    }
}

/// A word of a command line with its `$(NAME)`s put in.
fn word_of(node: Node<'_>, environment: &Environment<'_>) -> Value<String> {
    if let Some(written) = node.original() {
        return Value::Known(written.to_owned());
    }
    match node.raw_text() {
        Some(text) if node.is_final() || text.contains("$(") => match environment.expand(text) {
            Value::Known(text) => Value::Known(text.into_owned()),
            // The port of `--listen=$(POD_IP):8080` is known even so.
            _ if !is_template(text) => Value::Known(text.to_owned()),
            _ => Value::Unknown,
        },
        Some(_) => Value::Unknown,
        None => match node.integer() {
            Value::Known(number) => Value::Known(number.to_string()),
            _ => Value::Unknown,
        },
    }
}

/// Whether a word that is not known may be a flag that says where to listen: not when it is plainly another flag.
fn hides_flag(nodes: &[Node<'_>], words: &[Value<String>]) -> bool {
    nodes.iter().zip(words).any(|(node, word)| {
        let other_flag = |text: &str| text.starts_with('-') && text.contains('=') && !flags::is_main(text);
        word.is_unknown() && !node.raw_text().is_some_and(other_flag)
    })
}

/// Whether an integer occurs as a token in what a pod is told: variables, commands, arguments, commands of probes, mounted
/// ConfigMaps. It proves nothing, but a port that is mentioned is not one that nobody listens on.
#[must_use]
pub fn mentioned<'t>(bundle: &Bundle<'t>, workload: Workload<'t>, port: u16) -> bool {
    let says = |text: &str| mentions(text, port);
    workload.containers().into_iter().any(|container| {
        let environment = Environment::of(bundle, workload.object, container);
        let mut variables = environment.iter();
        variables.any(|(_, variable)| {
            matches!(&variable.value, Value::Known(value) if says(value)) || variable.at.raw_text().is_some_and(says)
        }) || container
            .command()
            .into_iter()
            .chain(container.args())
            .any(|word| is_said(word, port))
            || probe_commands(container).any(|word| is_said(word, port))
            || mounts_of(bundle, workload, container)
                .files
                .iter()
                .any(|file| file.node.raw_text().is_some_and(says))
    })
}

/// The words of the commands that probes and hooks of a container run.
fn probe_commands<'t>(container: Container<'t>) -> impl Iterator<Item = Node<'t>> {
    let lifecycle = container.node.get(word!("lifecycle")).known();
    let hooks = lifecycle
        .into_iter()
        .flat_map(|node| [word!("postStart"), word!("preStop")].map(|key| node.get(key)));
    [word!("livenessProbe"), word!("readinessProbe"), word!("startupProbe")]
        .map(|key| container.probe(key))
        .into_iter()
        .chain(hooks)
        .filter_map(|handler| {
            handler
                .and_then(|node| node.at(&[word!("exec"), word!("command")]))
                .known()
        })
        .flat_map(Node::items)
}

fn is_said(word: Node<'_>, port: u16) -> bool {
    word.raw_text().is_some_and(|text| mentions(text, port)) || word.integer() == Value::Known(i64::from(port))
}
