//! Credentials in files that lie in a manifest: settings of properties, env, INI, TOML, YAML and JSON files, by the name of
//! what is set, and passwords in SQL.

use std::ops::Range;

use plimsoll_sdk::kube::dashboard::is_dashboard;

use crate::credential::{self, Setting};
use crate::{command, connection, name, value};

pub mod sql;

/// A credential that a file sets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<'t> {
    /// The setting's name, the flag or the statement.
    pub key: &'t str,
    /// Bytes of the file: the value without quotes.
    pub range: Range<usize>,
    /// Line of the file, from 1.
    pub line: usize,
    /// Whether it only stands in for a credential that comes later.
    pub placeholder: bool,
}

/// What a file is, by its name and beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// Settings of some kind.
    Settings,
    /// A script of a shell: assignments and commands.
    Shell,
    /// SQL.
    Sql,
    /// A program or a document: what looks like a setting there seldom is one.
    Other,
}

fn form(name: &str, text: &str) -> Form {
    const OTHER: &[&str] = &[
        ".js",
        ".mjs",
        ".ts",
        ".py",
        ".go",
        ".rb",
        ".lua",
        ".java",
        ".groovy",
        ".kt",
        ".php",
        ".pl",
        ".ps1",
        ".tpl",
        ".tmpl",
        ".j2",
        ".rego",
        ".proto",
        ".graphql",
        ".md",
        ".html",
        ".htm",
        ".css",
        ".svg",
        ".xml",
        ".csv",
        ".pem",
        ".crt",
        ".vcl",
        ".awk",
        ".jsonnet",
        ".libsonnet",
        ".cue",
        ".star",
        ".dashboard",
        "-dashboard.json",
        ".rules",
    ];
    let lower = name.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    if ends(&[".sql"]) {
        Form::Sql
    } else if ends(&[".sh", ".bash", ".envrc"]) || text.starts_with("#!") {
        if text.starts_with("#!") && !text.lines().next().is_some_and(|first| first.contains("sh")) {
            Form::Other
        } else {
            Form::Shell
        }
    } else if ends(OTHER) || is_dashboard(text.as_bytes()) {
        Form::Other
    } else {
        Form::Settings
    }
}

/// All credentials that a file sets by name, in order; `name` is the file's.
#[must_use]
pub fn find<'t>(name: &str, text: &'t str) -> Vec<Found<'t>> {
    let mut found = Vec::new();
    match form(name, text) {
        Form::Settings => {
            settings(text, &mut found);
            sql::find(text, &mut found);
        }
        Form::Shell => {
            let mut lines = Lines::new(text);
            for one in command::script(text) {
                found.push(Found {
                    key: one.flag,
                    line: lines.of(one.range.start),
                    range: one.range,
                    placeholder: one.placeholder,
                });
            }
            sql::find(text, &mut found);
        }
        Form::Sql => sql::find(text, &mut found),
        Form::Other => {}
    }
    found.sort_by_key(|one| one.range.start);
    let mut end = 0;
    found.retain(|one| {
        let apart = one.range.start >= end;
        end = end.max(one.range.end);
        apart
    });
    found
}

/// Numbers of lines, asked for in order.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    start: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Lines {
            text,
            at: 0,
            line: 1,
            start: 0,
        }
    }

    /// The line of a place that is not before the last one.
    fn of(&mut self, at: usize) -> usize {
        let between = self.text.as_bytes().get(self.at..at).unwrap_or(&[]);
        self.line += between.iter().filter(|&&byte| byte == b'\n').count();
        if let Some(last) = between.iter().rposition(|&byte| byte == b'\n') {
            self.start = self.at + last + 1;
        }
        self.at = self.at.max(at);
        self.line
    }
}

/// Longest name and longest value that are looked at, in bytes.
const LONGEST_KEY: usize = 80;
const LONGEST_VALUE: usize = 1024;

fn settings<'t>(text: &'t str, found: &mut Vec<Found<'t>>) {
    let bytes = text.as_bytes();
    let mut lines = Lines::new(text);
    let mut at = 0;
    for mark in connection::marks(bytes) {
        if mark < at || bytes.get(mark) == Some(&b'@') {
            continue;
        }
        let Some(key) = key(text, mark) else { continue };
        if !name::may_promise(key.text) {
            continue;
        }
        let Some(place) = place(bytes, &key) else { continue };
        let Some(range) = value(text, mark, &key, place) else {
            continue;
        };
        let value = text.get(range.clone()).unwrap_or("");
        if is_taken_from_elsewhere(value) {
            continue;
        }
        if let Some(named) = credential::judge(key.text, value, Setting::Key) {
            // Behind a `#` that begins the line, a flow of YAML is a remark, too.
            let line = lines.of(mark);
            if connection::is_comment(text.get(lines.start..mark).unwrap_or("")) {
                continue;
            }
            found.push(Found {
                key: key.text,
                line,
                range: range.clone(),
                placeholder: named.placeholder,
            });
            at = at.max(range.end);
        }
    }
}

/// The name before a mark.
struct Key<'t> {
    text: &'t str,
    start: usize,
    quoted: bool,
}

fn key(text: &str, mark: usize) -> Option<Key<'_>> {
    let left = text.get(..mark)?.trim_end_matches(' ');
    let (left, quoted) = match left.strip_suffix(['"', '\'']) {
        Some(left) => (left, true),
        None => (left, false),
    };
    let length = left
        .bytes()
        .rev()
        .take(LONGEST_KEY)
        .take_while(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        .count();
    let start = left.len() - length;
    let text = left.get(start..).filter(|key| key.len() >= 3)?;
    // `- password: x`, `--password=x`: a list's dash or a flag's is not of the name.
    let bare = text.trim_start_matches('-');
    Some(Key {
        text: bare,
        start: start + text.len() - bare.len(),
        quoted,
    })
}

/// Where a setting stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// At the beginning of its line.
    Line,
    /// Between braces.
    Flow,
}

fn place(bytes: &[u8], key: &Key<'_>) -> Option<Stands> {
    let before = bytes.get(..key.start - usize::from(key.quoted && key.start > 0))?;
    // Not far: a long line of blanks must not be read once for each of its settings.
    for (at, byte) in before.iter().enumerate().rev().take(512) {
        match byte {
            b' ' | b'\t' | b'-' | b'\r' => {}
            b'\n' => return Some(Stands::Line),
            b'{' | b',' => return Some(Stands::Flow),
            b't' => {
                let word = before.get(..=at)?;
                let export = word.ends_with(b"export") || word.ends_with(b"set");
                return export.then_some(Stands::Line);
            }
            _ => return None,
        }
    }
    (before.len() < 512).then_some(Stands::Line)
}

/// The value behind a mark.
fn value(text: &str, mark: usize, key: &Key<'_>, place: Stands) -> Option<Range<usize>> {
    let colon = text.as_bytes().get(mark) == Some(&b':');
    let rest = text.get(mark + 1..)?;
    let rest = rest.get(..rest.floor_char_boundary(LONGEST_VALUE))?;
    let line = rest.get(..rest.find(['\n', '\r']).unwrap_or(rest.len()))?;
    match line.as_bytes().first()? {
        b'=' | b'~' | b'>' | b':' => return None,
        b' ' | b'\t' | b'"' | b'\'' => {}
        // `a:b` is no setting of YAML.
        _ if colon && !key.quoted => return None,
        _ => {}
    }
    let value = line.trim_start_matches([' ', '\t']);
    let start = mark + 1 + line.len() - value.len();
    if let Some(quote) = value.chars().next().filter(|quote| matches!(quote, '"' | '\'')) {
        let inner = value.get(1..)?;
        let mut escaped = false;
        let end = inner.find(|letter: char| {
            let ends = letter == quote && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        })?;
        // Prose.
        let words = inner.get(..end)?.split_ascii_whitespace().count();
        return (end > 0 && words <= 3).then_some(start + 1..start + 1 + end);
    }
    let mut end = match place {
        Stands::Flow => value.find([',', '}', ']', '\n']).unwrap_or(value.len()),
        Stands::Line => value.len(),
    };
    if let Some(remark) = value.find(" #") {
        end = end.min(remark);
    }
    let bare = value.get(..end)?.trim_end().trim_end_matches([';', ',']);
    let first = *bare.as_bytes().first()?;
    let structure = matches!(first, b'|' | b'>' | b'&' | b'!' | b'[' | b'{' | b'(' | b'\\') && !bare.starts_with("{{")
        || first == b'*' && bare.bytes().any(|byte| byte != b'*');
    let code = bare.contains(['(', ')', '`']) && !bare.contains("$(") || bare.contains(char::is_whitespace);
    let number = bare.len() < 4 && bare.bytes().all(|byte| byte.is_ascii_digit());
    (!structure && !code && !number).then_some(start..start + bare.len())
}

/// Whether a value says where the credential comes from, as files do.
fn is_taken_from_elsewhere(text: &str) -> bool {
    let variable = text.strip_prefix('$').is_some_and(|name| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-'))
    });
    variable
        || value::is_reference(text)
        || [
            "env.",
            "env:",
            "process.env",
            "os.environ",
            "ENV[",
            "secret://",
            "vault://",
            "!",
            "k8s:",
            "secretKeyRef",
        ]
        .iter()
        .any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all<'t>(name: &str, text: &'t str) -> Vec<(usize, &'t str, &'t str)> {
        find(name, text)
            .into_iter()
            .filter(|one| !one.placeholder)
            .filter_map(|one| Some((one.line, one.key, text.get(one.range)?)))
            .collect()
    }

    #[test]
    fn settings_of_many_forms_are_found() {
        for (file, text, expected) in [
            (
                "app.properties",
                "a=b\ndb.password=Fak3 Pw\ndb.password = Fak3\n",
                (3, "db.password", "Fak3"),
            ),
            (".env", "A=1\nexport DB_PASSWORD=Fak3\n", (2, "DB_PASSWORD", "Fak3")),
            (".env", "DB_PASSWORD='Fa k3'\n", (1, "DB_PASSWORD", "Fa k3")),
            (
                "app.ini",
                "[db]\npassword = Fak3 ; old\n;password=Old\nuser_token=Fak4\n",
                (4, "user_token", "Fak4"),
            ),
            (
                "app.toml",
                "[db]\npassword = \"Fa#k3\" # new\n",
                (2, "password", "Fa#k3"),
            ),
            ("app.yaml", "db:\n  password: Fak3 # new\n", (2, "password", "Fak3")),
            ("app.yaml", "users:\n  - password: \"Fak3\"\n", (2, "password", "Fak3")),
            ("app.yaml", "db: {user: u, password: Fak3}\n", (1, "password", "Fak3")),
            ("app.json", "{\n  \"password\": \"Fak3\",\n}", (2, "password", "Fak3")),
            ("app.json", "{\"a\":{\"password\":\"Fa,k3\"}}", (1, "password", "Fa,k3")),
            (
                "default",
                "smtp_auth_password: 'Fak3'\nb: c\n",
                (1, "smtp_auth_password", "Fak3"),
            ),
            (
                "run.sh",
                "#!/bin/sh\nexport PGPASSWORD=Fak3\n",
                (2, "PGPASSWORD", "Fak3"),
            ),
            ("run.sh", "set -e\nmysql -uroot -pFak3 shop\n", (2, "-p", "Fak3")),
        ] {
            assert_eq!(all(file, text), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_no_setting_is_not() {
        for (file, text) in [
            ("app.yaml", "password: ${PASSWORD}\nb: c"),
            ("app.yaml", "password: $PASSWORD\n"),
            ("dex.config", "clientSecret: $dex.github.clientSecret\n"),
            ("app.yaml", "# password: Fak3\n"),
            ("app.yaml", "password:\n  secretKeyRef: x\n"),
            ("app.yaml", "password: |\n  text\n"),
            ("app.yaml", "password_encryption: scram-sha-256\n"),
            (
                "app.yaml",
                "passwordPattern: '[a-z]+'\nsecretName: web-tls\nsecret: web-tls\n",
            ),
            ("app.yaml", "note: the password: it must be long\n"),
            ("app.yaml", "password: must be at least eight letters\n"),
            ("app.conf", "password = getPassword()\n"),
            ("app.conf", "if password == Fak3 then\n"),
            ("app.js", "const password = 'Fak3';\n"),
            ("app.py", "password = 'Fak3'\n"),
            ("readme", "user:password@host"),
            (
                "run.sh",
                "#!/bin/sh\n# PGPASSWORD=Fak3\nexport PGPASSWORD=$(cat /run/pw)\nread -p Password: x\n",
            ),
            (
                "a.json",
                "{\"panels\": [], \"annotations\": {}, \"password\": \"Fak3\"}",
            ),
            ("a.yaml", "url: postgres://u:Fak3@h/d\n"),
            ("a.env", "TOKEN=env.TOKEN\nSECRET=env:X\n"),
        ] {
            assert_eq!(all(file, text), [], "{text}");
        }
    }

    #[test]
    fn stand_ins_are_told_apart() {
        let text = "a: b\npassword: changeme\ntoken: <your token>\n";
        assert_eq!(
            find("a.yaml", text)
                .iter()
                .map(|one| (one.line, one.placeholder))
                .collect::<Vec<_>>(),
            [(2, true)]
        );
    }

    /// Would take minutes where a search starts over at each of its marks.
    #[test]
    fn a_long_line_of_anything_is_read_once() {
        for unit in [
            "password: ",
            "{password:",
            "password=\"",
            "token=a,",
            "- ",
            "export password=",
            "password='x\\",
            ",\"password\":\"x\"",
        ] {
            let text = unit.repeat((1 << 17) / unit.len());
            assert!(find("a.yaml", &text).len() <= text.len(), "{unit}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in "(password|token|[:=]|\"|'|[{},\n #é-]|\\$|CREATE USER x |PASSWORD |IDENTIFIED BY |[a-zA-Z0-9]{1,8}){0,40}") {
            for name in ["a.yaml", "a.sh", "a.sql"] {
                for found in find(name, &text) {
                    prop_assert!(text.get(found.range).is_some());
                    prop_assert!(found.line >= 1);
                }
            }
        }
    }
}
