//! Words of shell commands: as much of the shell as is needed to find a server's flags.
//!
//! Source: POSIX shell command language, "Token Recognition" and "Quoting".

/// One simple command: its words, quotes taken away. Expansions stay as they are written.
pub type Command = Vec<String>;

/// The simple commands of a script, in order. Control words (`if`, `then`, `do`) count as words; comments are left out.
#[must_use]
pub fn commands(script: &str) -> Vec<Command> {
    let mut splitter = Splitter::default();
    let mut characters = script.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                splitter.open();
                for quoted in characters.by_ref().take_while(|&c| c != '\'') {
                    splitter.push(quoted);
                }
            }
            '"' => {
                splitter.open();
                while let Some(quoted) = characters.next() {
                    match quoted {
                        '"' => break,
                        '\\' => match characters.next() {
                            Some('\n') | None => {}
                            Some(escaped @ ('"' | '\\' | '$' | '`')) => splitter.push(escaped),
                            Some(other) => {
                                splitter.push('\\');
                                splitter.push(other);
                            }
                        },
                        other => splitter.push(other),
                    }
                }
            }
            '\\' => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => splitter.push(escaped),
            },
            '#' if splitter.word.is_none() => {
                for _ in characters.by_ref().take_while(|&c| c != '\n') {}
                splitter.end_command();
            }
            ';' | '\n' | '|' | '&' => splitter.end_command(),
            // `2>&1` is no end of a command.
            '>' | '<' => {
                splitter.end_word();
                characters.next_if_eq(&'&');
            }
            blank if blank.is_whitespace() => splitter.end_word(),
            other => splitter.push(other),
        }
    }
    splitter.end_command();
    splitter.commands
}

#[derive(Default)]
struct Splitter {
    commands: Vec<Command>,
    command: Command,
    word: Option<String>,
}

impl Splitter {
    fn open(&mut self) {
        self.word.get_or_insert_default();
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn end_word(&mut self) {
        self.command.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.command.is_empty() {
            self.commands.push(std::mem::take(&mut self.command));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_split_into_commands_and_words() {
        for (script, expected) in [
            (
                "node server.js --port 3000",
                vec![vec!["node", "server.js", "--port", "3000"]],
            ),
            ("a 'b c' \"d $X\"", vec![vec!["a", "b c", "d $X"]]),
            (
                "a && b; c | d &\ne",
                vec![vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"]],
            ),
            ("a # b\nc", vec![vec!["a"], vec!["c"]]),
            ("a \\\n  --port 1", vec![vec!["a", "--port", "1"]]),
            ("a '' x#y", vec![vec!["a", "", "x#y"]]),
            ("a 2>&1 b", vec![vec!["a", "2", "1", "b"]]),
            ("'open", vec![vec!["open"]]),
            ("", vec![]),
        ] {
            assert_eq!(commands(script), expected, "{script}");
        }
    }
}
