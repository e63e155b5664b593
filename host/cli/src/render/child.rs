//! A program that is run for what it prints: with nothing of ours, and for so long and so much.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// What a program may take.
#[derive(Clone, Copy)]
pub struct Allowed {
    /// From its start to the end of what it prints.
    pub time: Duration,
    /// Bytes of its standard output.
    pub output: u64,
}

/// Bytes of what it says on standard error that are kept.
const WORDS: usize = 64 << 10;

/// What is told of the environment: where programs, the user's own settings and scratch files are.
const ENVIRONMENT: [&str; 6] = ["HOME", "TMPDIR", "USERPROFILE", "APPDATA", "TEMP", "SystemRoot"];

enum Heard {
    /// All of standard output, or too much of it.
    Output(Result<Vec<u8>, ()>),
    Words(Vec<u8>),
}

/// Standard output of a program, run in this folder; else why there is none, in its own words.
pub fn run(
    program: &Path,
    arguments: &[String],
    folder: &Path,
    path: &[PathBuf],
    allowed: Allowed,
) -> Result<Vec<u8>, String> {
    let started = Instant::now();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::join_paths(path).unwrap_or_else(|_| OsString::new()))
        // Nobody is there to answer, and what the user added to helm has no part in this.
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("HELM_NO_PLUGINS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    alone(&mut command);
    let mut child = command.spawn().map_err(|error| format!("cannot be run: {error}"))?;
    let (sender, heard) = channel();
    listen(&mut child, allowed.output, &sender);
    drop(sender);
    let ended = hear(&mut child, &heard, started, allowed);
    if ended.is_err() {
        end(&mut child, path);
    }
    let (status, output, words) = ended?;
    if status.success() {
        return Ok(output);
    }
    let words = String::from_utf8_lossy(&words);
    Err(match words.trim() {
        "" => format!("failed and said nothing ({status})"),
        words => words.to_owned(),
    })
}

/// Reads what it prints, in threads that nobody waits for: what it has started may hold its output open.
fn listen(child: &mut Child, limit: u64, sender: &Sender<Heard>) {
    if let Some(output) = child.stdout.take() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(limit + 1).read_to_end(&mut bytes);
            let whole = read.is_ok() && bytes.len() as u64 <= limit;
            let _ = sender.send(Heard::Output(if whole { Ok(bytes) } else { Err(()) }));
        });
    }
    if let Some(mut words) = child.stderr.take() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            let _ = (&mut words).take(WORDS as u64).read_to_end(&mut kept);
            let _ = std::io::copy(&mut words, &mut std::io::sink());
            let _ = sender.send(Heard::Words(kept));
        });
    }
}

type Ended = (ExitStatus, Vec<u8>, Vec<u8>);

fn hear(child: &mut Child, heard: &Receiver<Heard>, started: Instant, allowed: Allowed) -> Result<Ended, String> {
    let Allowed { time, output: limit } = allowed;
    let deadline = started + time;
    let late = || format!("took longer than {} s", time.as_secs_f64());
    let (mut output, mut words) = (None, None);
    while output.is_none() || words.is_none() {
        match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Heard::Output(Ok(bytes))) => output = Some(bytes),
            Ok(Heard::Output(Err(()))) => return Err(format!("printed more than the limit of {limit} bytes")),
            Ok(Heard::Words(bytes)) => words = Some(bytes),
            Err(RecvTimeoutError::Timeout) => return Err(late()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok((status, output.unwrap_or_default(), words.unwrap_or_default())),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => return Err(late()),
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
}

/// Gives it a process group of its own, so that what it starts can be ended with it.
#[cfg(unix)]
fn alone(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn alone(_command: &mut Command) {}

/// Ends it, and where there is a `kill`, what it has started.
fn end(child: &mut Child, path: &[PathBuf]) {
    if let Some(kill) = path
        .iter()
        .map(|folder| folder.join("kill"))
        .find(|file| cfg!(unix) && file.is_file())
    {
        let group = format!("-{}", child.id());
        let mut command = Command::new(kill);
        command.args(["-KILL", "--", &group]).env_clear().stdin(Stdio::null());
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const ALLOWED: Allowed = Allowed {
        time: Duration::from_millis(500),
        output: 100_000,
    };

    fn script(text: &str, folder: &Path) -> Result<Vec<u8>, String> {
        let path: Vec<PathBuf> = ["/usr/bin", "/bin"].map(PathBuf::from).to_vec();
        let arguments = ["-c".to_owned(), text.to_owned()];
        run(Path::new("/bin/sh"), &arguments, folder, &path, ALLOWED)
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a scratch folder")
    }

    #[test]
    fn what_it_prints_is_taken_where_it_ends_well() {
        let folder = folder();
        assert_eq!(script("echo a; echo b >&2", folder.path()), Ok(b"a\n".to_vec()));
        assert_eq!(
            script("echo a; echo why >&2; exit 3", folder.path()),
            Err("why\n".to_owned().trim().to_owned())
        );
        let silent = script("exit 3", folder.path()).expect_err("it fails");
        assert!(silent.contains("said nothing"), "{silent}");
    }

    #[test]
    fn nothing_comes_in() {
        let folder = folder();
        // Standard input is at its end, and of the environment there is what is listed.
        assert_eq!(
            script("cat; echo \"$CARGO_MANIFEST_DIR\"", folder.path()),
            Ok(b"\n".to_vec())
        );
    }

    #[test]
    fn what_hangs_is_ended_with_all_that_it_started() {
        let folder = folder();
        let started = Instant::now();
        let late = script("(sleep 2; touch late) & sleep 30", folder.path()).expect_err("it hangs");
        assert!(late.contains("took longer than 0.5 s"), "{late}");
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(2500));
        assert!(!folder.path().join("late").exists(), "what it started has gone on");
    }

    #[test]
    fn what_prints_too_much_is_ended() {
        let folder = folder();
        let much = script("while :; do echo 0123456789; done", folder.path()).expect_err("it never ends");
        assert!(much.contains("the limit of 100000 bytes"), "{much}");
        // Words beyond what is kept do not hold it up.
        let words = script("head -c 90000 /dev/zero >&2; echo done", folder.path());
        assert_eq!(words, Ok(b"done\n".to_vec()));
    }
}
