//! What the written pages say against the program: exit codes, commands, flags, policies, limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use plimsoll_core::read::Limits;
use plimsoll_engine::{EngineOptions, MAX_COMPONENT, MAX_PARTS};
use plimsoll_tests::{project, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

fn page(name: &str) -> String {
    fs::read_to_string(project().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What the program says of itself.
fn help(arguments: &[&str]) -> String {
    let help = run(PROGRAM, &project(), arguments);
    assert_eq!(help.code, 0, "{}", help.stderr);
    help.stdout
}

/// The cells of a page's table whose head starts so.
fn table(page: &str, head: &str) -> Vec<Vec<String>> {
    let (_, rest) = page
        .split_once(head)
        .unwrap_or_else(|| panic!("there is no table {head}"));
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    // A bar that is part of the text is written `\|`.
    rows.map(|row| {
        let row = row.replace("\\|", "\0");
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('\0', "|")).collect()
    })
    .collect()
}

/// The long flags in a text.
fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_lowercase() || letter == '-'));
    words
        .filter(|word| word.len() > 3 && word.starts_with("--") && !word.ends_with('-'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn exit_codes_are_the_same_in_enum_help_and_table() {
    let readme: BTreeMap<String, String> = table(&page("README.md"), "| exit code |")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let help = help(&["--help"]);
    let (_, listed) = help.split_once("Exit codes:").expect("the help lists exit codes");
    let listed: BTreeMap<String, String> = listed
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, meaning)| (code.to_owned(), meaning.to_owned()))
        .collect();
    assert_eq!(readme, listed, "README.md (left) and --help (right)");
    let declared: BTreeSet<String> = page("host/cli/src/exit.rs")
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "))
        .map(|(_, code)| code.to_owned())
        .collect();
    let codes: BTreeSet<String> = readme.into_keys().collect();
    assert_eq!(codes, declared, "README.md (left) and the enum (right)");
}

#[test]
fn the_readme_names_every_command_and_no_other() {
    let help = help(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").expect("the help lists commands");
    let commands: BTreeSet<String> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        // A description that goes on in the next line stands further right.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|&command| command != "help")
        .map(str::to_owned)
        .collect();
    let named: BTreeSet<String> = table(&page("README.md"), "| command |")
        .iter()
        .flat_map(|row| {
            row[0]
                .split("`plimsoll ")
                .skip(1)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter_map(|rest| {
            rest.split(|letter: char| !letter.is_ascii_lowercase())
                .next()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(named, commands, "README.md (left) and --help (right)");
}

#[test]
fn the_readme_names_every_flag_of_check_and_no_other() {
    let mut known = flags(&help(&["check", "--help"]));
    known.remove("--help");
    let named: BTreeSet<String> = table(&page("README.md"), "| flag of `check` and `hook` |")
        .iter()
        .flat_map(|row| flags(&row[0]))
        // Has a short form, under which the table names it.
        .chain(["--verbose".to_owned()])
        .collect();
    assert_eq!(named, known, "README.md (left) and check --help (right)");
}

#[test]
fn the_page_of_configuration_names_every_flag_of_serve_and_no_other() {
    let text = help(&["serve", "--help"]);
    // Lines are broken where the terminal ends.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut known = flags(&text);
    known.remove("--help");
    let rows = table(&page("docs/configuration.md"), "| flag | variable | means |");
    let named: BTreeSet<String> = rows.iter().flat_map(|row| flags(&row[0])).collect();
    assert_eq!(named, known, "docs/configuration.md (left) and serve --help (right)");
    for row in &rows {
        for (flag, variable) in flags(&row[0]).iter().zip(row[1].split(", ")) {
            let wanted = format!("PLIMSOLL_{}", flag[2..].to_uppercase().replace('-', "_"));
            assert_eq!(variable.trim_matches('`'), wanted, "the variable of {flag}");
            assert!(text.contains(&format!("[env: {wanted}=]")), "{wanted} in the help");
        }
    }
}

#[test]
fn the_readme_names_every_policy_and_no_other() {
    let named: BTreeSet<String> = table(&page("README.md"), "| policy | judges |")
        .iter()
        .map(|row| {
            row[0]
                .trim_start_matches('[')
                .split(']')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let folders = fs::read_dir(project().join("policies")).expect("policies/ can be read");
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.expect("policies/ can be read"))
        .filter(|entry| entry.path().join("src/rules.rs").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(named, folders, "README.md (left) and policies/ (right)");
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn mebibytes(bytes: u64) -> String {
    assert!(bytes.is_multiple_of(1 << 20), "a limit is a whole number of MiB");
    format!("{} MiB", bytes >> 20)
}

#[test]
fn the_page_of_limits_has_the_numbers_in_force() {
    let page = page("docs/limits.md");
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    for head in ["| of a file |", "| of one call of a policy |", "| of a policy |"] {
        said.extend(
            table(&page, head)
                .into_iter()
                .map(|row| (row[0].clone(), row[1].clone())),
        );
    }
    let file = Limits::default();
    let call = EngineOptions::default().limits;
    let component = u64::try_from(MAX_COMPONENT).expect("fits");
    let in_force = [
        ("bytes", mebibytes(file.size)),
        ("documents", grouped(file.documents.into())),
        ("nodes", grouped(file.nodes.into())),
        ("nodes added by aliases and merge keys", grouped(file.aliases.into())),
        ("levels of nesting", grouped(file.depth.into())),
        (
            "fuel (about one unit an instruction, one a byte handed over)",
            format!(
                "{}, and {} a byte of the tree",
                grouped(call.fuel),
                grouped(call.fuel_per_byte)
            ),
        ),
        (
            "linear memory",
            format!(
                "{}, and {} bytes a byte of the tree",
                mebibytes(call.memory),
                call.memory_per_byte
            ),
        ),
        (
            "answer, as memory that taking it may allocate",
            format!(
                "{}, and {} bytes a byte of the tree",
                mebibytes(call.answer),
                call.answer_per_byte
            ),
        ),
        ("wall time, the backstop", format!("{} s", call.deadline.as_secs())),
        ("policies that one component holds", grouped(MAX_PARTS.into())),
        ("bytes of the component", mebibytes(component)),
    ];
    for (what, limit) in in_force {
        assert_eq!(said.get(what), Some(&limit), "{what}");
    }
}

/// The excerpt is what the program printed in the case of that name.
#[test]
fn the_excerpt_is_real() {
    let root = plimsoll_tests::project();
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README.md is there");
    let printed =
        std::fs::read_to_string(root.join("tests/cases/check-finds-a-mismatch.stdout")).expect("the case is there");
    let excerpt = readme
        .split("<!-- excerpt -->")
        .nth(1)
        .and_then(|rest| rest.split("<!-- /excerpt -->").next());
    let excerpt = excerpt.expect("README.md has an excerpt");
    for line in printed.lines() {
        // How long it took is another time's.
        let line = line.split("[..]").next().unwrap_or_default();
        assert!(excerpt.contains(line), "not in the excerpt: {line}");
    }
}

/// The names of all members in a JSON value; `fix` and `suppressed` are told as any other.
fn members(value: &serde_json::Value, names: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                names.insert(name.clone());
                members(value, names);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| members(item, names)),
        _ => {}
    }
}

#[test]
fn the_page_of_json_has_every_member() {
    let page = page("docs/json.md");
    let words: BTreeSet<&str> = page
        .split(|letter: char| !(letter.is_ascii_alphabetic() || letter == '-'))
        .collect();
    let mut names = BTreeSet::new();
    let files = plimsoll_tests::folder(&[
        (
            "a.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  containers:\n    - name: a\n      image: registry.invalid/a:1\n      imagePullPolicy: always # plimsoll: allow schema/enum reason=\"so\"\n",
        ),
        ("b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: { name: \"b }\n"),
        ("c.yaml", "a: 1\n"),
    ]);
    let broken = run(PROGRAM, files.path(), &["check", "--format", "json"]).json();
    for list in ["findings", "inputs-failed"] {
        assert!(broken[list].as_array().is_some_and(|list| !list.is_empty()), "{broken}");
    }
    members(&broken, &mut names);
    let sample = project().join("samples/three-tier-shop/broken");
    members(
        &run(PROGRAM, &sample, &["check", "--format", "json"]).json(),
        &mut names,
    );
    for name in ["edits", "related", "until", "skipped", "owner"] {
        assert!(names.contains(name), "{name} was not seen: {names:?}");
    }
    let untold: Vec<_> = names.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(untold.is_empty(), "docs/json.md does not say {untold:?}");
}

/// The example of all keys is one.
#[test]
fn the_configuration_of_the_page_is_taken() {
    let page = page("docs/configuration.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let files = plimsoll_tests::folder(&[("plimsoll.yaml", example.expect("the page has an example"))]);
    let shown = run(PROGRAM, files.path(), &["check", "--show-config"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    for key in example
        .expect("it has one")
        .lines()
        .filter_map(|line| line.split_once(':'))
    {
        if key.0.starts_with(|first: char| first.is_ascii_lowercase()) {
            assert!(shown.stdout.contains(key.0), "{} is not in {}", key.0, shown.stdout);
        }
    }
}
