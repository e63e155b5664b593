//! Where a broker's listeners are set: variables, mounted files, the command line and what scripts in it write.
//!
//! Sources: Kafka documentation, "Broker Configs" (listeners, advertised.listeners, listener.security.protocol.map,
//! inter.broker.listener.name, controller.listener.names); manuals of the images (variables `KAFKA_…`, `KAFKA_CFG_…`).

use std::ops::Range;

use plimsoll_sdk::kube::bytes::contains;
use plimsoll_sdk::kube::{Container, Environment, Workload, mounts_of};
use plimsoll_sdk::{Bundle, Node, Value};

/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 256 << 10;

/// Listeners in one list; more are no broker's.
const MAX_LISTENERS: usize = 64;

/// A setting's text and its place.
#[derive(Clone, Copy)]
pub struct Setting<'t> {
    /// The scalar.
    pub at: Node<'t>,
    /// The text.
    pub text: &'t str,
    /// Where it begins in the scalar's.
    pub start: usize,
}

/// The settings of one broker about listeners. None where one is not set, or is set in several ways.
#[derive(Default)]
pub struct Config<'t> {
    /// Where it listens.
    pub listeners: Option<Setting<'t>>,
    /// What it tells its clients.
    pub advertised: Option<Setting<'t>>,
    /// Name and protocol of each listener.
    pub protocols: Option<Setting<'t>>,
    /// The listener that brokers use among each other.
    pub inter_broker: Option<Setting<'t>>,
    /// The listeners of controllers.
    pub controllers: Option<Setting<'t>>,
    /// Settings that are set in several ways, or may be set where it is not seen.
    pub unsure: bool,
}

/// Name in files, and what variables of it end in.
const KEYS: [(&str, &str); 5] = [
    ("listeners", "LISTENERS"),
    ("advertised.listeners", "ADVERTISED_LISTENERS"),
    ("listener.security.protocol.map", "LISTENER_SECURITY_PROTOCOL_MAP"),
    ("inter.broker.listener.name", "INTER_BROKER_LISTENER_NAME"),
    ("controller.listener.names", "CONTROLLER_LISTENER_NAMES"),
];

impl<'t> Config<'t> {
    /// What a container is told; none where it is told nothing of the kind.
    pub fn of(
        bundle: &Bundle<'t>,
        workload: Workload<'t>,
        container: Container<'t>,
        environment: &Environment<'t>,
    ) -> Option<Self> {
        let mut found: [Vec<Setting<'t>>; 5] = Default::default();
        for (name, variable) in environment.iter() {
            let Some(name) = name.strip_prefix("KAFKA_") else {
                continue;
            };
            let name = name.strip_prefix("CFG_").unwrap_or(name);
            for ((_, key), list) in KEYS.iter().zip(&mut found) {
                if *key == name && !variable.secret {
                    let text = variable.at.raw_text().filter(|text| readable(variable.at, text));
                    list.push(Setting {
                        at: variable.at,
                        text: text.unwrap_or("$"),
                        start: 0,
                    });
                }
            }
        }
        let mounts = mounts_of(bundle, workload, container);
        let words = container.command().into_iter().chain(container.args());
        for node in mounts.files.iter().map(|file| file.node).chain(words) {
            let Some(text) = node
                .raw_text()
                .filter(|text| text.len() <= MAX_TEXT && contains(*text, "istener"))
            else {
                continue;
            };
            read(node, text, &mut found);
        }
        let mut unsure = environment.is_open() || mounts.unseen;
        let mut only = found.into_iter().map(|mut list| {
            list.dedup_by(|a, b| a.text == b.text);
            unsure |= list.len() > 1;
            list.pop().filter(|_| list.is_empty())
        });
        let config = Config {
            listeners: only.next().flatten(),
            advertised: only.next().flatten(),
            protocols: only.next().flatten(),
            inter_broker: only.next().flatten(),
            controllers: only.next().flatten(),
            unsure: false,
        };
        drop(only);
        let any = config.listeners.is_some() || config.advertised.is_some();
        any.then_some(Config { unsure, ..config })
    }
}

/// Whether a scalar's text is what it says, as far as it has no template marks.
fn readable(at: Node<'_>, text: &str) -> bool {
    at.is_final() || text.contains('$') || text.contains("{{")
}

/// Settings in a file or a script: `key=value`, also as a variable.
fn read<'t>(at: Node<'t>, text: &'t str, found: &mut [Vec<Setting<'t>>; 5]) {
    if !readable(at, text) {
        return;
    }
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let start = line_start;
        line_start += line.len();
        if line.trim_start().starts_with(['#', '!']) {
            continue;
        }
        for ((key, variable), list) in KEYS.iter().zip(&mut *found) {
            let assigned = after(line, key, &[]).or_else(|| after(line, variable, &["KAFKA_", "KAFKA_CFG_"]));
            let Some(from) = assigned else { continue };
            let value = line.get(from..).unwrap_or_default();
            let quoted = value.starts_with(['"', '\'']);
            let lead = usize::from(quoted);
            let value = value.get(lead..).unwrap_or_default();
            let value = value.get(..value_end(value)).unwrap_or_default();
            list.push(Setting {
                at,
                text: value,
                start: start + from + lead,
            });
        }
    }
}

/// Where the value begins that a line gives to a key, behind one of these prefixes if there are any.
fn after(line: &str, key: &str, prefixes: &[&str]) -> Option<usize> {
    line.match_indices(key).find_map(|(at, _)| {
        let head = line.get(..at)?;
        let head = if prefixes.is_empty() {
            head
        } else {
            prefixes.iter().find_map(|prefix| head.strip_suffix(prefix))?
        };
        let bounded = head.is_empty() || head.ends_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        let rest = line.get(at + key.len()..)?;
        let value = rest.trim_start().strip_prefix('=')?;
        // `key = value` of a file; a script has no blanks.
        let value = if rest.starts_with('=') {
            value
        } else {
            value.trim_start()
        };
        bounded.then_some(line.len() - value.len())
    })
}

/// Where a value ends: at a blank or quote that is in no template mark.
fn value_end(value: &str) -> usize {
    let mut depth = 0_u32;
    for (at, c) in value.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            '\n' => return at,
            c if depth == 0 && (c.is_whitespace() || matches!(c, '"' | '\'' | ';')) => return at,
            _ => {}
        }
    }
    value.len()
}

/// One of a list of listeners.
#[derive(Clone)]
pub struct Listener<'t> {
    /// Its name, in upper case: names are compared so.
    pub name: String,
    /// Its host, which may be empty or hold template marks.
    pub host: &'t str,
    /// Its port, if it is known.
    pub port: Option<u16>,
    /// Its bytes in the scalar.
    pub within: Range<usize>,
}

/// The listeners of a list; none where it is not wholly understood.
pub fn listeners<'t>(setting: Setting<'t>, environment: &Environment<'t>) -> Option<Vec<Listener<'t>>> {
    let mut all = Vec::new();
    let mut from = setting.start;
    for piece in setting.text.split(',') {
        let trimmed = piece.trim();
        let lead = piece.len() - piece.trim_start().len();
        let start = from + lead;
        from += piece.len() + 1;
        if trimmed.is_empty() {
            continue;
        }
        let (name, rest) = trimmed.split_once("://")?;
        let (host, port) = rest.rsplit_once(':')?;
        if all.len() == MAX_LISTENERS || !is_name(name) {
            return None;
        }
        let port = match environment.expand(port) {
            Value::Known(port) => port.parse().ok(),
            _ => None,
        };
        // A list of hosts, a path: no listener.
        if host.contains('/') && !host.contains('$') {
            return None;
        }
        all.push(Listener {
            name: name.to_ascii_uppercase(),
            host,
            port,
            within: start..start + trimmed.len(),
        });
    }
    (!all.is_empty()).then_some(all)
}

/// The names that the protocol map has, in upper case; none where it is not wholly understood.
pub fn mapped(setting: Setting<'_>) -> Option<Vec<String>> {
    let pairs = setting.text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, _) = pair.split_once(':')?;
            is_name(name.trim()).then(|| name.trim().to_ascii_uppercase())
        })
        .collect()
}

/// The names in a plain list, in upper case; none where it is not wholly understood.
pub fn names(setting: Setting<'_>) -> Option<Vec<String>> {
    let names = setting.text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| is_name(name).then(|| name.to_ascii_uppercase()))
        .collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
