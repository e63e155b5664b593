//! Environment variables that say which origins are let in, by the names that frameworks and products read.
//!
//! Sources: the configuration references of Spring, Quarkus, Micronaut, django-cors-headers, Starlette, Flask-CORS, rack-cors,
//! Laravel, rs/cors, ASP.NET Core, Hasura, MinIO, Ollama, Grafana, Kafka Connect and REST.

/// What a variable holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// A list of origins or patterns.
    Origins,
    /// A switch that lets every origin in.
    Switch,
    /// An address of the site's own, which code hands to its CORS middleware: only `*` alone says so.
    Address,
}

/// What a variable of this name holds, if it is about origins.
#[must_use]
pub fn judge(name: &str) -> Option<Holds> {
    if matches!(name, "FRONTEND_URL" | "CLIENT_URL" | "WEB_ORIGIN" | "ORIGIN") {
        return Some(Holds::Address);
    }
    let words = words(name);
    let has = |word: &str| words.iter().any(|one| one == word);
    let any = |list: &[&str]| list.iter().any(|word| has(word));
    let origin = any(&["origin", "origins"]);
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

/// Whether a switch of this value is on.
#[must_use]
pub fn is_on(value: &str) -> bool {
    ["true", "1", "yes", "on", "t", "y"]
        .iter()
        .any(|on| value.trim().eq_ignore_ascii_case(on))
}

/// The words of a name, in lower case: cut at what is no letter, and at camel-case humps.
fn words(name: &str) -> Vec<String> {
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
            "CORS_ALLOW_CREDENTIALS",
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
