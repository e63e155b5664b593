//! Every Markdown file of the project: relative links lead to files, anchors to headings, addresses are addresses, and
//! paths of the project that texts name are there. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A page taken apart.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    /// What links may name behind `#`.
    anchors: BTreeSet<String>,
    /// What stands in backticks.
    code: Vec<String>,
}

impl Page {
    fn read(text: &str) -> Page {
        let mut page = Page::default();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let again = (1..).map(|number| format!("{anchor}-{number}"));
                    let free = std::iter::once(anchor.clone())
                        .chain(again)
                        .find(|anchor| !page.anchors.contains(anchor));
                    page.anchors.extend(free);
                }
                Event::Text(text) => heading.iter_mut().for_each(|heading| heading.push_str(&text)),
                Event::Code(text) => {
                    heading.iter_mut().for_each(|heading| heading.push_str(&text));
                    page.code.push(text.into_string());
                }
                _ => {}
            }
        }
        page
    }
}

/// A heading as forges make an anchor of it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .flat_map(char::to_lowercase)
        .collect()
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the project is there")
}

/// The Markdown files under a folder, by their paths from the root; builds and hidden folders aside.
fn find(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Page>) {
    for entry in fs::read_dir(root.join(folder)).expect("folders can be read") {
        let entry = entry.expect("folders can be read");
        let path = folder.join(entry.file_name());
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("files have types");
        if kind.is_dir() {
            let made = name == "target" || name == "node_modules" || name.starts_with('.');
            if !made && !root.join(&path).join("CACHEDIR.TAG").exists() {
                find(root, &path, found);
            }
        } else if name.ends_with(".md") {
            let text = fs::read_to_string(root.join(&path)).expect("pages are UTF-8");
            found.insert(path, Page::read(&text));
        }
    }
}

fn pages() -> BTreeMap<PathBuf, Page> {
    let mut found = BTreeMap::new();
    find(&root(), Path::new(""), &mut found);
    found
}

/// Without `..`; nothing where it leaves the project.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => plain.pop().then_some(())?,
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}

/// What is wrong with a link of the page at this path.
fn fault(root: &Path, pages: &BTreeMap<PathBuf, Page>, at: &Path, link: &str) -> Option<String> {
    if link.contains(':') {
        return address(link);
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let folder = at.parent().unwrap_or(Path::new(""));
    let target = match file {
        "" => at.to_owned(),
        file => match plain(&folder.join(file)) {
            Some(target) => target,
            None => return Some("it leaves the project".to_owned()),
        },
    };
    if !root.join(&target).exists() {
        return Some(format!("there is no {}", target.display()));
    }
    if anchor.is_empty() {
        return link.ends_with('#').then(|| "it ends with #".to_owned());
    }
    let page = match root.join(&target).is_dir() {
        true => pages.get(&target.join("README.md")),
        false => pages.get(&target),
    };
    match page {
        None => Some("only pages have anchors".to_owned()),
        Some(page) if !page.anchors.contains(anchor) => Some(format!("{} has no #{anchor}", target.display())),
        Some(_) => None,
    }
}

/// What is wrong with an address.
fn address(link: &str) -> Option<String> {
    let parsed = match fluent_uri::Uri::parse(link) {
        Ok(parsed) => parsed,
        Err(error) => return Some(error.to_string()),
    };
    let host = parsed.authority().map(|authority| authority.host()).unwrap_or_default();
    if parsed.scheme().as_str() != "https" {
        return Some("addresses are https".to_owned());
    }
    let user = parsed
        .authority()
        .is_some_and(|authority| authority.userinfo().is_some());
    (user || !host.contains('.') || host.contains("..")).then(|| "its host is none".to_owned())
}

#[test]
fn links_lead_somewhere() {
    let (root, pages) = (root(), pages());
    for page in [
        "README.md",
        "docs/README.md",
        "samples/README.md",
        "docs/rules/README.md",
    ] {
        assert!(pages.contains_key(Path::new(page)), "{page} was not looked at");
    }
    let mut broken = Vec::new();
    for (path, page) in &pages {
        let faults = page.links.iter().filter_map(|link| {
            let fault = fault(&root, &pages, path, link)?;
            Some(format!("{}: {link}: {fault}", path.display()))
        });
        broken.extend(faults);
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_of_docs_is_in_its_index() {
    let pages = pages();
    let index = &pages[Path::new("docs/README.md")];
    let listed: BTreeSet<PathBuf> = index.links.iter().map(|link| Path::new("docs").join(link)).collect();
    let missing: Vec<_> = pages
        .keys()
        .filter(|page| page.parent() == Some(Path::new("docs")) && !page.ends_with("README.md"))
        .filter(|page| !listed.contains(*page))
        .collect();
    assert!(missing.is_empty(), "docs/README.md does not list {missing:?}");
}

/// Paths that are not there: what a scaffold makes, and what counts from a policy's folder.
const NOT_THERE: [&str; 2] = ["policies/ports/src/duplicate_port/", "tests/docs.rs"];

/// What is named in backticks and begins with a folder of the project is a path of it.
#[test]
fn named_paths_are_there() {
    let root = root();
    let folders: BTreeSet<String> = fs::read_dir(&root)
        .expect("the project can be read")
        .flatten()
        .filter(|entry| entry.path().is_dir() && entry.file_name() != "target")
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let mut lost = Vec::new();
    for (path, page) in pages() {
        // What was, and rules' examples of what is somewhere else.
        if path == Path::new("CHANGELOG.md") || path.starts_with("policies") || path.starts_with("docs/rules") {
            continue;
        }
        for code in &page.code {
            let first = code.split('/').next().unwrap_or_default();
            // A pattern, something to fill in, or more than a path.
            let vague = code.contains(|letter: char| letter.is_whitespace() || "*{}<>…:".contains(letter))
                || code
                    .split(['/', '.', '_', '-'])
                    .any(|word| word.len() > 1 && word != "README" && word.chars().all(|c| c.is_ascii_uppercase()));
            if NOT_THERE.contains(&code.as_str()) {
                continue;
            }
            if code.contains('/') && folders.contains(first) && !vague && !root.join(code).exists() {
                lost.push(format!("{}: {code}", path.display()));
            }
        }
    }
    assert!(lost.is_empty(), "not there: {}", lost.join(", "));
}

#[test]
fn faults_are_found() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let text =
        "# A title: with `code`, & more\n\n## Twice\n\n## Twice\n\n[x](b/c.md)\n\n```text\n[no link](nowhere)\n```\n";
    fs::create_dir(folder.path().join("b")).expect("written");
    fs::write(folder.path().join("a.md"), text).expect("written");
    fs::write(folder.path().join("b/c.md"), "[up](../a.md#twice-1)\n").expect("written");
    let mut pages = BTreeMap::new();
    find(folder.path(), Path::new(""), &mut pages);
    assert_eq!(pages[Path::new("a.md")].links, ["b/c.md"]);
    let of = |link: &str| fault(folder.path(), &pages, Path::new("b/c.md"), link);
    for good in [
        "../a.md",
        "c.md",
        "../b",
        "../a.md#a-title-with-code--more",
        "../a.md#twice-1",
        "https://kubernetes.io/docs/#x",
    ] {
        assert_eq!(of(good), None, "{good}");
    }
    for bad in [
        "a.md",
        "../a.md#thrice",
        "../a.md#",
        "#twice",
        "../../a.md",
        "../b#x",
        "http://kubernetes.io/",
        "https://kubernetes/",
        "https://user@kubernetes.io/",
        "https://kubernetes.io/a b",
        "mailto:someone",
    ] {
        assert!(of(bad).is_some(), "{bad}");
    }
}
