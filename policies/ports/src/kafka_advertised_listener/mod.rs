//! A Kafka broker tells its clients an address that does not lead back to its listener.

use plimsoll_sdk::kube::bytes::contains_any;
use plimsoll_sdk::kube::hosts::{Destination, exposed};
use plimsoll_sdk::kube::{
    Container, ContainerClass, Environment, ServicePort, Target, WORKLOAD_KINDS, Workload, image, is_headless, joined,
};
use plimsoll_sdk::{
    Bundle, Confidence, Context, Join, Node, Object, Role, Rule, Severity, Symbol, Value, Violation, word,
};

use crate::exposed::{holder, list, selected};

mod config;

use config::{Config, Listener, Setting, listeners, mapped, names};

/// What makes brokers, what they read, and the Services before them.
const KINDS: &[&str] = &joined::<{ WORKLOAD_KINDS.len() + 2 }>(&[WORKLOAD_KINDS, &["ConfigMap", "Service"]]);

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "kafka-advertised-listener",
    title: "A Kafka broker advertises what does not lead back to its listener",
    severity: Severity::Error,
    kinds: KINDS,
    context: KINDS,
    previous: false,
    page: include_str!("README.md"),
    check,
};

/// The names that are protocols themselves: without a map they mean what they say.
const PROTOCOLS: &[&str] = &["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for (number, &workload) in bundle.workloads().iter().enumerate() {
        for container in workload.containers() {
            if !may_be_told(container) {
                continue;
            }
            let environment = Environment::of(bundle, workload.object, container);
            let Some(config) = Config::of(bundle, workload, container, &environment) else {
                continue;
            };
            let broker = Broker {
                bundle,
                number,
                workload,
                container,
                environment: &environment,
                config: &config,
            };
            broker.check(violations);
        }
    }
}

/// Whether a container may be told about listeners at all: most have no such variable and nothing to read one from.
fn may_be_told(container: Container<'_>) -> bool {
    let says = |node: Node<'_>| {
        node.raw_bytes()
            .is_some_and(|text| contains_any(text, &["istener", "LISTENER"]))
    };
    container.class != ContainerClass::Ephemeral
        && (container.env_from().next().is_some()
            || container.node.get(word!("volumeMounts")).known().is_some()
            || container.env().any(|entry| entry.name_text().ends_with("LISTENERS"))
            || container.command().into_iter().chain(container.args()).any(says))
}

struct Broker<'a, 't> {
    bundle: &'a Bundle<'t>,
    number: usize,
    workload: Workload<'t>,
    container: Container<'t>,
    environment: &'a Environment<'t>,
    config: &'a Config<'t>,
}

impl<'t> Broker<'_, 't> {
    fn check(&self, violations: &mut Vec<Violation>) {
        let read = |setting: Option<Setting<'t>>| Some((setting?, listeners(setting?, self.environment)?));
        let listening = read(self.config.listeners);
        let advertised = read(self.config.advertised);
        let all = listening.iter().chain(&advertised).flat_map(|(_, list)| list);
        // REST proxies and connectors have `listeners` too.
        if all.clone().any(|one| matches!(one.name.as_str(), "HTTP" | "HTTPS")) || all.clone().next().is_none() {
            return;
        }
        let start = violations.len();
        if let Some((setting, list)) = &listening {
            self.same_port(*setting, list, violations);
        }
        self.unmapped(&listening, &advertised, violations);
        if let Some((setting, list)) = &advertised {
            self.between(*setting, list, violations);
            if let Some((_, listening)) = &listening {
                self.unknown_names(*setting, list, listening, violations);
            }
            // One root cause: names that are wrong make the rest follow.
            if violations.len() == start {
                for one in list {
                    let own = listening
                        .as_ref()
                        .and_then(|(_, all)| all.iter().find(|other| other.name == one.name));
                    violations.extend(self.address(*setting, one, own));
                }
            }
        }
    }

    fn violation(
        &self,
        setting: Setting<'t>,
        within: Option<std::ops::Range<usize>>,
        message: String,
    ) -> Option<Violation> {
        let holder = holder(self.bundle, setting.at, self.workload.object);
        let judged = holder.role() == Role::Subject;
        if !judged && !self.workload.is_judged() {
            return None;
        }
        let place = if judged { setting.at } else { self.container.place() };
        let violation = Violation::new(place, message).confidence(Confidence::High);
        Some(match within.filter(|_| judged) {
            Some(within) => violation.within(within),
            None => violation,
        })
    }

    /// Two listeners on one port.
    fn same_port(&self, setting: Setting<'t>, list: &[Listener<'t>], violations: &mut Vec<Violation>) {
        for (number, one) in list.iter().enumerate() {
            let before = list.get(..number).unwrap_or_default();
            let twin = before
                .iter()
                .find(|other| other.port.is_some_and(|port| port > 0) && other.port == one.port);
            // One for each family of addresses is allowed.
            let families = twin.is_some_and(|twin| twin.host.starts_with('[') != one.host.starts_with('['));
            if let Some(twin) = twin.filter(|_| !families) {
                let port = one.port.unwrap_or(0);
                let message = format!("Kafka listeners {} and {} are both on port {port}", twin.name, one.name);
                let found = self.violation(setting, Some(one.within.clone()), message);
                violations.extend(
                    found.map(|found| found.help("Every listener needs a port of its own: the broker does not start.")),
                );
            }
        }
    }

    /// Names that the protocol map does not have.
    fn unmapped(
        &self,
        listening: &Option<(Setting<'t>, Vec<Listener<'t>>)>,
        advertised: &Option<(Setting<'t>, Vec<Listener<'t>>)>,
        violations: &mut Vec<Violation>,
    ) {
        let known = match self.config.protocols {
            Some(setting) => match mapped(setting) {
                Some(known) => known,
                None => return,
            },
            None if self.config.unsure => return,
            // Without a map, controllers' listeners are plain text.
            None => {
                let controllers = self.config.controllers.map_or(Some(Vec::new()), names);
                let Some(controllers) = controllers else { return };
                PROTOCOLS
                    .iter()
                    .map(|&name| name.to_owned())
                    .chain(controllers)
                    .collect()
            }
        };
        let mut said: Vec<&str> = Vec::new();
        for (setting, list) in listening.iter().chain(advertised) {
            for one in list {
                if known.contains(&one.name) || said.contains(&one.name.as_str()) {
                    continue;
                }
                said.push(&one.name);
                let message = format!(
                    "Kafka listener {} has no protocol in listener.security.protocol.map",
                    one.name
                );
                let found = self.violation(*setting, Some(one.within.clone()), message);
                violations.extend(found.map(|found| {
                    found.help(format!(
                        "A listener's name is free, so the map must say which protocol it speaks: {}:PLAINTEXT, for instance. \
                         Without it the broker does not start.",
                        one.name
                    ))
                }));
            }
        }
    }

    /// The listener between brokers must be advertised; those of controllers need not be.
    fn between(&self, setting: Setting<'t>, advertised: &[Listener<'t>], violations: &mut Vec<Violation>) {
        let has = |name: &String| advertised.iter().any(|one| one.name == *name);
        if let Some(inter) = self.config.inter_broker
            && let Some([name]) = names(inter).as_deref()
            && !has(name)
        {
            let message = format!("Kafka brokers talk by listener {name}, which is not advertised");
            let found = self.violation(inter, None, message);
            violations.extend(found.map(|found| {
                found
                    .help("inter.broker.listener.name must be one of advertised.listeners: the broker does not start.")
                    .related(setting.at, "advertised.listeners")
            }));
        }
        let controllers = self.config.controllers.and_then(names).unwrap_or_default();
        for one in advertised.iter().filter(|one| controllers.contains(&one.name)) {
            let message = format!("Kafka advertises {}, a listener of controllers", one.name);
            let found = self.violation(setting, Some(one.within.clone()), message);
            // Newer controllers may.
            violations.extend(found.map(|found| {
                found.severity(Severity::Warning).confidence(Confidence::Medium).help(
                    "Clients are told every advertised listener; those of controllers are not for them, and a broker refuses \
                     them.",
                )
            }));
        }
    }

    /// Advertised names that are no listeners.
    fn unknown_names(
        &self,
        setting: Setting<'t>,
        advertised: &[Listener<'t>],
        listening: &[Listener<'t>],
        violations: &mut Vec<Violation>,
    ) {
        for one in advertised {
            if listening.iter().any(|other| other.name == one.name) {
                continue;
            }
            let all: Vec<&str> = listening.iter().map(|other| other.name.as_str()).collect();
            let message = format!("Kafka advertises {}, but listens on {} only", one.name, all.join(", "));
            let found = self.violation(setting, Some(one.within.clone()), message);
            violations.extend(found.map(|found| {
                found.help("Every advertised listener must be one of listeners: the broker does not start.")
            }));
        }
    }

    /// Where an advertised address leads to.
    fn address(&self, setting: Setting<'t>, one: &Listener<'t>, own: Option<&Listener<'t>>) -> Option<Violation> {
        let port = one.port?;
        // The image that derives its listeners from what it advertises.
        let reference = self.container.image().and_then(Node::text).known().unwrap_or_default();
        let derived = self.config.listeners.is_none()
            && !self.config.unsure
            && image::repository(reference).ends_with("confluentinc/cp-kafka");
        let listens = own.and_then(|own| own.port).or(derived.then_some(port));
        let (host, pod) = self.host(one.host)?;
        let destination = self.bundle.hosts().resolve(self.bundle, self.workload.object, &host);
        match &*destination {
            Destination::Any => {
                let message = format!(
                    "Kafka refuses to advertise {}://{host}:{port}, which is no address to call",
                    one.name
                );
                let found = self.violation(setting, Some(one.within.clone()), message)?;
                Some(found.confidence(Confidence::Certain).help(
                    "What is advertised is what clients dial. Advertise the name of the Service or of the pod; 0.0.0.0 belongs \
                     into listeners.",
                ))
            }
            Destination::Loopback => self.loopback(setting, one, &host, listens.unwrap_or(port)),
            Destination::Service {
                service,
                join,
                pod: of_pod,
            } => {
                let found = Led {
                    one,
                    host: &host,
                    port,
                    listens,
                    service: *service,
                };
                let direct = pod || *of_pod || is_headless(*service);
                self.led(setting, &found, join, direct)
            }
            _ => None,
        }
    }

    /// The host with variables put in; and whether it is the name of a pod, which is decided later, before a Service's.
    fn host(&self, host: &str) -> Option<(String, bool)> {
        if let Value::Known(host) = self.environment.expand(host)
            && !host.contains('$')
        {
            return Some((host.into_owned(), false));
        }
        let close = host.rfind([')', '}'])?;
        let rest = host.get(close + 1..)?.strip_prefix('.')?;
        (host.starts_with('$') && !rest.contains('$')).then(|| (rest.to_owned(), true))
    }

    /// A loopback address that a Service's clients are told.
    fn loopback(&self, setting: Setting<'t>, one: &Listener<'t>, host: &str, listens: u16) -> Option<Violation> {
        let services = &self.bundle.selection().services;
        let (service, join) = services.iter().find_map(|(service, selected)| {
            let chosen = selected
                .iter()
                .find(|chosen| chosen.workloads.binary_search(&self.number).is_ok())?;
            let leads = exposed(*service)?
                .iter()
                .any(|port| self.target(port) == Some(i64::from(listens)));
            leads.then_some((*service, &chosen.join))
        })?;
        let message = format!(
            "Kafka advertises {}://{host} to clients of Service {}, who then dial themselves",
            one.name,
            service.called()
        );
        let found = self.violation(setting, Some(one.within.clone()), message)?;
        let found = found.help(
            "A client asks the Service for the brokers' addresses and dials what it is told. Advertise a name that leads here \
             from where clients are.",
        );
        Some(
            found
                .related(service.root(), format!("Service {}", service.called()))
                .through(join),
        )
    }

    /// An advertised address that is a Service's or a pod's.
    fn led(&self, setting: Setting<'t>, found: &Led<'_, 't>, join: &Join<'t>, direct: bool) -> Option<Violation> {
        let Led {
            one,
            host,
            port,
            listens,
            service,
        } = *found;
        let ports = exposed(service)?;
        let here = selected(self.bundle, service)
            .iter()
            .any(|chosen| chosen.workloads.binary_search(&self.number).is_ok());
        let name = service.called();
        let advertises = format!("Kafka advertises {}://{host}:{port}", one.name);
        let (message, at) = if direct {
            // Clients reach the pod itself.
            let listens = listens.filter(|&listens| here && listens != port)?;
            let message = format!(
                "{advertises}, which is the pod itself; listener {} is on {listens}",
                one.name
            );
            (message, None)
        } else {
            match ports.iter().find(|one| one.port == Value::Known(i64::from(port))) {
                None => (
                    format!("{advertises}, but Service {name} exposes {}", list(&ports)),
                    ports.first(),
                ),
                Some(exposed) => {
                    let target = self.target(exposed)?;
                    let listens = listens.filter(|&listens| here && i64::from(listens) != target)?;
                    let message = format!(
                        "{advertises}, but {name} port {port} leads to {target}; listener {} is on {listens}",
                        one.name
                    );
                    (message, Some(exposed))
                }
            }
        };
        let mut violation = self.violation(setting, Some(one.within.clone()), message)?.help(
            "Clients connect to what is advertised. It must lead back to the listener of the same name: the Service's port to \
             that listener's, or, by the pod's own name, the listener's port itself. On another listener the connection ends \
             in the wrong protocol or the wrong addresses.",
        );
        if let Some(port) = at {
            violation = violation.related(port.node, format!("port of Service {name}"));
        }
        if let Some(listeners) = self.config.listeners.filter(|listeners| listeners.at != setting.at) {
            violation = violation.related(listeners.at, "listeners");
        }
        Some(violation.through(join))
    }

    /// The number that a Service's port leads to in this workload.
    fn target(&self, port: &ServicePort<'t>) -> Option<i64> {
        let named = |name: Symbol| {
            let mut containers = self.workload.running().into_iter();
            containers.find_map(|container| {
                let mut ports = container.ports();
                ports
                    .find(|port| port.name == Value::Known(name))
                    .and_then(|port| port.number.known())
            })
        };
        match port.target {
            Target::Number(number, _) => Some(number),
            Target::Name(name, _) => named(name),
            Target::Unknown => None,
        }
    }
}

/// An advertised address with what it leads to.
#[derive(Clone, Copy)]
struct Led<'a, 't> {
    one: &'a Listener<'t>,
    host: &'a str,
    port: u16,
    listens: Option<u16>,
    service: Object<'t>,
}
