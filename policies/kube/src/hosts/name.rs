//! What a host is, by its form alone.
//!
//! Sources: Kubernetes documentation, page "DNS for Services and Pods"; RFC 1123 (names); RFC 5737, 4291 (addresses).

use std::net::IpAddr;

/// What a host is, by its form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The pod itself: `localhost`, 127.0.0.0/8, `::1`.
    Loopback,
    /// Every address of the pod: `0.0.0.0`, `::`, `*`. Something to listen on, not to call.
    Any,
    /// Any other address.
    Address,
    /// A name, which may be that of a Service.
    Name,
    /// Decided later, or no host at all.
    Unknown,
}

/// The form of a host, as it stands in a URL.
#[must_use]
pub fn form(host: &str) -> Form {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    if matches!(host, "*" | "+" | "0") {
        return Form::Any;
    }
    if let Ok(address) = bare.parse::<IpAddr>() {
        return if address.is_loopback() {
            Form::Loopback
        } else if address.is_unspecified() {
            Form::Any
        } else {
            Form::Address
        };
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost") {
        return Form::Loopback;
    }
    let valid = !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        });
    // Digits and dots alone are a broken address.
    if valid && name.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        Form::Name
    } else {
        Form::Unknown
    }
}

/// What a name means if it is the name of a Service, or of a pod behind one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceName<'a> {
    /// Name of a pod, where the Service has no address of its own.
    pub pod: Option<&'a str>,
    /// Name of the Service.
    pub service: &'a str,
    /// Its namespace; that of the caller where none is named.
    pub namespace: Option<&'a str>,
    /// Whether it can be nothing else: it goes on with `svc`.
    pub sure: bool,
}

/// What a name may mean as the name of a Service, the likeliest first. Nothing for names of the world outside.
pub fn service_names(host: &str) -> impl Iterator<Item = ServiceName<'_>> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let mut labels = name.split('.');
    let (first, second, third, fourth) = (
        labels.next().unwrap_or(name),
        labels.next(),
        labels.next(),
        labels.next(),
    );
    let named = |pod, service, namespace, sure| {
        Some(ServiceName {
            pod,
            service,
            namespace,
            sure,
        })
    };
    let both = match (second, third, fourth) {
        (None, ..) => [named(None, first, None, false), None],
        (Some(second), None, _) => [
            named(None, first, Some(second), false),
            named(Some(first), second, None, false),
        ],
        (Some(second), Some("svc"), _) => [named(None, first, Some(second), true), None],
        (Some(second), Some(third), Some("svc")) => [named(Some(first), second, Some(third), true), None],
        (Some(second), Some(third), None) => [named(Some(first), second, Some(third), false), None],
        _ => [None, None],
    };
    both.into_iter().flatten()
}

/// Domains under which names of the world outside end, when they have two labels only: more than a Service has by any form.
const TOP: &[&str] = &[
    "com", "org", "net", "io", "edu", "gov", "mil", "info", "biz", "cloud", "co", "de", "uk", "eu", "fr", "nl", "ch",
    "us", "ca", "jp", "cn", "in", "br", "au", "example", "test", "invalid", "tech", "xyz", "me", "sh", "so", "tv",
];

/// Whether a name lies outside of the cluster, by its form: it ends in a public domain, or has so many labels that it is no
/// Service's.
#[must_use]
pub fn is_external(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or(name);
    let dots = name.bytes().filter(|&byte| byte == b'.').count();
    let public = TOP.iter().any(|top| last.eq_ignore_ascii_case(top));
    let svc = service_names(name).any(|name| name.sure);
    !svc && ((dots >= 1 && public) || dots >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_forms() {
        for (host, expected) in [
            ("localhost", Form::Loopback),
            ("LOCALHOST", Form::Loopback),
            ("127.0.0.1", Form::Loopback),
            ("[::1]", Form::Loopback),
            ("0.0.0.0", Form::Any),
            ("[::]", Form::Any),
            ("*", Form::Any),
            ("10.0.0.7", Form::Address),
            ("[fd00::7]", Form::Address),
            ("db", Form::Name),
            ("db_1", Form::Name),
            ("db.shop.svc.cluster.local.", Form::Name),
            ("10.0.0", Form::Unknown),
            ("$(DB_HOST)", Form::Unknown),
            ("-db", Form::Unknown),
            ("a..b", Form::Unknown),
            ("", Form::Unknown),
        ] {
            assert_eq!(form(host), expected, "{host}");
        }
    }

    #[test]
    fn names_of_services_have_forms() {
        let read = |host| {
            service_names(host)
                .map(|name| {
                    format!(
                        "{}/{}/{}/{}",
                        name.pod.unwrap_or("-"),
                        name.service,
                        name.namespace.unwrap_or("-"),
                        name.sure
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(read("db"), ["-/db/-/false"]);
        assert_eq!(read("db.shop"), ["-/db/shop/false", "db/shop/-/false"]);
        assert_eq!(read("db.shop.svc"), ["-/db/shop/true"]);
        assert_eq!(read("db.shop.svc.cluster.local"), ["-/db/shop/true"]);
        assert_eq!(read("db-0.db.shop"), ["db-0/db/shop/false"]);
        assert_eq!(read("db-0.db.shop.svc.cluster.local"), ["db-0/db/shop/true"]);
        assert!(read("api.eu.shop.example").is_empty());
    }

    #[test]
    fn what_ends_in_a_public_domain_is_outside() {
        assert!(is_external("shop.example.com"));
        assert!(is_external("example.com"));
        assert!(is_external("db.eu-west-1.rds.amazonaws.internal"));
        assert!(!is_external("db"));
        assert!(!is_external("db.shop"));
        assert!(!is_external("db.shop.svc.cluster.local"));
        assert!(!is_external("db-0.db.shop.svc"));
    }
}
