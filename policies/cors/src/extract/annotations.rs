//! What annotations of an Ingress tell its controller, and pieces of nginx's configuration that stand in objects.
//!
//! Sources: ingress-nginx, "Annotations"; HAProxy Kubernetes Ingress Controller and HAProxy Ingress, configuration references;
//! AWS Load Balancer Controller, "Ingress annotations"; NGINX Ingress Controller, "Snippets".

use plimsoll_sdk::{Node, Object, Value, word};

use super::{Answer, Cause, Credentials, Hot, ORIGIN, Opening, text};
use crate::origin;

/// The annotations of one controller.
struct Family {
    controller: &'static str,
    prefix: &'static str,
    switch: &'static str,
    /// The list, and patterns beside it.
    origins: &'static [&'static str],
    /// The whole name, for a fix.
    credentials: &'static str,
    by_default: bool,
}

const FAMILIES: &[Family] = &[
    Family {
        controller: "ingress-nginx",
        prefix: "nginx.ingress.kubernetes.io/",
        switch: "enable-cors",
        origins: &[ORIGIN],
        credentials: "nginx.ingress.kubernetes.io/cors-allow-credentials",
        by_default: true,
    },
    Family {
        controller: "HAProxy Technologies' controller",
        prefix: "haproxy.org/",
        switch: "cors-enable",
        origins: &[ORIGIN],
        credentials: "haproxy.org/cors-allow-credentials",
        by_default: false,
    },
    Family {
        controller: "HAProxy Ingress",
        prefix: "haproxy-ingress.github.io/",
        switch: "cors-enable",
        origins: &[ORIGIN, "cors-allow-origin-regex"],
        credentials: "haproxy-ingress.github.io/cors-allow-credentials",
        by_default: true,
    },
    Family {
        controller: "HAProxy Ingress",
        prefix: "ingress.kubernetes.io/",
        switch: "cors-enable",
        origins: &[ORIGIN, "cors-allow-origin-regex"],
        credentials: "ingress.kubernetes.io/cors-allow-credentials",
        by_default: true,
    },
];

/// The words that Go's ParseBool takes for true, and for either.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "t" | "T" | "1" => Some(true),
        "false" | "False" | "FALSE" | "f" | "F" | "0" => Some(false),
        _ => None,
    }
}

/// The annotations of an Ingress.
pub fn read(object: Object<'_>, hot: &Hot<'_>, found: &mut Vec<Opening>) {
    let Value::Known(annotations) = object.root().at(&[word!("metadata"), word!("annotations")]) else {
        return;
    };
    if !annotations.members().any(|member| hot.node(member)) {
        return;
    }
    let start = found.len();
    for family in FAMILIES {
        found.extend(family.read(object, annotations));
    }
    for member in annotations.members().filter(|member| hot.text(*member)) {
        let key = member.key_text();
        if key.ends_with("-snippet") || key.ends_with("-snippets") {
            let name = key.rsplit('/').next().unwrap_or(key);
            found.extend(text::openings(object, member, name));
        } else if key.starts_with("alb.ingress.kubernetes.io/listener-attributes") {
            found.extend(load_balancer(object, member));
        }
    }
    let (paths, exposed) = (paths(object), !is_internal(object, annotations));
    for opening in found.iter_mut().skip(start) {
        opening.paths.clone_from(&paths);
        opening.exposed = exposed;
    }
}

impl Family {
    fn read(&self, object: Object<'_>, annotations: Node<'_>) -> Option<Opening> {
        let get = |name: &str| annotations.get_text(&format!("{}{name}", self.prefix));
        // Without the switch the list has no effect; where that is decided later, nothing is known.
        let switch = get(self.switch).known()?;
        if boolean(switch.text().known()?) != Some(true) {
            return None;
        }
        let mut unset = true;
        let mut opening = None;
        for name in self.origins {
            let list = get(name);
            unset &= list.is_absent();
            if let Some((list, entry)) = list
                .known()
                .and_then(|list| Some((list, list.text().known().and_then(origin::wildcard)?)))
            {
                let mut one = Opening::new(object, list, *name, entry);
                // What is matched by a pattern is sent back; a literal is sent as it is.
                one.answer = if name.ends_with("regex") {
                    Answer::Echo
                } else {
                    Answer::Literal
                };
                opening = Some(one);
            }
        }
        if opening.is_none() && unset && !is_minion(annotations) {
            let mut one = Opening::new(object, switch, self.switch, "*");
            one.cause = Cause::Default(self.switch, ORIGIN, self.controller);
            one.answer = Answer::Literal;
            one.whole = false;
            opening = Some(one);
        }
        let mut opening = opening?;
        opening.credentials = match annotations.get_text(self.credentials) {
            Value::Known(node) => match node.text().known().and_then(boolean) {
                Some(true) => Credentials::Said(node.index()),
                _ => Credentials::Off,
            },
            Value::Absent if self.by_default => Credentials::Default(annotations.index(), self.credentials),
            _ => Credentials::Off,
        };
        Some(opening)
    }
}

/// Whether the controller takes the rest from another Ingress.
fn is_minion(annotations: Node<'_>) -> bool {
    annotations
        .get_text("nginx.org/mergeable-ingress-type")
        .and_then(Node::text)
        == Value::Known("minion")
}

/// Attributes of an AWS load balancer's listener: `name=value`, by commas.
fn load_balancer(object: Object<'_>, node: Node<'_>) -> Option<Opening> {
    let all = node.text().known()?;
    let value = |name: &str| {
        all.split(',')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| {
                key.trim()
                    .strip_prefix("routing.http.response.")
                    .and_then(|key| key.strip_suffix(".header_value"))
                    == Some(name)
            })
            .map(|(_, value)| value.trim())
    };
    let entry = value("access_control_allow_origin").filter(|value| *value == "*")?;
    let mut opening = Opening::new(object, node, "access_control_allow_origin", entry);
    opening.answer = Answer::Literal;
    if value("access_control_allow_credentials").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        opening.credentials = Credentials::Said(node.index());
    }
    Some(opening)
}

/// Pieces of configuration in the fields of a VirtualServer of NGINX's own controller.
pub fn snippets(object: Object<'_>, hot: &Hot<'_>, found: &mut Vec<Opening>) {
    let mut open = vec![object.root()];
    while let Some(node) = open.pop() {
        for child in node.children() {
            let key = child.key_text();
            if (key.ends_with("-snippets") || key.ends_with("-snippet")) && hot.text(child) {
                let mut openings = text::openings(object, child, key);
                openings.iter_mut().for_each(|opening| opening.exposed = true);
                found.extend(openings);
            }
            open.push(child);
        }
    }
}

/// Every path that an Ingress serves; `/` where it serves everything. Empty where that is not known.
fn paths(object: Object<'_>) -> Vec<String> {
    let Value::Known(spec) = object.root().get(word!("spec")) else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    for rule in spec.items_of(word!("rules")) {
        let Value::Known(http) = rule.get(word!("http")) else {
            // A rule without paths sends everything to the default backend.
            paths.push("/".to_owned());
            continue;
        };
        for item in http.items_of(word!("paths")) {
            match item.text_of(word!("path")).or_default("/") {
                Value::Known(path) => paths.push(path.to_owned()),
                _ => return Vec::new(),
            }
        }
    }
    if !spec.get(word!("defaultBackend")).is_absent() || !spec.get_text("backend").is_absent() {
        paths.push("/".to_owned());
    }
    paths
}

/// Whether an Ingress says that only the inside reaches it.
fn is_internal(object: Object<'_>, annotations: Node<'_>) -> bool {
    let class = object
        .root()
        .at(&[word!("spec"), word!("ingressClassName")])
        .and_then(Node::text);
    let texts = [
        class,
        annotations.get_text("kubernetes.io/ingress.class").and_then(Node::text),
        annotations
            .get_text("alb.ingress.kubernetes.io/scheme")
            .and_then(Node::text),
    ];
    texts
        .into_iter()
        .filter_map(Value::known)
        .any(|text| text.contains("internal") || text.contains("private"))
}
