//! An object as YAML, as people read it: what a place in it is shown in.

use std::fmt::Write as _;

use plimsoll_core::read::{Limits, Manifest, manifest_of_text};
use serde_json::Value;

/// Words that YAML's readers take for something else than a text.
const WORDS: [&str; 9] = ["false", "n", "nan", "no", "null", "off", "on", "true", "yes"];

/// A JSON text as YAML, with its members in the same order; none where it is no JSON. Reading it gives the same values.
#[must_use]
fn yaml(json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    block(&mut out, &value, 0, false);
    Some(out)
}

/// The same object, read from YAML that people can read.
#[must_use]
pub fn rendered(manifest: &Manifest) -> Manifest {
    match yaml(&manifest.text) {
        Some(text) => manifest_of_text(&manifest.path, text.into(), &Limits::default()),
        None => manifest.clone(),
    }
}

/// Writes a value that begins on a line of its own, or behind a dash (`inline`). What was parsed as JSON is at most 128
/// levels deep.
fn block(out: &mut String, value: &Value, depth: usize, inline: bool) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (number, (key, value)) in map.iter().enumerate() {
                if number > 0 || !inline {
                    indent(out, depth);
                }
                text(out, key);
                out.push(':');
                member(out, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                if number > 0 || !inline {
                    indent(out, depth);
                }
                out.push('-');
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        out.push(' ');
                        block(out, item, depth + 1, true);
                    }
                    Value::Array(items) if !items.is_empty() => {
                        out.push(' ');
                        block(out, item, depth + 1, true);
                    }
                    scalar => line(out, scalar, depth),
                }
            }
        }
        scalar => {
            indent(out, depth);
            line(out, scalar, depth);
        }
    }
}

/// What stands behind the colon of a key.
fn member(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            block(out, value, depth + 1, false);
        }
        // Items stand under their key, as kubectl writes them.
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(out, value, depth, false);
        }
        scalar => line(out, scalar, depth),
    }
}

/// A blank, a scalar or an empty collection, and the end of the line.
fn line(out: &mut String, value: &Value, depth: usize) {
    out.push(' ');
    match value {
        Value::String(words) if is_literal(words) => {
            out.push_str(if words.ends_with('\n') { "|\n" } else { "|-\n" });
            for part in words.trim_end_matches('\n').split('\n') {
                if !part.is_empty() {
                    indent(out, depth + 1);
                }
                out.push_str(part);
                out.push('\n');
            }
            return;
        }
        Value::String(words) => text(out, words),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => {
            let _ = write!(out, "{other}");
        }
    }
    out.push('\n');
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Whether a text of several lines can stand as it is: nothing in it depends on how it is indented, or is lost.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && body.chars().all(|letter| letter == '\n' || !is_special(letter))
        // A line of blanks alone would be taken for an empty one.
        && body.split('\n').all(|line| line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
}

fn is_special(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{FEFF}' | '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}')
}

/// A text on one line: without quotes where nobody can take it for anything else.
fn text(out: &mut String, text: &str) {
    let mut letters = text.bytes();
    let plain = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'/')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'/' | b'_' | b'-'))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        && !text.eq_ignore_ascii_case("y");
    if plain {
        out.push_str(text);
        return;
    }
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            special if is_special(special) => {
                let _ = write!(out, "\\u{:04x}", u32::from(special));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_looks_like_what_people_write() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {}},
            "data": {"file": "one\n\n  two\n", "port": "8080", "last": "x\ny"},
            "list": [{"a": 1, "b": [true, null]}, [["deep"]], []],
        });
        let expected = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  labels: {}
data:
  file: |
    one

      two
  port: \"8080\"
  last: |-
    x
    y
list:
- a: 1
  b:
  - true
  - null
- - - deep
- []
";
        assert_eq!(yaml(&object.to_string()).as_deref(), Some(expected));
    }

    #[test]
    fn reading_it_gives_the_same_values() {
        let odd = [
            "",
            " ",
            "yes",
            "NO",
            "y",
            "null",
            "~",
            "1e3",
            "0x1f",
            "-",
            "- a",
            "a: b",
            "#x",
            "a #b",
            "'",
            "\"",
            "\\",
            "*a",
            "&a",
            "!t",
            "%x",
            "@",
            "`",
            "{",
            "[a",
            "a,b",
            "é",
            "𝄞",
            "\t",
            "a\tb",
            "a\r\nb",
            "\u{7f}",
            "\u{85}",
            "\u{feff}",
            "\u{2028}",
            "a\n",
            "a\n\n",
            "\na\nb",
            " a\nb",
            "a\n \nb",
            "a\nb \n",
            "a\n\tb",
            "a\n  b\nc",
            "a\n#b\n",
            "---\na",
            "a\n---\nb",
            "a\n...\n",
            ".5",
            "12:30:45",
            "2026-01-01",
            "=",
            "<<",
            "?",
            "key: |",
            "a\u{0}b",
            "on\noff",
            "${X}\n{{y}}\n",
            "/path",
            "a.b/c_d-e",
        ];
        let mut data = serde_json::Map::new();
        for (number, text) in odd.iter().enumerate() {
            data.insert(format!("k{number}"), json!(text));
            data.insert((*text).to_owned(), json!([text, {"x": text}, 1.5, -3, true]));
        }
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
        let json = object.to_string();
        let written = yaml(&json).expect("JSON");
        let read = |text: &str| {
            let manifest = manifest_of_text("a", text.into(), &Limits::default());
            assert!(manifest.failures.is_empty(), "{:?}\n{text}", manifest.failures);
            let words = manifest.part.to_tree().expect("small");
            let tree = plimsoll_tree::Tree::read(&words).expect("well-formed");
            tree.json(manifest.objects[0].root)
        };
        assert_eq!(read(&written), read(&json), "{written}");
    }
}
