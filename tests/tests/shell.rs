//! What installers hand to shells and to `man`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run shells and write files"
)]

use std::fs;
use std::process::Command;

use plimsoll_tests::{project, run, tool, write};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const COMMANDS: [&str; 11] = [
    "check",
    "fix",
    "hook",
    "read",
    "explain",
    "rules",
    "serve",
    "policies",
    "init",
    "completions",
    "man",
];

#[test]
fn every_shell_knows_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let printed = run(PROGRAM, &project(), &["completions", shell]);
        assert_eq!(printed.code, 0, "{shell} {}", printed.stderr);
        for word in COMMANDS.iter().chain(&["since", "plimsoll"]) {
            assert!(printed.stdout.contains(word), "{shell} {word}");
        }
    }
    assert_eq!(run(PROGRAM, &project(), &["completions", "sh"]).code, 2);
}

#[test]
fn bash_completes() {
    let Some(bash) = tool("bash") else {
        return;
    };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let script = run(PROGRAM, &project(), &["completions", "bash"]).stdout;
    write(&scratch.path().join("plimsoll"), script.as_bytes());
    let completed = |words: &[&str]| {
        let words = words.join(" ");
        // As readline does: the function that `complete` was given, with the line in COMP_WORDS.
        let line = format!(
            "source ./plimsoll; set -- $(complete -p plimsoll); while [ \"$1\" != -F ]; do shift; done; f=$2
             COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             $f plimsoll \"${{COMP_WORDS[$COMP_CWORD]}}\" \"${{COMP_WORDS[$((COMP_CWORD - 1))]}}\"
             echo \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new(&bash)
            .args(["--norc", "--noprofile", "-c", &line])
            .current_dir(scratch.path())
            .output()
            .expect("bash runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(completed(&["plimsoll", "che"]), "check");
    assert_eq!(completed(&["plimsoll", "po"]), "policies");
    assert_eq!(completed(&["plimsoll", "check", "--sin"]), "--since");
    assert_eq!(completed(&["plimsoll", "check", "--fail-on", "n"]), "never");
    assert_eq!(completed(&["plimsoll", "completions", "z"]), "zsh");
}

#[test]
fn manual_pages_render() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let written = run(PROGRAM, scratch.path(), &["man", "--dir", "share/man1"]);
    assert_eq!((written.code, written.stdout.as_str()), (0, ""), "{}", written.stderr);
    let folder = scratch.path().join("share/man1");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("it is there")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let mut wanted: Vec<String> = COMMANDS.iter().map(|command| format!("plimsoll-{command}.1")).collect();
    wanted.push("plimsoll.1".to_owned());
    wanted.sort();
    assert_eq!(names, wanted);
    let page = fs::read_to_string(folder.join("plimsoll.1")).expect("it is there");
    assert_eq!(run(PROGRAM, scratch.path(), &["man"]).stdout, page);
    assert!(
        page.contains(".TH plimsoll 1") && page.contains(".SH SYNOPSIS"),
        "{page}"
    );
    let Some(groff) = tool("groff") else {
        return;
    };
    for name in &names {
        let output = Command::new(&groff)
            .args(["-man", "-Tutf8", "-P-cbou", "-ww"])
            .arg(folder.join(name))
            .output()
            .expect("groff runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains("\nSYNOPSIS\n"), "{name}: {shown}");
        if name == "plimsoll.1" {
            for command in COMMANDS {
                assert!(shown.contains(&format!("plimsoll-{command}(1)")), "{command}: {shown}");
            }
            assert!(shown.contains("could not judge"), "{shown}");
        }
    }
}
