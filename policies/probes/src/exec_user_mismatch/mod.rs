//! A probe or a wait for a database asks as a user, or for a database, that the server does not have.

use plimsoll_sdk::kube::command::{commands_of, commands_of_hook};
use plimsoll_sdk::kube::hosts::Destination;
use plimsoll_sdk::kube::{Class, Container, ContainerClass, Environment, WORKLOAD_KINDS, Workload};
use plimsoll_sdk::{Bundle, Confidence, Context, Edit, Fix, Join, Node, Rule, Severity, Value, Violation};

mod client;
mod server;

use client::{Client, Said, client};
use server::{Server, may_be_made, server};

use crate::credential::is_credential;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "exec-user-mismatch",
    title: "A probe asks as a user, or for a database, that the server does not have",
    severity: Severity::Warning,
    kinds: WORKLOAD_KINDS,
    context: &[
        "Service?",
        "ConfigMap?",
        "StatefulSet.apps?",
        "Deployment.apps?",
        "Pod?",
    ],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let bundle = &context.bundle;
    for &workload in bundle.workloads() {
        if !workload.is_judged() || matches!(workload.class, Class::Template | Class::Other) {
            continue;
        }
        for container in workload.containers() {
            match container.class {
                ContainerClass::App | ContainerClass::Sidecar => {
                    let mut environment = None;
                    for hook in container.hooks().filter(|hook| hook.command().any(names_client)) {
                        let environment =
                            environment.get_or_insert_with(|| Environment::of(bundle, workload.object, container));
                        let asker = Asker {
                            workload,
                            container,
                            title: format!("{} {}", container.name(), hook.name()),
                        };
                        for command in commands_of_hook(hook, environment).all {
                            violations.extend(client(&command, environment).and_then(|one| asker.judge(bundle, &one)));
                        }
                    }
                }
                ContainerClass::Init
                    if container
                        .command()
                        .into_iter()
                        .chain(container.args())
                        .any(names_client) =>
                {
                    let environment = Environment::of(bundle, workload.object, container);
                    let asker = Asker {
                        workload,
                        container,
                        title: container.name().to_owned(),
                    };
                    for command in commands_of(container, &environment).all {
                        violations.extend(client(&command, &environment).and_then(|one| asker.judge(bundle, &one)));
                    }
                }
                ContainerClass::Init | ContainerClass::Ephemeral => {}
            }
        }
    }
}

/// Whether a word, or a script, may call one of the clients: cheap, for nearly none does.
fn names_client(word: Node<'_>) -> bool {
    let clients = ["pg_isready", "psql", "mysql", "mariadb", "mongo"];
    word.raw_text()
        .is_some_and(|text| clients.iter().any(|client| text.contains(client)))
}

/// Who asks.
struct Asker<'t> {
    workload: Workload<'t>,
    container: Container<'t>,
    /// How messages call it.
    title: String,
}

/// The server that is asked: its workload, container, configuration and how it was found.
struct Asked<'t> {
    workload: Workload<'t>,
    container: Container<'t>,
    server: Server<'t>,
    join: Option<Join<'t>>,
}

impl<'t> Asker<'t> {
    fn judge(&self, bundle: &Bundle<'t>, client: &Client<'t>) -> Option<Violation> {
        let asked = self.asked(bundle, client)?;
        let server = &asked.server;
        let made = |name: &str| may_be_made(bundle, asked.workload, asked.container, name);
        let (said, what, configured) = match (&client.user, &client.database) {
            (Some(user), _) if !server.users.contains(&user.value) && !made(&user.value) => {
                (user, "user", server.user.as_str())
            }
            (_, Some(database))
                if server
                    .databases
                    .as_ref()
                    .is_some_and(|all| !all.contains(&database.value))
                    && !made(&database.value) =>
            {
                (database, "database", server.database.as_str())
            }
            _ => return None,
        };
        // An empty value is what a shell makes of a variable that is not set.
        if said.value.is_empty() {
            return None;
        }
        let same = asked.container.node == self.container.node;
        let whose = if same {
            "the server"
        } else {
            asked.workload.object.called()
        };
        let message = format!(
            "{} uses {what} \"{}\"; {whose} is configured with \"{configured}\"",
            self.title, said.value
        );
        let help = if client.login {
            "The login fails every time."
        } else {
            "The client succeeds as any user, so nothing fails: the server's log fills with refused logins, and the probe says \
             less than it seems to."
        };
        let mut violation = Violation::new(said.at, message)
            .severity(if client.login {
                Severity::Error
            } else {
                Severity::Warning
            })
            .confidence(if server.known {
                Confidence::High
            } else {
                Confidence::Medium
            })
            .help(format!("{help} Ask as the user that the server is configured with."))
            .related(server.user_at, "the server is configured here");
        if let Some(start) = place(said) {
            violation = violation.within(start..start + said.written.len());
        }
        // A script may hold the password beside the user.
        if is_credential(&said.at.raw_text().into_iter().collect::<Vec<_>>()) {
            return Some(violation.sensitive());
        }
        if what == "user" {
            violation.fix = fix(said, server, same);
        }
        Some(match &asked.join {
            Some(join) => violation.through(join),
            None => violation,
        })
    }

    /// The server that a client asks: in the same container, in the pod, or behind the Service of the host.
    fn asked(&self, bundle: &Bundle<'t>, client: &Client<'t>) -> Option<Asked<'t>> {
        let here = |join| {
            let own = server(bundle, self.workload, self.container, client.family)
                .filter(|_| self.container.class != ContainerClass::Init);
            if let Some(server) = own {
                return Some(Asked {
                    workload: self.workload,
                    container: self.container,
                    server,
                    join,
                });
            }
            one(bundle, self.workload, client, None)
        };
        let host = match &client.host {
            Value::Known(host) => host,
            Value::Absent => return here(None),
            Value::Unknown => return None,
        };
        // A path is that of a socket.
        if host.starts_with('/') {
            return here(None);
        }
        let found = bundle.hosts().resolve(bundle, self.workload.object, host);
        match &*found {
            Destination::Loopback => here(None),
            Destination::Service { service, join, .. } => {
                let selection = bundle.selection();
                let at = selection
                    .services
                    .binary_search_by_key(&service.index(), |(other, _)| other.index());
                let (_, selected) = selection.services.get(at.ok()?)?;
                // Alternatives may be configured in different ways.
                let [selected] = selected.as_slice() else { return None };
                let [workload] = selected.workloads.as_slice() else {
                    return None;
                };
                let mut join = join.clone();
                join.distant |= selected.join.distant;
                join.ambiguous |= selected.join.ambiguous;
                one(bundle, *bundle.workloads().get(*workload)?, client, Some(join))
            }
            _ => None,
        }
    }
}

/// The one server of a pod.
fn one<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    client: &Client<'t>,
    join: Option<Join<'t>>,
) -> Option<Asked<'t>> {
    let mut found = workload
        .running()
        .into_iter()
        .filter_map(|container| Some((container, server(bundle, workload, container, client.family)?)));
    match (found.next(), found.next()) {
        (Some((container, server)), None) => Some(Asked {
            workload,
            container,
            server,
            join,
        }),
        _ => None,
    }
}

/// Where a value stands in the text of its scalar, if that holds more.
fn place(said: &Said<'_>) -> Option<usize> {
    let text = said.at.raw_text().filter(|_| !said.written.is_empty())?;
    if text == said.written {
        return None;
    }
    let boundary = |at: usize| {
        !text
            .as_bytes()
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    text.match_indices(said.written.as_str())
        .map(|(at, _)| at)
        .find(|&at| at > 0 && boundary(at + said.written.len()) && boundary(at - 1))
}

/// Writes the user that the server has, where it stands alone.
fn fix(said: &Said<'_>, server: &Server<'_>, same: bool) -> Option<Fix> {
    if said.written.is_empty() || said.at.raw_text() != Some(said.written.as_str()) {
        return None;
    }
    let value = if same && server.user_is_static {
        format!("$({})", server.user_variable)
    } else {
        server.user.clone()
    };
    if value.contains(['"', '\\']) || value.chars().any(char::is_control) {
        return None;
    }
    Some(Fix {
        title: format!("ask as {value}"),
        safe: false,
        edits: vec![Edit::Set {
            at: said.at.into(),
            value: format!("\"{value}\""),
        }],
    })
}
