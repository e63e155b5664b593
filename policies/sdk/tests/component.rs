//! A policy outside of the tree, built as its README says: the component imports nothing but the contract.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::error::Error;
use std::path::Path;
use std::process::Command;

use wit_component::{ComponentEncoder, DecodedWasm};

type Outcome = Result<(), Box<dyn Error>>;

const TARGET: &str = "wasm32-unknown-unknown";

/// Whether the toolchain can build for wasm.
fn has_target() -> bool {
    Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists())
}

#[test]
fn the_sample_policy_imports_nothing_but_the_contract() -> Outcome {
    if !has_target() {
        eprintln!("skipped: `rustup target add {TARGET}` first");
        return Ok(());
    }
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/policies/owner-label");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", TARGET])
        .current_dir(&sample)
        .env("CARGO_TARGET_DIR", &target)
        // Instrumentation of the tests is not for the guest.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()?;
    assert!(status.success());

    let module = std::fs::read(target.join(TARGET).join("release/owner_label.wasm"))?;
    assert!(
        module.len() < 400 << 10,
        "{} bytes: what made it so large?",
        module.len()
    );
    let component = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&component)? else {
        return Err("not a component".into());
    };
    let world = &resolve.worlds[world];
    let imports: Vec<String> = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
    let exports: Vec<String> = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
    assert_eq!(imports, ["plimsoll:policy/bundle@0.1.0"]);
    assert_eq!(exports, ["plimsoll:policy/judge@0.1.0"]);
    Ok(())
}
