//! Settings that name a host and a port apart: `DB_HOST` and `DB_PORT`, `spring.redis.host` and `spring.redis.port`.

use crate::bytes::contains_any;

/// What names of settings that hold a host end in, and whether the word may follow another one without a separator
/// (`PGHOST`). Longer ones first.
const HOST: &[(&str, bool)] = &[
    ("hostname", true),
    ("host", true),
    ("address", false),
    ("addr", false),
    ("server", false),
    ("service", false),
    ("endpoint", false),
];

/// What names of settings end in whose value may be a URL without port.
const URL: &[&str] = &["url", "uri"];

/// Words that say that a setting is about the process itself, or about who may call it.
const OWN: &[&str] = &[
    "listen", "bind", "advertis", "cors", "allowed", "origin", "trusted", "virtual",
];

/// What the name of a setting that may hold a host has before the word that says so, in lower case; `db_` of `DB_HOST`. None
/// for the process's own address (`HOST`, `LISTEN_HOST`).
#[must_use]
pub fn host_stem(name: &str) -> Option<String> {
    if !may_be_host(name) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let stem = HOST.iter().find_map(|&(word, joined)| {
        let stem = lower.strip_suffix(word)?;
        (joined || stem.ends_with(is_separator)).then(|| stem.to_owned())
    })?;
    (!stem.trim_end_matches(is_separator).is_empty() && !is_own(&stem)).then_some(stem)
}

/// As [`host_stem`], also for settings that hold a URL.
#[must_use]
pub fn stem(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let url = URL.iter().find_map(|word| lower.strip_suffix(word));
    match url {
        Some(stem) => (!stem.is_empty()).then(|| stem.to_owned()),
        None => host_stem(name),
    }
}

/// Whether a name may be that of a host, told by its last letters: the cheap question before [`host_stem`].
#[must_use]
pub fn may_be_host(name: &str) -> bool {
    HOST.iter().any(|&(word, _)| {
        let end = name
            .len()
            .checked_sub(word.len())
            .and_then(|at| name.as_bytes().get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Whether a name says that it is about the process itself.
#[must_use]
pub fn is_own(name: &str) -> bool {
    contains_any(&name.to_ascii_lowercase(), OWN)
}

/// Whether a name says that its URL is for somebody else: pages and bundles that a browser runs, allowed origins, links and
/// redirects back to the application. The process itself need not call it.
#[must_use]
pub fn is_for_others(name: &str) -> bool {
    /// What bundlers write into pages.
    const BUNDLED: &[&str] = &[
        "next_public_",
        "nuxt_public_",
        "vite_",
        "react_app_",
        "vue_app_",
        "ng_app_",
        "gatsby_",
        "expo_public_",
        "public_",
    ];
    const OTHERS: &[&str] = &[
        "origin",
        "cors",
        "frontend_url",
        "frontend-url",
        "client_url",
        "web_url",
        "redirect",
        "callback",
        "public_url",
        "public-url",
        "site_url",
        "external_url",
        "external-url",
        "root_url",
        "homepage",
        "advertised",
    ];
    let lower = name.to_ascii_lowercase();
    BUNDLED.iter().any(|start| lower.starts_with(start)) || contains_any(&lower, OTHERS)
}

/// Whether a name may be that of a port that goes with a host.
#[must_use]
pub fn is_port(name: &str) -> bool {
    name.len() > 4
        && name
            .get(name.len() - 4..)
            .is_some_and(|end| end.eq_ignore_ascii_case("port"))
}

fn is_separator(c: char) -> bool {
    matches!(c, '_' | '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts_have_stems() {
        for (name, expected) in [
            ("DB_HOST", Some("db_")),
            ("PGHOST", Some("pg")),
            ("spring.redis.host", Some("spring.redis.")),
            ("dbHostname", Some("db")),
            ("CART_SERVICE_HOST", Some("cart_service_")),
            ("CART_SERVICE_ADDR", Some("cart_service_")),
            ("CART_SERVICE", Some("cart_")),
            ("HOST", None),
            ("HOSTNAME", None),
            ("LISTEN_HOST", None),
            ("OBSERVER", None),
            ("DB_NAME", None),
        ] {
            assert_eq!(host_stem(name).as_deref(), expected, "{name}");
        }
        assert_eq!(stem("API_URL").as_deref(), Some("api_"));
        assert_eq!(stem("URL"), None);
        assert!(is_port("DB_PORT") && is_port("pgport") && !is_port("PORT") && !is_port("REPORTS"));
    }

    #[test]
    fn urls_for_others() {
        for name in [
            "NEXT_PUBLIC_API_URL",
            "VITE_API_BASE_URL",
            "FRONTEND_URL",
            "CORS_ORIGINS",
            "OAUTH_REDIRECT_URI",
        ] {
            assert!(is_for_others(name), "{name}");
        }
        for name in ["DATABASE_URL", "API_URL", "FRONTEND_ADDR", "ISSUER_URL", "INVITE_URL"] {
            assert!(!is_for_others(name), "{name}");
        }
    }
}
