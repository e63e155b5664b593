//! Makes the built-in policies: builds them for wasm, encodes them as components, refuses what they must not import,
//! compiles them for this target, and lists them for `src/lib.rs` to embed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "how a build script talks to cargo"
)]

use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use sha2::{Digest as _, Sha256};

#[path = "build/compile.rs"]
mod compile;
#[path = "build/guests.rs"]
mod guests;

const IMPORT: &str = "plimsoll:policy/bundle@0.1.0";
const EXPORT: &str = "plimsoll:policy/judge@0.1.0";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    for path in ["build.rs", "build"] {
        println!("cargo::rerun-if-changed={}", here.join(path).display());
    }
    let root = here.join("../..");
    let components = if root.join("policies").is_dir() && root.join("wit").is_dir() {
        from_sources(&root)?
    } else {
        println!("cargo::rerun-if-changed={}", here.join("components").display());
        packed(&here.join("components"))?
    };

    let compiler = Compiler::new()?;
    let mut table = String::from("[\n");
    for (name, component) in components {
        let code = compiler
            .compile(&component)
            .map_err(|error| format!("policy {name}: {error}"))?;
        let (component_path, code_path) = (out.join(format!("{name}.wasm")), out.join(format!("{name}.cwasm")));
        write(&component_path, &component)?;
        write(&code_path, &code)?;
        let digest = hex(&Sha256::digest(&component));
        writeln!(
            table,
            "    BuiltinPolicy {{ name: {name:?}, digest: {digest:?}, component: include_bytes!({component_path:?}), \
             code: pages!({code_path:?}) }},"
        )
        .map_err(|error| error.to_string())?;
    }
    table.push_str("]\n");
    write(&out.join("policies.rs"), table.as_bytes())
}

/// Builds and encodes every policy of the workspace; sorted by name.
fn from_sources(root: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    for path in ["policies", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    let policies = list_policies(&root.join("policies"))?;
    let mut arguments = vec!["--lib"];
    for policy in &policies {
        arguments.extend(["-p", &policy.package]);
    }
    let built = guests::build(root, &arguments)?;
    let kept = guests::target_folder()?.join("components");
    let mut components = Vec::new();
    for Policy { name, package } in policies {
        let module = built.join(format!("{}.wasm", package.replace('-', "_")));
        let component = guests::encode(&module)
            .and_then(|component| check(&component).map(|()| component))
            .map_err(|error| format!("policy {name}: {error}"))?;
        // For packing this crate, and for whoever wants to look inside.
        write(&kept.join(format!("{name}.wasm")), &component)?;
        components.push((name, component));
    }
    Ok(components)
}

/// Takes the components that were packed into the published crate; sorted by name.
fn packed(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut components = Vec::new();
    for path in entries(folder)? {
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let component = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            check(&component).map_err(|error| format!("{}: {error}", path.display()))?;
            components.push((file_stem(&path)?, component));
        }
    }
    if components.is_empty() {
        return Err(format!(
            "there are no policies: neither their sources (policies/, wit/) nor components in {}",
            folder.display()
        ));
    }
    Ok(components)
}

struct Policy {
    /// The folder's name, and the policy's.
    name: String,
    /// The crate.
    package: String,
}

/// The folders of `policies/` whose crate is built as a component: adding one edits no list.
fn list_policies(folder: &Path) -> Result<Vec<Policy>, String> {
    let mut policies = Vec::new();
    for path in entries(folder)? {
        let Ok(manifest) = fs::read_to_string(path.join("Cargo.toml")) else {
            continue;
        };
        let built = manifest
            .lines()
            .any(|line| line.starts_with("crate-type") && line.contains("\"cdylib\""));
        if !built {
            continue;
        }
        let package = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
            .ok_or_else(|| format!("{}: the crate has no name", path.display()))?;
        policies.push(Policy {
            name: file_stem(&path)?,
            package: package.to_owned(),
        });
    }
    if policies.is_empty() {
        return Err(format!("{} holds no policies", folder.display()));
    }
    Ok(policies)
}

/// Refuses a component that asks for anything but the bundle, or answers nothing.
fn check(component: &[u8]) -> Result<(), String> {
    let (imports, exports) = guests::interface(component)?;
    if let Some(foreign) = imports.iter().find(|import| *import != IMPORT) {
        return Err(format!(
            "it imports {foreign}, and a policy may import nothing but {IMPORT}"
        ));
    }
    if exports.iter().any(|export| export == EXPORT) {
        Ok(())
    } else {
        Err(format!("it does not export {EXPORT}"))
    }
}

/// Compiles components, and keeps what it compiled.
struct Compiler {
    /// None when this wasmtime cannot compile for the target: then the program compiles when it runs.
    engine: Option<wasmtime::Engine>,
    kept: PathBuf,
}

impl Compiler {
    fn new() -> Result<Self, String> {
        let target = env::var("TARGET").map_err(|error| error.to_string())?;
        let mut config = compile::config();
        // The target's baseline, not this machine: the program must load it anywhere.
        let engine = config.target(&target).and_then(|config| wasmtime::Engine::new(config));
        if let Err(error) = &engine {
            println!("cargo::warning=policies are compiled when the program runs, not now: {error}");
        }
        Ok(Compiler {
            engine: engine.ok(),
            kept: guests::target_folder()?.join("compiled"),
        })
    }

    fn compile(&self, component: &[u8]) -> Result<Vec<u8>, String> {
        let Some(engine) = &self.engine else {
            return Ok(Vec::new());
        };
        let mut key = Key(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut key);
        key.0.update(component);
        let path = self.kept.join(format!("{}.cwasm", hex(&key.0.finalize())));
        if let Ok(code) = fs::read(&path) {
            return Ok(code);
        }
        let code = engine
            .precompile_component(component)
            .map_err(|error| format!("{error:#}"))?;
        // Renamed into place: another build may run at the same time.
        let part = path.with_extension(format!("{}.part", std::process::id()));
        write(&part, &code)?;
        fs::rename(&part, &path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(code)
    }
}

/// Feeds what is hashed to SHA-256: the standard hashers promise no stable result.
struct Key(Sha256);

impl Hasher for Key {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_stem(path: &Path) -> Result<String, String> {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .map(str::to_owned)
        .ok_or_else(|| format!("{}: not a name", path.display()))
}

/// Writes a file and its folders, but leaves one alone that is as it should be: who depends on it is not rebuilt.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, bytes).map_err(failed)
}
