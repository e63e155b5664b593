//! Makes the built-in policies: builds them for wasm, encodes them as a component, refuses what it must not import, and
//! compiles it for this target, for `src/lib.rs` to embed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "how a build script talks to cargo"
)]

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
/// The crate that is all of them.
const PACKAGE: &str = "plimsoll-policies";
/// Where the component is kept.
const PACKED: &str = "components/policies.wasm";

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
    let component = if root.join("policies").is_dir() && root.join("wit").is_dir() {
        from_sources(&root)?
    } else {
        // A published crate has the component in it, and no policies beside it.
        let packed = here.join(PACKED);
        println!("cargo::rerun-if-changed={}", packed.display());
        read(&packed)?
    };
    check(&component).map_err(wrong)?;
    let code = Compiler::new()?.compile(&component).map_err(wrong)?;
    println!(
        "cargo::rustc-env=PLIMSOLL_BUILTIN_DIGEST={}",
        hex(&Sha256::digest(&component))
    );
    write(&out.join("policies.wasm"), &component)?;
    write(&out.join("policies.cwasm"), &code)
}

fn wrong(error: String) -> String {
    format!("the built-in policies: {error}")
}

/// Builds the policies of the workspace as a component.
fn from_sources(root: &Path) -> Result<Vec<u8>, String> {
    for path in ["policies", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    let built = guests::build(root, &["--lib", "-p", PACKAGE])?;
    let module = built.join(format!("{}.wasm", PACKAGE.replace('-', "_")));
    let component = guests::encode(&module).map_err(wrong)?;
    // For packing this crate, and for whoever wants to look inside.
    write(&guests::target_folder()?.join(PACKED), &component)?;
    Ok(component)
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

/// Compiles a component, and keeps what it compiled.
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

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
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
