//! From Rust sources to components: an inner cargo for the wasm target, then encoding. Shared by the build scripts of the
//! built-in policies and of the tests' guests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use wit_component::{ComponentEncoder, DecodedWasm};

const TARGET: &str = "wasm32-unknown-unknown";
/// Bytes of heap that a module has without growing its memory: growing is what makes a fresh instance dear.
const HEAP: u32 = 256 << 10;
/// Bytes of stack for what lies in memory.
const STACK: u32 = 256 << 10;

/// Builds packages of the workspace at `root` for wasm, with `arguments` saying which. Returns the folder of the modules.
///
/// It works in a target folder of its own, shared by all profiles: in the outer one it would wait for itself.
pub fn build(root: &Path, arguments: &[&str]) -> Result<PathBuf, String> {
    add_target()?;
    let target = target_folder()?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--target", TARGET, "--profile", "policy", "--target-dir"])
        .arg(&target)
        .args(arguments);
    clean_environment(&mut cargo);
    // Overrides flags from configuration files, which are meant for the host.
    let mut flags = vec![
        format!("-Clink-arg=--initial-heap={HEAP}"),
        format!("-Clink-arg=-zstack-size={STACK}"),
    ];
    // The same sources give the same component, whoever's machine builds it, and none of its paths.
    if let Some(home) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    let output = cargo
        .output()
        .map_err(|error| format!("cannot start cargo for the policies: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "building the policies failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(target.join(TARGET).join("policy"))
}

/// Encodes a module, with the contract that wit-bindgen left in it, as a component.
pub fn encode(module: &Path) -> Result<Vec<u8>, String> {
    let bytes = fs::read(module).map_err(|error| format!("{}: {error}", module.display()))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("it cannot be encoded as a component: {error:#}"))
}

/// What a component imports and exports, by name.
#[allow(dead_code, reason = "the tests' guests import what they should not")]
pub fn interface(component: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
    match wit_component::decode(component).map_err(|error| format!("it cannot be read back: {error:#}"))? {
        DecodedWasm::Component(resolve, world) => {
            let world = &resolve.worlds[world];
            Ok((
                world.imports.keys().map(|key| resolve.name_world_key(key)).collect(),
                world.exports.keys().map(|key| resolve.name_world_key(key)).collect(),
            ))
        }
        DecodedWasm::WitPackage(..) => Err("it is a description of interfaces, not a component".to_owned()),
    }
}

/// The folder `policies` in the outer target folder: the one that cargo marked, above this script's own.
pub fn target_folder() -> Result<PathBuf, String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let marked = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    // <target>/<profile>/build/<package>/out
    marked
        .or_else(|| out.ancestors().nth(4))
        .map(|folder| folder.join("policies"))
        .ok_or_else(|| format!("{} is in no target folder", out.display()))
}

/// Removes what the outer cargo says to this script and its compilers, so that the inner one decides for itself. What
/// tells it where to find crates and how many jobs to run stays.
fn clean_environment(cargo: &mut Command) {
    const KEPT: [&str; 7] = [
        "CARGO_HOME",
        "CARGO_MAKEFLAGS",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTRY_",
        "CARGO_REGISTRIES_",
        "CARGO_SOURCE_",
    ];
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let of_cargo =
            (name.starts_with("CARGO_") || name == "CARGO") && !KEPT.iter().any(|kept| name.starts_with(kept));
        if of_cargo || name.starts_with("RUSTC") || name == "RUSTFLAGS" || name == "RUSTDOCFLAGS" {
            cargo.env_remove(name);
        }
    }
}

/// Where cargo keeps the crates that it fetched.
fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// Adds the wasm target through rustup when the toolchain does not have it.
fn add_target() -> Result<(), String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let library = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| format!("cannot start rustc: {error}"))?;
    let library = PathBuf::from(String::from_utf8_lossy(&library.stdout).trim());
    if library.is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).output();
    match added {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "the policies are built for {TARGET}, which this toolchain does not have, and rustup could not add it:\n{}\n\
             Type: rustup target add {TARGET}",
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(_) => Err(format!(
            "the policies are built for {TARGET}, which this toolchain does not have.\n\
             With rustup, type: rustup target add {TARGET}\n\
             Without, install the Rust standard library for {TARGET} as your distribution names it."
        )),
    }
}
