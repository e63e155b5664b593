//! A node as JSON text.

use std::fmt::Write as _;

use crate::{Kind, Tree};

impl Tree<'_> {
    /// Appends a node as compact JSON: keys in the order of the tree, values that are not final as the texts they are.
    /// Nothing when there is no such node. Walks without recursion, so depth costs no stack.
    ///
    /// Texts that occur often are stored once: the JSON may be much larger than the tree. For trees that others
    /// influence, [`Tree::write_json_within`].
    pub fn write_json(&self, index: u32, out: &mut String) {
        self.write_json_within(index, out, usize::MAX);
    }

    /// As [`Tree::write_json`], as long as that takes no more than `limit` bytes; else false, and nothing is appended.
    pub fn write_json_within(&self, index: u32, out: &mut String, limit: usize) -> bool {
        let before = out.len();
        let limit = before.saturating_add(limit);
        let fits = self.walk(index, out, limit) && out.len() <= limit;
        if !fits {
            out.truncate(before);
        }
        fits
    }

    /// Appends a node as JSON; false when it stopped as `out` got longer than `limit` bytes.
    fn walk(&self, index: u32, out: &mut String, limit: usize) -> bool {
        // Open maps and sequences: the node after the last descendant, and how it closes. None reaches further than the
        // one around it, whatever its end says.
        let mut open: Vec<(u32, char)> = Vec::new();
        let mut at = index;
        // Whether the next member is the first of its map or sequence.
        let mut first = true;
        let end = self.end(index).min(self.nodes());
        while at < end {
            if out.len() > limit {
                return false;
            }
            while let Some((_, close)) = open.pop_if(|&mut (last, _)| last <= at) {
                out.push(close);
                first = false;
            }
            // A kind that the format does not know reads as null.
            let node = self.node(at);
            if at != index {
                if !first {
                    out.push(',');
                }
                if open.last().is_some_and(|&(_, close)| close == '}') {
                    write_text(self.text(node.and_then(|node| node.key).unwrap_or_default()), out);
                    out.push(':');
                }
            }
            first = false;
            match node.map_or(Kind::Null, |node| node.kind) {
                Kind::Null => out.push_str("null"),
                Kind::False => out.push_str("false"),
                Kind::True => out.push_str("true"),
                // Writing to a String cannot fail.
                Kind::Integer => {
                    let _ = write!(out, "{}", self.integer(at).unwrap_or_default());
                }
                Kind::Float => write_float(self.float(at).unwrap_or_default(), out),
                Kind::String => write_text(self.symbol(at).map_or("", |symbol| self.text(symbol)), out),
                kind @ (Kind::Sequence | Kind::Map) => {
                    let (start, close) = if kind == Kind::Map { ('{', '}') } else { ('[', ']') };
                    out.push(start);
                    first = true;
                    let last = open.last().map_or(end, |&(last, _)| last);
                    open.push((self.end(at).min(last), close));
                }
            }
            at += 1;
        }
        out.extend(open.into_iter().rev().map(|(_, close)| close));
        true
    }

    /// A node as compact JSON; see [`Tree::write_json`].
    #[must_use]
    pub fn json(&self, index: u32) -> String {
        let mut out = String::new();
        self.write_json(index, &mut out);
        out
    }
}

/// JSON has no infinities: they become null. The digits are the fewest that read back as the same number; an exponent has
/// its sign, as in what Kubernetes writes, and numbers from 0.00001 on have none.
fn write_float(value: f64, out: &mut String) {
    if !value.is_finite() {
        out.push_str("null");
        return;
    }
    if (1e-5..1e-4).contains(&value.abs()) {
        let _ = write!(out, "{value}");
        return;
    }
    let start = out.len();
    let _ = write!(out, "{value:?}");
    if let Some(exponent) = out.get(start..).and_then(|digits| digits.find('e')) {
        let after = start + exponent + 1;
        if out.get(after..).is_some_and(|rest| !rest.starts_with('-')) {
            out.insert(after, '+');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    // All that is escaped is one byte long, so the rest is copied in pieces between.
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let (escaped, tail) = tail.split_at(1);
        match escaped {
            "\"" => out.push_str("\\\""),
            "\\" => out.push_str("\\\\"),
            "\n" => out.push_str("\\n"),
            "\r" => out.push_str("\\r"),
            "\t" => out.push_str("\\t"),
            "\u{8}" => out.push_str("\\b"),
            "\u{c}" => out.push_str("\\f"),
            control => {
                for byte in control.bytes() {
                    let _ = write!(out, "\\u{byte:04x}");
                }
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out.push('"');
}
