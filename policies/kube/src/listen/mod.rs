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

use crate::command::{Command, base, commands_of};
use crate::{Bundle, Container, Environment, Hook, MountedFile, Mounts, Node, Value, Workload, image, mounts_of, word};

pub use address::{listen_port, mentions, port};
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

/// What says that a port is listened on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A variable of the environment.
    Variable,
    /// The command line.
    Flag,
    /// A mounted file.
    File,
    /// A probe.
    Probe,
    /// The image.
    Image,
    /// A declaration.
    Declaration,
}

/// A port that a container listens on, and why that is believed.
#[derive(Clone, Debug)]
pub struct Evidence<'t> {
    /// The port.
    pub port: u16,
    /// How it became known.
    pub tier: Tier,
    /// What says so.
    pub source: Source,
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
                source: Source::Declaration,
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
    listen.add_environment(container, &environment);
    listen.add_command_line(container, &environment);
    for file in &mounts.files {
        listen.add_file(file);
    }
    listen.add_own_files(container);
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

    fn push(&mut self, port: u16, tier: Tier, source: Source, node: Node<'t>, what: String) {
        self.evidence.push(Evidence {
            port,
            tier,
            source,
            node,
            what,
            distant: false,
        });
    }

    fn add_environment(&mut self, container: Container<'t>, environment: &Environment<'t>) {
        let reference = container.image().and_then(Node::text).known();
        let knobs = reference.and_then(image::known).map_or(&[][..], |known| known.knobs);
        for (name, variable) in environment.iter() {
            let knob = knobs.contains(&name);
            let Some(main) = names::role(name).or_else(|| knob.then(|| names::is_main_knob(name))) else {
                continue;
            };
            let Value::Known(value) = &variable.value else {
                self.unknown |= main;
                continue;
            };
            let ports = if names::role(name).is_some() {
                names::ports(name, value)
            } else {
                address::listen_ports(value).collect()
            };
            // A reference that nothing here resolves: a variable of the build.
            self.unknown |= main && ports.is_empty() && value.contains("$(");
            for port in ports {
                self.evidence.push(Evidence {
                    port,
                    tier: if main { Tier::Process } else { Tier::Side },
                    source: Source::Variable,
                    node: variable.at,
                    what: format!("{name}={port}"),
                    distant: variable.distant,
                });
            }
        }
    }

    fn add_command_line(&mut self, container: Container<'t>, environment: &Environment<'t>) {
        let commands = commands_of(container, environment);
        self.unknown |= commands.unknown;
        for command in &commands.all {
            let found = flags::read(&command.texts(), command.lasting);
            self.unknown |= found.unknown || (!command.script && hides_flag(command));
            for (port, main, what) in found.found {
                let says = |node: Node<'t>| node.raw_text().is_some_and(|text| mentions(text, port));
                let nodes = || command.words.iter().map(|word| word.node);
                if let Some(node) = nodes().find(|&node| says(node)).or(nodes().next()) {
                    let tier = if main { Tier::Process } else { Tier::Side };
                    self.push(port, tier, Source::Flag, node, what);
                }
            }
        }
    }

    fn add_file(&mut self, file: &MountedFile<'t>) {
        self.add_text(file.node.key_text(), file.node, file.distant, || {
            format!("{} of ConfigMap {}", file.node.key_text(), file.config_map)
        });
    }

    /// OpenChoreo's files, which stand in the container itself.
    fn add_own_files(&mut self, container: Container<'t>) {
        for file in container.files() {
            let path = file.text_of(word!("mountPath")).known().unwrap_or_default();
            let key = file.text_of(word!("key")).known().unwrap_or_default();
            let name = if key.contains('.') { key } else { base(path) };
            match file.get(word!("value")) {
                Value::Known(text) => self.add_text(name, text, false, || format!("file {name}")),
                _ => self.open = true,
            }
        }
    }

    fn add_text(&mut self, name: &str, node: Node<'t>, distant: bool, what: impl Fn() -> String) {
        // A template, or patched: it may say something else in the end.
        self.open |= !node.is_final();
        for port in files::ports(name, node.raw_text().unwrap_or_default()) {
            self.evidence.push(Evidence {
                port,
                tier: Tier::Process,
                source: Source::File,
                node,
                what: what(),
                distant,
            });
        }
    }

    fn add_probes(&mut self, container: Container<'t>) {
        for hook in container.hooks().filter(|hook| hook.probe) {
            for node in hook.ports().chain(hook.grpc_port().known()) {
                let number = node.integer().known().and_then(|number| u16::try_from(number).ok());
                if let Some(port) = number.filter(|&port| port > 0) {
                    self.push(port, Tier::Probe, Source::Probe, node, hook.name().to_owned());
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
            let what = format!("image {}", image::basename(reference));
            self.push(port, Tier::Image, Source::Image, node, what);
        }
    }
}

/// Whether a word that is not known may be a flag that says where to listen: not when it is plainly another flag.
fn hides_flag(command: &Command<'_>) -> bool {
    let other_flag = |text: &str| text.starts_with('-') && text.contains('=') && !flags::is_main(text);
    let mut unknown = command.words.iter().filter(|word| word.text.is_none());
    unknown.any(|word| !word.node.raw_text().is_some_and(other_flag))
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
            || container
                .hooks()
                .flat_map(Hook::command)
                .any(|word| is_said(word, port))
            || container
                .files()
                .any(|file| file.get(word!("value")).known().is_some_and(|text| is_said(text, port)))
            || mounts_of(bundle, workload, container)
                .files
                .iter()
                .any(|file| file.node.raw_text().is_some_and(says))
    })
}

fn is_said(word: Node<'_>, port: u16) -> bool {
    word.raw_text().is_some_and(|text| mentions(text, port)) || word.integer() == Value::Known(i64::from(port))
}
