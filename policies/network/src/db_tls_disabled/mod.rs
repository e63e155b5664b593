//! A connection to a database is not encrypted, or whoever answers is believed.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::bytes::contains_any;
use plimsoll_sdk::kube::command::{Command, commands_of};
use plimsoll_sdk::kube::dashboard::is_dashboard;
use plimsoll_sdk::kube::hosts::{Destination, scan::scan};
use plimsoll_sdk::kube::{Class, Container, Environment, Workload};
use plimsoll_sdk::{Bundle, Confidence, Context, Node, Object, Role, Rule, Severity, Symbol, Value, Violation, word};

mod setting;

use setting::{Lost, named, settings, stem};

/// What has containers, and what holds their settings.
const KINDS: &[&str] = &[
    "ConfigMap",
    "Secret",
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "ReplicaSet.apps",
    "ReplicationController",
    "Pod",
    "PodTemplate",
    "Job.batch",
    "CronJob.batch",
    "Rollout.argoproj.io",
    "DeploymentConfig.apps.openshift.io",
    "Service.serving.knative.dev",
    "Workload.openchoreo.dev",
    "ComponentRelease.openchoreo.dev",
    "ReleaseBinding.openchoreo.dev",
];

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "db-tls-disabled",
    title: "A connection to a database is not encrypted, or whoever answers is believed",
    severity: Severity::Warning,
    kinds: KINDS,
    context: &["Service", "Namespace"],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    let mut reader = Reader {
        bundle,
        said: BTreeSet::new(),
        violations,
    };
    for &workload in bundle.workloads().iter().filter(|workload| workload.is_judged()) {
        if workload.class == Class::Other {
            continue;
        }
        for container in workload.containers() {
            reader.container(workload, container);
        }
    }
    for kind in [word!("ConfigMap"), word!("Secret")] {
        for object in bundle
            .of_kind(Symbol(0), kind)
            .filter(|object| object.role() == Role::Subject)
        {
            reader.data(object);
        }
    }
}

/// Reads texts, and says of each place once what is wrong with it.
struct Reader<'a, 't> {
    bundle: &'a Bundle<'t>,
    said: BTreeSet<(u32, usize)>,
    violations: &'a mut Vec<Violation>,
}

/// A text and who reads it.
struct Text<'a, 't> {
    /// The object whose namespace its hosts are looked up in.
    from: Object<'t>,
    /// What messages call it.
    title: &'a dyn Fn() -> String,
    node: Node<'t>,
    text: &'t str,
    /// Whether the object is a Secret.
    secret: bool,
    /// The name of the variable or key, and the value of another one beside it.
    name: &'a str,
    beside: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a mesh's proxy encrypts what the pods of it send to each other.
    mesh: bool,
}

impl<'t> Reader<'_, 't> {
    fn container(&mut self, workload: Workload<'t>, container: Container<'t>) {
        let mesh = has_mesh(workload);
        let beside = |name: &str| {
            let entry = container.env().filter(|entry| entry.name_text() == name).last()?;
            entry.literal()?.raw_text().map(str::to_owned)
        };
        for entry in container.env() {
            let Some(node) = entry.literal() else { continue };
            let Some(text) = written(node) else { continue };
            self.text(&Text {
                from: workload.object,
                title: &|| format!("{} {}", container.name(), entry.name_text()),
                node,
                text,
                secret: false,
                name: entry.name_text(),
                beside: &beside,
                mesh,
            });
        }
        let mut skips = false;
        for node in container.command().into_iter().chain(container.args()) {
            let Some(text) = node.raw_text() else { continue };
            self.text(&Text {
                from: workload.object,
                title: &|| format!("{} command", container.name()),
                node,
                text,
                secret: false,
                name: "",
                beside: &beside,
                mesh,
            });
            skips |= contains_any(text, &["curl", "--insecure-skip-tls-verify"]);
        }
        if skips {
            let environment = Environment::of(self.bundle, workload.object, container);
            for command in commands_of(container, &environment).all {
                self.command(workload, container, &command);
            }
        }
    }

    /// Values of a ConfigMap or Secret, as written.
    fn data(&mut self, object: Object<'t>) {
        let secret = object.kind() == word!("Secret");
        let maps = [word!("stringData"), word!("data")];
        let map = |key| object.root().get(key).known();
        let beside = |name: &str| {
            let found = maps.iter().filter_map(|&key| map(key)).flat_map(Node::members);
            let mut found = found.filter(|member| member.key_text() == name);
            found.next()?.raw_text().map(str::to_owned)
        };
        for &key in maps.iter().filter(|&&key| !secret || key == word!("stringData")) {
            for node in map(key).into_iter().flat_map(Node::members) {
                if node.raw_bytes().is_some_and(is_dashboard) {
                    continue;
                }
                let Some(text) = written(node) else { continue };
                self.text(&Text {
                    from: object,
                    title: &|| format!("{} {} key {}", object.kind_text(), object.called(), node.key_text()),
                    node,
                    text,
                    secret,
                    name: node.key_text(),
                    beside: &beside,
                    mesh: false,
                });
            }
        }
    }

    fn text(&mut self, text: &Text<'_, 't>) {
        if let Some(lost) = named(text.name, text.text) {
            let everywhere = text.name.eq_ignore_ascii_case("NODE_TLS_REJECT_UNAUTHORIZED");
            let stem = stem(text.name);
            let host = ["HOST", "HOSTNAME", "SERVER", "ADDR", "URL"]
                .iter()
                .filter(|_| !everywhere)
                .find_map(|end| (text.beside)(&format!("{stem}{end}")));
            // Of a URL or list beside it, the first host.
            let host = host.map(|host| match scan(&host, false).first() {
                Some(found) => host.get(found.host.clone()).unwrap_or_default().to_owned(),
                None => host,
            });
            let setting = format!("{}={}", text.name, text.text.trim());
            self.report(text, None, &setting, lost, host.as_deref(), everywhere);
        }
        // A setting is a key and a value at least.
        if text.text.len() < 8 {
            return;
        }
        for found in settings(text.text) {
            let around = text.text.get(found.around.clone()).unwrap_or_default();
            let hosts = scan(around, false);
            let mut hosts = hosts.iter().filter_map(|found| around.get(found.host.clone()));
            let host = hosts.next().map(str::to_owned).or_else(|| keyed_host(around));
            let setting = text
                .text
                .get(found.range.clone())
                .unwrap_or_default()
                .replace(['"', '\''], "");
            self.report(
                text,
                Some((found.range, around)),
                &setting,
                found.lost,
                host.as_deref(),
                false,
            );
        }
    }

    /// `curl -k`, `kubectl --insecure-skip-tls-verify`: no database, but as blind.
    fn command(&mut self, workload: Workload<'t>, container: Container<'t>, command: &Command<'t>) {
        let texts: Vec<&str> = command.texts().into_iter().flatten().collect();
        let curl = texts.iter().take(6).any(|word| word.rsplit('/').next() == Some("curl"));
        let flag = command.words.iter().find(|word| {
            word.text.as_deref().is_some_and(|text| {
                let short = text.starts_with('-') && !text.starts_with("--") && text.contains('k') && text.len() <= 8;
                (curl && (short || text == "--insecure"))
                    || matches!(text, "--insecure-skip-tls-verify" | "--insecure-skip-tls-verify=true")
            })
        });
        let Some(flag) = flag else { return };
        let name = flag.text.as_deref().unwrap_or_default();
        let setting = if curl { format!("curl {name}") } else { name.to_owned() };
        let urls = texts
            .iter()
            .filter(|word| word.contains("https://") || word.starts_with("--server="));
        let host = urls
            .filter_map(|word| {
                let found = scan(word, false);
                found.first().and_then(|found| word.get(found.host.clone()))
            })
            .next();
        // Without a host it is one that somebody else names.
        let Some(host) = host else { return };
        let Some(text) = flag.node.raw_text() else { return };
        let nothing = |_: &str| None;
        let text = Text {
            from: workload.object,
            title: &|| format!("{} command", container.name()),
            node: flag.node,
            text,
            secret: false,
            name: "",
            beside: &nothing,
            mesh: has_mesh(workload),
        };
        self.report(&text, None, &setting, Lost::Identity, Some(host), true);
    }

    /// `blind`: a setting that is not one of a database's.
    fn report(
        &mut self,
        text: &Text<'_, 't>,
        part: Option<(std::ops::Range<usize>, &str)>,
        setting: &str,
        lost: Lost,
        host: Option<&str>,
        blind: bool,
    ) {
        let start = part.as_ref().map_or(0, |(range, _)| range.start);
        let Some(level) = self.level(text, host, blind) else {
            return;
        };
        if !self.said.insert((text.node.index(), start)) {
            return;
        }
        let what = match lost {
            Lost::Encryption => "encrypted",
            Lost::Identity => "verified",
        };
        let host = match host {
            // A host in a Secret stays there, and what is not known is not shown.
            Some(host) if !text.secret && !host.contains(['$', '{', '%', '<']) && host.len() <= 60 => host,
            _ if blind => "any host",
            _ => "its database",
        };
        let help = match lost {
            Lost::Encryption => {
                "Whoever is on the way reads queries, rows and often the password. Use `sslmode=require`, better `verify-full` \
                 with the server's CA; see first that the server offers TLS, or connections fail."
            }
            Lost::Identity => {
                "Whoever answers is believed, so encryption protects from nobody on the way. Give the client the CA that signed \
                 the server's certificate instead."
            }
        };
        let mut violation = Violation::new(
            text.node,
            format!("{}: {setting} — traffic to {host} is not {what}", (text.title)()),
        )
        .severity(level.0)
        .confidence(level.1)
        .help(help);
        if let Some((range, around)) = part {
            violation = violation.within(range);
            if text.secret || around.contains('@') || around.to_ascii_lowercase().contains("password") {
                violation = violation.sensitive();
            }
        }
        self.violations.push(violation);
    }

    /// How bad it is, by where the traffic goes; none where it does not leave the pod.
    fn level(&self, text: &Text<'_, 't>, host: Option<&str>, blind: bool) -> Option<(Severity, Confidence)> {
        let dev = self.bundle.stage(text.from).stage.is_dev();
        let inside = if dev { Severity::Info } else { Severity::Warning };
        let Some(host) = host else {
            return Some((inside, Confidence::Medium));
        };
        // A socket.
        if host.starts_with('/') || host.starts_with('@') {
            return None;
        }
        let found = self.bundle.hosts().resolve(self.bundle, text.from, host);
        match &*found {
            Destination::Loopback | Destination::Any => None,
            Destination::Service { .. } | Destination::Made(_) | Destination::ApiServer | Destination::Unseen => {
                (!self.in_mesh(text)).then_some((inside, Confidence::High))
            }
            Destination::External if blind => Some((inside, Confidence::High)),
            Destination::External => Some((Severity::Error, Confidence::High)),
            Destination::Address if is_public(host) && !blind => Some((Severity::Error, Confidence::High)),
            Destination::Address => Some((inside, Confidence::High)),
            // A template, which may be the pod itself in the end.
            Destination::Unknown => Some((Severity::Info, Confidence::Low)),
        }
    }

    /// Whether a mesh encrypts what pods send to each other: by the pod's word, or by its namespace's.
    fn in_mesh(&self, text: &Text<'_, 't>) -> bool {
        text.mesh
            || self.bundle.of_kind(Symbol(0), word!("Namespace")).any(|namespace| {
                let labels = namespace.root().at(&[word!("metadata"), word!("labels")]);
                let annotations = namespace.root().at(&[word!("metadata"), word!("annotations")]);
                Value::Known(namespace.name_symbol()) == text.from.namespace()
                    && (injects(labels) || injects(annotations))
            })
    }
}

/// A scalar as it is written, template or not.
fn written<'t>(node: Node<'t>) -> Option<&'t str> {
    node.original()
        .or_else(|| node.raw_text())
        .or_else(|| match node.boolean() {
            Value::Known(true) => Some("true"),
            Value::Known(false) => Some("false"),
            _ => (node.integer() == Value::Known(0)).then_some("0"),
        })
}

/// The host of a connection string whose keys are not those of a URL.
fn keyed_host(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    ["server=", "data source=", "host="].iter().find_map(|key| {
        let at = lower.find(key)? + key.len();
        let rest = text.get(at..)?;
        let rest = rest.strip_prefix("tcp:").unwrap_or(rest);
        let host = rest.split([';', ',', ' ', ':']).next()?;
        (!host.is_empty()).then(|| host.to_owned())
    })
}

fn has_mesh(workload: Workload<'_>) -> bool {
    injects(workload.labels())
        || injects(
            workload
                .metadata
                .and_then(|metadata| metadata.get(word!("annotations"))),
        )
}

/// Whether labels or annotations ask for a mesh's proxy.
fn injects(map: Value<Node<'_>>) -> bool {
    map.known().is_some_and(|map| {
        map.members().any(|member| {
            let key = member.key_text();
            let mesh = key.contains("istio.io/") || key.contains("linkerd.io/") || key == "istio-injection";
            mesh && !matches!(member.raw_text(), Some("false" | "disabled" | "none"))
        })
    })
}

/// Whether an address is one of the world outside: not of a private network (RFC 1918, RFC 6598, RFC 4193).
fn is_public(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => {
            let [a, b, ..] = address.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(address.is_private() || address.is_link_local() || shared)
        }
        Ok(std::net::IpAddr::V6(address)) => {
            (address.segments().first().copied().unwrap_or_default() & 0xfe00) != 0xfc00
        }
        Err(_) => false,
    }
}
