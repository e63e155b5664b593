//! What keeps strangers out of a datastore: its password, if it asks for one.
//!
//! Source: documentation of the images (variables that set passwords, and that switch them off).

use plimsoll_sdk::kube::{Container, EnvSource, Environment, Node, Value, Workload, base64, image, mounts_of};
use plimsoll_sdk::{Bundle, Object, Symbol, word};

/// How well it is guarded, as far as the manifests tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// It asks for no password.
    None,
    /// Its password is one that is tried first.
    Weak,
    /// Nothing is known against it.
    Unknown,
}

/// Variables that hold the password of a user that may do everything, or all there is.
const PASSWORDS: &[&str] = &[
    "ARANGO_ROOT_PASSWORD",
    "CLICKHOUSE_PASSWORD",
    "COUCHDB_PASSWORD",
    "DOCKER_INFLUXDB_INIT_PASSWORD",
    "ELASTIC_PASSWORD",
    "MARIADB_PASSWORD",
    "MARIADB_ROOT_PASSWORD",
    "MINIO_ROOT_PASSWORD",
    "MINIO_SECRET_KEY",
    "MONGO_INITDB_ROOT_PASSWORD",
    "MSSQL_SA_PASSWORD",
    "MYSQL_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "POSTGRESQL_PASSWORD",
    "POSTGRESQL_POSTGRES_PASSWORD",
    "POSTGRES_PASSWORD",
    "RABBITMQ_DEFAULT_PASS",
    "REDIS_PASSWORD",
    "SA_PASSWORD",
];

/// Variables that switch passwords off, with the values that do.
const OFF: &[(&str, &[&str])] = &[
    ("ALLOW_ANONYMOUS_LOGIN", &["yes", "true", "1"]),
    ("ALLOW_EMPTY_PASSWORD", &["yes", "true", "1"]),
    ("ALLOW_PLAINTEXT_LISTENER", &["yes", "true", "1"]),
    ("DISABLE_SECURITY_PLUGIN", &["true"]),
    ("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", &["yes", "true", "1"]),
    ("MYSQL_ALLOW_EMPTY_PASSWORD", &["yes", "true", "1"]),
    ("NEO4J_AUTH", &["none"]),
    ("POSTGRES_HOST_AUTH_METHOD", &["trust"]),
    ("xpack.security.enabled", &["false"]),
];

/// Words that are tried first, alone or with a few characters after them.
const COMMON: &[&str] = &[
    "admin",
    "changeit",
    "changeme",
    "default",
    "example",
    "guest",
    "letmein",
    "minioadmin",
    "mongo",
    "mysql",
    "neo4j",
    "pass",
    "passw0rd",
    "password",
    "postgres",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "secret",
    "test",
    "toor",
    "user",
    "welcome",
];

/// Whether a container is told a password, or to do without: then it is a datastore, whatever its image is called.
pub fn is_told(container: Container<'_>) -> bool {
    container.env().any(|entry| {
        let name = entry.name_text();
        PASSWORDS.contains(&name) || OFF.iter().any(|&(known, _)| known == name)
    })
}

/// How well a datastore is guarded.
pub fn guard<'t>(bundle: &Bundle<'t>, workload: Workload<'t>, container: Container<'t>) -> Guard {
    let environment = Environment::of(bundle, workload.object, container);
    let value = |name: &str| match environment.get(name) {
        Value::Known(variable) => variable.value.clone().known().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    let off = OFF.iter().any(|(name, values)| {
        value(name).is_some_and(|value| values.contains(&value.trim().to_ascii_lowercase().as_str()))
    });
    if off || is_open_by_default(bundle, workload, container, &environment) {
        return Guard::None;
    }
    let names: Vec<String> = environment
        .iter()
        .filter(|(name, _)| {
            name.ends_with("_USER")
                || name.ends_with("_USERNAME")
                || name.ends_with("_DB")
                || name.ends_with("_DATABASE")
        })
        .filter_map(|(_, variable)| variable.value.clone().known().map(|value| value.to_ascii_lowercase()))
        .collect();
    let weak = PASSWORDS.iter().any(|name| {
        let password = value(name).or_else(|| of_secret(bundle, workload.object, container, name));
        password.is_some_and(|password| is_weak(&password, &names))
    });
    if weak { Guard::Weak } else { Guard::Unknown }
}

/// Images that ask for no password unless they are told to.
fn is_open_by_default<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    container: Container<'t>,
    environment: &Environment<'t>,
) -> bool {
    let reference = container.image().known().and_then(Node::raw_text).unwrap_or_default();
    let asked = match image::known(reference).and_then(|image| image.repositories.first()) {
        Some(&"mongo") => "MONGO_INITDB_ROOT_USERNAME",
        Some(&"redis") => "REDIS_PASSWORD",
        Some(&"memcached") => return true,
        _ => return false,
    };
    environment.get(asked).is_absent()
        && container.command().is_empty()
        && container.args().is_empty()
        && !container.command_line_unknown()
        && !mounts_of(bundle, workload, container).configured
}

/// The value of a variable that refers to a Secret of the bundle: compared here, and never shown.
fn of_secret<'t>(bundle: &Bundle<'t>, from: Object<'t>, container: Container<'t>, name: &str) -> Option<String> {
    let entry = container.env().filter(|entry| entry.name_text() == name).last()?;
    let EnvSource::Secret(reference) = entry.source else {
        return None;
    };
    let (secret, key) = (reference.name.known()?, reference.key.known()?);
    let (secret, _) = bundle.find(from, Symbol(0), word!("Secret"), secret).known()?;
    let at = |map| secret.root().at(&[map, key]).and_then(Node::text).known();
    match at(word!("stringData")) {
        Some(text) => Some(text.to_owned()),
        None => String::from_utf8(base64::decode(at(word!("data"))?)?).ok(),
    }
}

/// Whether a password is one that is tried first: short, digits alone, a name of the user or database, a common word.
fn is_weak(password: &str, names: &[String]) -> bool {
    let password = password.trim();
    // A hash, a template: what it stands for is not known.
    if password.is_empty() || password.contains(['$', '{', '<']) {
        return false;
    }
    let lower = password.to_ascii_lowercase();
    let common = COMMON.iter().any(|word| {
        lower
            .strip_prefix(word)
            .is_some_and(|rest| rest.chars().count() <= 4 && !rest.contains(|c: char| c.is_ascii_alphabetic()))
    });
    password.chars().count() < 8
        || password.bytes().all(|byte| byte.is_ascii_digit())
        || names.contains(&lower)
        || common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_weak() {
        let names = ["orders_db".to_owned()];
        for weak in [
            "postgres",
            "Password123",
            "changeme!",
            "12345678901",
            "abc",
            "orders_db",
            "admin2024",
        ] {
            assert!(is_weak(weak, &names), "{weak}");
        }
        for other in [
            "",
            "${PASSWORD}",
            "kelp-harbour-tide-9",
            "passwordless-harbour-9",
            "testharbourkelp",
        ] {
            assert!(!is_weak(other, &names), "{other}");
        }
    }
}
