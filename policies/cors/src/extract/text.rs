//! Headers in pieces of configuration and code: nginx, Apache, HAProxy, Caddy, Envoy, scripts.
//!
//! Sources: nginx, module headers; Apache, mod_headers; HAProxy, "http-response set-header"; Caddyfile, "header".

use std::collections::BTreeSet;
use std::ops::Range;

use plimsoll_sdk::{Node, Object};

use super::{Answer, Credentials, Opening};

/// How many openings of one text are reported: more are a generated text, and say the same.
pub const MOST: usize = 100;

/// A header that lets every origin in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Bytes of the value.
    pub at: Range<usize>,
    /// Whether the origin of the request is sent back, or a literal `*`.
    pub answer: Answer,
    /// Whether the same block allows credentials.
    pub credentials: bool,
}

const ORIGIN: &str = "access-control-allow-origin";
const CREDENTIALS: &str = "access-control-allow-credentials";

/// What takes a header away.
const REMOVES: &[&str] = &["hide", "clear", "unset", "del-header", "remove", "del "];

/// Values that send the request's origin back, whatever it is.
const ECHOES: &[&str] = &[
    "$http_origin",
    "%[req.hdr(origin)]",
    "%[capture.req.hdr(0)]",
    "{http.request.header.origin}",
    "{header.origin}",
    "%req(origin)%",
];

/// The openings of a scalar's text; with `$http_origin` sent back, only where nothing in it looks at the origin first.
pub fn openings(object: Object<'_>, node: Node<'_>, field: &str) -> Vec<Opening> {
    // Controllers put nothing into it: `$` is nginx's own. What another tool fills in is not a star, so it stays unseen.
    let Some(text) = node.raw_text() else {
        return Vec::new();
    };
    headers(text)
        .into_iter()
        .take(MOST)
        .map(|header| {
            let entry = text.get(header.at.clone()).unwrap_or("*");
            let mut opening = Opening::new(object, node, format!("{field}: Access-Control-Allow-Origin"), entry);
            opening.whole = false;
            opening.within = Some(header.at);
            opening.answer = header.answer;
            if header.credentials {
                opening.credentials = Credentials::Said(node.index());
            }
            opening
        })
        .collect()
}

/// A line that says something of a header.
struct Said<'a> {
    block: usize,
    at: Range<usize>,
    value: &'a str,
    header: &'static str,
}

/// The headers of a text that let every origin in.
pub fn headers(text: &str) -> Vec<Header> {
    let mut said: Vec<Said<'_>> = Vec::new();
    // Blocks by number; the text itself is 0.
    let (mut open, mut blocks) = (vec![0_usize], 0_usize);
    let mut start = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let after = start + line.len();
        let trimmed = line.trim_start();
        if !trimmed.starts_with('#') && !trimmed.starts_with("//") && !trimmed.starts_with(';') {
            let block = open.last().copied().unwrap_or(0);
            for header in [ORIGIN, CREDENTIALS] {
                if let Some(mut one) = find(line, start, header, block) {
                    if one.value.is_empty()
                        && let Some(next) = lines.peek()
                        && let Some(value) = value_line(next, after)
                    {
                        (one.at, one.value) = value;
                    }
                    said.push(one);
                }
            }
            for character in line.chars() {
                match character {
                    '{' => {
                        blocks += 1;
                        open.push(blocks);
                    }
                    '}' if open.len() > 1 => {
                        open.pop();
                    }
                    _ => {}
                }
            }
        }
        start = after;
    }
    let checks = [
        "map $http_origin",
        "if ($http_origin",
        "($http_origin",
        "$http_origin ~",
    ];
    let looks = checks.iter().any(|check| text.contains(check));
    let credentials: BTreeSet<usize> = said
        .iter()
        .filter(|one| one.header == CREDENTIALS && one.value.eq_ignore_ascii_case("true"))
        .map(|one| one.block)
        .collect();
    said.iter()
        .filter(|one| one.header == ORIGIN)
        .filter_map(|one| {
            let answer = if one.value == "*" {
                Answer::Literal
            } else if !looks && ECHOES.iter().any(|echo| echo.eq_ignore_ascii_case(one.value)) {
                Answer::Echo
            } else {
                return None;
            };
            Some(Header {
                at: one.at.clone(),
                answer,
                credentials: credentials.contains(&one.block),
            })
        })
        .collect()
}

/// The header in a line, with the value behind it.
fn find<'a>(line: &'a str, start: usize, header: &'static str, block: usize) -> Option<Said<'a>> {
    let at = position(line, header)?;
    let (before, found) = (line.get(..at)?, line.get(at..)?);
    if REMOVES.iter().any(|word| before.contains(word)) {
        return None;
    }
    let rest = found.get(header.len()..)?;
    // A longer name, or a part of one.
    if rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-' || next == '_')
        || before.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '-' || last == '_')
    {
        return None;
    }
    let skipped = rest.trim_start_matches(|c: char| c.is_whitespace() || "\"':=,])[(>".contains(c));
    let value = token(skipped);
    // HAProxy's conditions: somebody looks at the origin.
    if skipped
        .get(value.len()..)
        .is_some_and(|rest| rest.contains(" if ") || rest.contains(" unless "))
        && value != "*"
    {
        return None;
    }
    let from = start + at + header.len() + (rest.len() - skipped.len());
    Some(Said {
        block,
        at: from..from + value.len(),
        value,
        header,
    })
}

/// A value on a line of its own: `value: "*"`.
fn value_line(line: &str, start: usize) -> Option<(Range<usize>, &str)> {
    let trimmed = line.trim_start().trim_start_matches(['-', ' ', '"']);
    let rest = trimmed.strip_prefix("value")?;
    let skipped = rest.trim_start_matches(|c: char| c.is_whitespace() || "\"':=".contains(c));
    let value = token(skipped);
    let from = start + (line.len() - skipped.len());
    Some((from..from + value.len(), value))
}

/// A value: up to a quote, a blank or what ends a statement.
fn token(text: &str) -> &str {
    let end = text
        .find(|c: char| c.is_whitespace() || "\"';,".contains(c))
        .unwrap_or(text.len());
    let value = text.get(..end).unwrap_or("");
    // Closing brackets of a call or a list that are no part of the value.
    if value.starts_with(['*', '$']) {
        value.trim_end_matches([')', ']', '}'])
    } else {
        value
    }
}

/// Where a lower-case word begins, in any case.
fn position(text: &str, word: &str) -> Option<usize> {
    text.as_bytes()
        .windows(word.len())
        .position(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(&str, Answer, bool)> {
        headers(text)
            .into_iter()
            .map(|header| (&text[header.at], header.answer, header.credentials))
            .collect()
    }

    #[test]
    fn headers_that_let_all_in() {
        for (text, answer, credentials) in [
            ("add_header Access-Control-Allow-Origin *;", Answer::Literal, false),
            (
                "add_header 'Access-Control-Allow-Origin' '*' always;",
                Answer::Literal,
                false,
            ),
            (
                "more_set_headers \"Access-Control-Allow-Origin: *\";",
                Answer::Literal,
                false,
            ),
            (
                "add_header Access-Control-Allow-Origin $http_origin;",
                Answer::Echo,
                false,
            ),
            (
                "location / {\n  add_header Access-Control-Allow-Origin $http_origin always;\n  add_header Access-Control-Allow-Credentials true;\n}",
                Answer::Echo,
                true,
            ),
            ("Header set Access-Control-Allow-Origin \"*\"", Answer::Literal, false),
            (
                "http-response set-header Access-Control-Allow-Origin *",
                Answer::Literal,
                false,
            ),
            (
                "http-response set-header Access-Control-Allow-Origin %[req.hdr(Origin)]",
                Answer::Echo,
                false,
            ),
            ("header Access-Control-Allow-Origin *", Answer::Literal, false),
            (
                "ngx.header[\"Access-Control-Allow-Origin\"] = \"*\"",
                Answer::Literal,
                false,
            ),
            (
                "res.setHeader('Access-Control-Allow-Origin', '*')",
                Answer::Literal,
                false,
            ),
            ("Access-Control-Allow-Origin: [\"*\"]", Answer::Literal, false),
            (
                "- header:\n    key: access-control-allow-origin\n    value: \"*\"\n",
                Answer::Literal,
                false,
            ),
        ] {
            let list = found(text);
            let [(value, found_answer, found_credentials)] = list.as_slice() else {
                panic!("{text}: {list:?}");
            };
            assert_eq!((*found_answer, *found_credentials), (answer, credentials), "{text}");
            assert!(*value == "*" || value.contains(['$', '%']), "{text}: {value}");
        }
    }

    #[test]
    fn headers_that_do_not() {
        for text in [
            "",
            "add_header Access-Control-Allow-Origin https://shop.example;",
            "# add_header Access-Control-Allow-Origin *;",
            "proxy_hide_header Access-Control-Allow-Origin;",
            "proxy_hide_header 'Access-Control-Allow-Origin'; # * all",
            "add_header Access-Control-Allow-Headers *;",
            "add_header Access-Control-Allow-Origin $cors_origin;",
            "map $http_origin $ok { default 0; }\nadd_header Access-Control-Allow-Origin $http_origin;",
            "if ($http_origin ~ shop) {\n add_header Access-Control-Allow-Origin $http_origin;\n}",
            "add_header Vary Access-Control-Allow-Origin-Extra *;",
            "http-response set-header Access-Control-Allow-Origin %[capture.req.hdr(0)] if is_shop",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn credentials_of_another_block_are_not_its() {
        let text = "location /a {\n add_header Access-Control-Allow-Origin *;\n}\nlocation /b {\n add_header Access-Control-Allow-Credentials true;\n}\n";
        assert_eq!(found(text), [("*", Answer::Literal, false)]);
    }

    proptest! {
        #[test]
        fn any_text(text in "(Access-Control-Allow-Origin|[*{}\"' \\n;:$#é]|value|add_header |true){0,30}") {
            for header in headers(&text) {
                prop_assert!(text.get(header.at).is_some());
            }
        }
    }
}
