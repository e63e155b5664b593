//! The small program that prints the schemas of one version: made under the target folder, built and run once a version.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The crate that knows Kubernetes' types. An exact version, so that the files are the same everywhere.
const SOURCE: &str = "0.29.0";

/// What the program says.
pub(super) struct Source {
    /// Version of `k8s-openapi`.
    pub crate_version: &'static str,
    /// Minor versions of Kubernetes, ascending, with the schemas of each.
    pub versions: Vec<(u32, Value)>,
}

/// Builds and runs the program for every version. The crates come from cargo's own cache, or are fetched.
pub(super) fn run(root: &Path) -> Result<Source> {
    let folder = target(root)?.join("schemas");
    fs::create_dir_all(folder.join("src"))?;

    if !folder.join("src/main.rs").exists() {
        put(&folder.join("src/main.rs"), "fn main() {}\n")?;
        put(&folder.join("Cargo.toml"), &manifest(&[]))?;
    }
    let package = package(&folder)?;
    let minors = minors(&package)?;
    let features: Vec<String> = minors.iter().map(|minor| format!("v1_{minor}")).collect();
    put(&folder.join("Cargo.toml"), &manifest(&features))?;
    let mut versions = Vec::new();
    for (minor, feature) in minors.into_iter().zip(&features) {
        let kinds = kinds(&package.join("src").join(feature))?;
        // A file of its own for each, so that nothing is built again that has not changed.
        fs::create_dir_all(folder.join("src/bin"))?;
        put(&folder.join("src/bin").join(format!("{feature}.rs")), &program(&kinds))?;
        let output = cargo(&folder)
            .args(["run", "--quiet", "--features", feature, "--bin", feature])
            .output()
            .context("cargo cannot be run")?;
        ensure!(
            output.status.success(),
            "the schemas of Kubernetes 1.{minor} cannot be made: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        versions.push((minor, serde_json::from_slice(&output.stdout)?));
    }
    Ok(Source {
        crate_version: SOURCE,
        versions,
    })
}

/// Writes a file unless it holds this text: cargo goes by the time of the last change.
fn put(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What the outer cargo set for this tool is not meant for the program.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_TARGET_DIR" {
            command.env_remove(name.as_ref());
        }
    }
    command.current_dir(folder);
    command.env("CARGO_TARGET_DIR", folder.join("target"));
    command
}

fn manifest(features: &[String]) -> String {
    let mut text = format!(
        "[package]\nname = \"schemas\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nk8s-openapi = {{ version = \"={SOURCE}\", features = [\"schemars\"] }}\n\n\
         [profile.dev]\ndebug = false\nincremental = false\n\n[features]\n"
    );
    for feature in features {
        let _ = writeln!(text, "{feature} = [\"k8s-openapi/{feature}\"]");
    }
    text
}

/// The target folder of this checkout.
fn target(root: &Path) -> Result<PathBuf> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cargo cannot be run")?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let target = metadata["target_directory"].as_str();
    Ok(PathBuf::from(target.context("cargo does not say where it builds")?))
}

/// The folder of the crate's sources.
fn package(folder: &Path) -> Result<PathBuf> {
    let output = cargo(folder)
        .args(["metadata", "--format-version", "1"])
        .output()
        .context("cargo cannot be run")?;
    ensure!(
        output.status.success(),
        "k8s-openapi cannot be found: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo lists no packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "k8s-openapi")
        .and_then(|package| package["manifest_path"].as_str())
        .context("cargo does not list k8s-openapi")?;
    Ok(Path::new(manifest).parent().context("a file has a folder")?.to_owned())
}

/// The newest minor versions that the crate knows, ascending.
fn minors(package: &Path) -> Result<Vec<u32>> {
    let mut minors = Vec::new();
    for entry in fs::read_dir(package.join("src"))? {
        let name = entry?.file_name();
        let minor = name.to_str().and_then(|name| name.strip_prefix("v1_"));
        minors.extend(minor.and_then(|minor| minor.parse::<u32>().ok()));
    }
    minors.sort_unstable();
    ensure!(minors.len() >= super::VERSIONS, "k8s-openapi knows too few versions");
    Ok(minors.split_off(minors.len() - super::VERSIONS))
}

/// The paths of all types that are kinds of objects, sorted.
fn kinds(sources: &Path) -> Result<Vec<String>> {
    let mut kinds = Vec::new();
    let mut folders = vec![(sources.to_owned(), "k8s_openapi".to_owned())];
    while let Some((folder, path)) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?.path();
            let name = entry.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            if entry.is_dir() {
                // What it holds are answers and options, not objects.
                if name != "apimachinery" {
                    folders.push((entry.clone(), format!("{path}::{name}")));
                }
            } else {
                let text = fs::read_to_string(&entry)?;
                let found = text
                    .lines()
                    .filter_map(|line| line.strip_prefix("impl crate::Resource for ")?.strip_suffix(" {"));
                kinds.extend(found.map(|kind| format!("{path}::{kind}")));
            }
        }
    }
    kinds.sort();
    Ok(kinds)
}

fn program(kinds: &[String]) -> String {
    let mut text = String::from(
        "use k8s_openapi::Resource;\n\
         use k8s_openapi::schemars::{JsonSchema, SchemaGenerator};\n\
         use k8s_openapi::serde_json::{Value, json};\n\n\
         fn add<T: Resource + JsonSchema>(generator: &mut SchemaGenerator, kinds: &mut Vec<Value>) {\n    \
         generator.subschema_for::<T>();\n    \
         kinds.push(json!([T::GROUP, T::VERSION, T::KIND, T::schema_name()]));\n}\n\n\
         fn main() {\n    let mut generator = SchemaGenerator::default();\n    let mut kinds = Vec::new();\n",
    );
    for kind in kinds {
        let _ = writeln!(text, "    add::<{kind}>(&mut generator, &mut kinds);");
    }
    text.push_str(
        "    println!(\"{}\", json!({\"kinds\": kinds, \"definitions\": generator.take_definitions(false)}));\n}\n",
    );
    text
}
