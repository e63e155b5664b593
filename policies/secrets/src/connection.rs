//! Passwords in connection strings, of whatever form, in any text.

use std::ops::Range;

use plimsoll_sdk::kube::bytes::places;

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
    /// Its user, empty where that is not known.
    pub user: &'t str,
    /// Whether it is a user's name alone.
    pub user_only: bool,
    /// Whether it only stands in for a password that comes later.
    pub placeholder: bool,
    /// Line of the text, from 1; 0 in a text of one line.
    pub line: usize,
}

/// Whether a text may hold any: quick, for the many that do not. Never says no where [`find`] finds something.
#[must_use]
pub fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut sight = Sight::default();
    marks(bytes).any(|mark| sight.is_telling(bytes, mark))
}

/// What was seen of a text on the way from mark to mark.
#[derive(Default)]
pub struct Sight {
    /// An address began, or Oracle's connection string.
    address: bool,
}

impl Sight {
    /// Whether the mark at this place, after those before it, may belong to a connection string with a password.
    pub fn is_telling(&mut self, bytes: &[u8], mark: usize) -> bool {
        let (before, after) = (bytes.get(..mark).unwrap_or(&[]), bytes.get(mark + 1..).unwrap_or(&[]));
        match bytes.get(mark) {
            Some(b'@') => self.address || after.starts_with(b"tcp(") || after.starts_with(b"unix("),
            Some(b':') if after.starts_with(b"//") => {
                self.address = true;
                false
            }
            Some(b':') => {
                self.address |= before.ends_with(b"jdbc:oracle");
                // `"spring.datasource.password": …`
                match before {
                    [.., b'd'] | [.., b'd', b'"' | b'\''] | [.., b' '] | [.., b'"' | b'\'' | b' ', b'"' | b'\''] => {
                        trimmed(before).ends_with(b"password")
                    }
                    _ => false,
                }
            }
            _ => {
                let key = trimmed(before);
                let ends = |end: &[u8]| {
                    key.len() >= end.len()
                        && key
                            .get(key.len() - end.len()..)
                            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
                };
                match key.last() {
                    Some(b'd' | b'D') => ends(b"password") || ends(b"pwd") || ends(b"passwd"),
                    Some(b'y' | b'Y') => ends(b"accountkey") || ends(b"sharedaccesskey"),
                    Some(b't' | b'T') => ends(b"keystoresecret"),
                    _ => false,
                }
            }
        }
    }
}

/// Without blanks and quotes at the end.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'"' | b'\''))
        .map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or(&[])
}

/// Where each `@`, `=` and `:` stands: most texts have few of them.
pub fn marks(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    const ONES: u64 = u64::MAX / 255;
    const LOW: u64 = ONES * 0x7F;
    // The highest bit of each byte from `:` to `@`, which are near each other: the sums reach it from `:` on, and from the
    // one after `@` on, and no sum reaches the next byte.
    let near = |word: u64, _| {
        let low = word & LOW;
        (low + ONES * (0x80 - 0x3A)) & !(low + ONES * (0x7F - 0x40)) & !word & !LOW
    };
    places(bytes, near).filter(|&at| matches!(bytes.get(at), Some(b'@' | b'=' | b':')))
}

/// All literal passwords of a text and their stand-ins, in order, and users without a password in addresses of the web.
/// References are left out, and so are comments.
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
    // Whether it stands in for one; none where it is no password.
    let judged = |range: &Range<usize>| match value::judge_password(code.get(range.clone())?) {
        Value::Literal => Some(false),
        Value::Placeholder => Some(true),
        _ => None,
    };
    for address in url::find(code) {
        let web = matches!(address.scheme, "http" | "https");
        let (secret, user_only) = match address.password {
            Some(password) => (password, false),
            None if web && !address.user.is_empty() && address.host.is_some() => {
                // The user is a part of the line.
                let start = address.user.as_ptr() as usize - code.as_ptr() as usize;
                (start..start + address.user.len(), true)
            }
            None => continue,
        };
        if let Some(placeholder) = judged(&secret).filter(|placeholder| !(user_only && *placeholder)) {
            found.push(Credential {
                carrier: Carrier::Address(address.scheme),
                host: address.host,
                secret,
                user: address.user,
                user_only,
                placeholder,
                line: 0,
            });
        }
    }
    // Addresses come in order, and none overlaps another.
    let addresses = found.len();
    for dsn in dsn::find(code) {
        let before = found.get(from..addresses).unwrap_or_default();
        let next = before.partition_point(|one| one.secret.end <= dsn.password.start);
        let overlaps = before.get(next).is_some_and(|one| one.secret.start < dsn.password.end);
        if let Some(placeholder) = judged(&dsn.password).filter(|_| !overlaps) {
            found.push(Credential {
                carrier: Carrier::Dsn(dsn.form),
                host: dsn.host,
                secret: dsn.password,
                user: "",
                user_only: false,
                placeholder,
                line: 0,
            });
        }
    }
    if let Some(these) = found.get_mut(from..) {
        these.sort_by_key(|one| one.secret.start);
    }
}

/// Whether a line is a remark: of YAML, shell, SQL, C, INI, markup.
pub fn is_comment(line: &str) -> bool {
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
            .filter(|found| !found.placeholder)
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
    fn stand_ins_are_told_apart() {
        for text in [
            "postgres://u:%3Cpassword%3E@h/d",
            "postgres://u:changeme@h/d",
            "Server=h;Password=changeme;",
        ] {
            let found = find(text);
            assert_eq!(
                found.iter().map(|one| one.placeholder).collect::<Vec<_>>(),
                [true],
                "{text}"
            );
        }
        assert!(find("postgres://u:${PASSWORD}@h/d").is_empty());
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
            text in "(password ?=|pwd=|[a-z]{1,3}://|;|'|\"|\n|host=|[a-z:/@= ?&#é%9;<>A~ÿ]|@tcp\\(|jdbc:oracle:thin:|AccountKey=|spring.a.password[:=]){0,30}"
        ) {
            let found = find(&text);
            prop_assert!(found.is_empty() || may_hold(&text));
        let marks: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| b"@=:".contains(byte)).map(|(at, _)| at).collect();
        let stepped: Vec<usize> = super::marks(text.as_bytes()).collect();
        prop_assert_eq!(marks, stepped);
            for one in found {
                prop_assert!(text.get(one.secret).is_some());
            }
        }
    }
}
