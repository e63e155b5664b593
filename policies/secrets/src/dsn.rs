//! Passwords in connection strings that are no addresses: `Server=db;Password=…`, `host=db password=…`, `?password=…`,
//! `user:password@tcp(db:3306)/shop`, `AccountKey=…`, `spring.datasource.password=…`.

use std::ops::Range;

/// How a connection string carries its password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `Server=db;User ID=app;Password=…` (ADO, ODBC, JDBC with semicolons).
    List,
    /// `host=db user=app password=…` (libpq).
    Words,
    /// `…://db/shop?user=app&password=…`.
    Query,
    /// `app:…@tcp(db:3306)/shop` (Go's MySQL driver), `jdbc:oracle:thin:app/…@db`.
    Driver,
    /// `AccountKey=…`, `SharedAccessKey=…`.
    AzureKey,
    /// `spring.datasource.password=…`.
    Spring,
}

/// A password in a connection string.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dsn<'t> {
    /// How it stands there.
    pub form: Form,
    /// Bytes of the text that are the password, without quotes.
    pub password: Range<usize>,
    /// The host's name, where it was found.
    pub host: Option<&'t str>,
}

/// A key before a `=`.
struct Key<'t> {
    /// Its last word, as written.
    word: &'t str,
    /// The byte before that word, blanks left out; 0 at the start.
    before: u8,
    /// Whether blanks stand between that byte and the word.
    apart: bool,
    /// Where the word begins.
    start: usize,
    /// Where the value begins, behind blanks.
    value: usize,
}

/// All in one line, in order of their kind; `line` holds no line break. Linear.
#[must_use]
pub fn find(line: &str) -> Vec<Dsn<'_>> {
    let mut found = Vec::new();
    let keys: Vec<Key<'_>> = line
        .match_indices(['=', ':'])
        .filter_map(|(at, sign)| key(line, at, sign))
        .collect();
    if !keys.is_empty() {
        let semicolon = line.rfind(';');
        let list = keys.iter().any(|key| is_list_context(semicolon, key));
        let words = keys.iter().any(|key| is_words_context(key.word));
        let host = keys
            .iter()
            .find(|key| is_host_key(key.word))
            .and_then(|key| host(line, key.value));
        let around = Around {
            list,
            words,
            address: line.find("://").into_iter().chain(line.find("jdbc:")).min(),
            host,
            // The emulator's account has a key that everybody knows.
            emulator: line.contains("devstoreaccount1"),
        };
        found.extend(keys.iter().filter_map(|key| password(line, key, &around)));
    }
    found.extend(go_mysql(line));
    found.extend(oracle(line));
    found
}

/// The key before the sign at `at`, if a password or something that belongs to one is set there.
fn key<'t>(line: &'t str, at: usize, sign: &str) -> Option<Key<'t>> {
    let left = line.get(..at)?.trim_end_matches(' ');
    // `"spring.datasource.password": "…"`.
    let left = left.strip_suffix(['"', '\'']).filter(|_| sign == ":").unwrap_or(left);
    let length = left.bytes().rev().take(80).take_while(|&byte| is_key(byte)).count();
    let start = left.len() - length;
    let word = left.get(start..)?;
    let word = word.trim_start_matches('-');
    // `-Dspring.datasource.password=…`.
    let word = word
        .strip_prefix('D')
        .filter(|rest| rest.starts_with("spring."))
        .unwrap_or(word);
    let interesting = if sign == "=" { word.len() >= 2 } else { is_spring(word) };
    let before = left.get(..start)?;
    let trimmed = before.trim_end_matches(' ');
    let right = line.get(at + 1..)?;
    interesting.then(|| Key {
        word,
        before: trimmed.bytes().last().unwrap_or(0),
        apart: trimmed.len() < before.len(),
        start,
        value: line.len() - right.trim_start_matches(' ').len(),
    })
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_any(word: &str, words: &[&str]) -> bool {
    words.iter().any(|one| word.eq_ignore_ascii_case(one))
}

fn is_password_key(word: &str) -> bool {
    is_any(
        word,
        &[
            "password",
            "pwd",
            "passwd",
            "sslpassword",
            "trustStorePassword",
            "keyStorePassword",
            "keyStoreSecret",
        ],
    )
}

fn is_spring(word: &str) -> bool {
    word.strip_prefix("spring.")
        .is_some_and(|rest| rest.ends_with(".password"))
}

/// Whether something that only a list of `;` sets stands there: `Server=…;`, `;User ID=…`.
fn is_list_context(semicolon: Option<usize>, key: &Key<'_>) -> bool {
    // Of `User ID` and `Data Source` only the last word is the key's.
    let known = is_any(
        key.word,
        &[
            "server",
            "source",
            "datasource",
            "host",
            "hostname",
            "addr",
            "address",
            "id",
            "uid",
            "userid",
            "user",
            "username",
            "database",
            "catalog",
            "driver",
            "dsn",
            "encrypt",
            "trustServerCertificate",
            "name",
        ],
    );
    known && (key.before == b';' || semicolon.is_some_and(|last| last >= key.value))
}

fn is_words_context(word: &str) -> bool {
    is_any(word, &["host", "hostaddr", "dbname", "sslmode"])
}

fn is_host_key(word: &str) -> bool {
    is_any(word, &["server", "source", "host", "hostname", "addr", "address"])
}

/// A host's name at the start of a value.
fn host(line: &str, value: usize) -> Option<&str> {
    let rest = line.get(value..)?.trim_start_matches(['"', '\'']);
    let rest = rest.strip_prefix("tcp:").unwrap_or(rest);
    let end = rest
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_'))
        .unwrap_or(rest.len());
    rest.get(..end).filter(|host| !host.is_empty())
}

/// What else a line holds.
struct Around<'t> {
    /// Something that only a list of `;` sets.
    list: bool,
    /// Something that only libpq's words set.
    words: bool,
    /// Where its first address begins.
    address: Option<usize>,
    host: Option<&'t str>,
    emulator: bool,
}

fn password<'t>(line: &'t str, key: &Key<'t>, around: &Around<'t>) -> Option<Dsn<'t>> {
    let quoted = |ends: &[u8]| value(line, key.value, ends);
    let behind_address = around.address.is_some_and(|address| address < key.start);
    let (form, password) = if is_spring(key.word) {
        (Form::Spring, quoted(b" \"',}")?)
    } else if is_any(key.word, &["AccountKey", "SharedAccessKey"]) {
        let range = quoted(b"; \"',")?;
        if around.emulator || range.len() < 8 {
            return None;
        }
        (Form::AzureKey, range)
    } else if !is_password_key(key.word) {
        return None;
    } else if matches!(key.before, b'?' | b'&') && !key.apart {
        if !behind_address {
            return None;
        }
        (Form::Query, quoted(b"& \"'`<>;")?)
    } else if let Some(range) = in_list(line, key, around) {
        (Form::List, range)
    } else if around.words && (key.apart || matches!(key.before, 0 | b'"' | b'\'' | b'=')) {
        (Form::Words, quoted(b" \"'`;")?)
    } else {
        return None;
    };
    let text = line.get(password.clone())?;
    is_value(text).then_some(Dsn {
        form,
        password,
        host: around.host,
    })
}

/// The password of a list of `;`, if the key stands in one.
fn in_list(line: &str, key: &Key<'_>, around: &Around<'_>) -> Option<Range<usize>> {
    let jdbc = around.address.is_some_and(|address| address < key.start) && key.before == b';';
    if !around.list && !jdbc {
        return None;
    }
    let range = value(line, key.value, b";\"`")?;
    let ended = line
        .get(range.end..)?
        .trim_start_matches(['"', '\'', '}', ' '])
        .starts_with(';');
    (key.before == b';' || ended).then_some(range)
}

/// Longest password looked for, in bytes: bounds the search for an end that does not come.
const LONGEST: usize = 1024;

/// The value that begins here: between quotes, or up to one of these ends.
fn value(line: &str, start: usize, ends: &[u8]) -> Option<Range<usize>> {
    let rest = line.get(start..)?;
    let rest = rest.get(..rest.floor_char_boundary(LONGEST))?;
    for (open, close) in [('"', '"'), ('\'', '\''), ('{', '}')] {
        if let Some(inner) = rest.strip_prefix(open)
            && let Some(end) = inner.find(close)
            && end > 0
        {
            return Some(start + 1..start + 1 + end);
        }
    }
    let end = rest.bytes().position(|byte| ends.contains(&byte)).unwrap_or(rest.len());
    let text = rest.get(..end)?.trim_end().trim_end_matches('\\');
    Some(start..start + text.len())
}

/// Not empty, and no parameter of a statement (`?`, `:password`, `@password`, `%s`).
fn is_value(text: &str) -> bool {
    let parameter = text.strip_prefix([':', '@', '%', '?', '&', '*']).is_some_and(|name| {
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    });
    !text.is_empty() && !parameter && !is_any(text, &["true", "false", "null", "none", "nil", "undefined", "string"])
}

/// `user:password@tcp(host:port)/database`, also `@unix(` and other networks.
fn go_mysql(line: &str) -> Vec<Dsn<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    for network in ["tcp", "unix"] {
        for (at, mark) in line.match_indices('@') {
            let Some(rest) = line.get(at + mark.len()..).and_then(|rest| rest.strip_prefix(network)) else {
                continue;
            };
            let Some(rest) = rest.strip_prefix('(') else { continue };
            let Some(left) = line.get(from.min(at)..at) else {
                continue;
            };
            let cut = left
                .rfind(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | '='))
                .map_or(0, |cut| cut + 1);
            let start = from.min(at) + cut;
            from = at;
            let Some(info) = line.get(start..at) else { continue };
            // With a scheme it is an address.
            let Some((user, password)) = info.split_once(':').filter(|_| !info.contains("://")) else {
                continue;
            };
            if !user.is_empty() && is_value(password) {
                let host = rest.split([':', ')', '/']).next().filter(|host| !host.is_empty());
                found.push(Dsn {
                    form: Form::Driver,
                    password: start + user.len() + 1..at,
                    host: host.filter(|host| host.bytes().all(is_key)),
                });
            }
        }
        from = 0;
    }
    found
}

/// `jdbc:oracle:thin:user/password@host`, `jdbc:oracle:oci:…`.
fn oracle(line: &str) -> Option<Dsn<'_>> {
    const PREFIX: &str = "jdbc:oracle:";
    let start = line.find(PREFIX)? + PREFIX.len();
    let rest = line.get(start..)?;
    let driver = rest.find(':')? + 1;
    let info = rest.get(driver..rest.find([' ', '"', '\'']).unwrap_or(rest.len()))?;
    let end = info.rfind('@')?;
    let slash = info.get(..end)?.find('/')?;
    let password = start + driver + slash + 1..start + driver + end;
    (slash > 0 && is_value(line.get(password.clone())?)).then_some(Dsn {
        form: Form::Driver,
        password,
        host: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(line: &str) -> Option<(Form, &str, &str)> {
        let found = find(line).into_iter().next()?;
        Some((found.form, line.get(found.password)?, found.host.unwrap_or("?")))
    }

    #[test]
    fn passwords_are_found() {
        for (line, expected) in [
            (
                "Server=db;Database=shop;User ID=app;Password=Fak3;",
                (Form::List, "Fak3", "db"),
            ),
            (
                "Password=Fak3;Server=tcp:db.example,1433;Uid=app",
                (Form::List, "Fak3", "db.example"),
            ),
            ("server=db; uid=app; pwd='Fa;k3'", (Form::List, "Fa;k3", "db")),
            (
                "Driver={ODBC Driver 18};Server=db;UID=app;PWD={Fak3}",
                (Form::List, "Fak3", "db"),
            ),
            (
                "\"Db\": \"Data Source=db;User Id=app;Password=Fak3\"",
                (Form::List, "Fak3", "db"),
            ),
            (
                "jdbc:sqlserver://db:1433;databaseName=shop;user=app;password=Fak3;encrypt=true",
                (Form::List, "Fak3", "?"),
            ),
            (
                "host=db port=5432 user=app password=Fak3 dbname=shop",
                (Form::Words, "Fak3", "db"),
            ),
            (
                "DSN=\"host=db user=app password='Fa k3' sslmode=disable\"",
                (Form::Words, "Fa k3", "db"),
            ),
            (
                "jdbc:postgresql://db/shop?user=app&password=Fak3&ssl=true",
                (Form::Query, "Fak3", "?"),
            ),
            ("mysql://db/shop?password=Fak3", (Form::Query, "Fak3", "?")),
            (
                "app:Fak3@tcp(db:3306)/shop?parseTime=true",
                (Form::Driver, "Fak3", "db"),
            ),
            ("DSN=app:Fa@k:3@tcp(db)/shop", (Form::Driver, "Fa@k:3", "db")),
            ("app:Fak3@unix(/run/mysqld.sock)/shop", (Form::Driver, "Fak3", "?")),
            ("jdbc:oracle:thin:app/Fak3@db:1521/shop", (Form::Driver, "Fak3", "?")),
            (
                "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=ZmFrZS1rZXk=;EndpointSuffix=example",
                (Form::AzureKey, "ZmFrZS1rZXk=", "?"),
            ),
            (
                "Endpoint=sb://shop.example/;SharedAccessKeyName=all;SharedAccessKey=ZmFrZS1rZXk=",
                (Form::AzureKey, "ZmFrZS1rZXk=", "?"),
            ),
            ("spring.datasource.password=Fak3", (Form::Spring, "Fak3", "?")),
            ("spring.datasource.password: Fak3", (Form::Spring, "Fak3", "?")),
            ("{\"spring.datasource.password\":\"Fak3\"}", (Form::Spring, "Fak3", "?")),
            (
                "java -Dspring.datasource.password=Fak3 -jar app.jar",
                (Form::Spring, "Fak3", "?"),
            ),
            ("--spring.datasource.hikari.password=Fak3", (Form::Spring, "Fak3", "?")),
        ] {
            assert_eq!(first(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_lines_hold_none() {
        for line in [
            "",
            "password=Fak3",
            "DB_PASSWORD=Fak3",
            "--password=Fak3 --user=app",
            "Server=db;Database=shop",
            "Server=db;Password=;",
            "/login?password=Fak3",
            "SELECT * FROM t WHERE user=? AND password=?",
            "user=:user;password=:password;host=x",
            "AccountName=devstoreaccount1;AccountKey=ZmFrZS1rZXktbm90LXJlYWw=",
            "SharedAccessKeyName=all;",
            "app@tcp(db:3306)/shop",
            "spring.datasource.username=app",
            "passwordFormat=x;server=y",
            "jdbc:oracle:thin:@db:1521/shop",
            "sum(rate(x{a=\"b\"}[5m])) by (password)",
            "@tcp(",
            ":@tcp(",
            "=",
            "==;=",
            "user app password Fak3 host=db",
        ] {
            assert_eq!(first(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line(line in "(password=|host=|;|'|\"|\\{|[a-z:/@= ?&é]|@tcp\\(|jdbc:oracle:thin:|AccountKey=|spring.a.password[:=]){0,30}") {
            for found in find(&line) {
                prop_assert!(line.get(found.password).is_some());
            }
        }
    }
}
