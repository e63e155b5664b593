//! Passwords in addresses that a reader of addresses takes apart at the wrong place.
//!
//! Source: RFC 3986, sections 2.1 and 3.2.1: what may stand raw before the `@`, and how all else is escaped.

use std::ops::Range;

use crate::value::{self, Value};
use crate::{dsn, url};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// No reader can take it.
    Certain,
    /// Readers disagree on where the password ends.
    Wrong,
    /// Legal, but some readers decode it to something else.
    Doubtful,
}

/// A letter that should be escaped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unescaped {
    /// Bytes of the text: the password, or the user's name.
    pub range: Range<usize>,
    /// The letter, as a message may show it.
    pub letter: char,
    /// Whether it stands in the user's name.
    pub in_user: bool,
    /// Whether the letter is an escape that is escaped once more.
    pub twice: bool,
    /// How bad it is.
    pub verdict: Verdict,
    /// Line of the text, from 1; 0 in a text of one line.
    pub line: usize,
}

/// All in a text, one for each address, in order.
#[must_use]
pub fn find(text: &str) -> Vec<Unescaped> {
    let mut found = Vec::new();
    let many = text.trim_end().contains('\n');
    let mut offset = 0;
    for (number, line) in text.split('\n').enumerate() {
        if crate::connection::may_hold(line) && !crate::connection::is_comment(line) {
            let from = found.len();
            in_line(line, &mut found);
            for one in found.iter_mut().skip(from) {
                one.range = one.range.start + offset..one.range.end + offset;
                one.line = if many { number + 1 } else { 0 };
            }
        }
        offset += line.len() + 1;
    }
    found
}

fn in_line(line: &str, found: &mut Vec<Unescaped>) {
    let code = line.split_once(" # ").map_or(line, |(code, _)| code);
    for address in url::find(code) {
        let Some(range) = address.password else { continue };
        let password = code.get(range.clone()).unwrap_or("");
        let web = matches!(address.scheme, "http" | "https" | "git" | "git+https" | "ws" | "wss");
        // A reference says nothing of the letters that come.
        if value::judge_password(password) != Value::Literal {
            continue;
        }
        let start = address.user.as_ptr() as usize - code.as_ptr() as usize;
        let user = start..start + address.user.len();
        if let Some((letter, verdict, twice)) = fault(password, web) {
            found.push(Unescaped {
                range,
                letter,
                in_user: false,
                twice,
                verdict,
                line: 0,
            });
        } else if address.user.contains('@') {
            found.push(Unescaped {
                range: user,
                letter: '@',
                in_user: true,
                twice: false,
                verdict: Verdict::Wrong,
                line: 0,
            });
        }
    }
    for dsn in dsn::find(code).into_iter().filter(|dsn| dsn.form == dsn::Form::Query) {
        let password = code.get(dsn.password.clone()).unwrap_or("");
        if value::judge_password(password) != Value::Literal {
            continue;
        }
        let verdict = match fault(password, false) {
            // The others may stand raw in a query.
            Some((letter @ ('%' | '+' | '#' | ' '), verdict, twice)) => Some((letter, verdict, twice)),
            _ => None,
        };
        if let Some((letter, verdict, twice)) = verdict {
            found.push(Unescaped {
                range: dsn.password,
                letter,
                in_user: false,
                twice,
                verdict,
                line: 0,
            });
        }
    }
    found.sort_by_key(|one| one.range.start);
}

/// The worst letter of a password as it stands in an address, how bad it is, and whether it is escaped twice. `web`: where
/// nobody takes a `+` for a blank.
fn fault(password: &str, web: bool) -> Option<(char, Verdict, bool)> {
    let bytes = password.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut doubtful = None;
    for (at, letter) in password.char_indices() {
        match letter {
            '%' if !(hex(at + 1) && hex(at + 2)) => return Some(('%', Verdict::Certain, false)),
            '%' if bytes.get(at + 1..at + 3) == Some(b"25") && hex(at + 3) && hex(at + 4) => {
                doubtful = doubtful.or(Some(('%', Verdict::Doubtful, true)));
            }
            ' ' => return Some((' ', Verdict::Certain, false)),
            '+' if !web => doubtful = doubtful.or(Some(('+', Verdict::Doubtful, false))),
            _ if letter.is_control() => return Some((' ', Verdict::Certain, false)),
            _ => {}
        }
    }
    let raw = password
        .chars()
        .find(|letter| matches!(letter, '@' | '/' | '?' | '#' | '[' | ']'));
    raw.map(|letter| (letter, Verdict::Wrong, false)).or(doubtful)
}

/// How a letter is escaped.
#[must_use]
pub fn escaped(letter: char) -> String {
    format!("%{:02X}", u32::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<(char, Verdict, bool)> {
        find(text).first().map(|one| (one.letter, one.verdict, one.in_user))
    }

    #[test]
    fn raw_letters_are_found() {
        for (text, expected) in [
            ("postgres://u:Fa@k3@h/d", ('@', Verdict::Wrong, false)),
            ("postgres://u:Fa/k3@h:5432/d", ('/', Verdict::Wrong, false)),
            ("postgres://u:Fa?k3@h/d", ('?', Verdict::Wrong, false)),
            ("postgres://u:Fa#k3@h/d", ('#', Verdict::Wrong, false)),
            ("postgres://u:Fa[k3]@h/d", ('[', Verdict::Wrong, false)),
            ("postgres://u:Fa k3@h/d", (' ', Verdict::Certain, false)),
            ("postgres://u:Fa%k3@h/d", ('%', Verdict::Certain, false)),
            ("postgres://u:Fak3%@h/d", ('%', Verdict::Certain, false)),
            ("postgres://u:Fa+k3@h/d", ('+', Verdict::Doubtful, false)),
            ("postgres://u:Fa%2540k3@h/d", ('%', Verdict::Doubtful, false)),
            ("postgres://u@server:Fak3@h/d", ('@', Verdict::Wrong, true)),
            (
                "jdbc:postgresql://h/d?user=u&password=Fa+k3",
                ('+', Verdict::Doubtful, false),
            ),
            (
                "jdbc:postgresql://h/d?user=u&password=Fa%k3",
                ('%', Verdict::Certain, false),
            ),
            (
                "jdbc:postgresql://h/d?user=u&password=Fa#k3",
                ('#', Verdict::Wrong, false),
            ),
        ] {
            assert_eq!(first(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn legal_and_unknown_ones_are_not() {
        for text in [
            "postgres://u:Fak3&=;!*$'(),-._~@h/d",
            "postgres://u:Fa%40k3@h/d",
            "postgres://$(USER):$(PASSWORD)@h/d",
            "postgres://u:<p@ss>@h/d",
            "mongodb://u:Fak3@a:27017,b:27017/d",
            "amqp://u:Fak3@[::1]:5672/",
            "redis://default:Fak3@cache:6379",
            "sqlserver://h:1433;user=u;password=Fa@k3;",
            "postgres://a.b-c:Fak3@pooler.example:6543/d",
            "https://u:Fa+k3@h.example/x",
            "Server=h;Password=Fa@k3+x;",
            "jdbc:postgresql://h/d?user=u&password=Fa@k3",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn lines_are_counted() {
        let text = "a: b\nc: postgres://u:Fa@k3@h/d\n";
        let found = find(text);
        assert_eq!(
            found
                .iter()
                .map(|one| (one.line, text.get(one.range.clone())))
                .collect::<Vec<_>>(),
            [(2, Some("Fa@k3"))]
        );
    }
}
