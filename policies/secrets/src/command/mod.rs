//! Credentials on command lines: flags of programs, assignments before them, headers; in lists of words and in scripts.
//!
//! Sources: the manuals of mysql, redis-cli, curl, psql, mongosh, sshpass, mc, sqlcmd, rabbitmqctl, ldapsearch, kubectl.

use std::ops::Range;

use crate::credential::{self, Setting};
use crate::name;
use crate::value::{self, Value};
use crate::{entropy, placeholder};

mod shell;

use shell::{Command, Word};

/// A credential on a command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passed<'t> {
    /// Which of the words it stands in; 0 in a script.
    pub word: usize,
    /// Bytes of that word.
    pub range: Range<usize>,
    /// What hands it over: a flag or a variable.
    pub flag: &'t str,
    /// Whether it only stands in for one that comes later.
    pub placeholder: bool,
    /// Whether only its look says so.
    pub guessed: bool,
}

/// All in the words of a command.
#[must_use]
pub fn find<'t>(words: &[&'t str]) -> Vec<Passed<'t>> {
    let mut found = Vec::new();
    // A shell's words are scripts; a program's with blanks may be a script all the same (`bash` in an entrypoint).
    let plain: Vec<Word<'t>> = words
        .iter()
        .enumerate()
        .map(|(item, text)| Word {
            text,
            item,
            start: 0,
            is_quoted: false,
        })
        .collect();
    let shell = words.first().is_some_and(|program| is_shell(base(program)));
    if !shell {
        command(
            &Command {
                words: plain,
                pipes_to: None,
            },
            &mut found,
        );
    }
    for (item, text) in words.iter().enumerate() {
        let is_script = text.contains([' ', '\n']) && (shell || !text.starts_with('-'));
        if is_script {
            found.extend(script(text).into_iter().map(|one| Passed { word: item, ..one }));
        }
    }
    found.sort_by_key(|one| (one.word, one.range.start));
    let mut last = (0, 0);
    found.retain(|one| {
        let apart = one.word > last.0 || one.range.start >= last.1;
        if apart {
            last = (one.word, one.range.end);
        }
        apart
    });
    found
}

/// All in a script of a shell.
#[must_use]
pub fn script(text: &str) -> Vec<Passed<'_>> {
    let mut found = Vec::new();
    if !may_hold(text) {
        return found;
    }
    for one in shell::commands(text) {
        command(&one, &mut found);
    }
    found
}

/// Whether a script may hold any: quick.
fn may_hold(text: &str) -> bool {
    let flag = |three: &[u8]| matches!(three, [b' ', b'-', b'p' | b'u' | b'a' | b'P' | b'w' | b'H' | b'-']);
    name::may_promise(text)
        || text.as_bytes().windows(3).any(flag)
        || ["alias set", "add_user", "base64"]
            .iter()
            .any(|mark| text.contains(mark))
}

/// The last part of a path.
fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_shell(program: &str) -> bool {
    matches!(
        program,
        "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" | "busybox" | "tini" | "dumb-init"
    )
}

/// Programs that run another one, and words of shells before one.
fn is_wrapper(program: &str) -> bool {
    matches!(
        program,
        "exec"
            | "sudo"
            | "env"
            | "nohup"
            | "command"
            | "time"
            | "then"
            | "do"
            | "else"
            | "if"
            | "elif"
            | "while"
            | "until"
            | "!"
            | "export"
            | "local"
            | "declare"
            | "readonly"
            | "set"
            | "kubectl-exec"
            | "eval"
            | "{"
    )
}

fn command<'t>(one: &Command<'t>, found: &mut Vec<Passed<'t>>) {
    let mut words = one.words.iter().copied().peekable();
    // Assignments, and what runs something else.
    while let Some(word) = words.peek() {
        if let Some((name, value)) = assignment(*word) {
            named(name, name.text, value, found);
        } else if !is_wrapper(base(word.text)) {
            break;
        }
        words.next();
    }
    let rest: Vec<Word<'t>> = words.collect();
    let Some(first) = rest.first() else { return };
    // The arguments of an image's own program begin with a flag.
    let (program, arguments) = if first.text.starts_with('-') {
        ("", rest.as_slice())
    } else {
        (base(first.text), rest.get(1..).unwrap_or(&[]))
    };
    for (at, word) in arguments.iter().enumerate() {
        let next = arguments.get(at + 1).copied();
        if word.text.starts_with('-') {
            flag(program, *word, next, found);
        }
    }
    positions(program, arguments, one.pipes_to, found);
}

/// `NAME=value`: both parts.
fn assignment(word: Word<'_>) -> Option<(Word<'_>, Word<'_>)> {
    let (name, value) = word.split('=')?;
    let is_name = !name.text.is_empty()
        && name
            .text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.text.starts_with(|first: char| first.is_ascii_digit());
    is_name.then_some((name, value))
}

/// Adds a value under a name, if they make a credential.
fn named<'t>(at: Word<'t>, flag: &'t str, value: Word<'t>, found: &mut Vec<Passed<'t>>) {
    let (text, value) = (value.bare().text, value.bare());
    if value.is_taken() {
        return;
    }
    if let Some(named) = credential::judge(at.text.trim_start_matches('-'), text, Setting::Key) {
        found.push(Passed {
            word: value.item,
            range: value.range(),
            flag,
            placeholder: named.placeholder,
            guessed: named.guessed,
        });
    }
}

/// Adds a value that is surely a password, if it is literal.
fn sure<'t>(flag: &'t str, value: Word<'t>, found: &mut Vec<Passed<'t>>) {
    let value = value.bare();
    if value.is_taken() || value.text.starts_with('-') {
        return;
    }
    let placeholder = match value::judge_password(value.text) {
        Value::Literal => placeholder::is_placeholder(value.text),
        Value::Placeholder => true,
        _ => return,
    };
    found.push(Passed {
        word: value.item,
        range: value.range(),
        flag,
        placeholder,
        guessed: false,
    });
}

/// What a program takes a password with.
enum Takes {
    /// `-pPASSWORD`, in one word only.
    Attached(&'static str),
    /// `-p PASSWORD`, `-pPASSWORD`.
    Either(&'static str),
    /// `-u USER:PASSWORD`.
    Login(&'static [&'static str]),
    None,
}

fn takes(program: &str) -> Takes {
    match program {
        "mysql" | "mysqldump" | "mysqladmin" | "mysqlcheck" | "mysqlimport" | "mysqlshow" | "mysqlslap" | "mariadb"
        | "mariadb-dump" | "mariadb-admin" | "mariadb-check" | "mycli" => Takes::Attached("-p"),
        "redis-cli" | "valkey-cli" | "keydb-cli" | "redis-benchmark" => Takes::Either("-a"),
        "sshpass" | "mongo" | "mongosh" | "mongodump" | "mongorestore" | "mongoexport" | "mongoimport" => {
            Takes::Either("-p")
        }
        "sqlcmd" | "bcp" => Takes::Either("-P"),
        "ldapsearch" | "ldapadd" | "ldapmodify" | "ldapwhoami" | "ldapdelete" => Takes::Either("-w"),
        "curl" | "etcdctl" => Takes::Login(&["-u", "--user", "-U", "--proxy-user"]),
        _ => Takes::None,
    }
}

fn flag<'t>(program: &str, word: Word<'t>, next: Option<Word<'t>>, found: &mut Vec<Passed<'t>>) {
    let text = word.text;
    match takes(program) {
        Takes::Attached(flag) if text.starts_with(flag) && text.len() > 2 && !text.starts_with("--") => {
            return sure(word.part(0..2).text, word.part(2..text.len()), found);
        }
        Takes::Either(flag) if text == flag => {
            return next.map_or((), |next| sure(text, next, found));
        }
        Takes::Either(flag) if text.starts_with(flag) && !text.starts_with("--") && program != "mongosh" => {
            return sure(word.part(0..2).text, word.part(2..text.len()), found);
        }
        Takes::Login(flags) if flags.contains(&text) => {
            return next.map_or((), |next| login(text, next, found));
        }
        Takes::Login(_) if program == "curl" && text.starts_with("-u") && text.len() > 2 => {
            return login(word.part(0..2).text, word.part(2..text.len()), found);
        }
        Takes::Login(_) if text.starts_with("--user=") => {
            return login(word.part(0..6).text, word.part(7..text.len()), found);
        }
        _ => {}
    }
    if matches!(text, "-H" | "--header") {
        return next.map_or((), |next| header(text, next, found));
    }
    if let Some((name, value)) = word.split('=') {
        // `--from-literal=password=…`, `--set db.password=…`.
        match name.text {
            "--from-literal" | "--set" | "--set-string" | "--env" | "--build-arg" => setting(value, found),
            "--header" => header(name.text, value, found),
            _ => named(name, name.text, value, found),
        }
    } else if matches!(
        text,
        "--from-literal" | "--set" | "--set-string" | "--env" | "-e" | "--build-arg"
    ) {
        if let Some(next) = next {
            setting(next, found);
        }
    } else if let Some(next) = next.filter(|next| !next.text.starts_with('-') && !asks(program, text)) {
        named(word, text, next, found);
    }
}

/// `password=…` as an argument of a flag.
fn setting<'t>(word: Word<'t>, found: &mut Vec<Passed<'t>>) {
    if let Some((name, value)) = word.bare().split('=') {
        named(name, name.text, value, found);
    }
}

/// Whether a program asks for the password with this flag, and takes none with it.
fn asks(program: &str, flag: &str) -> bool {
    let asks = matches!(
        program,
        "psql"
            | "pg_dump"
            | "pg_dumpall"
            | "pg_restore"
            | "pg_basebackup"
            | "createdb"
            | "dropdb"
            | "createuser"
            | "vacuumdb"
            | "mysql"
            | "mysqldump"
            | "mysqladmin"
            | "mariadb"
            | "mariadb-dump"
            | "mariadb-admin"
            | "read"
            | "stty"
    );
    asks && matches!(flag, "--password" | "-W" | "--pwprompt" | "-p" | "--askpass")
}

/// `user:password`.
fn login<'t>(flag: &'t str, word: Word<'t>, found: &mut Vec<Passed<'t>>) {
    let word = word.bare();
    if let Some((user, password)) = word.split(':').filter(|_| !word.is_taken()) {
        // A token's own user name says nothing; a user that is decided later does not make the password less literal.
        if !user.text.contains(['/', ' ']) && !password.text.is_empty() {
            sure(flag, password, found);
        }
    }
}

/// `Authorization: Bearer …` and other headers that carry a credential.
fn header<'t>(flag: &'t str, word: Word<'t>, found: &mut Vec<Passed<'t>>) {
    let word = word.bare();
    let Some((name, value)) = word.split(':') else { return };
    let name = name.text.trim().to_ascii_lowercase();
    let carries = matches!(
        name.as_str(),
        "authorization"
            | "proxy-authorization"
            | "cookie"
            | "x-api-key"
            | "api-key"
            | "apikey"
            | "x-auth-token"
            | "x-vault-token"
            | "private-token"
            | "x-access-token"
            | "x-consul-token"
    );
    let text = value.text.trim_start();
    let mut start = value.text.len() - text.len();
    if name.ends_with("authorization") {
        // The scheme.
        let Some((scheme, rest)) = text.split_once(' ') else {
            return;
        };
        start += scheme.len() + 1 + (rest.len() - rest.trim_start().len());
    }
    let credential = value.part(start..value.text.len());
    if carries && !credential.is_taken() && !credential.text.is_empty() {
        sure(flag, credential, found);
    }
}

/// Credentials that programs take by position.
fn positions<'t>(program: &str, arguments: &[Word<'t>], pipes_to: Option<&str>, found: &mut Vec<Passed<'t>>) {
    let plain: Vec<Word<'t>> = arguments
        .iter()
        .copied()
        .filter(|word| !word.text.starts_with('-'))
        .collect();
    let texts: Vec<&str> = plain.iter().map(|word| word.text).collect();
    let at = match (program, texts.as_slice()) {
        ("mc", ["alias", "set", _, _, _, _, ..] | ["config", "host", ..]) => match texts.get(1) {
            Some(&"set") => Some(5),
            _ => Some(6),
        },
        ("rabbitmqctl", ["add_user" | "change_password", _, _, ..]) => Some(2),
        ("echo" | "printf", [_]) if pipes_to == Some("base64") => {
            let random = plain
                .first()
                .is_some_and(|word| entropy::looks_random(word.bare().text));
            random.then_some(0)
        }
        _ => None,
    };
    if let Some(word) = at.and_then(|at| plain.get(at)) {
        let name = match program {
            "mc" => "mc alias",
            "rabbitmqctl" => "rabbitmqctl",
            _ => "echo",
        };
        let before = found.len();
        sure(name, *word, found);
        for one in found.iter_mut().skip(before) {
            one.guessed = name == "echo";
        }
    }
}

#[cfg(test)]
mod tests;
