//! `ARCHITECTURE.md` against the folders and against Cargo: every crate listed, every listed crate there, no import that
//! the page does not allow. The walls around third-party crates are read from `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a room may import.
#[derive(Debug)]
enum Imports {
    All,
    Only(BTreeSet<String>),
}

impl Imports {
    /// A cell of the table: `all`, or names in backticks.
    fn parse(cell: &str) -> Self {
        if cell == "all" {
            Imports::All
        } else {
            Imports::Only(quoted(cell))
        }
    }

    fn allow(&self, name: &str) -> bool {
        match self {
            Imports::All => true,
            Imports::Only(names) => names.contains(name),
        }
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        match self {
            Imports::All => None,
            Imports::Only(names) => Some(names.iter()),
        }
        .into_iter()
        .flatten()
    }
}

/// A line of the table.
#[derive(Debug)]
struct Room {
    folder: String,
    imports: Imports,
    in_tests: Imports,
}

/// A dependency as a manifest declares it.
#[derive(Debug)]
struct Dependency {
    name: String,
    /// A crate of the project, by path.
    ours: bool,
    /// In tests only: a dev-dependency, or behind a feature that must be asked for.
    in_tests: bool,
    features: BTreeSet<String>,
}

/// A crate that lies in the project.
#[derive(Debug)]
struct Crate {
    folder: String,
    dependencies: Vec<Dependency>,
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the root");
    root.to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The text between `<!-- name -->` and `<!-- /name -->`.
fn section<'a>(page: &'a str, name: &str) -> &'a str {
    page.split_once(&format!("<!-- {name} -->"))
        .and_then(|(_, rest)| rest.split_once(&format!("<!-- /{name} -->")))
        .unwrap_or_else(|| panic!("ARCHITECTURE.md has no section `{name}`"))
        .0
}

/// The words in backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rooms by crate, as the page lists them.
fn rooms() -> BTreeMap<String, Room> {
    let page = read("ARCHITECTURE.md");
    let mut rooms = BTreeMap::new();
    for line in section(&page, "rooms").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [folder, name, imports, in_tests, what] = cells[..] else {
            panic!("a room has five cells: {line}");
        };
        assert!(!what.is_empty(), "what is `{name}`?");
        let room = Room {
            folder: folder.trim_matches('`').to_owned(),
            imports: Imports::parse(imports),
            in_tests: Imports::parse(in_tests),
        };
        let twice = rooms.insert(name.trim_matches('`').to_owned(), room);
        assert!(twice.is_none(), "{name} is listed twice");
    }
    assert!(!rooms.is_empty(), "ARCHITECTURE.md lists no rooms");
    rooms
}

/// Runs `cargo metadata`, without the network.
fn metadata(manifest: &Path, options: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(manifest)
        .args(options)
        .output()
        .expect("cargo runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo metadata of {}: {complaint}",
        manifest.display()
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Folders of the project that hold a `Cargo.toml` with a package, whether or not a workspace knows them.
fn package_folders(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    let manifest = folder.join("Cargo.toml");
    if fs::read_to_string(&manifest).is_ok_and(|text| text.lines().any(|line| line.trim() == "[package]")) {
        found.insert(folder.to_owned());
    }
    for entry in fs::read_dir(folder).expect("folders can be read") {
        let path = entry.expect("folders can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let made = name.starts_with('.') || name == "node_modules" || path.join("CACHEDIR.TAG").exists();
        if path.is_dir() && !path.is_symlink() && !made && name != "target" {
            package_folders(&path, found);
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// Every crate that lies in the project, by name.
fn crates() -> BTreeMap<String, Crate> {
    let root = root();
    let mut folders = BTreeSet::new();
    package_folders(&root, &mut folders);
    let mut found = BTreeMap::new();
    let mut asked = vec![root.clone()];
    while let Some(folder) = asked.pop() {
        let value = metadata(&folder.join("Cargo.toml"), &["--no-deps"]);
        for package in items(&value, "packages") {
            let folder = Path::new(text(package, "manifest_path"))
                .parent()
                .expect("a manifest lies in a folder");
            folders.remove(folder);
            let folder = folder.strip_prefix(&root).expect("the crate lies in the project");
            let folder = folder.to_str().expect("folders are UTF-8").replace('\\', "/");
            let dependencies = items(package, "dependencies").map(dependency).collect();
            let name = text(package, "name").to_owned();
            let twice = found.insert(name.clone(), Crate { folder, dependencies });
            assert!(twice.is_none(), "two crates are called {name}");
        }
        asked.extend(folders.pop_last());
    }
    found
}

fn dependency(value: &Value) -> Dependency {
    Dependency {
        name: text(value, "name").to_owned(),
        ours: value["path"].is_string(),
        in_tests: text(value, "kind") == "dev" || value["optional"] == true,
        features: items(value, "features")
            .filter_map(|feature| feature.as_str().map(str::to_owned))
            .collect(),
    }
}

#[test]
fn every_crate_is_listed_and_every_listed_crate_is_there() {
    let listed: BTreeMap<String, String> = rooms().into_iter().map(|(name, room)| (name, room.folder)).collect();
    let there: BTreeMap<String, String> = crates().into_iter().map(|(name, found)| (name, found.folder)).collect();
    assert_eq!(listed, there, "ARCHITECTURE.md (left) and the folders (right) differ");
}

#[test]
fn nobody_imports_what_the_page_does_not_allow() {
    let rooms = rooms();
    let mut broken = Vec::new();
    for (name, found) in crates() {
        let Some(room) = rooms.get(&name) else { continue };
        for dependency in found.dependencies.iter().filter(|dependency| dependency.ours) {
            let other = &dependency.name;
            let allowed = room.imports.allow(other) || (dependency.in_tests && room.in_tests.allow(other));
            if !allowed && *other != name {
                broken.push(format!(
                    "{name} → {other}{}",
                    if dependency.in_tests { " (in tests)" } else { "" }
                ));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "ARCHITECTURE.md does not allow: {}",
        broken.join(", ")
    );
}

#[test]
fn the_arrows_of_the_page_run_one_way() {
    let rooms = rooms();
    for (name, room) in &rooms {
        for other in room.imports.names().chain(room.in_tests.names()) {
            let target = rooms
                .get(other)
                .unwrap_or_else(|| panic!("{name} may import {other}, which is not listed"));
            assert!(
                !matches!(target.imports, Imports::All),
                "{name} may import {other}, which nothing may"
            );
        }
        // What can be reached from here without coming back.
        let mut reached: BTreeSet<&String> = BTreeSet::new();
        let mut next: Vec<&String> = room.imports.names().collect();
        while let Some(other) = next.pop() {
            if reached.insert(other) {
                next.extend(rooms.get(other).into_iter().flat_map(|room| room.imports.names()));
            }
        }
        assert!(!reached.contains(name), "{name} imports itself by way of others");
        let host = |name: &String| rooms.get(name).is_some_and(|room| room.folder.starts_with("host/"));
        if room.folder.starts_with("policies/") || room.folder.starts_with("wit/") {
            let host: Vec<_> = reached.iter().filter(|name| host(name)).collect();
            assert!(host.is_empty(), "{name} reaches the host: {host:?}");
        }
    }
}

#[test]
fn policies_depend_on_the_sdk_alone() {
    let page = read("ARCHITECTURE.md");
    let outside = quoted(section(&page, "outside"));
    for (name, found) in crates() {
        if !name.starts_with("plimsoll-policy-") {
            continue;
        }
        for dependency in found.dependencies.iter().filter(|dependency| !dependency.in_tests) {
            let other = dependency.name.as_str();
            assert!(
                other == "plimsoll-sdk" || outside.contains(other),
                "{name} depends on {other}"
            );
        }
    }
}

#[test]
fn the_test_harness_stays_out_of_the_components() {
    let rooms = rooms();
    for (name, found) in crates() {
        let all = rooms
            .get(&name)
            .is_some_and(|room| matches!(room.imports, Imports::All));
        for dependency in found
            .dependencies
            .iter()
            .filter(|dependency| dependency.name == "plimsoll-sdk")
        {
            let asks = dependency.features.contains("testing");
            assert!(
                !asks || all || dependency.in_tests,
                "{name} asks for the SDK's feature `testing` outside of its tests"
            );
        }
    }
}

/// A wall of `deny.toml`: a crate, and those that may name it as a dependency.
fn walls() -> BTreeMap<String, BTreeSet<String>> {
    let config: toml::Table = read("deny.toml").parse().expect("deny.toml is TOML");
    let denied = config["bans"]["deny"].as_array().expect("bans.deny is a list");
    let mut walls = BTreeMap::new();
    for wall in denied {
        let name = wall["crate"].as_str().expect("a wall names a crate").to_owned();
        assert!(wall.get("reason").is_some(), "the wall around {name} has no reason");
        let wrappers = wall.get("wrappers").and_then(toml::Value::as_array);
        let wrappers = wrappers
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .map(str::to_owned);
        walls.insert(name, wrappers.collect());
    }
    walls
}

/// The triple that this test was built on.
fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(output.stdout).expect("rustc prints UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

#[test]
fn the_walls_of_deny_toml_hold() {
    // The crates of other platforms need not have been downloaded.
    let value = metadata(&root().join("Cargo.toml"), &["--locked", "--filter-platform", &host()]);
    let names: BTreeMap<&str, &str> = items(&value, "packages")
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let walls = walls();
    let mut broken = BTreeSet::new();
    for node in items(&value["resolve"], "nodes") {
        let user = names.get(text(node, "id")).copied().unwrap_or_default();
        for used in items(node, "deps") {
            let used = names.get(text(used, "pkg")).copied().unwrap_or_default();
            if walls.get(used).is_some_and(|wrappers| !wrappers.contains(user)) {
                broken.insert(format!("{user} → {used}"));
            }
        }
    }
    assert!(broken.is_empty(), "deny.toml does not allow: {broken:?}");
}

#[test]
fn core_reaches_no_power() {
    let crates = crates();
    let value = metadata(&root().join("Cargo.toml"), &["--locked", "--filter-platform", &host()]);
    let name_of = |id: &str| {
        let package = items(&value, "packages").find(|package| text(package, "id") == id);
        package
            .map(|package| text(package, "name").to_owned())
            .unwrap_or_default()
    };
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in items(&value["resolve"], "nodes") {
        let all = uses.entry(name_of(text(node, "id"))).or_default();
        let normal = |used: &&Value| items(used, "dep_kinds").any(|kind| kind["kind"].is_null());
        all.extend(
            items(node, "deps")
                .filter(normal)
                .map(|used| name_of(text(used, "pkg"))),
        );
    }
    let powers = [
        "wasmtime",
        "rayon",
        "tempfile",
        "rustix",
        "getrandom",
        "ignore",
        "clap",
        "mio",
        "socket2",
    ];
    for room in ["plimsoll-core", "plimsoll-tree"] {
        assert!(crates.contains_key(room) && uses.contains_key(room), "{room} is gone");
        let mut reached = BTreeSet::new();
        let mut next = vec![room.to_owned()];
        while let Some(name) = next.pop() {
            next.extend(
                uses.get(&name)
                    .into_iter()
                    .flatten()
                    .filter(|other| !reached.contains(*other))
                    .cloned(),
            );
            reached.insert(name);
        }
        let found: Vec<_> = powers.iter().filter(|&&power| reached.contains(power)).collect();
        assert!(found.is_empty(), "{room} reaches {found:?}");
    }
}
