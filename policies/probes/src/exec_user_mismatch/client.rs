//! What a command says of the user and database it asks for.
//!
//! Sources: PostgreSQL documentation, `pg_isready`, `psql`; MySQL reference manual, client options; mongosh documentation.

use plimsoll_sdk::kube::command::{Command, base};
use plimsoll_sdk::kube::{Environment, Node, Value};

/// A kind of server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// PostgreSQL.
    Postgres,
    /// MySQL, MariaDB.
    Mysql,
    /// MongoDB.
    Mongo,
}

/// Program, what it talks to, whether it logs in; the others only ask whether the server is there, and succeed as any user.
const PROGRAMS: &[(&str, Family, bool)] = &[
    ("pg_isready", Family::Postgres, false),
    ("psql", Family::Postgres, true),
    ("mysqladmin", Family::Mysql, false),
    ("mariadb-admin", Family::Mysql, false),
    ("mysql", Family::Mysql, true),
    ("mariadb", Family::Mysql, true),
    ("mongosh", Family::Mongo, true),
    ("mongo", Family::Mongo, true),
];

/// A value that a command is given.
#[derive(Clone, Debug)]
pub struct Said<'t> {
    /// The value.
    pub value: String,
    /// The scalar in which it stands.
    pub at: Node<'t>,
    /// How it is written there.
    pub written: String,
}

/// A call of a client.
#[derive(Clone, Debug)]
pub struct Client<'t> {
    /// Kind of server.
    pub family: Family,
    /// Whether it logs in.
    pub login: bool,
    /// The user it names.
    pub user: Option<Said<'t>>,
    /// The database it names.
    pub database: Option<Said<'t>>,
    /// The host it calls; none for the pod itself. Unknown where it is decided later.
    pub host: Value<String>,
}

/// The client that a command calls, if it is one that is known; none where what it says is not understood.
pub fn client<'t>(command: &Command<'t>, environment: &Environment<'t>) -> Option<Client<'t>> {
    let texts = command.texts();
    // `until pg_isready …`, `timeout 3 psql …`: the first word that is one.
    let (at, &(_, family, login)) = texts.iter().take(6).enumerate().find_map(|(at, word)| {
        let name = base(word.as_ref()?);
        let found = PROGRAMS.iter().find(|(program, ..)| *program == name)?;
        Some((at, found))
    })?;
    let program = texts.get(at).copied().flatten().map(base).unwrap_or_default();
    let (user, database, host) = match family {
        Family::Postgres => (["-U", "--username"], ["-d", "--dbname"], ["-h", "--host"]),
        Family::Mysql => (["-u", "--user"], ["-D", "--database"], ["-h", "--host"]),
        Family::Mongo => (["-u", "--username"], ["", ""], ["", "--host"]),
    };
    let arguments = command.words.get(at + 1..)?;
    // A connection string or URL says it all in its own way.
    let composed = |text: &str| text.contains("://") || text.contains("host=") || text.contains("user=");
    if arguments.iter().any(|word| {
        word.text
            .as_deref()
            .is_none_or(|text| !text.starts_with('-') && composed(text))
    }) {
        return None;
    }
    let option = |names: [&str; 2]| -> Option<(String, Node<'t>)> {
        for (number, word) in arguments.iter().enumerate() {
            let text = word.text.as_deref()?;
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                let inline = match text.strip_prefix(name) {
                    Some("") => {
                        let next = arguments.get(number + 1)?;
                        return Some((next.text.clone()?, next.node));
                    }
                    Some(rest) if name.starts_with("--") => rest.strip_prefix('='),
                    // `-Uapp`; `-dump` would not be told from it, but no client has such.
                    Some(rest) => Some(rest),
                    None => None,
                };
                if let Some(value) = inline {
                    return Some((value.to_owned(), word.node));
                }
            }
        }
        None
    };
    let said = |names: [&str; 2], variable: &str| -> Option<Said<'t>> {
        if let Some((written, at)) = option(names) {
            let value = resolved(&written, environment, command.script).known()?;
            return Some(Said { value, at, written });
        }
        match environment.get(variable) {
            Value::Known(found) => Some(Said {
                value: found.value.clone().known()?.into_owned(),
                at: found.at,
                written: String::new(),
            }),
            _ => None,
        }
    };
    let (user_variable, host_variable) = match family {
        Family::Postgres => ("PGUSER", "PGHOST"),
        Family::Mysql => ("", "MYSQL_HOST"),
        Family::Mongo => ("", ""),
    };
    let named_host = match option(host) {
        Some((written, _)) => resolved(&written, environment, command.script),
        None => match environment.get(host_variable) {
            Value::Known(found) => found.value.clone().map(std::borrow::Cow::into_owned),
            Value::Unknown => Value::Unknown,
            Value::Absent => Value::Absent,
        },
    };
    // `mysqladmin ping` asks no more than whether the server is there.
    let asks = program.ends_with("admin") && texts.iter().flatten().any(|&word| word == "ping");
    Some(Client {
        family,
        login: login || (program.ends_with("admin") && !asks),
        user: said(user, user_variable),
        database: said(database, "PGDATABASE").filter(|_| family == Family::Postgres),
        host: named_host,
    })
}

/// A word with the variables of the environment put in, as the kubelet does or, in a script, the shell. Unknown where more
/// than that would be needed.
fn resolved(text: &str, environment: &Environment<'_>, script: bool) -> Value<String> {
    if !text.contains(['$', '`']) {
        return Value::Known(text.to_owned());
    }
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix('$'))
        .filter(|name| {
            script && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
    match name.map(|name| environment.get(name)) {
        Some(Value::Known(variable)) => variable.value.clone().map(std::borrow::Cow::into_owned),
        _ => Value::Unknown,
    }
}
