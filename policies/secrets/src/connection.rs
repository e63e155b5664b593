//! Passwords in connection strings, of whatever form, in any text.

use std::ops::Range;

use crate::value::{self, Value};
use crate::{dsn, url};

/// What carries the password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier<'t> {
    /// An address with this scheme.
    Address(&'t str),
    /// A connection string that is none.
    Dsn(dsn::Form),
}

/// A password found in a text, or a user without one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential<'t> {
    /// What carries it.
    pub carrier: Carrier<'t>,
    /// The host that it opens, where known.
    pub host: Option<&'t str>,
    /// Bytes of the text: the password, or the user's name where there is no password.
    pub secret: Range<usize>,
    /// Whether it is a user's name alone.
    pub user_only: bool,
    /// Line of the text, from 1; 0 in a text of one line.
    pub line: usize,
}

/// Whether a text may hold any: quick, for the many that do not. Never says no where [`find`] finds something.
#[must_use]
pub fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = next_mark(bytes, at) {
        // `password=`, `pwd =`, `AccountKey=`, `keyStoreSecret=`, `"spring.datasource.password":`: the letter before it
        // decides, blanks and quotes aside.
        let before = bytes[..found]
            .iter()
            .rev()
            .find(|byte| !matches!(byte, b' ' | b'"' | b'\''));
        if bytes[found] == b'@' || before.is_some_and(|byte| matches!(byte, b'd' | b'D' | b'y' | b'Y' | b't' | b'T')) {
            return true;
        }
        at = found + 1;
    }
    false
}

/// Where the next `@`, `=` or `:` stands, from a byte on. Eight bytes at a time: most texts have few of them, and every
/// branch costs fuel.
fn next_mark(bytes: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    // A byte of the word is zero just where the mark stands; the lowest one that is found is always right.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let rest = bytes.get(from..)?;
    let (words, tail) = rest.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let marks = [b'@', b'=', b':'].map(|mark| zero(word ^ (ONES * u64::from(mark))));
        let any = marks[0] | marks[1] | marks[2];
        if any != 0 {
            return Some(from + 8 * number + any.trailing_zeros() as usize / 8);
        }
    }
    let last = tail.iter().position(|byte| matches!(byte, b'@' | b'=' | b':'))?;
    Some(from + 8 * words.len() + last)
}

/// All literal passwords of a text, in order, and users without a password in addresses of the web. Stand-ins and
/// references are left out, and so are comments.
#[must_use]
pub fn find(text: &str) -> Vec<Credential<'_>> {
    let mut found: Vec<Credential<'_>> = Vec::new();
    let many = text.trim_end().contains('\n');
    let mut offset = 0;
    for (number, line) in text.split('\n').enumerate() {
        if may_hold(line) && !is_comment(line) {
            let from = found.len();
            in_line(line, &mut found);
            for credential in found.iter_mut().skip(from) {
                credential.secret = credential.secret.start + offset..credential.secret.end + offset;
                credential.line = if many { number + 1 } else { 0 };
            }
        }
        offset += line.len() + 1;
    }
    found
}

fn in_line<'t>(line: &'t str, found: &mut Vec<Credential<'t>>) {
    let from = found.len();
    // A remark behind the code.
    let code = line.split_once(" # ").map_or(line, |(code, _)| code);
    let is_literal = |range: &Range<usize>| {
        code.get(range.clone())
            .is_some_and(|text| value::judge_password(text) == Value::Literal)
    };
    for address in url::find(code) {
        let web = matches!(address.scheme, "http" | "https");
        match address.password {
            Some(password) if is_literal(&password) => found.push(Credential {
                carrier: Carrier::Address(address.scheme),
                host: address.host,
                secret: password,
                user_only: false,
                line: 0,
            }),
            None if web && !address.user.is_empty() && address.host.is_some() => {
                // The user is a part of the line.
                let start = address.user.as_ptr() as usize - code.as_ptr() as usize;
                let user = start..start + address.user.len();
                if is_literal(&user) {
                    found.push(Credential {
                        carrier: Carrier::Address(address.scheme),
                        host: address.host,
                        secret: user,
                        user_only: true,
                        line: 0,
                    });
                }
            }
            _ => {}
        }
    }
    // Addresses come in order, and none overlaps another.
    let addresses = found.len();
    for dsn in dsn::find(code) {
        let before = found.get(from..addresses).unwrap_or_default();
        let next = before.partition_point(|one| one.secret.end <= dsn.password.start);
        let overlaps = before.get(next).is_some_and(|one| one.secret.start < dsn.password.end);
        if is_literal(&dsn.password) && !overlaps {
            found.push(Credential {
                carrier: Carrier::Dsn(dsn.form),
                host: dsn.host,
                secret: dsn.password,
                user_only: false,
                line: 0,
            });
        }
    }
    if let Some(these) = found.get_mut(from..) {
        these.sort_by_key(|one| one.secret.start);
    }
}

/// Whether a line is a remark: of YAML, shell, SQL, C, INI, markup.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "//", "-- ", "; ", "* ", "/*", "<!--", "REM ", "rem ", "%% "]
        .iter()
        .any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets(text: &str) -> Vec<&str> {
        find(text)
            .into_iter()
            .filter_map(|found| text.get(found.secret))
            .collect()
    }

    #[test]
    fn literals_are_found_in_order_with_their_lines() {
        let text = "a: postgres://u:Fak3@h/d\n# postgres://u:Old3@h/d\nb: host=h user=u password=Fak4\n\nc: amqp://u:Fak5@h?password=Fak6";
        assert_eq!(secrets(text), ["Fak3", "Fak4", "Fak5", "Fak6"]);
        assert_eq!(
            find(text).iter().map(|found| found.line).collect::<Vec<_>>(),
            [1, 3, 5, 5]
        );
        assert_eq!(
            find("postgres://u:Fak3@h/d\n")
                .iter()
                .map(|found| found.line)
                .collect::<Vec<_>>(),
            [0]
        );
    }

    #[test]
    fn references_stand_ins_and_remarks_are_not() {
        for text in [
            "postgres://$(USER):$(PASSWORD)@h/d",
            "postgres://u:${PASSWORD}@h/d",
            "postgres://u:$PASSWORD@h/d",
            "postgres://u:{{ password }}@h/d",
            "postgres://u:<password>@h/d",
            "postgres://u:changeme@h/d",
            "postgres://u:%3Cpassword%3E@h/d",
            "  # postgres://u:Fak3@h/d",
            "// postgres://u:Fak3@h/d",
            "-- postgres://u:Fak3@h/d",
            "url: x # was postgres://u:Fak3@h/d",
            "Server=h;Password=${PASSWORD};",
            "host=h password=$PASSWORD",
        ] {
            assert_eq!(secrets(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn users_without_password_are_told_apart() {
        let found = find("https://0123abcd@errors.example/7");
        assert_eq!(found.iter().map(|one| one.user_only).collect::<Vec<_>>(), [true]);
        assert_eq!(secrets("https://0123abcd@errors.example/7"), ["0123abcd"]);
        assert_eq!(secrets("ssh://git@git.example/shop.git"), [""; 0]);
    }

    /// Would take minutes where a search starts over at each of its marks.
    #[test]
    fn a_long_line_of_anything_is_read_once() {
        for unit in [
            "a://",
            "a://b:c@",
            "a://b:c/",
            "a://b/",
            "@tcp(",
            "a:b@tcp(",
            "password=",
            "password={",
            "x=1;password=\"",
            "pwd=';",
            "host=a password=",
            "?password=",
            "spring.a.password=",
            "AccountKey=",
            "jdbc:oracle:thin:a/",
            " # ",
            "@",
            ":@",
            "\n#",
        ] {
            let text = unit.repeat((1 << 18) / unit.len());
            let found = find(&text);
            assert!(found.len() <= text.len(), "{unit}");
        }
    }

    proptest! {
        /// The quick look never misses what the long one finds, whatever the text.
        #[test]
        fn quick_look_misses_nothing(
            text in "(password ?=|pwd=|[a-z]{1,3}://|;|'|\"|\n|host=|[a-z:/@= ?&#é%]|@tcp\\(|jdbc:oracle:thin:|AccountKey=|spring.a.password[:=]){0,30}"
        ) {
            let found = find(&text);
            prop_assert!(found.is_empty() || may_hold(&text));
        let marks: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| b"@=:".contains(byte)).map(|(at, _)| at).collect();
        let mut stepped = Vec::new();
        while let Some(at) = next_mark(text.as_bytes(), stepped.last().map_or(0, |last| last + 1)) {
            stepped.push(at);
        }
        prop_assert_eq!(marks, stepped);
            for one in found {
                prop_assert!(text.get(one.secret).is_some());
            }
        }
    }
}
