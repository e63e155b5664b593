//! Files in ConfigMaps: settings of programs, and the configuration of servers.
//!
//! A line is a setting where it has a name and a value (`name = value`, `name: value`, `"name": value`), in whatever format;
//! names around it come from indentation and from `[sections]`. What is meant by a file is not known better than that, and
//! nothing more is needed to see a `*` behind a name about origins.

use std::collections::BTreeSet;
use std::ops::Range;

use plimsoll_sdk::kube::Kind;
use plimsoll_sdk::{Node, Object, Value, word};

use super::{Answer, Credentials, Hot, ORIGIN, Opening, text};
use crate::origin;
use crate::variable::{self, Holds};

/// Names around a setting that are looked at; settings lie less deep.
const MAX_LEVELS: usize = 64;

/// Files of words, not of settings.
const PROSE: &[&str] = &[
    ".md", ".html", ".htm", ".txt", ".rst", ".css", ".svg", ".sql", ".csv", ".crt", ".pem",
];
/// Files of code: headers are looked for, settings are not.
const CODE: &[&str] = &[
    ".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".lua", ".sh", ".bash", ".php", ".go", ".java",
];

/// A setting that lets every origin in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Its name, with the names around it that matter.
    pub name: String,
    /// Bytes of the entry.
    pub at: Range<usize>,
    /// Whether a sibling allows credentials.
    pub credentials: bool,
}

/// The files of a ConfigMap.
pub fn read(object: Object<'_>, hot: &Hot<'_>, found: &mut Vec<Opening>) {
    let Value::Known(data) = object.root().get(word!("data")) else {
        return;
    };
    for member in data.members().filter(|member| hot.node(*member)) {
        let name = member.key_text();
        // The whole ConfigMap is a list of headers: ingress-nginx's `custom-headers`.
        if name.eq_ignore_ascii_case("access-control-allow-origin") {
            if member.text() == Value::Known("*") {
                found.push(custom_header(object, data, member));
            }
        } else if name == ORIGIN {
            found.extend(for_all(object, data, member));
        } else if is_file(member) {
            found.extend(of_file(object, member, name));
        }
    }
}

/// What HAProxy's controllers take for every Ingress that says nothing else.
fn for_all(object: Object<'_>, data: Node<'_>, member: Node<'_>) -> Option<Opening> {
    let is_on = |key: &str| data.get_text(key).and_then(Node::text) == Value::Known("true");
    let entry = member.text().known().and_then(origin::wildcard)?;
    if !is_on("cors-enable") {
        return None;
    }
    let mut opening = Opening::new(object, member, ORIGIN, entry);
    opening.answer = Answer::Literal;
    if let Some(node) = data
        .get_text("cors-allow-credentials")
        .known()
        .filter(|_| is_on("cors-allow-credentials"))
    {
        opening.credentials = Credentials::Said(node.index());
    }
    Some(opening)
}

fn custom_header(object: Object<'_>, data: Node<'_>, member: Node<'_>) -> Opening {
    let mut opening = Opening::new(object, member, "Access-Control-Allow-Origin", "*");
    opening.answer = Answer::Literal;
    let credentials = data.members().find(|other| {
        other
            .key_text()
            .eq_ignore_ascii_case("access-control-allow-credentials")
    });
    if let Some(credentials) = credentials.filter(|node| node.text() == Value::Known("true")) {
        opening.credentials = Credentials::Said(credentials.index());
    }
    opening
}

/// Whether a member is a file, and not a variable.
fn is_file(member: Node<'_>) -> bool {
    let name = member.key_text();
    let text = member.raw_text().unwrap_or_default();
    let has_end = name.rsplit_once('.').is_some_and(|(stem, end)| {
        !stem.is_empty()
            && matches!(
                end,
                "yaml" | "yml" | "json" | "properties" | "conf" | "cfg" | "ini" | "toml" | "env"
            )
    });
    member.kind() == Kind::String && (has_end || text.contains('\n'))
}

/// The openings of one file.
pub fn of_file(object: Object<'_>, node: Node<'_>, name: &str) -> Vec<Opening> {
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let Some(text) = node.raw_text().filter(|_| !ends(PROSE)) else {
        return Vec::new();
    };
    let mut found = text::openings(object, node, name);
    if !ends(CODE) {
        for setting in settings(name, text).into_iter().take(text::MOST) {
            let entry = text.get(setting.at.clone()).unwrap_or("*");
            let mut opening = Opening::new(object, node, format!("{name}: {}", setting.name), entry);
            opening.whole = false;
            opening.answer = variable::answer(&setting.name);
            opening.within = Some(setting.at);
            if setting.credentials {
                opening.credentials = Credentials::Said(node.index());
            }
            found.push(opening);
        }
    }
    found
}

/// The openings of a script: headers that it writes, and rules of buckets as JSON.
pub fn of_script(object: Object<'_>, node: Node<'_>) -> Vec<Opening> {
    // A client's own request says nothing of answers.
    let text = node.raw_text().unwrap_or_default();
    let mut found = if ["curl", "wget"].iter().any(|client| text.contains(client)) {
        Vec::new()
    } else {
        text::openings(object, node, "script")
    };
    if text.contains("AllowedOrigins") {
        for setting in settings("", text).into_iter().take(text::MOST) {
            if setting.name.ends_with("AllowedOrigins") {
                let entry = text.get(setting.at.clone()).unwrap_or("*");
                let mut opening = Opening::new(object, node, setting.name, entry);
                opening.whole = false;
                opening.within = Some(setting.at);
                found.push(opening);
            }
        }
    }
    found
}

/// A name in the file, with what it stands under.
struct Level<'a> {
    indent: usize,
    name: &'a str,
}

/// The settings of a file that let every origin in.
pub fn settings(file: &str, text: &str) -> Vec<Setting> {
    let mut found: Vec<(Setting, String)> = Vec::new();
    let mut credentials: BTreeSet<String> = BTreeSet::new();
    let mut levels: Vec<Level<'_>> = Vec::new();
    let mut section = "";
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let body = trimmed.trim_end();
        if body.is_empty() || body.starts_with(['#', ';', '!']) || body.starts_with("//") {
            continue;
        }
        if let Some(name) = body.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
            && !name.contains(['"', '\'', ',', '*'])
        {
            section = name;
            levels.clear();
            continue;
        }
        let (dashes, item) = dash(body);
        // An item of a list belongs to the name above it, which may stand at the same indentation.
        let depth = indent + dashes;
        levels.retain(|level| level.indent < depth || (dashes > 0 && level.indent <= indent));
        for piece in pieces(item) {
            let parent = path(file, section, &levels);
            let Some((name, value)) = setting(piece) else {
                let whole = piece.trim_end_matches(',').trim_end_matches([']', '}']);
                judge(
                    &parent,
                    "",
                    whole,
                    at + offset(line, whole),
                    &mut found,
                    &mut credentials,
                );
                continue;
            };
            let value = comment_cut(value);
            if matches!(value, "" | "[" | "{" | "[{" | "|" | ">" | "|-" | ">-") {
                // Within a line every name is deeper than those before it.
                let indent = depth + offset(item, piece);
                if levels.len() < MAX_LEVELS {
                    levels.push(Level { indent, name });
                }
            } else {
                judge(
                    &parent,
                    name,
                    value,
                    at + offset(line, value),
                    &mut found,
                    &mut credentials,
                );
                let closed = value_end(piece, value).matches('}').count();
                for _ in 0..closed {
                    levels.pop_if(|level| level.indent > depth);
                }
            }
        }
    }
    found
        .into_iter()
        .map(|(mut setting, parent)| {
            setting.credentials = credentials.contains(&parent);
            setting
        })
        .collect()
}

/// The dashes of YAML items, and what stands behind them.
fn dash(body: &str) -> (usize, &str) {
    let mut rest = body;
    while let Some(next) = rest.strip_prefix("- ") {
        rest = next.trim_start();
    }
    (body.len() - rest.len(), rest)
}

/// The members of a JSON object that stand in one line; any other line is one piece.
fn pieces(item: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = Vec::new();
    let mut open: Option<usize> = None;
    let mut escaped = false;
    for (at, character) in item.char_indices() {
        match (character, open) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            ('"', Some(from)) => {
                open = None;
                if item
                    .get(at + 1..)
                    .is_some_and(|rest| rest.trim_start().starts_with(':'))
                {
                    starts.push(from);
                }
            }
            ('"', None) => open = Some(at),
            _ => {}
        }
    }
    if starts.len() < 2 {
        return vec![item];
    }
    let ends = starts.iter().skip(1).copied().chain([item.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(&from, to)| item.get(from..to))
        .map(str::trim_end)
        .collect()
}

/// What stands behind a value in its piece.
fn value_end<'a>(piece: &'a str, value: &str) -> &'a str {
    piece.get(offset(piece, value) + value.len()..).unwrap_or_default()
}

/// Name and value of a line.
fn setting(body: &str) -> Option<(&str, &str)> {
    let body = body.trim_start_matches('{').trim_start();
    let body = body.strip_prefix("export ").unwrap_or(body);
    let (name, value) = if let Some(quoted) = body.strip_prefix('"') {
        let (name, rest) = quoted.split_once('"')?;
        (name, rest.trim_start().strip_prefix([':', '='])?)
    } else {
        let at = body.find(['=', ':'])?;
        (body.get(..at)?, body.get(at + 1..)?)
    };
    let name = name.trim().trim_matches('\'');
    let is_name = !name.is_empty()
        && name.len() <= 200
        && !name.contains(|c: char| c.is_whitespace() || "*{}<>()$".contains(c) && !name.starts_with('['));
    is_name.then(|| (name, value.trim()))
}

/// A value without a comment behind it, and without the comma of a JSON member.
fn comment_cut(value: &str) -> &str {
    let value = value.split(" #").next().unwrap_or(value).trim_end();
    value.trim_end_matches([',', '}', ' ']).trim_end()
}

/// Where a part of a line begins in it.
fn offset(line: &str, part: &str) -> usize {
    (part.as_ptr() as usize)
        .saturating_sub(line.as_ptr() as usize)
        .min(line.len())
}

/// The names around a setting, from the nearest that has `cors` in it on: what is further out is about other things.
fn path(file: &str, section: &str, levels: &[Level<'_>]) -> String {
    let is_cors = |name: &str| variable::words(name).iter().any(|word| word.contains("cors"));
    let names: Vec<&str> = std::iter::once(section)
        .chain(levels.iter().map(|level| level.name))
        .filter(|name| !name.is_empty())
        .collect();
    match names.iter().rposition(|name| is_cors(name)) {
        Some(from) => names.get(from..).unwrap_or_default().join("."),
        None if is_cors(file) => "cors".to_owned(),
        None => names.last().copied().unwrap_or_default().to_owned(),
    }
}

fn judge(
    parent: &str,
    name: &str,
    value: &str,
    start: usize,
    found: &mut Vec<(Setting, String)>,
    credentials: &mut BTreeSet<String>,
) {
    let under_cors = variable::words(parent).iter().any(|word| word.contains("cors"));
    let full = match (under_cors || name.is_empty(), parent.is_empty(), name.is_empty()) {
        (true, false, false) => format!("{parent}.{name}"),
        (true, _, true) => parent.to_owned(),
        _ => name.to_owned(),
    };
    // Headers are found as such.
    if full.len() > 400 || full.to_ascii_lowercase().contains("access-control-allow-origin") {
        return;
    }
    let holds = match variable::judge(&full) {
        // Keycloak's clients.
        None if full.ends_with("webOrigins") => Some(Holds::Origins),
        // Only whoever reads a variable takes an address for an origin.
        Some(Holds::Address) => None,
        other => other,
    };
    let plain = value.trim_matches(['"', '\'']);
    let entry = match holds {
        Some(Holds::Origins) => origin::wildcard(value),
        Some(Holds::Switch) if variable::is_on(plain) => Some(plain),
        Some(Holds::Credentials) => {
            if variable::is_on(plain) {
                credentials.insert(sibling(parent, name));
            }
            None
        }
        _ => None,
    };
    if let Some(entry) = entry {
        let from = start + offset(value, entry);
        let family = if name.is_empty() {
            parent.rsplit_once('.').map_or("", |(family, _)| family).to_owned()
        } else {
            sibling(parent, name)
        };
        found.push((
            Setting {
                name: full,
                at: from..from + entry.len(),
                credentials: false,
            },
            family,
        ));
    }
}

/// What two settings of one policy share: what they stand under, and what their own names begin with.
fn sibling(parent: &str, name: &str) -> String {
    let begin = name.rsplit_once(['.', '/']).map_or("", |(begin, _)| begin);
    match (parent.is_empty(), begin.is_empty()) {
        (true, _) => begin.to_owned(),
        (false, true) => parent.to_owned(),
        (false, false) => format!("{parent}.{begin}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<'a>(file: &str, text: &'a str) -> Vec<(String, &'a str, bool)> {
        settings(file, text)
            .into_iter()
            .map(|setting| (setting.name, &text[setting.at], setting.credentials))
            .collect()
    }

    #[test]
    fn settings_that_let_all_in() {
        for (file, text, name) in [
            (
                "application.properties",
                "quarkus.http.cors.origins=/.*/\n",
                "quarkus.http.cors.origins",
            ),
            (
                "application.yml",
                "app:\n  cors:\n    allowed-origins: \"*\"\n",
                "cors.allowed-origins",
            ),
            (
                "application.yml",
                "app:\n  cors:\n    allowedOrigins:\n      - https://a.example\n      - \"*\"\n",
                "cors.allowedOrigins",
            ),
            (
                "application.yml",
                "app:\n  cors:\n    allowedOrigins:\n    - '*'\n",
                "cors.allowedOrigins",
            ),
            (
                "application.yml",
                "spring:\n  cloud:\n    gateway:\n      globalcors:\n        cors-configurations:\n          '[/**]':\n            allowedOrigins: \"*\"\n",
                "cors-configurations.[/**].allowedOrigins",
            ),
            (
                "elasticsearch.yml",
                "http.cors.enabled: true\nhttp.cors.allow-origin: \"*\"\n",
                "http.cors.allow-origin",
            ),
            (
                "local.ini",
                "[httpd]\nenable_cors = true\n[cors]\norigins = *\n",
                "cors.origins",
            ),
            (
                "rabbitmq.conf",
                "management.cors.allow_origins.1 = *\n",
                "management.cors.allow_origins.1",
            ),
            ("realm.json", "{\n  \"webOrigins\": [\"*\"],\n}\n", "webOrigins"),
            (
                "realm.json",
                "{\n  \"webOrigins\": [\n    \"*\"\n  ]\n}\n",
                "webOrigins",
            ),
            (
                "cors.json",
                "[\n  {\n    \"origin\": [\"*\"],\n    \"method\": [\"GET\"]\n  }\n]\n",
                "cors.origin",
            ),
            (
                "rules.json",
                "{\"AllowedOrigins\": [\"*\"], \"AllowedMethods\": [\"GET\"]}",
                "AllowedOrigins",
            ),
            (
                "otel.yaml",
                "receivers:\n  otlp:\n    protocols:\n      http:\n        cors:\n          allowed_origins: [\"http://*\"]\n",
                "cors.allowed_origins",
            ),
            (
                "kafka.properties",
                "access.control.allow.origin=*\n",
                "access.control.allow.origin",
            ),
            (".env", "export CORS_ORIGIN='*'\n", "CORS_ORIGIN"),
            (
                "app.toml",
                "[server.cors]\nallow_all_origins = true # for now\n",
                "server.cors.allow_all_origins",
            ),
        ] {
            let list = found(file, text);
            let [(found_name, _, false)] = list.as_slice() else {
                panic!("{text}: {list:?}");
            };
            assert_eq!(found_name, name, "{text}");
        }
    }

    #[test]
    fn settings_that_do_not() {
        for (file, text) in [
            ("a.yaml", ""),
            (
                "a.yaml",
                "cors:\n  allowedOrigins:\n    - https://a.example\n  allowedHeaders: \"*\"\n  allowedMethods:\n    - \"*\"\n",
            ),
            ("a.yaml", "cors:\n  paths: \"*\"\n"),
            ("a.yaml", "# cors.origins: \"*\"\n"),
            ("a.properties", "cors.enabled=true\ncors.mapping=/**\n"),
            ("a.yaml", "rules:\n  - resources: [\"*\"]\n    origin: \"*\"\n"),
            ("a.yaml", "cors:\n  allowedOrigins: []\nother:\n  - \"*\"\n"),
            ("a.yaml", "git:\n  origin: \"*\"\n"),
            ("a.env", "FRONTEND_URL=*\n"),
            ("Corefile", ".:53 {\n  errors\n}\n"),
        ] {
            assert_eq!(found(file, text), [], "{text}");
        }
    }

    #[test]
    fn credentials_beside_them() {
        for text in [
            "cors:\n  allowedOrigins: \"*\"\n  allowCredentials: true\n",
            "cors:\n  allowCredentials: true\n  allowedOrigins:\n    - \"*\"\n",
            "a.cors.allowed-origins=*\na.cors.allow-credentials=true\n",
        ] {
            assert!(
                matches!(found("a.yaml", text).as_slice(), [(_, "*", true)]),
                "{text}: {:?}",
                found("a.yaml", text)
            );
        }
        let other = "a.cors.allowed-origins=*\nb.cors.allow-credentials=true\n";
        assert!(matches!(found("a.properties", other).as_slice(), [(_, "*", false)]));
    }

    proptest! {
        #[test]
        fn any_text(text in "(cors|origins?|allowed|[*:=\\[\\]{}\"', \\n#-]|true|é){0,40}") {
            for setting in settings("a.yaml", &text) {
                prop_assert!(text.get(setting.at).is_some());
            }
        }
    }
}
