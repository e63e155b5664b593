//! Guest text is hostile: what could drive a terminal or hide text is taken out at the door.

/// Whether a character may reach a terminal: no control, no bidirectional override, nothing invisible.
fn is_plain(character: char) -> bool {
    !(character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}'))
}

/// One line: line breaks and tabs become blanks, everything that is not plain goes; cut after `most` characters.
#[must_use]
pub fn clean_line(text: &str, most: usize) -> String {
    if is_clean(text, most) {
        return text.trim().to_owned();
    }
    cut(
        text.chars()
            .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
            .filter(|&c| is_plain(c)),
        most,
    )
    .trim()
    .to_owned()
}

/// Several lines: `\n` stays, tabs become blanks, everything else that is not plain goes; cut after `most` characters.
#[must_use]
pub fn clean_block(text: &str, most: usize) -> String {
    if is_clean(text, most) {
        return text.trim().to_owned();
    }
    cut(
        text.chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|&c| c == '\n' || is_plain(c)),
        most,
    )
    .trim()
    .to_owned()
}

/// Whether nothing has to be taken out or cut, as of almost all texts.
fn is_clean(text: &str, most: usize) -> bool {
    text.len() <= most && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn cut(characters: impl Iterator<Item = char>, most: usize) -> String {
    let mut characters = characters.peekable();
    let mut out: String = characters.by_ref().take(most).collect();
    if characters.peek().is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_overrides_go() {
        assert_eq!(clean_line("a\u{1b}[31mred\u{202e}x\u{200b}y\u{7}", 100), "a[31mredxy");
        assert_eq!(clean_line("one\r\ntwo\tthree", 100), "one  two three");
        assert_eq!(clean_block("one\r\ntwo\tthree\u{9b}5n", 100), "one\ntwo three5n");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(clean_line("abcdef", 3), "abc…");
        assert_eq!(clean_line("äöü", 3), "äöü");
    }
}
