//! Programs that end with whoever started them.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a program until it ends or standard input does, so that it goes even when a test is killed: the pipe closes with
/// whoever holds it.
const GUARD: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( read -r _ <&3; kill -9 $child ) 2>/dev/null &
guard=$!
trap 'kill -TERM $child' TERM
wait $child; code=$?
[ $code -le 128 ] || { wait $child; code=$?; }
kill -9 $guard 2>/dev/null
exit $code
"#;

/// A running program. Dropped, it is killed.
pub struct Guarded {
    child: Child,
    log: PathBuf,
}

impl Guarded {
    /// Starts it; what it prints goes to `log`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &Command, log: &Path) -> Guarded {
        let file = || File::create(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let output = file();
        let errors = output.try_clone().unwrap_or_else(|_| file());
        let mut guard = Command::new("sh");
        guard.arg("-c").arg(GUARD).arg("guard").arg(command.get_program());
        guard.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => guard.env(name, value),
                None => guard.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            guard.current_dir(folder);
        }
        let child = guard.stdin(Stdio::piped()).stdout(output).stderr(errors).spawn();
        Guarded {
            child: child.unwrap_or_else(|error| panic!("sh: {error}")),
            log: log.to_owned(),
        }
    }

    /// Its exit code, if it has ended.
    pub fn ended(&mut self) -> Option<i32> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(status.code().unwrap_or(-1))
    }

    /// Asks it to end (SIGTERM) and waits this long: the exit code.
    pub fn terminate(&mut self, patience: Duration) -> Option<i32> {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        wait(patience, || self.ended())
    }

    /// What it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map_or_else(
            |error| format!("{}: {error}", self.log.display()),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// The last lines of what it has printed.
    #[must_use]
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Asks again, twenty times a second, until there is an answer or patience ends.
pub fn wait<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if start.elapsed() > patience {
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A port of loopback that nobody listens on. Another program may take it before it is used.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap_or_else(|error| panic!("no free port: {error}"))
        .port()
}
