//! Addresses with a user and a password in them, found in any text.
//!
//! Not the RFC's grammar: passwords are written raw more often than not. An authority ends where it must for the password
//! to be found whole; who is in doubt takes more rather than less, for what is found is also what is masked.

use std::ops::Range;

/// `scheme://user:password@host`, somewhere in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Userinfo<'t> {
    /// The scheme as written, with `jdbc:` or `r2dbc:` before it.
    pub scheme: &'t str,
    /// What stands before the first colon; empty for Redis.
    pub user: &'t str,
    /// Bytes of the text that are the password; absent where there is a user alone.
    pub password: Option<Range<usize>>,
    /// The host's name, where it is surely no part of the password.
    pub host: Option<&'t str>,
}

/// All of them, in order. Linear in the text. `text` is one line, or several that break no address.
pub fn find(text: &str) -> impl Iterator<Item = Userinfo<'_>> {
    // Each looks no further than the next: what one address may take is bounded, or this would not be linear.
    let mut marks = text.match_indices("://").map(|(at, _)| at).peekable();
    std::iter::from_fn(move || {
        let at = marks.next()?;
        Some(userinfo(text, at, marks.peek().copied().unwrap_or(text.len())))
    })
    .flatten()
}

fn is_scheme(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// Where the scheme that ends at `end` begins, with a `jdbc:` before it.
fn scheme_start(text: &str, end: usize) -> usize {
    let bytes = text.as_bytes();
    let start_of = |end: usize| {
        let length = bytes
            .iter()
            .take(end)
            .rev()
            .take_while(|&&byte| is_scheme(byte))
            .count();
        end - length
    };
    let start = start_of(end);
    match start.checked_sub(1) {
        Some(colon) if bytes.get(colon) == Some(&b':') => {
            let outer = start_of(colon);
            match text.get(outer..colon) {
                Some("jdbc" | "r2dbc") => outer,
                _ => start,
            }
        }
        _ => start,
    }
}

/// Whether an address cannot go on with this.
fn ends_address(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || matches!(letter, '"' | '\'' | '`' | '<' | '>' | '\\' | '|')
}

fn userinfo(text: &str, at: usize, limit: usize) -> Option<Userinfo<'_>> {
    let start = scheme_start(text, at);
    let scheme = text.get(start..at)?;
    let bare = scheme.rsplit(':').next()?;
    if bare.len() < 2 || !bare.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    let first = at + 3;
    let rest = text.get(first..limit)?;
    // A text that is one address may hold blanks that should have been escaped.
    let whole = text.get(..start)?.trim_start().is_empty() && !text.contains('\n');
    let token = rest.get(..rest.find(ends_address).unwrap_or(rest.len()))?;
    let long = if whole { rest.trim_end() } else { token };
    let authority = token.get(..token.find(['/', '?', '#']).unwrap_or(token.len()))?;

    let web = matches!(bare, "http" | "https" | "ws" | "wss" | "git" | "git+https" | "git+http");
    let (info, host, sure) = match authority.rfind('@') {
        Some(end) => {
            // A later @ before any query: the password holds a slash, or the path an @. The latter is usual on the web only.
            let path = token.get(..token.find('?').unwrap_or(token.len()))?;
            match path.rfind('@') {
                Some(later) if later > end && !web && !path.get(end..later)?.contains("//") => {
                    (path.get(..later)?, path.get(later + 1..)?, true)
                }
                Some(later) if later > end => (authority.get(..end)?, "", false),
                _ => (authority.get(..end)?, authority.get(end + 1..)?, true),
            }
        }
        // The password holds what ends an authority: what should be the port is none, and an @ comes later.
        None => {
            let end = long.rfind('@')?;
            let (info, host) = (long.get(..end)?, long.get(end + 1..)?);
            let (user, port) = authority.split_once(':')?;
            // A port, or something that becomes one; a host where the user should be.
            let usual = port.is_empty()
                || port.bytes().all(|byte| byte.is_ascii_digit())
                || port.contains(['$', '{', '%', '(', '['])
                || info.contains("//")
                || user.contains('[')
                || (web && user.contains('.'));
            (!usual && is_host_part(host)).then_some((info, host, true))?
        }
    };
    let (user, password) = match info.split_once(':') {
        Some((user, _)) => (user, Some(first + user.len() + 1..first + info.len())),
        None => (info, None),
    };
    let host = Some(host_name(host)).filter(|host| sure && !host.is_empty());
    let secret = password.clone().and_then(|range| text.get(range)).unwrap_or("");
    (!is_no_address(user, secret, bare, host)).then_some(Userinfo {
        scheme,
        user,
        password: password.filter(|range| !range.is_empty()),
        host,
    })
}

/// Whether a text after an `@` begins as a host does: a name, then a port, a path or the end.
fn is_host_part(text: &str) -> bool {
    let name = host_name(text);
    let rest = text.get(name.len()..).unwrap_or("");
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && (rest.is_empty() || rest.starts_with(['/', ':', '?', ',', ';']))
}

/// The host's name at the start of a text, without what follows it.
fn host_name(text: &str) -> &str {
    let end = text
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_'))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

/// What only looks like a user and a password.
fn is_no_address(user: &str, password: &str, scheme: &str, host: Option<&str>) -> bool {
    // `registry:5000@sha256:…`: a port and a digest.
    host.is_some_and(|host| matches!(host, "sha256" | "sha512"))
        // `scheme://user:port@…` of a manual, and `db:5432@…`.
        || password.eq_ignore_ascii_case("port")
        || default_port(scheme).is_some_and(|port| password == port)
        // A regular expression.
        || (user.contains(['[', ']', '*', '^', '(', ')']) && !user.contains("$("))
        || password.starts_with("[^") || password.starts_with("(.") || password.starts_with(".*")
}

/// The port that a scheme means.
fn default_port(scheme: &str) -> Option<&'static str> {
    Some(match scheme {
        "http" | "ws" => "80",
        "https" | "wss" => "443",
        "postgres" | "postgresql" => "5432",
        "mysql" | "mariadb" => "3306",
        "mongodb" => "27017",
        "redis" | "rediss" => "6379",
        "amqp" => "5672",
        "amqps" => "5671",
        "nats" => "4222",
        "kafka" => "9092",
        "ldap" => "389",
        "ldaps" => "636",
        "smtp" => "25",
        "smtps" => "465",
        "sqlserver" => "1433",
        "ftp" => "21",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `scheme user password host` of the first.
    fn first(text: &str) -> Option<(&str, &str, &str, &str)> {
        let found = find(text).next()?;
        let password = found.password.and_then(|range| text.get(range)).unwrap_or("");
        Some((found.scheme, found.user, password, found.host.unwrap_or("?")))
    }

    #[test]
    fn passwords_are_found_whole() {
        for (text, expected) in [
            ("postgres://app:Fak3@db:5432/x", ("postgres", "app", "Fak3", "db")),
            ("url=postgresql://a.b:Fak3@h/x?y=z", ("postgresql", "a.b", "Fak3", "h")),
            ("redis://:Fak3@cache:6379/0", ("redis", "", "Fak3", "cache")),
            (
                "mongodb+srv://u:Fak3@a.example,b.example/d",
                ("mongodb+srv", "u", "Fak3", "a.example"),
            ),
            ("jdbc:mysql://u:Fak3@db/x", ("jdbc:mysql", "u", "Fak3", "db")),
            (
                "r2dbc:postgresql://u:Fak3@db/x",
                ("r2dbc:postgresql", "u", "Fak3", "db"),
            ),
            (
                "git+https://u:Fak3@git.example/x",
                ("git+https", "u", "Fak3", "git.example"),
            ),
            (
                "sh -c 'pg_dump \"postgres://u:Fak3@h/d\" > /b'",
                ("postgres", "u", "Fak3", "h"),
            ),
            // Raw reserved characters.
            ("postgres://u:Fa@k3@h/d", ("postgres", "u", "Fa@k3", "h")),
            ("postgres://u:Fa/k3@h:5432/d", ("postgres", "u", "Fa/k3", "h")),
            ("postgres://u:Fa?k3@h/d", ("postgres", "u", "Fa?k3", "h")),
            ("postgres://u:Fa#k3@h/d", ("postgres", "u", "Fa#k3", "h")),
            ("postgres://u:Fa k3@h/d", ("postgres", "u", "Fa k3", "h")),
            ("postgres://u:F@k/3@h/d", ("postgres", "u", "F@k/3", "h")),
            ("postgres://u@server:Fak3@h/d", ("postgres", "u@server", "Fak3", "h")),
            ("postgres://u:$(P)@h/d", ("postgres", "u", "$(P)", "h")),
            ("https://u:Fak3@h.example/@scope/pkg", ("https", "u", "Fak3", "?")),
            ("smtp://u:12345@mail", ("smtp", "u", "12345", "mail")),
            ("http://token@h.example/x", ("http", "token", "", "h.example")),
            ("amqp://u:Fak3@[::1]:5672/", ("amqp", "u", "Fak3", "?")),
        ] {
            assert_eq!(first(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_hold_none() {
        for text in [
            "",
            "://",
            "//user:port@host",
            "user:password@host",
            "mailto:someone@example.com",
            "someone@example.com",
            "https://example.com/a@b",
            "https://example.com:8080/a@b",
            "https://example.com?mail=a@b",
            "c://a:b@c",
            "http://[::1]:8080/a@b",
            "https://$HOST:$PORT/a@b",
            "https://{host}:{port}/a@b",
            "http://registry:5000@sha256:0f",
            "docker.io/library/nginx@sha256:0f",
            "scheme://user:port@host",
            "redis://cache:6379@x",
            "a@b https://example.com:x/",
            "http://a:1,http://b:2/c@d",
            "([a-z]+)://([^:]+):([^@]+)@(.*)",
            "git@git.example:team/shop.git",
            "https://example.com:x/y and someone@example.com",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn several_are_all_found() {
        let found: Vec<_> = find("http://a:1/,amqp://u:Fak3@h,redis://:Fak4@c").collect();
        assert_eq!(
            found.iter().map(|one| one.scheme).collect::<Vec<_>>(),
            ["amqp", "redis"]
        );
    }

    proptest! {
        /// Any text: never a panic, ranges within the text and on its letters' bounds.
        #[test]
        fn any_text(text in "([a-z:/@?#\\[\\] $(){}.,;'\"<>0-9é\n]|://|@){0,60}") {
            for found in find(&text) {
                if let Some(range) = found.password {
                    prop_assert!(text.get(range).is_some());
                }
            }
        }

        /// A password that an authority may hold raw is found whole.
        #[test]
        fn any_password(password in "[a-zA-Z0-9!$&*+,;=:._~%@-]{1,40}") {
            prop_assume!(!is_no_address("u", &password, "postgres", None));
            let text = format!("postgres://u:{password}@h/d");
            let found = find(&text).next();
            prop_assert_eq!(found.and_then(|found| found.password).and_then(|range| text.get(range)), Some(password.as_str()));
        }
    }
}
