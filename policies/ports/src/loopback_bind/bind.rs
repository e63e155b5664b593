//! What a container's process is told of the address it binds.
//!
//! Sources: documentation of the programs named here (uvicorn, Flask, Django, Vite, Angular CLI, Hypercorn, Laravel, MkDocs,
//! Jekyll, Hugo, Jupyter), of ASP.NET Core (`ASPNETCORE_URLS`) and Next.js (`HOSTNAME` of its standalone server).

use plimsoll_sdk::kube::command::{Command, Word, base, commands_of};
use plimsoll_sdk::kube::hosts::{Form, form};
use plimsoll_sdk::kube::listen::port;
use plimsoll_sdk::kube::{Container, Environment, Value, image};
use plimsoll_sdk::{Confidence, Node};

/// A bind to loopback.
pub struct Bind<'t> {
    /// The address, as messages show it.
    pub address: String,
    /// The port bound with it; none where it is said elsewhere.
    pub port: Option<u16>,
    /// Where it stands: the scalar that says it, or the word of the program whose default it is.
    pub at: Node<'t>,
    /// The loopback host in the scalar's text; none where it is a default.
    pub host: Option<String>,
    /// How sure it is that this is what the process binds.
    pub confidence: Confidence,
}

/// Variables that say the address to bind, and nothing else.
const VARIABLES: &[&str] = &[
    "ASPNETCORE_URLS",
    "BIND",
    "BIND_ADDR",
    "BIND_ADDRESS",
    "DOTNET_URLS",
    "FLASK_RUN_HOST",
    "GRADIO_SERVER_NAME",
    "HYPERCORN_BIND",
    "LISTEN_ADDR",
    "LISTEN_ADDRESS",
    "NITRO_HOST",
    "NUXT_HOST",
    "STREAMLIT_SERVER_ADDRESS",
    "UVICORN_HOST",
];

/// Variables that mostly say it, but may name a host to call or to show: trusted with an address, less with a name.
const HOST_VARIABLES: &[&str] = &["HOST", "HOSTNAME"];

/// Flags that say it, without dashes.
const FLAGS: &[&str] = &[
    "addr",
    "address",
    "bind",
    "bind-addr",
    "bind-address",
    "host",
    "ip",
    "listen",
    "listen-addr",
    "listen-address",
    "urls",
    "web.listen-address",
];

/// A program that binds loopback unless told otherwise.
struct Program {
    /// Its name.
    name: &'static str,
    /// A word that must follow for it to serve; empty where it always does.
    serves: &'static [&'static str],
    /// Flags that say the address, or make the question idle.
    flags: &'static [&'static str],
    /// Variables that do.
    variables: &'static [&'static str],
    /// Whether nothing else, such as a file in the image, is usual.
    sure: bool,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "uvicorn",
        serves: &[],
        flags: &["--host", "--uds", "--fd"],
        variables: &["UVICORN_HOST", "UVICORN_UDS", "UVICORN_FD"],
        sure: true,
    },
    Program {
        name: "flask",
        serves: &["run"],
        flags: &["--host", "-h"],
        variables: &["FLASK_RUN_HOST"],
        sure: true,
    },
    Program {
        name: "vite",
        serves: &[],
        flags: &["--host"],
        variables: &[],
        sure: false,
    },
    Program {
        name: "ng",
        serves: &["serve"],
        flags: &["--host"],
        variables: &[],
        sure: false,
    },
    Program {
        name: "hypercorn",
        serves: &[],
        flags: &["--bind", "-b", "-c", "--config"],
        variables: &["HYPERCORN_BIND"],
        sure: false,
    },
    Program {
        name: "artisan",
        serves: &["serve"],
        flags: &["--host"],
        variables: &["SERVER_HOST"],
        sure: true,
    },
    Program {
        name: "mkdocs",
        serves: &["serve"],
        flags: &["-a", "--dev-addr"],
        variables: &[],
        sure: false,
    },
    Program {
        name: "jekyll",
        serves: &["serve", "server", "s"],
        flags: &["-H", "--host", "--config"],
        variables: &[],
        sure: true,
    },
    Program {
        name: "hugo",
        serves: &["serve", "server"],
        flags: &["--bind"],
        variables: &[],
        sure: true,
    },
    Program {
        name: "jupyter",
        serves: &["notebook", "lab", "server"],
        flags: &["--ip", "--config"],
        variables: &[],
        sure: false,
    },
];

/// The binds to loopback that a container is told, if it is told none to anything else.
pub fn binds<'t>(container: Container<'t>, environment: &Environment<'t>) -> Option<Bind<'t>> {
    let commands = commands_of(container, environment);
    if commands.unknown {
        return None;
    }
    let mut found: Vec<Bind<'t>> = Vec::new();
    for command in commands.all.iter().filter(|command| command.lasting) {
        // A word that is not known may be the flag.
        if command.words.iter().any(|word| word.text.is_none()) {
            return None;
        }
        match of_flags(command) {
            Some(bind) => found.push(bind),
            None if says_address(command) => return None,
            None => found.extend(of_program(command, environment)),
        }
    }
    // A flag goes before a variable.
    if found.is_empty() {
        let reference = container.image().known().and_then(Node::raw_text).unwrap_or_default();
        let known = image::known(reference).is_some();
        for (name, variable) in environment.iter() {
            let sure = VARIABLES.contains(&name);
            // An image that is known reads variables of its own.
            if known || (!sure && !HOST_VARIABLES.contains(&name)) {
                continue;
            }
            let Value::Known(value) = &variable.value else {
                return None;
            };
            let addresses: Vec<&str> = value
                .split([';', ','])
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            let hosts: Vec<(String, Option<u16>)> = addresses.iter().map(|address| parts(address)).collect();
            if hosts.is_empty() || hosts.iter().any(|(host, _)| form(host) != Form::Loopback) {
                continue;
            }
            let (host, port) = hosts.into_iter().next()?;
            found.push(Bind {
                address: host.clone(),
                port: port.filter(|_| addresses.len() == 1),
                at: variable.at,
                confidence: if sure || !is_named(&host) {
                    Confidence::High
                } else {
                    Confidence::Medium
                },
                host: Some(host),
            });
        }
    }
    match found.len() {
        1 => found.pop(),
        _ => None,
    }
}

/// Host and port of an address to bind: `127.0.0.1:8080`, `http://localhost:5000`, `[::1]:80`, `:80`, `::1`.
fn parts(address: &str) -> (String, Option<u16>) {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let (host, number) = match authority.rsplit_once(':') {
        // `::1` is all host.
        Some((host, number)) if !host.contains(':') || host.ends_with(']') => (host, port(number)),
        _ => (authority, None),
    };
    (host.trim_matches(['[', ']']).to_owned(), number)
}

/// The flags of a command that say an address, with their values.
fn addresses<'a, 't>(command: &'a Command<'t>) -> impl Iterator<Item = (&'a str, &'a str, &'a Word<'t>)> {
    command.words.iter().enumerate().filter_map(|(at, word)| {
        let text = word.text.as_deref()?;
        let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-'))?;
        let (name, inline) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        // `-b` of servers of Python and Ruby.
        let short = name == "b" && !text.starts_with("--");
        if !short && !FLAGS.contains(&name) {
            return None;
        }
        match inline {
            Some(value) => Some((name, value, word)),
            None => {
                let next = command.words.get(at + 1)?;
                Some((name, next.text.as_deref()?, next))
            }
        }
    })
}

/// Whether a command says any address at all.
fn says_address(command: &Command<'_>) -> bool {
    addresses(command).next().is_some()
}

/// The loopback address that flags say, if they say no other.
fn of_flags<'t>(command: &Command<'t>) -> Option<Bind<'t>> {
    let mut all = addresses(command);
    let (name, value, word) = all.next()?;
    let (host, port) = parts(value);
    if all.next().is_some() || value.contains(',') || form(&host) != Form::Loopback {
        return None;
    }
    Some(Bind {
        // `--host localhost` may be that of something to call.
        confidence: match name {
            "addr" | "address" | "host" if is_named(&host) => Confidence::Medium,
            _ => Confidence::High,
        },
        address: host.clone(),
        port,
        at: word.node,
        host: Some(host),
    })
}

/// Whether a host is a name, and not an address.
fn is_named(host: &str) -> bool {
    host.bytes().any(|byte| byte.is_ascii_alphabetic()) && !host.contains(':')
}

/// The program whose default is loopback, if nothing says otherwise.
fn of_program<'t>(command: &Command<'t>, environment: &Environment<'t>) -> Option<Bind<'t>> {
    let texts = command.texts();
    if let Some(bind) = of_django(command) {
        return Some(bind);
    }
    for (at, word) in command.words.iter().enumerate().take(8) {
        let name = word.text.as_deref().map(base).unwrap_or_default();
        let Some(program) = PROGRAMS.iter().find(|program| program.name == name) else {
            continue;
        };
        let rest = texts.get(at + 1..).unwrap_or_default();
        // `vite build`, `vite --version` do not serve.
        let idle = rest
            .iter()
            .flatten()
            .any(|word| matches!(*word, "build" | "--version" | "--help" | "optimize" | "routes"));
        let serves = program.serves.is_empty()
            || rest
                .iter()
                .flatten()
                .find(|word| !word.starts_with('-'))
                .is_some_and(|word| program.serves.contains(word));
        let told = rest.iter().flatten().any(|word| {
            let flag = word.split('=').next().unwrap_or(word);
            program
                .flags
                .iter()
                .any(|known| flag == *known || (known.len() == 2 && flag.starts_with(known)))
        });
        let set = program.variables.iter().any(|name| !environment.get(name).is_absent());
        if idle || !serves || told || set {
            return None;
        }
        return Some(Bind {
            address: format!("127.0.0.1 ({name}'s default)"),
            port: None,
            at: word.node,
            host: None,
            confidence: if program.sure {
                Confidence::High
            } else {
                Confidence::Medium
            },
        });
    }
    None
}

/// `manage.py runserver` without an address.
fn of_django<'t>(command: &Command<'t>) -> Option<Bind<'t>> {
    let at = command
        .words
        .iter()
        .position(|word| word.text.as_deref() == Some("runserver"))?;
    let manage = command.words.iter().take(at).any(|word| {
        let name = word.text.as_deref().map(base).unwrap_or_default();
        matches!(name, "manage.py" | "django-admin")
    });
    let mut rest = command
        .words
        .iter()
        .skip(at + 1)
        .filter_map(|word| word.text.as_deref());
    let address = rest.find(|word| !word.starts_with('-'));
    let local = address.is_none_or(|address| port(address).is_some());
    if !manage || !local {
        return None;
    }
    Some(Bind {
        address: "127.0.0.1 (runserver's default)".to_owned(),
        port: Some(address.and_then(port).unwrap_or(8000)),
        at: command.words.get(at)?.node,
        host: None,
        confidence: Confidence::High,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parted() {
        for (address, host, port) in [
            ("127.0.0.1:8080", "127.0.0.1", Some(8080)),
            ("http://localhost:5000/", "localhost", Some(5000)),
            ("[::1]:80", "::1", Some(80)),
            ("::1", "::1", None),
            (":80", "", Some(80)),
            ("localhost", "localhost", None),
            ("tcp://127.0.0.1", "127.0.0.1", None),
            ("", "", None),
        ] {
            assert_eq!(parts(address), (host.to_owned(), port), "{address}");
        }
    }
}
