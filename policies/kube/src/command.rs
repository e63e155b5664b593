//! What a container runs: its command line, taken apart into commands and words.
//!
//! Sources: Kubernetes documentation, page "Define a Command and Arguments for a Container"; API reference,
//! `Container.command` (`$(NAME)` is put in from the environment, no shell is run).

use crate::environment::is_template;
use crate::{Container, Environment, Hook, Node, Value, image, shell};

/// A word of a command line.
#[derive(Clone, Debug)]
pub struct Word<'t> {
    /// The word, `$(NAME)` put in; none where it is not known.
    pub text: Option<String>,
    /// Where it stands: an element of `command` or `args`; a script for all of its words.
    pub node: Node<'t>,
}

/// A command: a program and its arguments.
#[derive(Clone, Debug)]
pub struct Command<'t> {
    /// Its words. Where the image's own program takes the arguments, the first is the name of the image.
    pub words: Vec<Word<'t>>,
    /// Whether it is the one that keeps running: the only one, or the last of a script.
    pub lasting: bool,
    /// Whether it is part of a shell's script.
    pub script: bool,
}

/// The commands of a container.
#[derive(Default, Debug)]
pub struct Commands<'t> {
    /// In order; none where the image alone decides.
    pub all: Vec<Command<'t>>,
    /// Whether there may be words that are not seen here.
    pub unknown: bool,
}

impl<'t> Command<'t> {
    /// The words as texts.
    #[must_use]
    pub fn texts(&self) -> Vec<Option<&str>> {
        self.words.iter().map(|word| word.text.as_deref()).collect()
    }

    /// The program's name without its path, empty where it is not known.
    #[must_use]
    pub fn program(&self) -> &str {
        let first = self.words.first().and_then(|word| word.text.as_deref());
        base(first.unwrap_or_default())
    }
}

/// The last part of a path.
#[must_use]
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a program is a shell that takes a script after `-c`.
#[must_use]
pub fn is_shell(program: &str) -> bool {
    matches!(base(program), "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh")
}

/// What a container runs, as `command` and `args` say.
#[must_use]
pub fn commands_of<'t>(container: Container<'t>, environment: &Environment<'t>) -> Commands<'t> {
    let (command, args) = (container.command(), container.args());
    let own = command.is_empty();
    let nodes = command.into_iter().chain(args);
    let words: Vec<Word<'t>> = nodes.map(|node| word(node, environment)).collect();
    let mut commands = taken_apart(words);
    commands.unknown |= container.command_line_unknown();
    // Without a command the image's own program takes the arguments.
    if own
        && let [command] = commands.all.as_mut_slice()
        && !command.script
        && let Some(node) = command.words.first().map(|word| word.node)
    {
        let reference = container.image().and_then(Node::text).known().unwrap_or_default();
        let text = Some(image::basename(reference).to_owned());
        command.words.insert(0, Word { text, node });
    }
    commands
}

/// What a probe or lifecycle hook runs.
#[must_use]
pub fn commands_of_hook<'t>(hook: Hook<'t>, environment: &Environment<'t>) -> Commands<'t> {
    taken_apart(hook.command().map(|node| word(node, environment)).collect())
}

/// The commands of a list of words, of which a shell's script gives several.
fn taken_apart(words: Vec<Word<'_>>) -> Commands<'_> {
    let mut commands = Commands::default();
    let text = |at: usize| words.get(at).and_then(|word: &Word<'_>| word.text.as_deref());
    let Some(first) = text(0).or(words.first().map(|_| "")) else {
        return commands;
    };
    let script = (1..words.len())
        .find(|&at| text(at).is_some_and(|flag| flag.starts_with('-') && flag.ends_with('c')))
        .filter(|_| is_shell(first))
        .and_then(|at| words.get(at + 1));
    let Some(script) = script else {
        commands.all.push(Command {
            words,
            lasting: true,
            script: false,
        });
        return commands;
    };
    let Some(text) = &script.text else {
        commands.unknown = true;
        return commands;
    };
    let found = shell::commands(text);
    let last = found.len().saturating_sub(1);
    for (number, command) in found.into_iter().enumerate() {
        let words = command.into_iter().map(|text| Word {
            text: Some(text),
            node: script.node,
        });
        commands.all.push(Command {
            words: words.collect(),
            lasting: number == last,
            script: true,
        });
    }
    commands
}

/// A word of a command line with its `$(NAME)`s put in.
fn word<'t>(node: Node<'t>, environment: &Environment<'t>) -> Word<'t> {
    let text = match (node.original(), node.raw_text()) {
        (Some(written), _) => Some(written.to_owned()),
        (_, Some(text)) if node.is_final() || text.contains("$(") => match environment.expand(text) {
            Value::Known(text) => Some(text.into_owned()),
            // The port of `--listen=$(POD_IP):8080` is known even so.
            _ if !is_template(text) => Some(text.to_owned()),
            _ => None,
        },
        (_, Some(_)) => None,
        (_, None) => node.integer().known().map(|number| number.to_string()),
    };
    Word { text, node }
}
