//! Globs of paths and names, as configuration and facts use them: the host and policies match alike.

/// Whether a glob matches a whole text. `?` is one character and `*` any characters, neither of them `/`; `**` is any
/// characters at all, and `**/` also nothing. Everything else stands for itself.
///
/// Takes time in proportion to the glob's length times the text's, whatever they are.
#[must_use]
pub fn matches(glob: &str, text: &str) -> bool {
    if !glob.contains(['*', '?']) {
        return glob == text;
    }
    search(glob, text, false)
}

/// Whether a glob means a path: the path itself, or a folder that it lies in. `vendor`, `vendor/` and `vendor/**` mean
/// all that lies in `vendor`. Paths have `/` between their segments and none at the start.
#[must_use]
pub fn covers(glob: &str, path: &str) -> bool {
    search(glob.strip_suffix('/').unwrap_or(glob), path, true)
}

/// One thing that a glob asks for.
#[derive(Clone, Copy, PartialEq)]
enum Ask {
    Literal(char),
    /// One character but `/`.
    One,
    /// Any number of characters but `/`.
    Any,
    /// Any number of characters.
    All,
    /// Nothing, or any number of characters and a `/`.
    Folders,
}

impl Ask {
    /// Whether a character leaves what is asked for as it is, and whether it is the last that is asked for.
    fn take(self, c: char) -> (bool, bool) {
        match self {
            Ask::Literal(wanted) => (false, c == wanted),
            Ask::One => (false, c != '/'),
            Ask::Any => (c != '/', c != '/'),
            Ask::All => (true, true),
            Ask::Folders => (true, c == '/'),
        }
    }

    fn may_be_nothing(self) -> bool {
        matches!(self, Ask::Any | Ask::All | Ask::Folders)
    }
}

fn asks(glob: &str) -> Vec<Ask> {
    let mut asks = Vec::with_capacity(glob.len());
    let mut rest = glob;
    while let Some(c) = rest.chars().next() {
        let at_start = matches!(asks.last(), None | Some(Ask::Folders | Ask::Literal('/')));
        let (ask, length) = match c {
            '*' if at_start && rest.starts_with("**/") => (Ask::Folders, 3),
            '*' if rest.starts_with("**") => (Ask::All, 2),
            '*' => (Ask::Any, 1),
            '?' => (Ask::One, 1),
            _ => (Ask::Literal(c), c.len_utf8()),
        };
        asks.push(ask);
        rest = rest.get(length..).unwrap_or("");
    }
    asks
}

/// Runs a machine with one state for each ask over the text: a state is on where all before its ask is matched so far.
fn search(glob: &str, text: &str, folders: bool) -> bool {
    let asks = asks(glob);
    let mut before = vec![false; asks.len() + 1];
    let mut after = before.clone();
    enter(&asks, &mut before, 0);
    for (at, c) in text.char_indices() {
        if folders && c == '/' && at > 0 && is_end(&before) {
            return true;
        }
        after.fill(false);
        for (index, ask) in asks.iter().enumerate() {
            if before.get(index).copied().unwrap_or(false) {
                let (stays, ends) = ask.take(c);
                if let (true, Some(state)) = (stays, after.get_mut(index)) {
                    *state = true;
                }
                if ends {
                    enter(&asks, &mut after, index + 1);
                }
            }
        }
        std::mem::swap(&mut before, &mut after);
    }
    is_end(&before)
}

fn is_end(states: &[bool]) -> bool {
    states.last().copied().unwrap_or(false)
}

/// Turns a state on, and those behind it that it reaches by nothing.
fn enter(asks: &[Ask], states: &mut [bool], from: usize) {
    for index in from..states.len() {
        if let Some(state) = states.get_mut(index) {
            *state = true;
        }
        if !asks.get(index).is_some_and(|ask| ask.may_be_nothing()) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts() {
        for (glob, text, wanted) in [
            ("overlays/prod/**", "overlays/prod/a/b.yaml", true),
            ("overlays/prod/**", "overlays/production/b.yaml", false),
            ("**/prod/*.yaml", "prod/a.yaml", true),
            ("**/prod/*.yaml", "x/y/prod/a.yaml", true),
            ("**/prod/*.yaml", "nonprod/a.yaml", false),
            ("**/prod/*.yaml", "prod/x/a.yaml", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "ab", false),
            ("**/**/b", "b", true),
            ("demo-*", "demo-", true),
            ("demo-*", "demo-x/y", false),
            ("v?", "vé", true),
            ("v?", "v/", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("**", "a/b", true),
            ("*-*-*", "a-b", false),
        ] {
            assert_eq!(matches(glob, text), wanted, "{glob} {text}");
        }
    }

    #[test]
    fn folders_cover_what_lies_in_them() {
        for (glob, path, wanted) in [
            ("vendor", "vendor/a/b.yaml", true),
            ("vendor/", "vendor/a.yaml", true),
            ("vendor/**", "vendor/a.yaml", true),
            ("vendor", "vendors/a.yaml", false),
            ("vendor", "x/vendor/a.yaml", false),
            ("**/test", "x/test/a.yaml", true),
            ("a.yaml", "a.yaml", true),
        ] {
            assert_eq!(covers(glob, path), wanted, "{glob} {path}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let glob = "*a".repeat(500) + "b";
        assert!(!matches(&glob, &"a".repeat(5000)));
    }
}
