//! The command of a probe or hook is written for a shell, and there is none.

use plimsoll_sdk::kube::{Container, ContainerClass, EnvSource, Hook, WORKLOAD_KINDS, shell};
use plimsoll_sdk::{Context, Edit, Fix, Flags, Node, Rule, Severity, Violation, word};

mod words;

use words::{is_template, runs_shell, syntax};

use crate::credential::is_credential;

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "exec-shell-syntax",
    title: "The command of a probe or hook is written for a shell, and there is none",
    severity: Severity::Error,
    kinds: WORKLOAD_KINDS,
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    for &workload in context.bundle.workloads() {
        if !workload.is_judged() {
            continue;
        }
        for container in workload.containers() {
            if matches!(container.class, ContainerClass::Init | ContainerClass::Ephemeral) {
                continue;
            }
            for hook in container.hooks() {
                violations.extend(judge(container, hook));
            }
        }
    }
}

fn judge<'t>(container: Container<'t>, hook: Hook<'t>) -> Option<Violation> {
    let list = hook.node.at(&[word!("exec"), word!("command")]).known()?;
    let nodes: Vec<Node<'t>> = hook.command().collect();
    let argv: Vec<&'t str> = nodes.iter().filter_map(|node| node.raw_text()).collect();
    // A number among the words, or what is put in later: nothing to say of the rest.
    if argv.len() != nodes.len() || !list.is_final() || argv.iter().any(|word| is_template(word)) {
        return None;
    }
    let sensitive = is_credential(&argv);
    let found = if runs_shell(&argv) {
        None
    } else {
        whole_line(&nodes, &argv).or_else(|| {
            let (at, token) = syntax(&argv)?;
            Some((*nodes.get(at)?, token))
        })
    };
    let violation = match found {
        Some((at, token)) => {
            let message = format!(
                "{} {} exec has no shell; \"{token}\" is passed literally",
                container.name(),
                hook.name()
            );
            let mut violation = Violation::new(at, message).help(
                "`exec` starts the first element as a program and hands it the others as they are: no words are split, nothing is \
                 piped, redirected or put in. Write one element for each word, or run a shell: [sh, -c, \"…\"].",
            );
            // A fix shows the words it writes.
            if !sensitive {
                violation.fix = fix(list, &argv);
            }
            violation
        }
        None if hook.probe => not_static(container, hook, &nodes)?,
        None => return None,
    };
    Some(if sensitive { violation.sensitive() } else { violation })
}

/// A line in one element: the program's name would have blanks in it.
fn whole_line<'t>(nodes: &[Node<'t>], argv: &[&'t str]) -> Option<(Node<'t>, String)> {
    let (node, line) = (nodes.first()?, argv.first()?);
    let mut words = line.split_whitespace();
    let program = words.next()?;
    words.next()?;
    // A path of Windows may have blanks.
    if line.contains('\\') {
        return None;
    }
    Some((*node, words::shortened(program)))
}

/// A variable that is not put in: in probes, `$(NAME)` stands for plain values of `env` only.
fn not_static<'t>(container: Container<'t>, hook: Hook<'t>, nodes: &[Node<'t>]) -> Option<Violation> {
    let (node, name, entry) = nodes.iter().find_map(|&node| {
        let text = node.raw_text()?;
        let names = text.split("$(").skip(1).filter_map(|rest| rest.split_once(')'));
        let mut names = names.map(|(name, _)| name);
        names.find_map(|name| {
            // The last one of a name counts.
            let entry = container.env().filter(|entry| entry.name_text() == name).last()?;
            let refers = matches!(
                entry.source,
                EnvSource::Secret(_) | EnvSource::ConfigMap(_) | EnvSource::Other(_)
            );
            (refers && !text.contains("$$(")).then_some((node, name, entry))
        })
    })?;
    let message = format!(
        "{} {} exec: $({}) is not put in, for it comes from a reference",
        container.name(),
        hook.name(),
        words::shortened(name)
    );
    let violation = Violation::new(node, message)
        .help(
            "The kubelet puts in only variables that have a plain `value` here; one from a Secret, ConfigMap or field becomes \
             empty. Run a shell that reads it from the environment: [sh, -c, \"… \\\"$NAME\\\" …\"].",
        )
        .related(entry.node, "it comes from a reference");
    Some(violation)
}

/// The same command as it was meant: words apart, or a shell around it.
fn fix(list: Node<'_>, argv: &[&str]) -> Option<Fix> {
    if list.flags().has(Flags::ALIAS) {
        return None;
    }
    let (title, words): (&str, Vec<String>) = match argv {
        [line] => {
            let mut commands = shell::commands(line);
            let plain = line
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b" -_./:=,@+%()$".contains(&byte))
                && !line.replace("$(", "").contains(['$', '(']);
            match commands.pop().filter(|_| plain && commands.is_empty()) {
                Some(words) => ("one element for each word", words),
                None => (
                    "run a shell",
                    vec!["sh".to_owned(), "-c".to_owned(), (*line).to_owned()],
                ),
            }
        }
        // Words with blanks or quotes in them would have to be quoted for the shell.
        _ if argv
            .iter()
            .all(|word| !word.contains([' ', '\'', '"', '\\', '\n', '(', '#']) && !word.is_empty()) =>
        {
            ("run a shell", vec!["sh".to_owned(), "-c".to_owned(), argv.join(" ")])
        }
        _ => return None,
    };
    let value: Vec<String> = words.iter().map(|word| json(word)).collect();
    Some(Fix {
        title: title.to_owned(),
        safe: true,
        edits: vec![Edit::Set {
            at: list.into(),
            value: format!("[{}]", value.join(", ")),
        }],
    })
}

/// A text as JSON.
fn json(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => result.extend(['\\', character]),
            '\n' => result.push_str("\\n"),
            control if control < ' ' => result.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => result.push(other),
        }
    }
    result.push('"');
    result
}
