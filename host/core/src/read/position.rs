//! From offsets to what people and editors count: lines, columns, and bytes of the file as stored.

use std::sync::OnceLock;

use super::{Encoding, Manifest};

/// A place as people count it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode characters, from 1.
    pub column: u32,
}

/// Where the lines of a text start; found when first asked for.
#[derive(Clone, Default, Debug)]
pub struct Lines {
    starts: OnceLock<Vec<u32>>,
}

impl Lines {
    fn starts(&self, text: &str) -> &[u32] {
        self.starts.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', text.as_bytes());
            std::iter::once(0)
                .chain(breaks.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX)))
                .collect()
        })
    }
}

impl Manifest {
    /// Line and column of an offset in the text. Past the end it is that of the end; inside a character, that of the
    /// character. Lines end at `\n`.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let offset = floor(&self.text, offset);
        let starts = self.lines.starts(&self.text);
        let line = starts.partition_point(|&start| start as usize <= offset).max(1);
        let start = starts.get(line - 1).map_or(0, |&start| start as usize);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }

    /// The bytes of one line (from 1) without its line end, as a range of the text; an empty range at the end for a line
    /// that does not exist.
    #[must_use]
    pub fn line(&self, line: u32) -> std::ops::Range<usize> {
        let starts = self.lines.starts(&self.text);
        let index = (line as usize).saturating_sub(1);
        let Some(&start) = starts.get(index) else {
            return self.text.len()..self.text.len();
        };
        let end = starts.get(index + 1).map_or(self.text.len(), |&next| next as usize);
        let whole = self.text.get(start as usize..end).unwrap_or("");
        let bare = whole.strip_suffix('\n').unwrap_or(whole);
        let bare = bare.strip_suffix('\r').unwrap_or(bare);
        start as usize..start as usize + bare.len()
    }

    /// Offset in the file as stored of an offset in the text: they differ by a byte order mark and by UTF-16.
    #[must_use]
    pub fn stored_offset(&self, offset: u32) -> u64 {
        let offset = floor(&self.text, offset);
        let before = self.text.get(..offset).unwrap_or("");
        match self.encoding {
            Encoding::Utf8 => offset as u64,
            Encoding::Utf8Bom => offset as u64 + 3,
            Encoding::Utf16Le | Encoding::Utf16Be => 2 + 2 * before.encode_utf16().count() as u64,
        }
    }
}

/// The last character boundary at or before an offset.
fn floor(text: &str, offset: u32) -> usize {
    text.floor_char_boundary(offset as usize)
}
