//! Words of a command that only a shell would understand.

use plimsoll_sdk::kube::command::{base, is_shell};

/// Operators of a shell that mean nothing to any program, as words of their own.
const OPERATORS: &[&str] = &[
    "|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>>", "&>", "2>&1", ">&2", "1>&2",
];

/// Programs for which such words do mean something: comparisons, ends of a command, patterns, programs of their own.
const EXPRESSIONS: &[&str] = &[
    "[",
    "awk",
    "bc",
    "cypher-shell",
    "expr",
    "find",
    "gawk",
    "grep",
    "jq",
    "mawk",
    "mongo",
    "mongosh",
    "mysql",
    "node",
    "osascript",
    "perl",
    "php",
    "psql",
    "python",
    "python3",
    "ruby",
    "sed",
    "sqlite3",
    "test",
    "tr",
    "xargs",
    "yq",
];

/// Programs that give their argument to a shell, or run one elsewhere.
const SHELL_RUNNERS: &[&str] = &[
    "cmd",
    "cmd.exe",
    "powershell",
    "powershell.exe",
    "pwsh",
    "runuser",
    "script",
    "ssh",
    "su",
    "watch",
];

/// Programs that take names of files, in which `*` is meant as a pattern.
const FILE_PROGRAMS: &[&str] = &[
    "cat", "chmod", "chown", "cp", "ls", "mv", "rm", "stat", "test", "[", "touch",
];

/// Whether what is run is a shell, at once or by way of another program (`timeout 5 sh -c …`).
pub fn runs_shell(argv: &[&str]) -> bool {
    let first = argv.first().copied().map(base).unwrap_or_default();
    let shell = argv.iter().position(|word| is_shell(word));
    let script = |from: usize| {
        let rest = argv.get(from + 1..).unwrap_or_default();
        rest.iter().any(|word| word.starts_with('-') && word.ends_with('c'))
    };
    SHELL_RUNNERS.contains(&first) || shell.is_some_and(script)
}

/// Whether a word is a template of some tool: what will stand there is not known.
pub fn is_template(word: &str) -> bool {
    ["{{", "${", "<%", "#{"].iter().any(|mark| word.contains(mark))
}

/// The first word that only a shell understands: its position, and what in it.
pub fn syntax(argv: &[&str]) -> Option<(usize, String)> {
    let program = argv.first().copied().map(base).unwrap_or_default();
    let expressions = EXPRESSIONS.contains(&program);
    argv.iter().enumerate().find_map(|(at, &word)| {
        if at > 0 && !expressions && OPERATORS.contains(&word) {
            return Some((at, word.to_owned()));
        }
        if at > 0 && !expressions && is_redirection(word) {
            return Some((at, shortened(word)));
        }
        // A word with blanks is an expression that the program itself reads.
        if expressions || word.contains(char::is_whitespace) {
            return None;
        }
        if let Some(name) = variable(word) {
            return Some((at, shortened(name)));
        }
        if word.matches('`').count() > 1 {
            return Some((at, "`".to_owned()));
        }
        let pattern = at > 0 && word.contains('*') && word.contains('/') && FILE_PROGRAMS.contains(&program);
        pattern.then(|| (at, "*".to_owned()))
    })
}

/// `>/dev/null`, `2>/tmp/x`.
fn is_redirection(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    let target = rest.trim_start_matches('>');
    rest.len() > target.len() && target.starts_with('/')
}

/// The `$NAME` in a word.
fn variable(word: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(found) = word.get(from..)?.find('$') {
        let start = from + found;
        let rest = word.get(start + 1..)?;
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let named = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if named && length > 1 {
            return word.get(start..start + 1 + length);
        }
        from = start + 1;
        // `$$` stands for a dollar.
        if rest.starts_with('$') {
            from += 1;
        }
    }
    None
}

/// So much of a word as fits a message.
pub fn shortened(word: &str) -> String {
    let plain: String = word.chars().filter(|c| !c.is_control()).take(24).collect();
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_shell_understands() {
        for (argv, expected) in [
            (&["pg_isready", "-U", "$POSTGRES_USER"][..], Some((2, "$POSTGRES_USER"))),
            (&["cat", "/tmp/ready", "|", "grep", "ok"], Some((2, "|"))),
            (
                &["curl", "-f", "http://localhost/", ">/dev/null"],
                Some((3, ">/dev/null")),
            ),
            (&["curl", "-f", "http://localhost/", "2>&1"], Some((3, "2>&1"))),
            (&["ls", "/run/locks/*.lock"], Some((1, "*"))),
            (&["check", "`hostname`"], Some((1, "`"))),
            (&["check", "$HOME/x"], Some((1, "$HOME"))),
            (&["check", "--host=$POD_IP"], Some((1, "$POD_IP"))),
            (&["pg_isready", "-U", "$(POSTGRES_USER)"], None),
            (&["mongosh", "--eval", "db.x.find({$where: 1}) || quit(1)"], None),
            (&["mongosh", "--eval", "$where"], None),
            (&["check", "--query", "a | b > c"], None),
            (&["find", "/x", "-exec", "rm", ";"], None),
            (&["test", "a", ">", "b"], None),
            (&["grep", "ok$", "/x"], None),
            (&["check", "$$HOME", "price$", "$1"], None),
            (&["curl", "http://localhost/?a=1&b=2"], None),
            (&["find", "/x", "-name", "*.pid"], None),
            (&[], None),
        ] {
            let expected = expected.map(|(at, token)| (at, token.to_owned()));
            assert_eq!(syntax(argv), expected, "{argv:?}");
        }
    }

    #[test]
    fn shells_are_seen_behind_other_programs() {
        assert!(runs_shell(&["sh", "-c", "a | b"]));
        assert!(runs_shell(&["/bin/bash", "-ec", "a | b"]));
        assert!(runs_shell(&["timeout", "5", "sh", "-c", "a | b"]));
        assert!(runs_shell(&["su", "-c", "a | b"]));
        assert!(!runs_shell(&["sh", "/check.sh", "|"]));
        assert!(!runs_shell(&["check", "-c"]));
    }
}
