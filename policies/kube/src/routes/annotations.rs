//! Services that annotations of an Ingress name.
//!
//! Sources: ingress-nginx documentation, page "Annotations" (`auth-url`, `mirror-target`, `default-backend`); AWS load balancer
//! controller documentation, page "Ingress annotations" (`actions`).

use std::borrow::Cow;

use super::{Against, Backend, Port, Route, To};
use crate::hosts::{default_port, scan::scan, service_names};
use crate::{Node, Object, Value, word};

const NGINX: &str = "nginx.ingress.kubernetes.io/";
const ACTIONS: &str = "alb.ingress.kubernetes.io/actions.";

/// Longest action that is read, in bytes.
const MAX_ACTION: usize = 64 << 10;

/// Adds what the annotations of an Ingress name.
pub fn read<'t>(object: Object<'t>, route: &mut Route<'t>) {
    let Value::Known(all) = object.root().at(&[word!("metadata"), word!("annotations")]) else {
        return;
    };
    for at in all.members() {
        let Value::Known(text) = at.text() else { continue };
        match at.key_text().strip_prefix(NGINX) {
            Some("auth-url" | "mirror-target") => route.backends.extend(url(at, text)),
            Some("default-backend") if !text.contains('/') => {
                route
                    .backends
                    .extend(Backend::service(at, Value::Known(at), Value::Absent, Port::Unsaid));
            }
            _ => {}
        }
        if at.key_text().starts_with(ACTIONS) && text.len() <= MAX_ACTION {
            actions(at, text, route);
        }
    }
}

/// A URL that the controller's pods call: a short name would be looked up in *their* namespace, so it says nothing here.
fn url<'t>(at: Node<'t>, text: &'t str) -> Option<Backend<'t>> {
    let found = scan(text, false).into_iter().next()?;
    let host = text.get(found.host)?;
    let namespaced = service_names(host).any(|name| name.sure);
    let port = match found.port {
        Some(range) => match text.get(range.clone())?.parse() {
            Ok(number) => Port::Number {
                number,
                at,
                within: Some(range),
            },
            Err(_) => Port::Unknown,
        },
        None => default_port(text.get(found.scheme)?).map_or(Port::Unknown, Port::Default),
    };
    namespaced.then_some(Backend {
        at,
        to: To::Host {
            at,
            host: Cow::Borrowed(host),
        },
        port,
        against: Against::Service,
    })
}

/// The target groups of an action, in JSON: flat maps with `serviceName` and `servicePort`.
fn actions<'t>(at: Node<'t>, text: &'t str, route: &mut Route<'t>) {
    for (number, _) in text.match_indices("\"serviceName\"") {
        let start = text.get(..number).and_then(|head| head.rfind('{')).unwrap_or(0);
        let end = text
            .get(number..)
            .and_then(|rest| rest.find('}'))
            .map_or(text.len(), |end| number + end);
        let member = |key: &str| {
            let key_at = text.get(start..end)?.find(key)? + start;
            scalar(text, key_at + key.len(), end)
        };
        let (Some(name), port) = (member("\"serviceName\""), member("\"servicePort\"")) else {
            continue;
        };
        let port = match port {
            Some(range) => {
                let text = text.get(range.clone()).unwrap_or_default();
                match text.parse() {
                    Ok(number) => Port::Number {
                        number,
                        at,
                        within: Some(range),
                    },
                    Err(_) => Port::Name {
                        name: text,
                        at,
                        within: Some(range),
                    },
                }
            }
            None => Port::Unsaid,
        };
        route.backends.push(Backend {
            at,
            to: To::Service {
                name: at,
                text: Value::Known(text.get(name).unwrap_or_default()),
                namespace: Value::Absent,
            },
            port,
            against: Against::Service,
        });
    }
}

/// The scalar behind a colon: a string without its quotes, or a number.
fn scalar(text: &str, from: usize, end: usize) -> Option<std::ops::Range<usize>> {
    let rest = text.get(from..end)?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    let start = end - value.len();
    match value.strip_prefix('"') {
        Some(inner) => Some(start + 1..start + 1 + inner.find('"')?),
        None => {
            let length = value.bytes().take_while(u8::is_ascii_digit).count();
            (length > 0).then_some(start..start + length)
        }
    }
}
