//! Environment variables that say which origins are let in, by the names that frameworks and products read.
//!
//! Sources: the configuration references of Spring, Quarkus, Micronaut, django-cors-headers, Starlette, Flask-CORS, rack-cors,
//! Laravel, rs/cors, ASP.NET Core, Hasura, MinIO, Ollama, Grafana, Kafka Connect and REST.

use crate::extract::Answer;

/// What a variable holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// A list of origins or patterns.
    Origins,
    /// A switch that lets every origin in.
    Switch,
    /// A switch that allows credentials.
    Credentials,
    /// An address of the site's own, which code hands to its CORS middleware: only `*` alone says so.
    Address,
}

/// What a variable of this name holds, if it is about origins.
#[must_use]
pub fn judge(name: &str) -> Option<Holds> {
    if is_address(name) {
        return Some(Holds::Address);
    }
    let words = words(name);
    let has = |word: &str| words.iter().any(|one| one == word);
    let any = |list: &[&str]| list.iter().any(|word| has(word));
    let origin = any(&["origin", "origins"]);
    let credentials = any(&["credential", "credentials"]) && !any(&["expose", "exposed"]);
    if credentials && (has("cors") || has("globalcors") || (has("access") && has("control"))) {
        return Some(Holds::Credentials);
    }
    let about = has("cors") || has("globalcors") || (origin && any(&["allowed", "allow"])) || name == "OLLAMA_ORIGINS";
    // `Access-Control-Allow-Headers: *` and the like are other things; a pattern of paths or hosts is no origin.
    let other = any(&[
        "header",
        "headers",
        "method",
        "methods",
        "credential",
        "credentials",
        "expose",
        "exposed",
        "age",
        "path",
        "paths",
        "mapping",
        "mappings",
        "url",
        "urls",
        "host",
        "hosts",
        "level",
        "image",
        "network",
        "private",
        "file",
        "name",
    ]);
    if !about || other {
        return None;
    }
    if (has("all") || has("any")) && any(&["allow", "origin", "origins", "allowed"]) {
        Some(Holds::Switch)
    } else if any(&["enable", "enabled", "disable", "disabled", "debug"]) {
        None
    } else {
        Some(Holds::Origins)
    }
}

/// Whether a variable of this name holds an address of the site's own.
#[must_use]
pub fn is_address(name: &str) -> bool {
    matches!(name, "FRONTEND_URL" | "CLIENT_URL" | "WEB_ORIGIN" | "ORIGIN")
}

/// What the names of one policy's variables begin with: all before the first word that is about origins or credentials.
#[must_use]
pub fn family(name: &str) -> String {
    const OWN: &[&str] = &[
        "cors",
        "globalcors",
        "access",
        "allow",
        "allowed",
        "allows",
        "origin",
        "origins",
        "credential",
        "credentials",
        "supports",
        "any",
        "all",
    ];
    let words = words(name);
    let own = words.iter().position(|word| OWN.contains(&word.as_str()));
    words.get(..own.unwrap_or(words.len())).unwrap_or_default().join("_")
}

/// What a setting of this name does for any origin with credentials, as far as the name tells the framework.
///
/// Sources: Spring, `CorsConfiguration` (patterns are sent back, `*` in a list is refused); django-cors-headers and Starlette
/// (the origin is sent back).
#[must_use]
pub fn answer(name: &str) -> Answer {
    let words = words(name);
    let has = |word: &str| words.iter().any(|one| one == word);
    let echoes = has("pattern")
        || has("patterns")
        || has("regex")
        || has("regexes")
        || matches!(
            name,
            "BACKEND_CORS_ORIGINS" | "CORS_ALLOW_ALL_ORIGINS" | "CORS_ORIGIN_ALLOW_ALL"
        );
    if echoes {
        Answer::Echo
    } else if has("spring") || has("globalcors") || (has("management") && has("endpoints")) {
        Answer::Literal
    } else {
        Answer::Either
    }
}

/// Whether a switch of this value is on.
#[must_use]
pub fn is_on(value: &str) -> bool {
    ["true", "1", "yes", "on", "t", "y"]
        .iter()
        .any(|on| value.trim().eq_ignore_ascii_case(on))
}

/// The words of a name, in lower case: cut at what is no letter, and at camel-case humps.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_ascii_alphabetic() || (small && letter.is_ascii_uppercase()) {
            words.push(String::new());
        }
        small = letter.is_ascii_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphabetic()) {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lists() {
        for name in [
            "CORS",
            "CORS_ORIGIN",
            "CORS_ORIGINS",
            "CORS_ALLOWED_ORIGINS",
            "BACKEND_CORS_ORIGINS",
            "ALLOWED_ORIGINS",
            "ALLOW_ORIGINS",
            "ALLOWED_ORIGIN",
            "AllowedCorsOrigins",
            "Cors__AllowedOrigins__0",
            "SPRING_CLOUD_GATEWAY_GLOBALCORS_CORS_CONFIGURATIONS_ALLOWED_ORIGINS",
            "MANAGEMENT_ENDPOINTS_WEB_CORS_ALLOWED_ORIGINS",
            "QUARKUS_HTTP_CORS_ORIGINS",
            "CORS_ALLOWED_ORIGIN_REGEXES",
            "HASURA_GRAPHQL_CORS_DOMAIN",
            "MINIO_API_CORS_ALLOW_ORIGIN",
            "OLLAMA_ORIGINS",
            "GF_LIVE_ALLOWED_ORIGINS",
            "PGRST_SERVER_CORS_ALLOWED_ORIGINS",
            "CONNECT_ACCESS_CONTROL_ALLOW_ORIGIN",
            "TEMPORAL_CORS_ORIGINS",
        ] {
            assert_eq!(judge(name), Some(Holds::Origins), "{name}");
        }
    }

    #[test]
    fn names_of_switches_and_addresses() {
        for name in [
            "CORS_ALLOW_ALL_ORIGINS",
            "CORS_ORIGIN_ALLOW_ALL",
            "CORS_ALLOW_ANY_ORIGIN",
            "Cors__AllowAnyOrigin",
        ] {
            assert_eq!(judge(name), Some(Holds::Switch), "{name}");
        }
        for name in ["FRONTEND_URL", "CLIENT_URL", "WEB_ORIGIN", "ORIGIN"] {
            assert_eq!(judge(name), Some(Holds::Address), "{name}");
        }
    }

    #[test]
    fn names_of_credentials() {
        for (name, family_of) in [
            ("CORS_ALLOW_CREDENTIALS", "CORS_ORIGINS"),
            ("CORS_CREDENTIALS", "CORS_ORIGIN"),
            ("CORS_SUPPORTS_CREDENTIALS", "ALLOWED_ORIGINS"),
            (
                "QUARKUS_HTTP_CORS_ACCESS_CONTROL_ALLOW_CREDENTIALS",
                "QUARKUS_HTTP_CORS_ORIGINS",
            ),
            (
                "REST_ACCESS_CONTROL_ALLOW_CREDENTIALS",
                "REST_ACCESS_CONTROL_ALLOW_ORIGIN",
            ),
        ] {
            assert_eq!(judge(name), Some(Holds::Credentials), "{name}");
            assert_eq!(family(name), family(family_of), "{name}");
        }
        assert_ne!(family("SHOP_CORS_ORIGINS"), family("CORS_CREDENTIALS"));
        for name in ["CORS_CREDENTIALS_FILE_EXPOSED", "AWS_CREDENTIALS", "ACCESS_CREDENTIALS"] {
            assert_ne!(judge(name), Some(Holds::Credentials), "{name}");
        }
    }

    #[test]
    fn what_is_answered() {
        assert_eq!(answer("CORS_ALLOW_ALL_ORIGINS"), Answer::Echo);
        assert_eq!(answer("cors.allowed-origin-patterns"), Answer::Echo);
        assert_eq!(answer("SPRING_GRAPHQL_CORS_ALLOWED_ORIGINS"), Answer::Literal);
        assert_eq!(answer("CORS_ORIGIN"), Answer::Either);
    }

    #[test]
    fn other_names() {
        for name in [
            "",
            "ALLOWED_HOSTS",
            "ALLOWED_IPS",
            "ORIGIN_URL",
            "ORIGINS",
            "CORS_ALLOWED_HEADERS",
            "CORS_ALLOW_HEADERS",
            "CORS_EXPOSED_HEADERS",
            "CORS_ALLOWED_METHODS",
            "CORS_MAX_AGE",
            "CORS_URLS_REGEX",
            "CORS_PATH_PATTERN",
            "CORS_ENABLED",
            "DISABLE_CORS",
            "CORS_DEBUG",
            "ACCESS_CONTROL_ALLOW_HEADERS",
            "CORSAIR_ORIGIN",
            "FRONTEND_URLS",
            "SCHEDULE",
        ] {
            assert_eq!(judge(name), None, "{name}");
        }
    }
}
