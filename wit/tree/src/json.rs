//! A node as JSON text.

use std::fmt::Write as _;

use crate::{Kind, Tree};

impl Tree<'_> {
    /// Appends a node as compact JSON: keys in the order of the tree, values that are not final as the texts they are.
    /// Nothing when there is no such node. Walks without recursion, so depth costs no stack.
    pub fn write_json(&self, index: u32, out: &mut String) {
        // Open maps and sequences: the node after the last descendant, and how it closes.
        let mut open: Vec<(u32, char)> = Vec::new();
        let mut at = index;
        // Whether the next member is the first of its map or sequence.
        let mut first = true;
        let end = self.end(index).min(self.nodes());
        while at < end {
            while let Some(&(last, close)) = open.last() {
                if at < last {
                    break;
                }
                out.push(close);
                open.pop();
                first = false;
            }
            let Some(node) = self.node(at) else { break };
            if at != index {
                if !first {
                    out.push(',');
                }
                if open.last().is_some_and(|&(_, close)| close == '}') {
                    write_text(self.text(node.key.unwrap_or_default()), out);
                    out.push(':');
                }
            }
            first = false;
            match node.kind {
                Kind::Null => out.push_str("null"),
                Kind::False => out.push_str("false"),
                Kind::True => out.push_str("true"),
                // Writing to a String cannot fail.
                Kind::Integer => drop(write!(out, "{}", self.integer(at).unwrap_or_default())),
                Kind::Float => write_float(self.float(at).unwrap_or_default(), out),
                Kind::String => write_text(self.text(crate::Symbol(node.value)), out),
                Kind::Sequence | Kind::Map => {
                    let (start, close) = if node.kind == Kind::Map { ('{', '}') } else { ('[', ']') };
                    out.push(start);
                    first = true;
                    let last = open.last().map_or(end, |&(last, _)| last);
                    open.push((self.end(at).min(last), close));
                }
            }
            at += 1;
        }
        while let Some((_, close)) = open.pop() {
            out.push(close);
        }
    }

    /// A node as compact JSON; see [`Tree::write_json`].
    #[must_use]
    pub fn json(&self, index: u32) -> String {
        let mut out = String::new();
        self.write_json(index, &mut out);
        out
    }
}

/// JSON has no infinities: they become null.
fn write_float(value: f64, out: &mut String) {
    if value.is_finite() {
        drop(write!(out, "{value:?}"));
    } else {
        out.push_str("null");
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => drop(write!(out, "\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}
