//! Builds every example of `hostile/` as a component and lists them for the tests.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "how a build script talks to cargo"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

#[path = "../../host/builtin/build/guests.rs"]
mod guests;

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for path in ["tests/guests/hostile", "wit/policy.wit", "host/builtin/build/guests.rs"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let built = guests::build(&root, &["-p", "plimsoll-hostile-guests", "--examples"])?;

    let failed = |error: std::io::Error| error.to_string();
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("tests/guests/hostile/examples")).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();

    let (mut constants, mut all) = (String::new(), String::new());
    for name in names {
        let module = built.join("examples").join(format!("{name}.wasm"));
        let component = guests::encode(&module).map_err(|error| format!("{name}: {error}"))?;
        let path = out.join(format!("{name}.wasm"));
        fs::write(&path, component).map_err(failed)?;
        let constant = name.to_uppercase();
        writeln!(
            constants,
            "/// `hostile/examples/{name}.rs` as a component.\npub const {constant}: &[u8] = include_bytes!({path:?});"
        )
        .map_err(|error| error.to_string())?;
        writeln!(all, "    ({name:?}, {constant}),").map_err(|error| error.to_string())?;
    }
    // A bare module besides: what `cargo build` makes, before anything encodes it.
    let module = built.join("examples/harmless.wasm");
    writeln!(
        constants,
        "/// `harmless` as a module.\npub const HARMLESS_MODULE: &[u8] = include_bytes!({module:?});"
    )
    .map_err(|error| error.to_string())?;
    let list =
        format!("{constants}\n/// All of them by name, in order.\npub const ALL: &[(&str, &[u8])] = &[\n{all}];\n");
    fs::write(out.join("guests.rs"), list).map_err(failed)
}
