//! A rule's page: title, sections, examples.

/// The sections of every page, in this order.
pub(super) const SECTIONS: [&str; 7] = [
    "What it checks",
    "Why it matters",
    "Examples",
    "How to fix",
    "Settings",
    "When to waive it",
    "References",
];

/// A page taken apart.
#[derive(Default)]
pub(super) struct Page<'a> {
    pub title: &'a str,
    /// Titles of sections, and whether they hold anything.
    pub sections: Vec<(&'a str, bool)>,
    pub examples: Vec<Example>,
}

/// A fenced block of YAML.
pub(super) struct Example {
    pub bad: bool,
    /// Number of its first line, below the fence.
    pub line: u32,
    pub text: String,
}

/// A fence that is open.
struct Fence {
    length: usize,
    example: Option<Example>,
}

impl<'a> Page<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Page<'a>, String> {
        let mut page = Page::default();
        let mut open: Option<Fence> = None;
        for (line, number) in text.lines().zip(1_u32..) {
            let ticks = line.len() - line.trim_start_matches('`').len();
            if let Some(fence) = &mut open {
                if ticks >= fence.length && line.trim_matches('`').is_empty() {
                    page.examples.extend(open.take().and_then(|fence| fence.example));
                } else if let Some(example) = &mut fence.example {
                    example.text.push_str(line);
                    example.text.push('\n');
                }
                continue;
            }
            if let Some(title) = line.strip_prefix("# ") {
                if !page.title.is_empty() {
                    return Err(format!("line {number}: a second title"));
                }
                page.title = title.trim();
            } else if let Some(section) = line.strip_prefix("## ") {
                page.sections.push((section.trim(), false));
            } else if !line.trim().is_empty()
                && let Some((_, filled)) = page.sections.last_mut()
            {
                *filled = true;
            }
            if ticks >= 3 {
                open = Some(Fence {
                    length: ticks,
                    example: example(&line[ticks..], number)?,
                });
            }
        }
        match open {
            Some(_) => Err("a fenced block is never closed".to_owned()),
            None => Ok(page),
        }
    }

    /// What is wrong with the page of a rule, its examples aside.
    pub(super) fn problems(&self, rule: &str) -> Vec<String> {
        let mut problems = Vec::new();
        if self.title != rule {
            problems.push(format!("the title is `{}`, not `{rule}`", self.title));
        }
        let titles: Vec<&str> = self.sections.iter().map(|&(title, _)| title).collect();
        if titles != SECTIONS {
            problems.push(format!("its sections are {titles:?}, not {SECTIONS:?}"));
        }
        for (title, _) in self.sections.iter().filter(|&&(_, filled)| !filled) {
            problems.push(format!("section `{title}` is empty"));
        }
        for (bad, name) in [(true, "bad"), (false, "good")] {
            if self.examples.iter().all(|example| example.bad != bad) {
                problems.push(format!("it has no {name} example (```yaml {name})"));
            }
        }
        problems
    }
}

/// The example that a fence opens, if it is one.
fn example(info: &str, number: u32) -> Result<Option<Example>, String> {
    let bad = match info.split_whitespace().collect::<Vec<_>>()[..] {
        ["yaml", "bad"] => true,
        ["yaml", "good"] => false,
        ["yaml" | "yml", ..] => {
            return Err(format!(
                "line {number}: an example in YAML is `yaml bad` or `yaml good`"
            ));
        }
        _ => return Ok(None),
    };
    Ok(Some(Example {
        bad,
        line: number + 1,
        text: String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(examples: &str) -> String {
        let section = |title: &&str| match *title {
            "Examples" => format!("## Examples\n\n{examples}\n"),
            title => format!("## {title}\n\nText.\n\n"),
        };
        let sections: String = SECTIONS.iter().map(section).collect();
        format!("# shop/dear-thing\n\n{sections}")
    }

    #[test]
    fn a_complete_page() {
        let text = page("```yaml bad\na: 1\n# no title\n```\n\n```yaml good\na: 2\n```\n\n```sh\n# neither\n```\n");
        let page = Page::parse(&text).expect("well-formed");
        assert_eq!(page.problems("shop/dear-thing"), Vec::<String>::new());
        let examples: Vec<_> = page
            .examples
            .iter()
            .map(|example| (example.bad, example.line, example.text.as_str()))
            .collect();
        assert_eq!(examples, [(true, 14, "a: 1\n# no title\n"), (false, 19, "a: 2\n")]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let text = page("```yaml bad\na: 1\n```\n").replace("## Settings\n\nText.", "## Settings");
        let problems = Page::parse(&text).expect("well-formed").problems("shop/other");
        let problems: Vec<&str> = problems.iter().map(String::as_str).collect();
        assert_eq!(
            problems,
            [
                "the title is `shop/dear-thing`, not `shop/other`",
                "section `Settings` is empty",
                "it has no good example (```yaml good)"
            ]
        );
        let text = page("").replace("## References", "## Links");
        let problems = Page::parse(&text).expect("well-formed").problems("shop/dear-thing");
        assert!(problems[0].contains("Links"));
    }

    #[test]
    fn examples_that_nothing_runs_are_refused() {
        assert!(Page::parse("```yaml\na: 1\n```\n").is_err());
        assert!(Page::parse("```yaml worse\n```\n").is_err());
        assert!(Page::parse("```sh\n").is_err());
    }
}
