//! `--render`: charts and kustomizations as the user's own helm and kustomize make them.
//!
//! What they print is judged in the place of the files that it was made of; findings are led back to those by
//! `plimsoll_core`. This is the only part that runs another program than git, and nothing runs it but `check --render`.

mod charts;
mod child;
mod kustomizations;
mod program;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use plimsoll_core::finding::clean_block;
use plimsoll_core::read::{Limits, Renderer, Rendering, Standing, manifest};
use rayon::prelude::*;

use self::program::Programs;
use crate::config::Settled;
use crate::input::{Input, failed};
use crate::output;

/// Texts that are rendered in one run.
const RENDERINGS: usize = 200;

/// How long all of them may take together; what has not begun by then fails.
const TOTAL: Duration = Duration::from_secs(600);

/// Renderings at a time.
const THREADS: usize = 2;

/// Bytes of a renderer's own words that are shown.
const WORDS: usize = 2000;

/// What is rendered before it is judged.
#[derive(Args)]
pub struct RenderArguments {
    /// Render charts and kustomizations with your own helm and kustomize (or kubectl), and judge what comes of them
    #[arg(long, conflicts_with = "since")]
    render: bool,
    /// Render charts once, with these values after their own, as `helm template -f` takes them; may be repeated
    #[arg(long, value_name = "FILE", requires = "render")]
    helm_values: Vec<PathBuf>,
}

/// One text to be rendered.
struct Job {
    /// What it is called in reports.
    path: String,
    /// The file that is named where it fails.
    file: String,
    rendering: Rendering,
    /// Where the program runs.
    folder: PathBuf,
    arguments: Vec<String>,
    /// Files of the input that it is made of.
    replaces: Vec<String>,
    /// Values that a failure's message may not show.
    secret: Vec<String>,
}

impl RenderArguments {
    /// Whether anything is to be rendered.
    pub fn wanted(&self) -> bool {
        self.render
    }

    /// Renders what there is, puts it among the manifests, and takes out of the judging what it was made of. What cannot be
    /// rendered is a failed input, and its files stay as they are.
    pub fn apply(&self, input: &mut Input, settled: &Settled) {
        let mut jobs = charts::find(input, settled, &self.helm_values);
        jobs.extend(kustomizations::find(input, settled));
        if jobs.is_empty() {
            output::warn("--render: there is no chart and no kustomization among the paths");
            return;
        }
        for job in jobs.drain(RENDERINGS.min(jobs.len())..) {
            let message = format!("it is not rendered: there are more than {RENDERINGS} to render");
            input.failures.push(failed(&job.file, &message));
        }
        let results = run(&jobs, &Programs::find());
        let mut replaced: BTreeSet<&str> = BTreeSet::new();
        for (job, result) in jobs.iter().zip(results) {
            match result {
                Ok(text) => {
                    let mut rendered = manifest(&job.path, &text, &Limits::default());
                    rendered.standing = Standing::Rendered(Arc::new(job.rendering.clone()));
                    // It must be readable.
                    input.named.insert(job.path.clone());
                    input.manifests.push(rendered);
                    replaced.extend(job.replaces.iter().map(String::as_str));
                }
                Err(why) => input.failures.push(failed(&job.file, &job.shown(&why, settled))),
            }
        }
        for manifest in &mut input.manifests {
            if replaced.contains(manifest.path.as_str()) {
                manifest.replace();
            }
        }
    }
}

impl Job {
    fn program(&self) -> &'static str {
        match self.rendering.by {
            Renderer::Helm => "helm",
            Renderer::Kustomize => "kustomize",
        }
    }

    /// Why it failed, in the program's words: clean, short, without the machine's folders, and without values that may be
    /// secret.
    fn shown(&self, why: &str, settled: &Settled) -> String {
        let root = format!("{}{}", settled.root.folder().display(), std::path::MAIN_SEPARATOR);
        let mut text = without_userinfo(&words(why).replace(&root, ""));
        for secret in &self.secret {
            text = text.replace(secret.as_str(), plimsoll_core::finding::MASK);
        }
        format!(
            "cannot be rendered: {}: {}",
            self.program(),
            clean_block(text.trim(), WORDS)
        )
    }
}

/// What a program says, without what kubectl's log puts around it, times and process numbers among it, and without warnings
/// beside what went wrong.
fn words(text: &str) -> String {
    let bare = text.lines().map(|line| {
        let is_log = line.starts_with(['E', 'W', 'F', 'I'])
            && line
                .get(1..5)
                .is_some_and(|day| day.bytes().all(|c| c.is_ascii_digit()));
        match line.split_once("] ").filter(|_| is_log) {
            Some((_, said)) => {
                let error = said.split_once("err=\"").and_then(|(_, error)| error.strip_suffix('"'));
                error.map_or_else(
                    || said.to_owned(),
                    |error| error.replace("\\\"", "\"").replace("\\n", "\n"),
                )
            }
            None => line.to_owned(),
        }
    });
    let bare: Vec<String> = bare.collect();
    let warns = |line: &String| line.starts_with("# Warning") || line.starts_with("WARNING");
    let errors: Vec<&str> = bare.iter().filter(|line| !warns(line)).map(String::as_str).collect();
    if errors.iter().all(|line| line.trim().is_empty()) {
        return bare.join("\n");
    }
    errors.join("\n")
}

/// The same without the names and passwords of addresses.
fn without_userinfo(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        out.push_str(before);
        let end = address
            .find(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '"' | '\'' | '`'))
            .unwrap_or(address.len());
        rest = match address[..end].rfind('@') {
            Some(at) => &address[at + 1..],
            None => address,
        };
    }
    out + rest
}

/// Renders all, some at a time; results in the order of the jobs.
fn run(jobs: &[Job], programs: &Programs) -> Vec<Result<Vec<u8>, String>> {
    let started = Instant::now();
    let render = |job: &Job| {
        if started.elapsed() < TOTAL {
            programs.render(job)
        } else {
            Err(format!(
                "all renderings together took longer than {} s",
                TOTAL.as_secs()
            ))
        }
    };
    match rayon::ThreadPoolBuilder::new().num_threads(THREADS).build() {
        Ok(pool) => pool.install(|| jobs.par_iter().with_max_len(1).map(render).collect()),
        Err(_) => jobs.iter().map(render).collect(),
    }
}

/// What a rendered text is called: in the folder that it is made of.
fn name(folder: &str, with: Option<&str>) -> String {
    let slash = if folder.is_empty() { "" } else { "/" };
    match with {
        Some(with) => format!("{folder}{slash}(rendered with {with})"),
        None => format!("{folder}{slash}(rendered)"),
    }
}

/// Whether a path lies in a folder, both as reports show them.
fn lies_in(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_passwords() {
        assert_eq!(
            without_userinfo("fetch 'https://joe:s3cret@git.invalid/x?ref=a@b' failed, ssh://git.invalid/y"),
            "fetch 'https://git.invalid/x?ref=a@b' failed, ssh://git.invalid/y"
        );
    }

    #[test]
    fn what_a_log_puts_around_words_is_taken_away() {
        assert_eq!(
            words(
                "# Warning: old\nE1121 19:52:37.198047   21772 run.go:72] \"command failed\" err=\"no such \\\"x\\\"\"\n"
            ),
            "no such \"x\""
        );
        assert_eq!(words("# Warning: old"), "# Warning: old");
        assert_eq!(words("Error: a\nb] c"), "Error: a\nb] c");
    }

    #[test]
    fn rendered_texts_lie_in_their_folder() {
        assert_eq!(name("", None), "(rendered)");
        assert_eq!(
            name("a/b", Some("values-prod.yaml")),
            "a/b/(rendered with values-prod.yaml)"
        );
        assert!(lies_in("a/b", "a") && lies_in("a", "") && !lies_in("ab", "a"));
    }
}
