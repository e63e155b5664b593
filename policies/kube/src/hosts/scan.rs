//! Finds hosts in a text: URLs, `host:port`, lists of them, and the connection strings of drivers. Ranges are bytes of the
//! text, so that a finding can point at what it means.
//!
//! Sources: RFC 3986 (authority); libpq, Npgsql, SqlClient, go-sql-driver and JDBC manuals (connection strings); MongoDB manual
//! (host lists).

use std::ops::Range;

use crate::bytes::{are, are_pair, places, rare_places, starts};

/// Longest authority that is read, in bytes: names, password and a list of hosts.
const MAX_AUTHORITY: usize = 2048;

/// Longest text in which `host=… port=…` is looked for, in bytes.
const MAX_SETTINGS: usize = 4096;

/// A host in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// What stands before `://`; empty without.
    pub scheme: Range<usize>,
    /// The host; in brackets where it is an IPv6 address. May hold template marks.
    pub host: Range<usize>,
    /// What stands behind its colon.
    pub port: Option<Range<usize>>,
}

/// Every host of a text, in order. With `lines`, the text is a file or a script: what follows `#`, and lines that begin as
/// comments do, are left out.
#[must_use]
pub fn scan(text: &str, lines: bool) -> Vec<Found> {
    let mut all = Scanner {
        text,
        bytes: text.as_bytes(),
        found: Vec::new(),
        comments: lines.then(Comments::default),
        past: 0,
    };
    all.run();
    if all.found.is_empty() && text.len() <= MAX_SETTINGS && text.contains('=') {
        all.settings();
    }
    all.found
}

/// Whether a text has the sign of a URL, a port or a setting in it.
#[must_use]
pub fn has_sign(text: &str) -> bool {
    let bytes = text.as_bytes();
    places(bytes, |word, _| are(word, b':') | are(word, b'=')).any(|at| matches!(bytes.get(at), Some(b':' | b'=')))
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    found: Vec<Found>,
    comments: Option<Comments>,
    /// Where the URL that was found last ends: what else stands in it is no host.
    past: usize,
}

impl Scanner<'_> {
    fn run(&mut self) {
        let bytes = self.bytes;
        for at in places(bytes, |word, _| are(word, b':')) {
            if at < self.past || bytes.get(at) != Some(&b':') {
                continue;
            }
            match self.byte(at + 1) {
                Some(b'/') if self.byte(at + 2) == Some(b'/') => self.url(at),
                Some(b'0'..=b'9') => self.pair(at),
                Some(b'$') => self.pair(at),
                _ => {}
            }
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn is_comment(&mut self, at: usize) -> bool {
        match &mut self.comments {
            Some(comments) => comments.holds(self.bytes, at),
            None => false,
        }
    }

    /// A URL with its colon at `at`: its hosts.
    fn url(&mut self, at: usize) {
        let scheme = self.back(at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-' | b'_')
        });
        if !self.byte(scheme).is_some_and(|byte| byte.is_ascii_alphabetic()) || scheme == at || self.is_comment(at) {
            return;
        }
        let start = at + 3;
        let Some(end) = self.authority_end(start) else { return };
        let hosts_from = self
            .text
            .get(start..end)
            .and_then(|all| all.rfind('@'))
            .map_or(start, |user| start + user + 1);
        let next_url = self.text.get(end..).is_some_and(|rest| rest.starts_with("//"));
        let mut piece_from = hosts_from;
        for piece in self.text.get(hosts_from..end).unwrap_or_default().split(',') {
            let piece_end = piece_from + piece.len();
            // `http://a,http://b`: what ends here is the scheme of the next one.
            if piece_end == end && next_url && piece.ends_with(':') && piece_from > hosts_from {
                self.past = piece_from;
                return;
            }
            self.host(scheme..at, piece_from..piece_end);
            piece_from = piece_end + 1;
        }
        self.past = self.token_end(end);
    }

    /// Where an authority ends; what stands in template marks belongs to it.
    fn authority_end(&self, start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            if at - start > MAX_AUTHORITY {
                return None;
            }
            match self.byte(at) {
                None => return Some(at),
                Some(b'$' | b'#') if self.mark(at).is_some() => at = self.mark(at)?,
                Some(b'{' | b'<') if self.mark(at).is_some() => at = self.mark(at)?,
                Some(
                    b'/' | b'?' | b'#' | b'\\' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'|' | b';' | b')' | b'}' | b'{',
                ) => return Some(at),
                Some(byte) if byte.is_ascii_whitespace() => return Some(at),
                Some(_) => at += 1,
            }
        }
    }

    /// The end of the template mark that begins here, if one does.
    fn mark(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let close = [("$(", ")"), ("${", "}"), ("#{", "}"), ("{{", "}}"), ("<%", "%>")]
            .iter()
            .find(|(open, _)| rest.starts_with(open))?
            .1;
        let end = rest.get(..rest.len().min(256)).unwrap_or(rest).find(close)?;
        Some(at + end + close.len())
    }

    /// Where the word that a URL is part of ends.
    fn token_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b',' | b'<' | b'>'));
        from + length.unwrap_or(rest.len())
    }

    /// A host with or without port.
    fn host(&mut self, scheme: Range<usize>, all: Range<usize>) {
        let Some(text) = self.text.get(all.clone()) else { return };
        let split = match text.strip_prefix('[') {
            // IPv6: the colon behind the bracket.
            Some(inner) => inner
                .find(']')
                .map(|close| close + 2)
                .filter(|&at| text.as_bytes().get(at) == Some(&b':')),
            None => text
                .rfind(':')
                .filter(|&colon| is_port(text.get(colon + 1..).unwrap_or_default())),
        };
        let end = split.unwrap_or(text.len());
        let host = text.get(..end).unwrap_or_default();
        let host = host.strip_suffix(':').unwrap_or(host);
        if host.is_empty() || (host.contains(':') && !host.starts_with('[') && !has_mark(host)) {
            return;
        }
        self.found.push(Found {
            scheme,
            host: all.start..all.start + host.len(),
            port: split.map(|colon| all.start + colon + 1..all.end),
        });
    }

    /// `host:port` without a scheme, its colon at `at`.
    fn pair(&mut self, at: usize) {
        let digits = self.digits(at + 1);
        let end = if self.byte(at + 1) == Some(b'$') {
            match self.mark(at + 1) {
                Some(end) => end,
                None => return,
            }
        } else {
            digits
        };
        let start = self.back(at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
        });
        let before = start.checked_sub(1).and_then(|before| self.byte(before));
        let bounded = match before {
            None => true,
            // `//host:1521` of Oracle; a single slash is a path or the repository of an image.
            Some(b'/') => start >= 2 && self.byte(start - 2) == Some(b'/'),
            Some(byte) => byte.is_ascii_whitespace() || b"\"'`,;=([@|<>{".contains(&byte),
        };
        // More digits, a version, or the password before an `@`.
        let ended = match self.byte(end) {
            None => true,
            Some(b'.') => !self.byte(end + 1).is_some_and(|byte| byte.is_ascii_alphanumeric()),
            Some(byte) => !byte.is_ascii_alphanumeric() && !matches!(byte, b'@' | b'_' | b'-' | b'%' | b'$' | b'{'),
        };
        let named = self
            .text
            .get(start..at)
            .is_some_and(|host| host.bytes().any(|byte| byte.is_ascii_alphabetic()) || host.contains('.'));
        // `tcp:5432` of a tunnel.
        let protocol = matches!(
            self.text.get(start..at),
            Some("tcp" | "udp" | "tls" | "ssl" | "http" | "https")
        );
        if !bounded || !ended || !named || protocol || end - at > 64 {
            return;
        }
        let plain = digits > at + 1;
        if plain && (!is_port(self.text.get(at + 1..end).unwrap_or_default()) || self.is_image(start, at + 1..end)) {
            return;
        }
        if self.is_comment(at) {
            return;
        }
        self.found.push(Found {
            scheme: start..start,
            host: start..at,
            port: Some(at + 1..end),
        });
        self.past = end;
    }

    /// Whether `name:number` is an image and its tag: so low a number (`redis:7`), or a line that speaks of images.
    fn is_image(&self, start: usize, port: Range<usize>) -> bool {
        let number: u32 = self.text.get(port).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let from = start.saturating_sub(80);
        let head = self.bytes.get(from..start).unwrap_or_default();
        let line = head
            .rsplit(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let speaks = [&b"image"[..], b"from ", b"docker ", b"podman ", b"tag"]
            .iter()
            .any(|word| line.windows(word.len()).any(|part| part == *word));
        speaks || (number < 80 && !matches!(number, 21 | 22 | 25 | 53))
    }

    /// Settings in one text: `host=db port=5432` (libpq), `Host=db;Port=5432` (Npgsql), `Server=db,1433` (SqlClient).
    fn settings(&mut self) {
        let lower = self.text.to_ascii_lowercase();
        for name in ["host=", "server=", "data source="] {
            let Some(at) = setting(&lower, name) else { continue };
            let mut start = at;
            let mut end = start + value_length(&lower, start);
            let mut port = setting(&lower, "port=").map(|at| at..at + value_length(&lower, at));
            if lower.get(start..end).is_some_and(|value| value.starts_with("tcp:")) {
                start += 4;
            }
            if let Some(comma) = self.text.get(start..end).and_then(|value| value.find(',')) {
                port = Some(start + comma + 1..end);
                end = start + comma;
            }
            let host = self.text.get(start..end).unwrap_or_default();
            let named = !host.is_empty() && (has_mark(host) || host.bytes().all(is_host_byte));
            let port = port.filter(|port| self.text.get(port.clone()).is_some_and(is_port));
            // `server=` and the like stand in many texts; with a port, or among other settings, it is a host's.
            if named
                && (port.is_some()
                    || lower.contains("user")
                    || lower.contains("database=")
                    || lower.contains("dbname="))
            {
                self.found.push(Found {
                    scheme: start..start,
                    host: start..end,
                    port,
                });
            }
            return;
        }
    }

    /// The first of the bytes before `at` that all are such.
    fn back(&self, at: usize, such: impl Fn(u8) -> bool) -> usize {
        let floor = at.saturating_sub(256);
        let mut start = at;
        while start > floor && self.byte(start - 1).is_some_and(&such) {
            start -= 1;
        }
        start
    }

    fn digits(&self, from: usize) -> usize {
        let mut end = from;
        while end < from + 6 && self.byte(end).is_some_and(|byte| byte.is_ascii_digit()) {
            end += 1;
        }
        end
    }
}

/// Where the value of a setting begins, if the setting stands at the start or behind a separator.
fn setting(lower: &str, name: &str) -> Option<usize> {
    starts(lower, name).find_map(|at| {
        let before = at.checked_sub(1).and_then(|before| lower.as_bytes().get(before));
        before
            .is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b';' | b'"' | b'\''))
            .then_some(at + name.len())
    })
}

fn value_length(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.find(|c: char| c.is_whitespace() || matches!(c, ';' | '"' | '\''))
        .unwrap_or(rest.len())
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// Whether this stands for a port: a number from 1 to 65535, or a template.
fn is_port(text: &str) -> bool {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0);
    number || ((text.starts_with('$') || text.starts_with("{{") || text.starts_with("<%")) && has_mark(text))
}

/// Whether a text has marks that something is put in later.
#[must_use]
pub fn has_mark(text: &(impl AsRef<[u8]> + ?Sized)) -> bool {
    const MARKS: [[u8; 2]; 5] = [*b"$(", *b"${", *b"{{", *b"<%", *b"#{"];
    let bytes = text.as_ref();
    rare_places(bytes, |word, next| {
        MARKS.iter().fold(0, |marks, mark| marks | are_pair(word, next, *mark))
    })
    .any(|at| {
        bytes
            .get(at..)
            .and_then(<[u8]>::first_chunk::<2>)
            .is_some_and(|pair| MARKS.contains(pair))
    })
}

/// Which parts of a file are comments, asked in ascending order.
#[derive(Default)]
struct Comments {
    /// Up to where lines and marks were looked for.
    seen: usize,
    line: usize,
    marked: bool,
}

impl Comments {
    fn holds(&mut self, bytes: &[u8], at: usize) -> bool {
        while self.seen < at {
            let byte = bytes.get(self.seen).copied().unwrap_or(b'\n');
            match byte {
                b'\n' => {
                    self.line = self.seen + 1;
                    self.marked = false;
                }
                b'#' => {
                    let before = self.seen.checked_sub(1).and_then(|before| bytes.get(before));
                    self.marked |= self.seen == self.line || before.is_some_and(u8::is_ascii_whitespace);
                }
                _ => {}
            }
            self.seen += 1;
        }
        let rest = bytes.get(self.line..at).unwrap_or_default();
        let start = rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t'))
            .unwrap_or(rest.len());
        let rest = rest.get(start..).unwrap_or_default();
        self.marked
            || [&b"//"[..], b";", b"--", b"<!--", b"* ", b"!", b"%"]
                .iter()
                .any(|mark| rest.starts_with(mark))
    }
}
