//! `cargo dev reference` runs this: without arguments it writes the reference, with `--check` it only compares.

#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

use std::path::Path;

use anyhow::{Context as _, Result, bail};

fn main() -> Result<()> {
    // At run time, for a target folder may serve several checkouts.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo dev reference`")?;
    let root = Path::new(&package)
        .ancestors()
        .nth(2)
        .context("host/reference lies two folders below the root")?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            for path in plimsoll_reference::write(root)? {
                let done = if root.join(&path).exists() {
                    "written"
                } else {
                    "removed"
                };
                println!("{done}: {}", path.display());
            }
            Ok(())
        }
        ["--check"] => plimsoll_reference::check(root),
        _ => bail!("it takes `--check` or nothing"),
    }
}
