//! What users see in their terminal, kept in `tests/admission/*.txt`. `PLIMSOLL_RECORD=1` writes them anew.

use serde_json::Value;

use super::Cluster;
use crate::{Run, project, say, write};

/// The kubectl that they were recorded with; others say what is theirs in other words.
const KUBECTL: &str = "v1.32.";

/// Commands and what they printed, one after the other.
#[derive(Default)]
pub struct Transcript {
    text: String,
    replaced: Vec<(String, &'static str)>,
    kubectl: Option<String>,
}

impl Transcript {
    /// Writes this instead of what differs from run to run.
    pub fn replace(&mut self, what: &str, with: &'static str) {
        self.replaced.push((what.to_owned(), with));
    }

    /// Says what comes next.
    pub fn title(&mut self, title: &str) {
        self.text += &format!("# {title}\n\n");
    }

    /// Runs kubectl and writes down what was typed and what came of it.
    pub fn kubectl(&mut self, cluster: &Cluster, arguments: &[&str], input: &str) -> Run {
        self.kubectl.get_or_insert_with(|| {
            let client = cluster.must(&["version", "--client", "-o", "json"]);
            let client: Value = serde_json::from_str(&client).unwrap_or_default();
            client["clientVersion"]["gitVersion"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        });
        let run = cluster.kubectl_with(arguments, input);
        let words: Vec<String> = arguments
            .iter()
            .map(|word| match word.contains([' ', '{', '"']) {
                true => format!("'{word}'"),
                false => (*word).to_owned(),
            })
            .collect();
        self.text += &format!("$ kubectl {}\n{}{}", words.join(" "), run.stdout, run.stderr);
        if run.code != 0 {
            self.text += &format!("exit code {}\n", run.code);
        }
        self.text.push('\n');
        run
    }

    /// What was written down, without what differs from run to run.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.text.clone();
        for (what, with) in &self.replaced {
            text = text.replace(what, with);
        }
        text
    }

    /// Holds it against `tests/admission/NAME.txt`.
    ///
    /// # Panics
    /// When they differ.
    pub fn compare(&self, name: &str) {
        let file = project().join("tests/admission").join(format!("{name}.txt"));
        let text = self.text();
        if std::env::var_os("PLIMSOLL_RECORD").is_some() {
            write(&file, text.as_bytes());
            return;
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        if let Some(version) = self.kubectl.as_deref().filter(|version| !version.starts_with(KUBECTL)) {
            say(&format!(
                "recorded with kubectl {KUBECTL}, this is {version}: only Plimsoll's own words are compared"
            ));
            assert_eq!(ours(&kept), ours(&text), "tests/admission/{name}.txt");
            return;
        }
        let differ = kept.lines().zip(text.lines()).position(|(kept, now)| kept != now);
        let line = differ.unwrap_or_else(|| kept.lines().count().min(text.lines().count())) + 1;
        assert!(
            kept == text,
            "tests/admission/{name}.txt: line {line} is otherwise; PLIMSOLL_RECORD=1 writes it anew\n{text}"
        );
    }
}

/// The words of the webhook in what kubectl printed.
fn ours(text: &str) -> Vec<&str> {
    let mut ours = Vec::new();
    let mut denied = false;
    for line in text.lines() {
        if let Some((_, words)) = line.split_once("denied the request: ") {
            ours.push(words);
            denied = true;
        } else if denied && line.starts_with("  ") {
            ours.push(line);
        } else {
            denied = false;
            let warning = line
                .strip_prefix("Warning: ")
                .and_then(|warning| warning.split_once(": "));
            ours.extend(
                warning
                    .filter(|(rule, _)| rule.contains('/') && !rule.contains(' '))
                    .map(|_| line),
            );
        }
    }
    ours
}
