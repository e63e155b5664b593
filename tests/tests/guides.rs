//! The guides as a newcomer types them: in a scratch repository, every file is written, every command is run, and what is
//! printed is compared with what the page shows.
//!
//! | in a guide | means |
//! |---|---|
//! | `<!-- file: PATH -->` above a fenced block | the block is written to PATH |
//! | a block `console` | its `$ ` lines are run; what is shown below one is compared, nothing shown is not; `…` stands for anything |
//! | `# exit code N` at a command's end | so it must end; otherwise with 0 |
//! | `<!-- not run: WHY -->` above a block | it is only shown |
//! | `<!-- with PROGRAM -->` above a block | it is run where PROGRAM is installed |
//! | `<!-- in a second terminal -->` above a block | its command goes on running until the end |
//!
//! The ports 8443 and 8080 of 127.0.0.1 are others in the test, for it may not be alone.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run programs and write files"
)]

use std::ffi::OsStr;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_tests::{Repository, project, tool};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// A fenced block, with what the comment above it says.
#[derive(Debug, Default)]
struct Block {
    /// Of its first line below the fence.
    line: usize,
    note: String,
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut note = String::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        if let Some(block) = &mut open {
            if line == "```" {
                blocks.extend(open.take());
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if let Some(info) = line.strip_prefix("```") {
            open = Some(Block {
                line: number + 2,
                note: std::mem::take(&mut note),
                info: info.to_owned(),
                text: String::new(),
            });
        } else if let Some(said) = line.strip_prefix("<!-- ") {
            note = said.trim_end_matches(" -->").to_owned();
        } else if !line.is_empty() {
            note.clear();
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

/// A command, its exit code, and what is shown.
fn commands(text: &str) -> Vec<(String, i32, String)> {
    let mut commands: Vec<(String, i32, String)> = Vec::new();
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("$ ") {
            let code = typed
                .rsplit_once("# exit code ")
                .map_or(0, |(_, code)| code.trim().parse().expect("an exit code is a number"));
            commands.push((typed.to_owned(), code, String::new()));
        } else if let Some((_, _, shown)) = commands.last_mut() {
            shown.push_str(line);
            shown.push('\n');
        } else {
            panic!("a block `console` begins with a command: {line}");
        }
    }
    commands
}

/// Without how long a run took, ends of lines, and empty lines around.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim_end();
        match line.rsplit_once("; ") {
            Some((before, time)) if time.ends_with(" s") && time.starts_with(|first: char| first.is_ascii_digit()) => {
                format!("{before}; N s")
            }
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
}

/// Whether a text is what is shown, in which `…` stands for anything.
fn is_as_shown(printed: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
        last = Some(part);
    }
    match last {
        None => rest.is_empty(),
        Some(last) => printed.ends_with(last),
    }
}

/// The ports that pages name, and free ones instead of them.
fn ports() -> [(String, String); 2] {
    let taken = ["8443", "8080"].map(|named| {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        (named, free)
    });
    taken.map(|(named, free)| {
        let port = free.local_addr().expect("it has an address").port();
        (format!("127.0.0.1:{named}"), format!("127.0.0.1:{port}"))
    })
}

/// What goes on running in a second terminal; ended when it is dropped.
struct Terminal(Vec<Child>);

impl Drop for Terminal {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until somebody listens on every address that a command names.
fn wait_for(typed: &str, addresses: &[(String, String)]) {
    let until = Instant::now() + Duration::from_secs(60);
    for (_, address) in addresses.iter().filter(|(_, address)| typed.contains(address)) {
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < until, "nobody listens on {address}: $ {typed}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A shell with nothing of the environment but this.
fn shell(typed: &str, folder: &Path, home: &Path, path: &OsStr) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", typed])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .env("NO_COLOR", "1")
        .env("PRE_COMMIT_COLOR", "never")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// Follows a guide. Says how many commands were run; none where git is missing.
fn follow(page: &str) -> Option<usize> {
    let text = std::fs::read_to_string(project().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let repository = Repository::empty()?;
    let home = tempfile::tempdir().expect("a scratch folder");
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder can be made");
    std::fs::hard_link(PROGRAM, bin.join("plimsoll"))
        .or_else(|_| std::fs::copy(PROGRAM, bin.join("plimsoll")).map(|_| ()))
        .expect("the program can be put there");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path))).expect("PATH can be joined");
    let addresses = ports();
    let mut terminal = Terminal(Vec::new());
    let mut run = 0;
    for block in blocks(&text) {
        if let Some(file) = block.note.strip_prefix("file: ") {
            repository.write(file, &block.text);
        }
        let needed = block.note.strip_prefix("with ");
        let skipped = block.note.starts_with("not run: ") || needed.is_some_and(|program| tool(program).is_none());
        if block.info != "console" || skipped {
            continue;
        }
        for (mut typed, code, shown) in commands(&block.text) {
            let at = format!("{page}:{}: $ {typed}", block.line);
            for (named, free) in &addresses {
                typed = typed.replace(named, free);
            }
            run += 1;
            if block.note == "in a second terminal" {
                let mut command = shell(&format!("exec {typed}"), repository.path(), home.path(), &path);
                command.stdout(Stdio::null()).stderr(Stdio::null());
                terminal.0.push(command.spawn().expect("there is a shell"));
                wait_for(&typed, &addresses);
                continue;
            }
            let typed = format!("{{ {typed}\n}} 2>&1");
            let output = shell(&typed, repository.path(), home.path(), &path).output();
            let output = output.expect("there is a shell");
            let printed = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(code), "{at}\n{printed}");
            let (printed, shown) = (plain(&printed), plain(&shown));
            assert!(
                shown.is_empty() || is_as_shown(&printed, &shown),
                "{at}\nprinted:\n{printed}\nshown:\n{shown}"
            );
        }
    }
    Some(run)
}

#[test]
fn getting_started() {
    assert!(follow("docs/getting-started.md").is_none_or(|run| run >= 5));
}

#[test]
fn pre_commit() {
    assert!(follow("docs/pre-commit.md").is_none_or(|run| run >= 3));
}

#[test]
fn admission() {
    assert!(follow("docs/admission.md").is_none_or(|run| run >= 4));
}

#[test]
fn what_a_guide_says_is_taken_apart() {
    let page = "Text.\n\n<!-- file: a.yaml -->\n```yaml\na: 1\n```\n\n```console\n$ ls   # exit code 2\nno\n\nsuch; 0.12 s\n$ true\n```\n";
    let blocks = blocks(page);
    assert_eq!(
        (blocks[0].note.as_str(), blocks[0].text.as_str()),
        ("file: a.yaml", "a: 1\n")
    );
    assert_eq!((blocks[1].note.as_str(), blocks[1].line), ("", 9));
    let commands = commands(&blocks[1].text);
    assert_eq!(commands[0].0, "ls   # exit code 2");
    assert_eq!((commands[0].1, plain(&commands[0].2).as_str()), (2, "no\n\nsuch; N s"));
    assert_eq!((commands[1].1, commands[1].2.as_str()), (0, ""));
    for (printed, shown, same) in [
        ("a b c", "a b c", true),
        ("a b c", "a b", false),
        ("a b c", "a … c", true),
        ("a b c", "…b…", true),
        ("a b c", "a … d", false),
        ("a b c", "b…", false),
        ("a c b c", "a … c", true),
    ] {
        assert_eq!(is_as_shown(printed, shown), same, "{printed} | {shown}");
    }
}
