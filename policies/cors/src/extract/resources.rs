//! Fields of custom resources that hold origins, as a table.
//!
//! Sources: API references of Gateway API, Istio, Envoy Gateway, Contour, Traefik, Kong, APISIX, Emissary, Gloo, kgateway,
//! Gravitee, Tyk, Config Connector, Crossplane's provider for AWS, AWS Controllers for Kubernetes.

use plimsoll_sdk::kube::Kind;
use plimsoll_sdk::{Node, Object, Value};

use super::{Answer, Cause, Credentials, Hot, Opening, nodes_at};
use crate::origin;

/// A place of one kind. Paths are keys joined by dots, `[]` behind a list.
pub struct Resource {
    groups: &'static [&'static str],
    kinds: &'static [&'static str],
    /// The maps that hold a CORS policy.
    holder: &'static str,
    /// A member that tells which plugin a holder is for.
    plugin: Option<(&'static str, &'static str)>,
    /// Lists of origins in it, and what is answered to those that match.
    origins: &'static [(&'static str, Answer)],
    /// The boolean for credentials.
    credentials: &'static str,
    /// Members that switch it: `true` is needed, `false` is, or anything there makes an unset list unknown.
    switch: Switch,
    /// Whose default is any origin, and how the plugin is called, where an unset list means so.
    default: Option<(&'static str, &'static str)>,
    /// Whether the kind is a route of its own.
    route: bool,
}

enum Switch {
    None,
    /// On unless this is false.
    Unless(&'static str),
    /// Off if this is true.
    Disabled(&'static str),
    /// Off unless this is true.
    Only(&'static str),
}

const ECHO: Answer = Answer::Echo;

const PLAIN: Resource = Resource {
    groups: &[],
    kinds: &[],
    holder: "",
    plugin: None,
    origins: &[],
    credentials: "",
    switch: Switch::None,
    default: None,
    route: false,
};

static ALL: &[Resource] = &[
    Resource {
        groups: &["gateway.networking.k8s.io"],
        kinds: &["HTTPRoute", "GRPCRoute"],
        holder: "spec.rules[].filters[].cors",
        origins: &[("allowOrigins", ECHO)],
        credentials: "allowCredentials",
        route: true,
        ..PLAIN
    },
    Resource {
        groups: &["gateway.networking.k8s.io"],
        kinds: &["HTTPRoute", "GRPCRoute"],
        holder: "spec.rules[].backendRefs[].filters[].cors",
        origins: &[("allowOrigins", ECHO)],
        credentials: "allowCredentials",
        route: true,
        ..PLAIN
    },
    Resource {
        groups: &["gateway.envoyproxy.io", "gateway.kgateway.dev", "gateway.nginx.org"],
        kinds: &["SecurityPolicy", "TrafficPolicy"],
        holder: "spec.cors",
        origins: &[("allowOrigins", ECHO)],
        credentials: "allowCredentials",
        ..PLAIN
    },
    Resource {
        groups: &["networking.istio.io"],
        kinds: &["VirtualService"],
        holder: "spec.http[].corsPolicy",
        origins: &[("allowOrigins", ECHO), ("allowOrigin", ECHO)],
        credentials: "allowCredentials",
        route: true,
        ..PLAIN
    },
    Resource {
        groups: &["projectcontour.io"],
        kinds: &["HTTPProxy"],
        holder: "spec.virtualhost.corsPolicy",
        origins: &[("allowOrigin", ECHO)],
        credentials: "allowCredentials",
        route: true,
        ..PLAIN
    },
    Resource {
        groups: &["traefik.io", "traefik.containo.us"],
        kinds: &["Middleware"],
        holder: "spec.headers",
        origins: &[
            ("accessControlAllowOriginList", Answer::Literal),
            ("accessControlAllowOriginListRegex", ECHO),
        ],
        credentials: "accessControlAllowCredentials",
        ..PLAIN
    },
    Resource {
        groups: &["configuration.konghq.com"],
        kinds: &["KongPlugin", "KongClusterPlugin"],
        plugin: Some(("plugin", "cors")),
        origins: &[("config.origins", ECHO)],
        credentials: "config.credentials",
        switch: Switch::Disabled("disabled"),
        default: Some(("Kong", "config.origins")),
        ..PLAIN
    },
    Resource {
        groups: &["apisix.apache.org"],
        kinds: &["ApisixRoute"],
        holder: "spec.http[].plugins[]",
        route: true,
        ..APISIX
    },
    Resource {
        kinds: &[
            "ApisixPluginConfig",
            "ApisixClusterConfig",
            "ApisixGlobalRule",
            "ApisixConsumer",
            "PluginConfig",
        ],
        holder: "spec.plugins[]",
        ..APISIX
    },
    Resource {
        groups: &["getambassador.io"],
        kinds: &["Mapping"],
        holder: "spec.cors",
        origins: &[("origins", ECHO)],
        credentials: "credentials",
        route: true,
        ..PLAIN
    },
    Resource {
        groups: &["getambassador.io"],
        kinds: &["Module"],
        holder: "spec.config.cors",
        origins: &[("origins", ECHO)],
        credentials: "credentials",
        ..PLAIN
    },
    Resource {
        kinds: &["VirtualService"],
        holder: "spec.virtualHost.options.cors",
        route: true,
        ..GLOO
    },
    Resource {
        kinds: &["VirtualService", "RouteTable"],
        holder: "spec.virtualHost.routes[].options.cors",
        route: true,
        ..GLOO
    },
    Resource {
        kinds: &["RouteTable"],
        holder: "spec.routes[].options.cors",
        route: true,
        ..GLOO
    },
    Resource {
        kinds: &["RouteOption", "VirtualHostOption"],
        holder: "spec.options.cors",
        ..GLOO
    },
    Resource {
        groups: &["gravitee.io"],
        kinds: &["ApiDefinition"],
        holder: "spec.proxy.cors",
        origins: &[("allowOrigin", Answer::Either)],
        credentials: "allowCredentials",
        switch: Switch::Only("enabled"),
        ..PLAIN
    },
    Resource {
        groups: &["gravitee.io"],
        kinds: &["ApiV4Definition"],
        holder: "spec.listeners[].cors",
        origins: &[("allowOrigin", Answer::Either)],
        credentials: "allowCredentials",
        switch: Switch::Only("enabled"),
        ..PLAIN
    },
    Resource {
        groups: &["tyk.tyk.io"],
        kinds: &["ApiDefinition"],
        holder: "spec.CORS",
        origins: &[("allowed_origins", Answer::Either)],
        credentials: "allow_credentials",
        switch: Switch::Only("enable"),
        ..PLAIN
    },
    // Storage answers without credentials of the browser's.
    Resource {
        groups: &["storage.cnrm.cloud.google.com"],
        kinds: &["StorageBucket"],
        holder: "spec.cors[]",
        origins: &[("origin", ECHO)],
        ..PLAIN
    },
    Resource {
        groups: &["s3.aws.upbound.io", "s3.aws.m.upbound.io"],
        kinds: &["BucketCorsConfiguration"],
        holder: "spec.forProvider.corsRule[]",
        origins: &[("allowedOrigins", ECHO)],
        ..PLAIN
    },
    Resource {
        groups: &["s3.aws.crossplane.io"],
        kinds: &["Bucket"],
        holder: "spec.forProvider.corsConfiguration.corsRules[]",
        origins: &[("allowedOrigins", ECHO)],
        ..PLAIN
    },
    Resource {
        groups: &["s3.services.k8s.aws"],
        kinds: &["Bucket"],
        holder: "spec.cors.corsRules[]",
        origins: &[("allowedOrigins", ECHO)],
        ..PLAIN
    },
];

const APISIX: Resource = Resource {
    groups: &["apisix.apache.org"],
    plugin: Some(("name", "cors")),
    origins: &[
        ("config.allow_origins", Answer::Literal),
        ("config.allow_origins_by_regex", ECHO),
    ],
    credentials: "config.allow_credential",
    switch: Switch::Unless("enable"),
    default: Some(("APISIX", "config.allow_origins")),
    ..PLAIN
};

const GLOO: Resource = Resource {
    groups: &["gateway.solo.io"],
    origins: &[("allowOrigin", ECHO), ("allowOriginRegex", ECHO)],
    credentials: "allowCredentials",
    ..PLAIN
};

/// The places of a kind.
pub fn of(group: &str, kind: &str) -> impl Iterator<Item = &'static Resource> {
    ALL.iter()
        .filter(move |one| one.groups.contains(&group) && one.kinds.contains(&kind))
}

impl Resource {
    /// What an object of it lets in.
    pub fn read(&self, object: Object<'_>, found: &mut Vec<Opening>) {
        let holders = nodes_at(object.root(), self.holder);
        let rules = if self.route && !holders.is_empty() {
            rules(object)
        } else {
            Vec::new()
        };
        for holder in holders {
            let is_it = self
                .plugin
                .is_none_or(|(key, name)| holder.get_text(key).and_then(Node::text) == Value::Known(name));
            if is_it && self.is_on(holder) {
                found.extend(self.read_holder(object, holder).map(|mut opening| {
                    opening.paths = paths(&rules, holder);
                    opening
                }));
            }
        }
    }

    fn is_on(&self, holder: Node<'_>) -> bool {
        let says = |key: &str| holder.get_text(key).and_then(Node::boolean);
        match self.switch {
            Switch::None => true,
            Switch::Unless(key) => says(key).or_default(true) == Value::Known(true),
            Switch::Disabled(key) => says(key).or_default(false) == Value::Known(false),
            Switch::Only(key) => says(key) == Value::Known(true),
        }
    }

    fn read_holder(&self, object: Object<'_>, holder: Node<'_>) -> Option<Opening> {
        let mut opening = None;
        let mut unset = true;
        for &(path, answer) in self.origins {
            let list = member(holder, path);
            unset &= list.is_absent() || list.known().is_some_and(Node::is_empty);
            if opening.is_some() {
                continue;
            }
            if let Some((at, entry)) = list.known().and_then(any) {
                let mut one = Opening::new(object, at, path.rsplit('.').next().unwrap_or(path), &entry);
                one.answer = if entry == "**" { ECHO } else { answer };
                opening = Some(one);
            }
        }
        if let (true, None, Some((product, list))) = (unset, &opening, self.default) {
            // What is configured elsewhere is not known.
            let elsewhere = ["configFrom", "configPatches", "secretRef"];
            if elsewhere.iter().all(|key| holder.get_text(key).is_absent()) {
                let at = self
                    .plugin
                    .map_or(Value::Known(holder), |(key, _)| holder.get_text(key))
                    .known()?;
                let mut one = Opening::new(object, at, list, "*");
                one.cause = Cause::Default("the plugin cors", list, product);
                one.answer = self.origins.first().map_or(Answer::Either, |&(_, answer)| answer);
                one.whole = false;
                opening = Some(one);
            }
        }
        let mut opening = opening?;
        if let (false, Value::Known(node)) = (self.credentials.is_empty(), member(holder, self.credentials))
            && (node.boolean() == Value::Known(true) || node.text() == Value::Known("true"))
        {
            opening.credentials = Credentials::Said(node.index());
        }
        opening.exposed = self.route;
        Some(opening)
    }
}

/// A member by a path of keys.
fn member<'t>(node: Node<'t>, path: &str) -> Value<Node<'t>> {
    path.split('.')
        .fold(Value::Known(node), |node, key| node.and_then(|node| node.get_text(key)))
}

/// The first origin that stands for all, in a text, a list of texts, or a list of matches.
fn any(list: Node<'_>) -> Option<(Node<'_>, String)> {
    match list.kind() {
        Kind::Sequence => list.items().find_map(|item| match item.kind() {
            Kind::Map => any_match(item),
            _ => of_text(item),
        }),
        _ => of_text(list),
    }
}

fn of_text(node: Node<'_>) -> Option<(Node<'_>, String)> {
    let entry = node.text().known().and_then(origin::wildcard)?;
    Some((node, entry.to_owned()))
}

/// Envoy's and Istio's matches of strings. Envoy lets all in where a match takes a literal `*`, as a prefix, too.
fn any_match(item: Node<'_>) -> Option<(Node<'_>, String)> {
    item.members().find_map(|member| {
        let (node, text) = match member.key_text() {
            "exact" | "prefix" => (member, member.text().known()?),
            "regex" => (member, member.text().known()?),
            "safeRegex" | "safe_regex" => {
                let node = member.get_text("regex").known()?;
                (node, node.text().known()?)
            }
            _ => return None,
        };
        let is_any = match member.key_text() {
            "exact" => text == "*",
            "prefix" => matches!(text, "" | "*" | "http" | "http://" | "https://"),
            _ => origin::wildcard(text).is_some(),
        };
        is_any.then(|| (node, text.to_owned()))
    })
}

/// The rules of a route that say which paths they are for, in the order of the tree: Gateway API's and Istio's.
fn rules(object: Object<'_>) -> Vec<Node<'_>> {
    ["spec.rules[]", "spec.http[]"]
        .into_iter()
        .flat_map(|path| nodes_at(object.root(), path))
        .collect()
}

/// The paths of the rule that a holder lies in.
fn paths(rules: &[Node<'_>], holder: Node<'_>) -> Vec<String> {
    // The last rule that begins before the holder is the one it lies in.
    let next = rules.partition_point(|rule| rule.index() <= holder.index());
    let Some(&rule) = next.checked_sub(1).and_then(|last| rules.get(last)) else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    for matched in ["matches[]", "match[]"]
        .into_iter()
        .flat_map(|path| nodes_at(rule, path))
    {
        let path = ["path.value", "uri.prefix", "uri.exact"]
            .into_iter()
            .find_map(|path| member(matched, path).and_then(Node::text).known());
        match path {
            Some(path) => paths.push(path.to_owned()),
            None => return vec!["/".to_owned()],
        }
    }
    paths
}

/// CORS policies in what an EnvoyFilter puts into Envoy's configuration, wherever they stand.
pub fn envoy_filter(object: Object<'_>, hot: &Hot<'_>, found: &mut Vec<Opening>) {
    let mut open = vec![object.root()];
    while let Some(node) = open.pop() {
        for child in node.children() {
            open.push(child);
            if !child.key().is_some_and(|key| hot.has(key)) && !hot.text(child) {
                continue;
            }
            if matches!(
                child.key_text(),
                "allow_origin_string_match" | "allowOriginStringMatch" | "allow_origin" | "allow_origin_regex"
            ) {
                if let Some((at, entry)) = any(child) {
                    let mut one = Opening::new(object, at, child.key_text(), &entry);
                    one.answer = ECHO;
                    let credentials = ["allow_credentials", "allowCredentials"]
                        .into_iter()
                        .find_map(|key| node.get_text(key).known());
                    if let Some(credentials) = credentials.filter(|node| is_true(*node)) {
                        one.credentials = Credentials::Said(credentials.index());
                    }
                    found.push(one);
                }
            } else if child.kind() == Kind::String {
                found.extend(super::text::openings(object, child, child.key_text()));
            }
        }
    }
}

/// `true`, also as protobuf's BoolValue is written in full.
fn is_true(node: Node<'_>) -> bool {
    node.boolean() == Value::Known(true) || node.get_text("value").and_then(Node::boolean) == Value::Known(true)
}
