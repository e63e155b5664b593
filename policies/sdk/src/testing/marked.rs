//! Marked texts: files, directions and what is expected.

use plimsoll_core::bundle::Options;
use plimsoll_core::policy::Severity;
use serde_json::Value;

/// A text taken apart.
#[derive(Default)]
pub(super) struct Marked {
    pub files: Vec<File>,
    pub expected: Vec<Expected>,
    /// JSON, empty for the defaults.
    pub settings: String,
    /// Rules that run; none for the one that the text belongs to.
    pub rules: Option<Vec<String>>,
    pub options: Options,
}

/// One file. Its text starts with as many empty lines as come before it, so that its lines count as in the whole.
pub(super) struct File {
    pub path: String,
    pub text: String,
    pub context: bool,
}

/// A mark.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expected {
    pub line: u32,
    pub rule: String,
    pub severity: Severity,
}

impl Marked {
    /// Takes a text apart; `first_line` is the number of its first line in the file that it comes from.
    pub(super) fn parse(text: &str, first_line: u32) -> Result<Marked, String> {
        let mut marked = Marked::default();
        let mut current = File::new("case.yaml", false, first_line);
        let mut head = true;
        for (number, line) in (first_line..).zip(text.lines()) {
            if let Some(file) = line.strip_prefix("# file: ") {
                marked.finish(std::mem::replace(&mut current, File::named(file, number + 1)));
            } else {
                head &= line.is_empty() || line.starts_with('#');
                if head
                    && marked
                        .direction(line)
                        .map_err(|problem| format!("line {number}: {problem}"))?
                {
                    current.text.push('\n');
                } else {
                    let (kept, marks) = cut_marks(line).map_err(|problem| format!("line {number}: {problem}"))?;
                    current.text.push_str(kept);
                    current.text.push('\n');
                    marked
                        .expected
                        .extend(marks.into_iter().map(|(severity, rule)| Expected {
                            line: number,
                            rule,
                            severity,
                        }));
                }
            }
        }
        marked.finish(current);
        marked.expected.sort();
        Ok(marked)
    }

    fn finish(&mut self, file: File) {
        if !file.text.trim().is_empty() {
            self.files.push(file);
        }
    }

    /// Takes a line of the head; false when it directs nothing.
    fn direction(&mut self, line: &str) -> Result<bool, String> {
        if let Some(settings) = line.strip_prefix("# settings: ") {
            serde_json::from_str::<Value>(settings).map_err(|error| format!("the settings are no JSON: {error}"))?;
            settings.clone_into(&mut self.settings);
        } else if let Some(rules) = line.strip_prefix("# rules: ") {
            self.rules = Some(rules.split(',').map(|rule| rule.trim().to_owned()).collect());
        } else if let Some(facts) = line.strip_prefix("# facts: ") {
            let facts =
                serde_json::from_str(facts).map_err(|error| format!("the facts are no JSON object: {error}"))?;
            self.facts(facts)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn facts(&mut self, facts: serde_json::Map<String, Value>) -> Result<(), String> {
        let options = &mut self.options;
        for (name, value) in facts {
            match (name.as_str(), value) {
                ("namespace", Value::String(text)) => options.default_namespace = Some(text),
                ("kubernetes", Value::String(text)) => options.kubernetes = Some(text),
                ("openchoreo", Value::String(text)) => options.openchoreo = Some(text),
                ("environment", Value::String(text)) => options.environment = Some(text),
                ("closed-world", Value::Array(names)) => {
                    options.closed_world = names
                        .iter()
                        .map(|name| name.as_str().map(str::to_owned).ok_or("closed-world holds names"))
                        .collect::<Result<_, _>>()?;
                }
                ("environments", Value::Object(map)) => options.environments = map,
                ("cluster", Value::Object(map)) => options.cluster = map,
                ("request", request @ Value::Object(_)) => options.request = Some(request),
                _ => return Err(format!("there is no such fact, or not of this type: {name}")),
            }
        }
        Ok(())
    }
}

impl File {
    fn new(path: &str, context: bool, first_line: u32) -> File {
        File {
            path: path.to_owned(),
            text: "\n".repeat(first_line.saturating_sub(1) as usize),
            context,
        }
    }

    fn named(name: &str, first_line: u32) -> File {
        let name = name.trim();
        match name.strip_suffix(" (context)") {
            Some(path) => File::new(path, true, first_line),
            None => File::new(name, false, first_line),
        }
    }
}

/// What a mark says.
type Mark = (Severity, String);

/// Cuts the marks off a line's end. A comment that starts like a mark and is none is refused, for it would expect nothing.
fn cut_marks(line: &str) -> Result<(&str, Vec<Mark>), String> {
    let Some(hash) = line.rfind("# ") else {
        return Ok((line, Vec::new()));
    };
    let (before, comment) = (&line[..hash], &line[hash + 2..]);
    if !before.is_empty() && !before.ends_with([' ', '\t']) || mark(comment.split(',').next().unwrap_or("")).is_none() {
        return Ok((line, Vec::new()));
    }
    let marks = comment
        .split(',')
        .map(|text| {
            mark(text)
                .filter(|(_, rule)| is_id(rule))
                .map(|(severity, rule)| (severity, rule.to_owned()))
                .ok_or_else(|| format!("not a mark: `{}` (severity: rule-id)", text.trim()))
        })
        .collect::<Result<_, _>>()?;
    Ok((before.trim_end(), marks))
}

fn mark(text: &str) -> Option<(Severity, &str)> {
    let (severity, rule) = text.trim().split_once(": ")?;
    let severity = match severity {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "info" => Severity::Info,
        _ => return None,
    };
    Some((severity, rule.trim()))
}

/// Whether it is lower-case words and digits joined by `-`.
pub(super) fn is_id(text: &str) -> bool {
    text.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Marked {
        match Marked::parse(text, 1) {
            Ok(marked) => marked,
            Err(problem) => panic!("{problem}"),
        }
    }

    fn marks(marked: &Marked) -> Vec<String> {
        let show = |mark: &Expected| format!("{} {} {}", mark.line, mark.severity, mark.rule);
        marked.expected.iter().map(show).collect()
    }

    #[test]
    fn marks_are_cut_off_and_counted_in_the_whole_text() {
        let marked = parse("a: 1 # error: one-thing\nb: 2 # why # info: x, warning: y-2\nc: 3 # a comment\n");
        assert_eq!(marks(&marked), ["1 error one-thing", "2 info x", "2 warning y-2"]);
        assert_eq!(marked.files[0].text, "a: 1\nb: 2 # why\nc: 3 # a comment\n");
        assert_eq!(marked.files[0].path, "case.yaml");
    }

    #[test]
    fn what_looks_like_a_mark_and_is_none_is_refused() {
        assert!(Marked::parse("a: 1 # error: This is wrong", 1).is_err());
        assert!(Marked::parse("a: 1 # error: x, y", 1).is_err());
        assert!(parse("a: 'x# error: y'\nurl: http://a/#b # note").expected.is_empty());
    }

    #[test]
    fn files_keep_their_lines() {
        let marked = parse("# file: dev/a.yaml\na: 1\n# file: b.yaml (context)\nb: 2 # info: x\n");
        let files: Vec<_> = marked
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.text.as_str(), file.context))
            .collect();
        assert_eq!(
            files,
            [("dev/a.yaml", "\na: 1\n", false), ("b.yaml", "\n\n\nb: 2\n", true)]
        );
        assert_eq!(marks(&marked), ["4 info x"]);
    }

    #[test]
    fn the_head_directs() {
        let marked = parse(
            "# settings: {\"label\": \"team\"}\n# rules: a, b\n# facts: {\"closed-world\": [\"shop\"], \"namespace\": \"shop\"}\na: 1\n# settings: late\n",
        );
        assert_eq!(marked.settings, "{\"label\": \"team\"}");
        assert_eq!(marked.rules.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        assert_eq!(marked.options.closed_world, ["shop"]);
        assert_eq!(marked.options.default_namespace.as_deref(), Some("shop"));
        assert!(Marked::parse("# settings: {", 1).is_err());
        assert!(Marked::parse("# facts: {\"moon\": 1}", 1).is_err());
    }
}
