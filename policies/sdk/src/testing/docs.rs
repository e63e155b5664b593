//! Docs as tests: every rule's page and cases.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_core::policy::Judge;

use super::marked::is_id;
use super::page::Page;
use super::{Seen, compare};

/// How much was run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Rules.
    pub rules: usize,
    /// Examples on their pages.
    pub examples: usize,
    /// Cases.
    pub cases: usize,
}

/// Runs all that a policy's folder says of its rules through any judge, native or component: every rule is a folder
/// `src/RULE_ID/` (with `_` for `-`) with a page that has all sections, a bad and a good example, and cases; every such
/// folder is in the catalogue; all findings are as marked.
///
/// # Errors
/// Everything that is wrong, ready to read.
pub fn check_pages(judge: &dyn Judge, policy_dir: &Path) -> Result<Counts, String> {
    documented(judge, policy_dir).map(|(counts, _)| counts)
}

/// The same, and what the pages and cases show: every finding in them, in the order of the rules' folders.
///
/// # Errors
/// Those of [`check_pages`].
pub fn documented(judge: &dyn Judge, policy_dir: &Path) -> Result<(Counts, Vec<Seen>), String> {
    let mut all = Run {
        judge,
        counts: Counts::default(),
        seen: Vec::new(),
        problems: Vec::new(),
    };
    let folders = rule_folders(&policy_dir.join("src"))?;
    let description = judge.description();
    let ids: Vec<String> = folders.iter().filter_map(|folder| id_of(folder)).collect();
    let catalogue: Vec<&str> = description.rules.iter().map(|rule| rule.id.as_str()).collect();
    if ids != catalogue {
        all.problems.push(format!(
            "the folders say {ids:?}, the catalogue {catalogue:?}: run `cargo dev catalogue`"
        ));
    }
    for (folder, id) in folders.iter().zip(&ids) {
        if let Some(position) = catalogue.iter().position(|known| known == id) {
            all.rule(folder, id, position);
        }
    }
    if all.problems.is_empty() {
        Ok((all.counts, all.seen))
    } else {
        let name = &description.name;
        Err(format!("policy {name}:\n{}", all.problems.join("\n")))
    }
}

struct Run<'a> {
    judge: &'a dyn Judge,
    counts: Counts,
    seen: Vec<Seen>,
    problems: Vec<String>,
}

impl Run<'_> {
    fn rule(&mut self, folder: &Path, id: &str, position: usize) {
        self.counts.rules += 1;
        let description = self.judge.description();
        let Some(rule) = description.rules.get(position) else {
            return;
        };
        if !is_id(id) || rule.title.trim().is_empty() || rule.title.ends_with('.') {
            self.problem(
                folder,
                "its id is lower-case words, its title one line without a full stop",
            );
        }
        let path = folder.join("README.md");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let told = u32::try_from(position).map(|number| self.judge.explain(number));
                // A host may take off the white space around what a component says.
                if !told.is_ok_and(|told| told.is_ok_and(|told| told.trim() == text.trim())) {
                    self.problem(&path, "`explain` does not give this page");
                }
                self.page(&path, &text, id);
            }
            Err(error) => self.problem(&path, &error.to_string()),
        }
        self.cases(&folder.join("cases"), id);
    }

    fn page(&mut self, path: &Path, text: &str, id: &str) {
        let page = match Page::parse(text) {
            Ok(page) => page,
            Err(problem) => return self.problem(path, &problem),
        };
        for problem in page.problems(&format!("{}/{id}", self.judge.description().name)) {
            self.problem(path, &problem);
        }
        for example in page.examples {
            self.counts.examples += 1;
            let name = format!("{}:{}", path.display(), example.line);
            self.run(Path::new(&name), id, &example.text, example.line, example.bad);
        }
    }

    fn cases(&mut self, folder: &Path, id: &str) {
        let files = match fs::read_dir(folder) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.problem(folder, &error.to_string()),
        };
        let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let fires = match (name.starts_with("fires-"), name.starts_with("silent-")) {
                (true, _) if name.ends_with(".yaml") => true,
                (_, true) if name.ends_with(".yaml") => false,
                _ => {
                    self.problem(&file, "a case is called fires-NAME.yaml or silent-NAME.yaml");
                    continue;
                }
            };
            self.counts.cases += 1;
            match fs::read_to_string(&file) {
                Ok(text) => self.run(&file, id, &text, 1, fires),
                Err(error) => self.problem(&file, &error.to_string()),
            }
        }
    }

    fn run(&mut self, path: &Path, id: &str, text: &str, first_line: u32, fires: bool) {
        match compare::check(self.judge, id, text, first_line) {
            Ok(outcome) if (outcome.marks > 0) == fires => self.seen.extend(outcome.seen),
            Ok(_) if fires => self.problem(path, "it marks nothing, although it should fire"),
            Ok(_) => self.problem(path, "it marks findings, although it should be silent"),
            Err(problem) => self.problem(path, &problem),
        }
    }

    fn problem(&mut self, path: &Path, problem: &str) {
        self.problems.push(format!("{}: {problem}", path.display()));
    }
}

/// The folders that hold a page, sorted.
fn rule_folders(src: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(src).map_err(|error| format!("{}: {error}", src.display()))?;
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("README.md").exists() || path.join("cases").exists())
        .collect();
    folders.sort();
    Ok(folders)
}

fn id_of(folder: &Path) -> Option<String> {
    Some(folder.file_name()?.to_str()?.replace('_', "-"))
}
