//! Programs that tests start go with them.

use std::process::Command;
use std::time::Duration;

use plimsoll_tests::guarded::{Guarded, wait};
use plimsoll_tests::on_path;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_program_is_killed_when_it_is_dropped_and_its_end_is_seen() {
    if on_path("sh").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a scratch folder");
    let log = folder.path().join("log");
    let patience = Duration::from_secs(20);

    let mut short = Guarded::start(&shell("echo done; exit 3"), &log);
    assert_eq!(wait(patience, || short.ended()), Some(3));
    assert_eq!(short.log(), "done\n");

    let mut polite = Guarded::start(
        &shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done"),
        &log,
    );
    assert!(wait(patience, || (polite.log() == "up\n").then_some(())).is_some());
    assert_eq!(polite.terminate(patience), Some(0));
    assert_eq!(polite.log(), "up\nbye\n");

    let ticks = folder.path().join("ticks");
    let stubborn = format!(
        "trap '' TERM; while :; do echo tick >>'{}'; sleep 0.1; done",
        ticks.display()
    );
    let stubborn = Guarded::start(&shell(&stubborn), &log);
    assert!(wait(patience, || ticks.exists().then_some(())).is_some());
    drop(stubborn);
    let size = || std::fs::metadata(&ticks).map_or(0, |file| file.len());
    let after = size();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(size(), after, "it still runs");
}
