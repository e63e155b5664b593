//! Passwords in SQL: `CREATE USER … PASSWORD '…'`, `IDENTIFIED BY '…'`.
//!
//! Sources: PostgreSQL, `CREATE ROLE`; MySQL, `CREATE USER`.

use plimsoll_sdk::kube::bytes::{contains_any, starts};

use super::{Found, Lines};
use crate::value::{self, Value};

/// The words before a password in quotes.
const WORDS: &[(&str, &str)] = &[
    ("PASSWORD '", "PASSWORD"),
    ("password '", "PASSWORD"),
    ("Password '", "PASSWORD"),
    ("IDENTIFIED BY '", "IDENTIFIED BY"),
    ("identified by '", "IDENTIFIED BY"),
    ("PASSWORD = '", "PASSWORD"),
    ("PASSWORD=N'", "PASSWORD"),
];

/// Adds all in a text.
pub fn find<'t>(text: &'t str, found: &mut Vec<Found<'t>>) {
    // Nothing of the kind is written without these.
    if text.len() < 20 || !text.contains('\'') || !contains_any(text, &["USER", "ROLE", "LOGIN", "user", "role"]) {
        return;
    }
    let mut all: Vec<(usize, &'static str)> = WORDS
        .iter()
        .flat_map(|&(word, name)| starts(text, word).map(move |at| (at + word.len(), name)))
        .chain(identified_with(text))
        .collect();
    all.sort_unstable();
    all.dedup();
    let mut lines = Lines::new(text);
    for (start, key) in all {
        let Some(rest) = text.get(start..) else { continue };
        let Some(end) = rest
            .get(..rest.floor_char_boundary(512))
            .and_then(|rest| rest.find('\''))
        else {
            continue;
        };
        let password = rest.get(..end).unwrap_or("");
        let statement = text.get(..start).unwrap_or("");
        let line = statement.rfind('\n').map_or(0, |last| last + 1);
        let is_remark = crate::connection::is_comment(statement.get(line..).unwrap_or(""));
        // `'"$PASSWORD"'`, `:'password'` and what programs put in.
        let taken =
            password.contains(['$', '%', '`', '"']) || password.starts_with([':', '@', '?']) || password.is_empty();
        let placeholder = match value::judge_password(password) {
            Value::Literal => false,
            Value::Placeholder => true,
            _ => continue,
        };
        let hashed = password.starts_with("SCRAM-SHA-") || password.starts_with("md5") && password.len() == 35;
        if !is_remark && !taken && !hashed && is_statement(statement) {
            found.push(Found {
                key,
                range: start..start + end,
                line: lines.of(start),
                placeholder,
            });
        }
    }
}

/// `IDENTIFIED WITH plugin BY '…'`.
fn identified_with(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    ["IDENTIFIED WITH", "identified with"]
        .into_iter()
        .flat_map(|word| starts(text, word).map(|at| at + word.len()))
        .filter_map(|end| {
            let rest = text.get(end..)?;
            let rest = rest.get(..rest.floor_char_boundary(80))?;
            let by = rest.find(" BY '").or_else(|| rest.find(" by '"))?;
            Some((end + by + 5, "IDENTIFIED BY"))
        })
}

/// Whether what stands before a password, in its statement, makes or changes a user.
fn is_statement(before: &str) -> bool {
    let near = before
        .get(before.floor_char_boundary(before.len().saturating_sub(400))..)
        .unwrap_or("");
    let statement = near.rsplit(';').next().unwrap_or("").to_ascii_uppercase();
    ["USER", "ROLE", "LOGIN", "GRANT"]
        .iter()
        .any(|word| statement.contains(word))
        && ["CREATE", "ALTER", "GRANT", "SET"]
            .iter()
            .any(|word| statement.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        find(text, &mut found);
        found
            .into_iter()
            .filter(|one| !one.placeholder)
            .filter_map(|one| Some((one.line, text.get(one.range)?)))
            .collect()
    }

    #[test]
    fn passwords_of_users_are_found() {
        for text in [
            "CREATE USER cdc WITH REPLICATION PASSWORD 'Fak3';",
            "CREATE ROLE shop LOGIN PASSWORD 'Fak3';",
            "ALTER USER shop WITH ENCRYPTED PASSWORD 'Fak3';",
            "alter role shop password 'Fak3';",
            "CREATE USER 'shop'@'%' IDENTIFIED BY 'Fak3';",
            "CREATE USER 'shop'@'%' IDENTIFIED WITH mysql_native_password BY 'Fak3';",
            "GRANT ALL ON shop.* TO USER shop IDENTIFIED BY 'Fak3';",
            "CREATE LOGIN shop WITH PASSWORD = 'Fak3';",
        ] {
            assert_eq!(all(text), [(1, "Fak3")], "{text}");
        }
        assert_eq!(
            all("CREATE DATABASE d;\nCREATE USER a\n  PASSWORD 'Fak3';\nCREATE USER b PASSWORD 'Fak4';"),
            [(3, "Fak3"), (4, "Fak4")]
        );
    }

    #[test]
    fn others_are_not() {
        for text in [
            "-- CREATE USER a PASSWORD 'Fak3';",
            "CREATE USER a PASSWORD '$PASSWORD';",
            "CREATE USER a PASSWORD '${PASSWORD}';",
            "CREATE USER a PASSWORD :'password';",
            "CREATE USER a PASSWORD '';",
            "CREATE USER a PASSWORD '%s';",
            "CREATE USER a PASSWORD 'SCRAM-SHA-256$4096:x';",
            "SELECT user FROM t WHERE password = 'Fak3';",
            "INSERT INTO users VALUES ('PASSWORD ', 'x')",
            "PASSWORD 'Fak3' of a USER",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}
