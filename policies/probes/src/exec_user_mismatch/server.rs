//! Which users and databases a server is configured with.
//!
//! Sources: documentation of the official images of PostgreSQL, MySQL, MariaDB and MongoDB, and of Bitnami's PostgreSQL.

use plimsoll_sdk::kube::{Container, Environment, Node, Value, Workload, image, mounts_of};
use plimsoll_sdk::{Bundle, word};

use super::client::Family;

/// What a server has when it is first started.
pub struct Server<'t> {
    /// The user that the configuration names.
    pub user: String,
    /// Where that stands; the image where it is the default.
    pub user_at: Node<'t>,
    /// Name of the variable that sets it.
    pub user_variable: &'static str,
    /// Whether it is a plain value of the container itself, which probes may refer to.
    pub user_is_static: bool,
    /// All users that there are.
    pub users: Vec<String>,
    /// All databases that there are; none where that is not known.
    pub databases: Option<Vec<String>>,
    /// The database that the configuration names.
    pub database: String,
    /// Whether the image is one that is known to read these variables.
    pub known: bool,
}

/// What the server in a container is configured with; none where it is none of this kind, or where more may be configured
/// than is seen.
pub fn server<'t>(
    bundle: &Bundle<'t>,
    workload: Workload<'t>,
    container: Container<'t>,
    family: Family,
) -> Option<Server<'t>> {
    let image_at = container.image().known()?;
    let reference = image_at.raw_text()?;
    let repository = image::known(reference).and_then(|known| known.repositories.first().copied());
    let environment = Environment::of(bundle, workload.object, container);
    let sets = |name: &str| environment.get(name).known().is_some();
    let (user_variable, database_variable, default, always): (_, _, &str, &[&str]) = match (family, repository) {
        (Family::Postgres, Some("postgres")) => ("POSTGRES_USER", "POSTGRES_DB", "postgres", &[]),
        // An image of their own, told as the official one is.
        (Family::Postgres, None) if sets("POSTGRES_USER") && sets("POSTGRES_PASSWORD") => {
            ("POSTGRES_USER", "POSTGRES_DB", "postgres", &[])
        }
        (Family::Postgres, Some("bitnami/postgresql")) => {
            ("POSTGRESQL_USERNAME", "POSTGRESQL_DATABASE", "postgres", &["postgres"])
        }
        (Family::Mysql, Some("mysql")) if sets("MARIADB_USER") => {
            ("MARIADB_USER", "", "root", &["root", "healthcheck"])
        }
        (Family::Mysql, Some("mysql")) => ("MYSQL_USER", "", "root", &["root", "healthcheck"]),
        // Without it there is no authentication.
        (Family::Mongo, Some("mongo")) if sets("MONGO_INITDB_ROOT_USERNAME") => {
            ("MONGO_INITDB_ROOT_USERNAME", "", "", &[])
        }
        _ => return None,
    };
    let value = |name: &str| -> Value<String> {
        match environment.get(name) {
            Value::Known(variable) => variable.value.clone().map(std::borrow::Cow::into_owned),
            Value::Unknown => Value::Unknown,
            Value::Absent => Value::Absent,
        }
    };
    let (user, user_at) = match (value(user_variable), environment.get(user_variable)) {
        (Value::Known(user), Value::Known(variable)) => (user, variable.at),
        (Value::Absent, _) => (default.to_owned(), image_at),
        _ => return None,
    };
    // Another name for it in this image, or what is read from a file.
    let other = |name: &str| !environment.get(name).is_absent();
    if other(&format!("{user_variable}_FILE"))
        || (repository == Some("bitnami/postgresql")
            && (other("POSTGRES_USER") || other("POSTGRESQL_REPLICATION_USER")))
    {
        return None;
    }
    let database = match value(database_variable) {
        Value::Known(database) => Some(database),
        Value::Absent => Some(user.clone()),
        Value::Unknown => None,
    };
    let databases = database.clone().filter(|_| family == Family::Postgres).map(|database| {
        let also = ["postgres", "template0", "template1"].map(str::to_owned);
        [database].into_iter().chain(also).collect()
    });
    let mut users: Vec<String> = always.iter().map(|&user| user.to_owned()).collect();
    users.push(user.clone());
    let user_is_static = container.env().any(|entry| {
        entry.name_text() == user_variable && entry.literal().is_some_and(|node| node.text().known().is_some())
    });
    Some(Server {
        user,
        user_at,
        user_variable,
        user_is_static,
        users,
        databases,
        database: database.unwrap_or_default(),
        known: repository.is_some(),
    })
}

/// Whether scripts that run when the data are first made may make users or databases that the configuration does not name:
/// one that is not seen, or one that names this.
pub fn may_be_made<'t>(bundle: &Bundle<'t>, workload: Workload<'t>, container: Container<'t>, name: &str) -> bool {
    let mounts = container.node.items_of(word!("volumeMounts"));
    let scripted = mounts
        .filter_map(|mount| mount.text_of(word!("mountPath")).known())
        .any(|path| path.contains("initdb"));
    if !scripted {
        return false;
    }
    let mounts = mounts_of(bundle, workload, container);
    let makes = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let creates = [
            "create user",
            "create role",
            "create database",
            "createuser",
            "createdb",
            "alter user",
            "alter role",
        ];
        creates.iter().any(|words| lower.contains(words)) && lower.contains(&name.to_ascii_lowercase())
    };
    mounts.unseen || mounts.files.is_empty() || mounts.files.iter().any(|file| file.node.raw_text().is_none_or(makes))
}
