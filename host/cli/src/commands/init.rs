//! `plimsoll init`.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;

use crate::exit::Exit;
use crate::files::{Created, create};
use crate::git::Git;
use crate::output;
use crate::root::Root;

/// Nothing to choose.
#[derive(Args)]
pub struct Init {}

const HOOKS: &str = ".pre-commit-config.yaml";
const GITHUB: &str = ".github/workflows/plimsoll.yml";
const GITLAB: &str = ".gitlab-ci.yml";

/// A file to write.
struct File {
    /// From the root.
    path: &'static str,
    text: String,
    /// What to add where the file is there already, and the place for it; none for a file that is all Plimsoll's.
    addition: Option<(&'static str, &'static str)>,
}

/// What became of the files.
#[derive(Default)]
struct Done {
    written: Vec<&'static str>,
    /// What is to be said of the others.
    words: String,
    failed: bool,
}

impl Init {
    pub fn run(self) -> anyhow::Result<Exit> {
        let root = Root::find().context("the working directory cannot be found")?;
        let here = root.path("");
        let repository = here.join(".git").exists();
        let mut files = Vec::new();
        let mut done = Done::default();
        match root.upwards().find(|file| file.is_file()) {
            Some(config) => done.words = format!("{} is there already\n", root.name(&config)),
            None => files.push(config()),
        }
        if repository {
            files.push(hooks());
            files.extend(ci(&here));
        } else {
            let none =
                "this is no git repository: in one, init writes a hook for pre-commit and a step for CI as well\n";
            done.words.push_str(none);
        }
        for file in &files {
            done.put(&here, file);
        }
        let mut text = String::new();
        for path in &done.written {
            text.push_str(&format!("wrote {path}\n"));
        }
        text.push_str(&done.words);
        text.push_str(&next(&done, &files, root.is_at_top()));
        output::print(&text).context("standard output cannot be written")?;
        Ok(if done.failed { Exit::CannotJudge } else { Exit::Clean })
    }
}

impl Done {
    fn put(&mut self, root: &Path, file: &File) {
        let path = file.path;
        match create(root, path, file.text.as_bytes()) {
            Ok(Created::New) => self.written.push(path),
            Ok(Created::WasThere) => {
                let text = std::fs::read(root.join(path)).unwrap_or_default();
                let has_it = text.windows(b"plimsoll".len()).any(|word| word == b"plimsoll");
                self.words.push_str(&match file.addition {
                    Some((place, lines)) if !has_it => {
                        format!("{path} is there already; add to it{place}:\n\n{lines}\n")
                    }
                    _ => format!("{path} is there already\n"),
                });
            }
            Err(error) => {
                output::complain(&format!("{path} cannot be written: {error}"));
                self.failed = true;
            }
        }
    }
}

fn config() -> File {
    File {
        path: plimsoll_core::config::FILE_NAME,
        text: include_str!("init/plimsoll.yaml").to_owned(),
        addition: None,
    }
}

fn hooks() -> File {
    let hook = include_str!("init/pre-commit.yaml");
    File {
        path: HOOKS,
        text: format!("repos:\n{hook}"),
        addition: Some((", under `repos`", hook)),
    }
}

/// A step for each system of CI that the repository uses by its files or its remotes; for GitHub's where nothing tells.
fn ci(root: &Path) -> Vec<File> {
    let git = Git::find("");
    let hosts: Vec<String> = git
        .iter()
        .flat_map(Git::remotes)
        .map(|address| host(&address))
        .collect();
    let remote = |name: &str| hosts.iter().any(|host| host.contains(name));
    let gitlab = root.join(GITLAB).exists() || remote("gitlab");
    let github = root.join(".github").exists() || remote("github") || !gitlab;
    let mut files = Vec::new();
    if github {
        files.push(File {
            path: GITHUB,
            text: include_str!("init/github.yml").to_owned(),
            addition: None,
        });
    }
    if gitlab {
        let job = include_str!("init/gitlab.yml");
        files.push(File {
            path: GITLAB,
            text: job.to_owned(),
            addition: Some(("", job)),
        });
    }
    files
}

/// The host of an address such as `https://user@host:1/path` or `user@host:path`.
fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// What to type now, a command a line, each with a comment.
fn next(done: &Done, files: &[File], at_top: bool) -> String {
    let mut commands = vec![("plimsoll check".to_owned(), "what is found now")];
    if files.iter().any(|file| file.path == HOOKS) {
        commands.push((
            "pre-commit install".to_owned(),
            "judges what is committed; from https://pre-commit.com",
        ));
    }
    let written = &done.written;
    if !written.is_empty() && files.len() > 1 {
        // From wherever in the repository it is typed.
        let magic = if at_top { "" } else { ":/" };
        let paths: Vec<String> = written.iter().map(|path| format!("{magic}{path}")).collect();
        commands.push((format!("git add {}", paths.join(" ")), "for all who work here"));
        let message = "git commit -m \"Judge manifests with Plimsoll\"";
        commands.push((message.to_owned(), ""));
    }
    let width = commands
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or(0)
        .min(40);
    let mut text = "\nnext:\n".to_owned();
    for (command, why) in commands {
        let line = if why.is_empty() {
            command
        } else {
            format!("{command:width$}  # {why}")
        };
        text.push_str(&format!("  {line}\n"));
    }
    if [GITHUB, GITLAB]
        .iter()
        .any(|ci| files.iter().any(|file| file.path == *ci))
    {
        let source = "\nThere is no release yet: CI builds Plimsoll from the git repository at the address PLIMSOLL_SOURCE, a \
                      variable to set in its settings.\n";
        text.push_str(source);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_of_addresses() {
        for (address, wanted) in [
            ("https://gitlab.example/gitops/github.git", "gitlab.example"),
            ("https://me:secret@GitHub.example:443/a/b", "github.example"),
            ("git@github.example:gitlab/b.git", "github.example"),
            ("ssh://git@host.example:22/gitlab", "host.example"),
            ("../gitlab", ".."),
            ("", ""),
        ] {
            assert_eq!(host(address), wanted, "{address}");
        }
    }
}
