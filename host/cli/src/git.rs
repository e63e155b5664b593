//! What git knows of a repository, by the user's own git.

use std::collections::BTreeSet;
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// A repository, by its top folder.
pub struct Git {
    pub top: PathBuf,
}

/// A file of the index.
pub struct Entry {
    /// From the top, with `/`.
    pub path: String,
    /// Its content's name in the repository.
    pub blob: String,
}

/// How a file differs between two states.
pub enum Change {
    /// It is there in both, or only in the later.
    Changed(String),
    /// It is gone, or has another name now.
    Gone(String),
}

impl Git {
    /// The repository that the working directory lies in. `otherwise` says what it is needed for, or what to do without.
    pub fn find(otherwise: &str) -> anyhow::Result<Git> {
        let output = Command::new("git")
            .args(["rev-parse", "--show-toplevel"])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("git cannot be run; {otherwise}"))?;
        let text = String::from_utf8(output.stdout).context("the repository's folder is not UTF-8")?;
        match text
            .strip_suffix('\n')
            .filter(|top| output.status.success() && !top.is_empty())
        {
            Some(top) => Ok(Git {
                top: PathBuf::from(top),
            }),
            // git has its own reasons too, as when the folder is another user's.
            None => bail!("git opens no repository here ({}); {otherwise}", said(&output.stderr)),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // Nothing of what the user has configured may run or colour what is read here.
        command
            .arg("-C")
            .arg(&self.top)
            .args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "--no-pager"])
            // What a partial clone has left out is not downloaded.
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(arguments);
        command
    }

    /// Standard output of a command, in parts that end with NUL.
    fn parts(&self, arguments: &[&str]) -> anyhow::Result<Vec<String>> {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .context("git cannot be run")?;
        if !output.status.success() {
            let name = arguments.first().copied().unwrap_or_default();
            bail!("git {name} failed: {}", said(&output.stderr));
        }
        // Paths that are not UTF-8 are no manifests' that anybody could name.
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text
            .split('\0')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// The commit that a revision means, by its hash.
    pub fn commit(&self, revision: &str) -> Option<String> {
        let name = format!("{revision}^{{commit}}");
        self.line(&["rev-parse", "--quiet", "--verify", "--end-of-options", &name])
    }

    /// Whether there is such a commit.
    pub fn has(&self, revision: &str) -> bool {
        self.commit(revision).is_some()
    }

    /// Whether the history was cut when it was fetched.
    pub fn is_shallow(&self) -> bool {
        let answer = self.line(&["rev-parse", "--is-shallow-repository"]);
        answer.is_some_and(|answer| answer == "true")
    }

    /// Addresses of the repositories that this one is fetched from.
    pub fn remotes(&self) -> Vec<String> {
        let found = self.parts(&["config", "--null", "--get-regexp", r"^remote\..*\.url$"]);
        let entries = found.unwrap_or_default().into_iter();
        entries
            .filter_map(|entry| Some(entry.split_once('\n')?.1.to_owned()))
            .collect()
    }

    /// The first line that a command prints; none where it fails.
    fn line(&self, arguments: &[&str]) -> Option<String> {
        let mut command = self.command(arguments);
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let line = text.lines().next().filter(|_| output.status.success())?;
        Some(line.to_owned())
    }

    /// Ordinary files of the index, or of a commit.
    pub fn files(&self, revision: Option<&str>) -> anyhow::Result<Vec<Entry>> {
        let parts = match revision {
            None => self.parts(&["ls-files", "--stage", "-z"])?,
            Some(revision) => self.parts(&["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision])?,
        };
        let entry = |line: &String| {
            let (about, path) = line.split_once('\t')?;
            let mut words = about.split(' ');
            let mode = words.next()?;
            // `mode blob stage` of the index, `mode type blob` of a tree.
            let blob = match revision {
                None => words.next()?,
                Some(_) => words.nth(1)?,
            };
            mode.starts_with("100").then(|| Entry {
                path: path.to_owned(),
                blob: blob.to_owned(),
            })
        };
        let mut entries: Vec<Entry> = parts.iter().filter_map(entry).collect();
        // A conflict has several stages of a file.
        entries.dedup_by(|a, b| a.path == b.path);
        Ok(entries)
    }

    /// Files whose content in the working tree is not that of the index.
    pub fn unstaged(&self) -> anyhow::Result<BTreeSet<String>> {
        Ok(self.parts(&["diff-files", "--name-only", "-z"])?.into_iter().collect())
    }

    /// What differs between a commit (none: nothing is there yet) and the index, or another commit.
    pub fn changes(&self, from: Option<&str>, to: Option<&str>) -> anyhow::Result<Vec<Change>> {
        let Some(from) = from else {
            let files = self.files(to)?.into_iter();
            return Ok(files.map(|entry| Change::Changed(entry.path)).collect());
        };
        let shared = [
            "--no-ext-diff",
            "--no-textconv",
            "--name-status",
            "-M",
            "-z",
            "--end-of-options",
        ];
        let mut arguments = vec!["diff"];
        if to.is_none() {
            arguments.push("--cached");
        }
        arguments.extend(shared);
        arguments.push(from);
        arguments.extend(to);
        let mut parts = self.parts(&arguments)?.into_iter();
        let mut changes = Vec::new();
        while let (Some(status), Some(path)) = (parts.next(), parts.next()) {
            match status.chars().next() {
                Some('D') => changes.push(Change::Gone(path)),
                Some('R') => {
                    changes.push(Change::Gone(path));
                    changes.extend(parts.next().map(Change::Changed));
                }
                // A copy's source stays as it is.
                Some('C') => changes.extend(parts.next().map(Change::Changed)),
                _ => changes.push(Change::Changed(path)),
            }
        }
        Ok(changes)
    }

    /// Files that a commit and the index have under different names, old and new.
    pub fn renamed(&self, from: &str) -> anyhow::Result<Vec<(String, String)>> {
        let parts = self.parts(&[
            "diff",
            "--cached",
            "--no-ext-diff",
            "--no-textconv",
            "--name-status",
            "--diff-filter=R",
            "-M",
            "-z",
            "--end-of-options",
            from,
        ])?;
        let entries = parts.chunks_exact(3);
        Ok(entries
            .filter_map(|entry| Some((entry.get(1)?.clone(), entry.get(2)?.clone())))
            .collect())
    }

    /// Those of these paths that `.gitignore` and its like leave out, tracked or not; none where git cannot say, as when a
    /// folder has become a link.
    pub fn ignored(&self, paths: &[&str]) -> BTreeSet<String> {
        let mut command = self.command(&["check-ignore", "--no-index", "-z", "--stdin"]);
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = child else {
            return BTreeSet::new();
        };
        let input = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut input = std::io::BufWriter::new(input?);
                for path in paths {
                    input.write_all(format!("{path}\0").as_bytes()).ok()?;
                }
                input.flush().ok()
            });
            child.wait_with_output()
        });
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let text = text.unwrap_or_default();
        text.split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Contents of blobs, in the order asked; none for one that is larger than the limit, in bytes, or missing. A name is a
    /// blob's own, or `REVISION:PATH`.
    pub fn contents(&self, names: &[String], limit: u64) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut child = self
            .command(&["cat-file", "--batch", "-z"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("git cannot be run")?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("git cannot be talked to");
        };
        let contents = std::thread::scope(|scope| {
            scope.spawn(move || {
                for name in names {
                    // Who ends early is noticed by the reader.
                    if input.write_all(format!("{name}\0").as_bytes()).is_err() {
                        break;
                    }
                }
            });
            let mut reader = BufReader::new(output);
            let mut contents = Vec::with_capacity(names.len());
            for _ in names {
                contents.push(content(&mut reader, limit)?);
            }
            anyhow::Ok(contents)
        });
        let _ = child.wait();
        contents.context("git cat-file broke off")
    }
}

/// The first line of what a command complained of.
fn said(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let line = text.lines().next().unwrap_or("it says nothing");
    line.strip_prefix("fatal: ").unwrap_or(line).to_owned()
}

/// One answer of `git cat-file --batch`: `NAME TYPE SIZE`, the content, a line end; or `NAME missing`.
fn content(reader: &mut impl std::io::BufRead, limit: u64) -> anyhow::Result<Option<Vec<u8>>> {
    let mut head = String::new();
    reader.read_line(&mut head)?;
    let Some((_, size)) = head.trim_end().rsplit_once(' ') else {
        bail!("it says nothing");
    };
    let Ok(size) = size.parse::<u64>() else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    if size <= limit {
        (&mut *reader).take(size).read_to_end(&mut bytes)?;
    } else {
        std::io::copy(&mut (&mut *reader).take(size), &mut std::io::sink())?;
    }
    let mut end = [0];
    reader.read_exact(&mut end)?;
    Ok((size <= limit).then_some(bytes))
}

/// A path from the top of a repository, with `/`, of one that the user named.
pub fn from_top(top: &Path, named: &Path) -> Option<String> {
    let working = std::env::current_dir().ok()?;
    let whole = working.join(named);
    // The top as git says it has no links in it; the file itself may be one, or be gone.
    let folder =
        std::fs::canonicalize(whole.parent()?).unwrap_or_else(|_| whole.parent().unwrap_or(&whole).to_path_buf());
    let whole = folder.join(whole.file_name()?);
    let top = std::fs::canonicalize(top).unwrap_or_else(|_| top.to_path_buf());
    let path = whole.strip_prefix(&top).ok()?.to_string_lossy().into_owned();
    Some(if std::path::MAIN_SEPARATOR == '/' {
        path
    } else {
        path.replace(std::path::MAIN_SEPARATOR, "/")
    })
}
