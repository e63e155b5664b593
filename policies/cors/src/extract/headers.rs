//! Response headers that custom resources add to answers, as a table.
//!
//! Sources: API references of Gateway API, Istio, Contour, Traefik, Google's BackendConfig, OpenShift, Azure's Application Gateway
//! ingress controller, Emissary, Kong, APISIX, Gloo.

use plimsoll_sdk::{Node, Object};

use super::{Answer, Credentials, Opening, nodes_at};

/// Headers of one kind. Paths as for resources.
pub struct Headers {
    groups: &'static [&'static str],
    kinds: &'static [&'static str],
    /// The maps that hold lists of headers; credentials are looked for in all lists of one map.
    holder: &'static str,
    /// A member that tells which plugin a holder is for.
    plugin: Option<(&'static str, &'static [&'static str])>,
    /// Lists in it.
    lists: &'static [&'static str],
    shape: Shape,
    route: bool,
}

/// How headers are written.
enum Shape {
    /// `name: value`
    Map,
    /// Items with these members.
    Pairs(&'static str, &'static str),
    /// Items `name: value`
    Lines,
}

const TRAEFIK: &[&str] = &["traefik.io", "traefik.containo.us"];

static ALL: &[Headers] = &[
    Headers {
        groups: &["gateway.networking.k8s.io"],
        kinds: &["HTTPRoute", "GRPCRoute"],
        holder: "spec.rules[].filters[].responseHeaderModifier",
        plugin: None,
        lists: &["set", "add"],
        shape: Shape::Pairs("name", "value"),
        route: true,
    },
    Headers {
        groups: &["gateway.networking.k8s.io"],
        kinds: &["HTTPRoute", "GRPCRoute"],
        holder: "spec.rules[].backendRefs[].filters[].responseHeaderModifier",
        plugin: None,
        lists: &["set", "add"],
        shape: Shape::Pairs("name", "value"),
        route: true,
    },
    Headers {
        groups: &["networking.istio.io"],
        kinds: &["VirtualService"],
        holder: "spec.http[].headers.response",
        plugin: None,
        lists: &["set", "add"],
        shape: Shape::Map,
        route: true,
    },
    Headers {
        groups: &["networking.istio.io"],
        kinds: &["VirtualService"],
        holder: "spec.http[].route[].headers.response",
        plugin: None,
        lists: &["set", "add"],
        shape: Shape::Map,
        route: true,
    },
    Headers {
        groups: &["projectcontour.io"],
        kinds: &["HTTPProxy"],
        holder: "spec.routes[].responseHeadersPolicy",
        plugin: None,
        lists: &["set"],
        shape: Shape::Pairs("name", "value"),
        route: true,
    },
    Headers {
        groups: &["projectcontour.io"],
        kinds: &["HTTPProxy"],
        holder: "spec.routes[].services[].responseHeadersPolicy",
        plugin: None,
        lists: &["set"],
        shape: Shape::Pairs("name", "value"),
        route: true,
    },
    Headers {
        groups: TRAEFIK,
        kinds: &["Middleware"],
        holder: "spec.headers",
        plugin: None,
        lists: &["customResponseHeaders"],
        shape: Shape::Map,
        route: false,
    },
    Headers {
        groups: &["cloud.google.com"],
        kinds: &["BackendConfig"],
        holder: "spec.customResponseHeaders",
        plugin: None,
        lists: &["headers"],
        shape: Shape::Lines,
        route: false,
    },
    Headers {
        groups: &["route.openshift.io"],
        kinds: &["Route"],
        holder: "spec.httpHeaders.actions",
        plugin: None,
        lists: &["response"],
        shape: Shape::Pairs("name", "action.set.value"),
        route: true,
    },
    Headers {
        groups: &["appgw.ingress.azure.io"],
        kinds: &["AzureApplicationGatewayRewrite"],
        holder: "spec.rewriteRules[].actions",
        plugin: None,
        lists: &["responseHeaderConfigurations"],
        shape: Shape::Pairs("headerName", "headerValue"),
        route: false,
    },
    Headers {
        groups: &["getambassador.io"],
        kinds: &["Mapping"],
        holder: "spec",
        plugin: None,
        lists: &["add_response_headers"],
        shape: Shape::Map,
        route: true,
    },
    Headers {
        groups: &["configuration.konghq.com"],
        kinds: &["KongPlugin", "KongClusterPlugin"],
        holder: "",
        plugin: Some(("plugin", &["response-transformer", "response-transformer-advanced"])),
        lists: &["config.add.headers", "config.append.headers", "config.replace.headers"],
        shape: Shape::Lines,
        route: false,
    },
    Headers {
        groups: &["apisix.apache.org"],
        kinds: &["ApisixRoute"],
        holder: "spec.http[].plugins[]",
        plugin: Some(("name", &["response-rewrite"])),
        lists: &["config.headers", "config.headers.set"],
        shape: Shape::Map,
        route: true,
    },
    Headers {
        groups: &["apisix.apache.org"],
        kinds: &[
            "ApisixPluginConfig",
            "ApisixClusterConfig",
            "ApisixGlobalRule",
            "PluginConfig",
        ],
        holder: "spec.plugins[]",
        plugin: Some(("name", &["response-rewrite"])),
        lists: &["config.headers", "config.headers.set"],
        shape: Shape::Map,
        route: false,
    },
    Headers {
        groups: &["gateway.solo.io"],
        kinds: &["VirtualService"],
        holder: "spec.virtualHost.options.headerManipulation",
        plugin: None,
        lists: &["responseHeadersToAdd"],
        shape: Shape::Pairs("header.key", "header.value"),
        route: true,
    },
    Headers {
        groups: &["gateway.solo.io"],
        kinds: &["RouteOption", "VirtualHostOption"],
        holder: "spec.options.headerManipulation",
        plugin: None,
        lists: &["responseHeadersToAdd"],
        shape: Shape::Pairs("header.key", "header.value"),
        route: false,
    },
];

/// The headers of a kind.
pub fn of(group: &str, kind: &str) -> impl Iterator<Item = &'static Headers> {
    ALL.iter()
        .filter(move |one| one.groups.contains(&group) && one.kinds.contains(&kind))
}

impl Headers {
    /// What an object of it lets in.
    pub fn read(&self, object: Object<'_>, found: &mut Vec<Opening>) {
        for holder in nodes_at(object.root(), self.holder) {
            let is_it = self.plugin.is_none_or(|(key, names)| {
                holder
                    .get_text(key)
                    .and_then(Node::text)
                    .known()
                    .is_some_and(|name| names.contains(&name))
            });
            if is_it {
                found.extend(self.read_holder(object, holder));
            }
        }
    }

    fn read_holder(&self, object: Object<'_>, holder: Node<'_>) -> Option<Opening> {
        let mut all: Vec<(Node<'_>, &str, &str)> = Vec::new();
        for list in self.lists.iter().flat_map(|list| nodes_at(holder, list)) {
            match self.shape {
                Shape::Map => all.extend(list.members().filter_map(|member| {
                    // Emissary also takes a map with the value in it.
                    let value = member.get_text("value").known().unwrap_or(member);
                    Some((value, member.key_text(), value.text().known()?))
                })),
                Shape::Pairs(name, value) => all.extend(list.items().filter_map(|item| {
                    let value = *nodes_at(item, value).first()?;
                    Some((
                        value,
                        nodes_at(item, name).first()?.text().known()?,
                        value.text().known()?,
                    ))
                })),
                Shape::Lines => all.extend(list.items().filter_map(|item| {
                    let (name, value) = item.text().known()?.split_once(':')?;
                    Some((item, name, value))
                })),
            }
        }
        let header = |wanted: &str| {
            all.iter()
                .find(|(_, name, _)| name.trim().eq_ignore_ascii_case(wanted))
                .map(|&(node, _, value)| (node, value.trim().trim_matches(['"', '\''])))
        };
        let (at, value) = header("access-control-allow-origin")?;
        // Traefik takes an empty value for "remove it".
        if value != "*" {
            return None;
        }
        let mut opening = Opening::new(object, at, "Access-Control-Allow-Origin", value);
        opening.answer = Answer::Literal;
        opening.exposed = self.route;
        if let Some((node, _)) =
            header("access-control-allow-credentials").filter(|(_, value)| value.eq_ignore_ascii_case("true"))
        {
            opening.credentials = Credentials::Said(node.index());
        }
        Some(opening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_its_own_headers() {
        assert_eq!(of("gateway.networking.k8s.io", "HTTPRoute").count(), 2);
        assert_eq!(of("shop.example", "HTTPRoute").count(), 0);
    }
}
