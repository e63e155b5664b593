//! `cargo dev`: the generators of checked-in files, a scaffold for rules, and what must pass before a change is handed in.

#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use plimsoll_dev::{catalogue, check, pack, reference, scaffold, schemas};

#[derive(Parser)]
#[command(
    name = "cargo dev",
    about = "Generators and checks for the people who work on Plimsoll"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes policies/*/src/rules.rs: every rule folder, by name
    Catalogue {
        /// Write nothing; fail when a file is not as it would be written
        #[arg(long)]
        check: bool,
    },
    /// Makes the folder of a new rule: code, page and cases that fail until they are filled in
    NewRule {
        /// The policy: a folder of policies/
        policy: String,
        /// The rule, named after the bad pattern: lower-case words joined by `-`
        rule: String,
    },
    /// Writes docs/rules: one page a rule and the index. Runs all pages' examples and all cases
    Reference {
        /// Write nothing; fail when a file is not as it would be written
        #[arg(long)]
        check: bool,
    },
    /// Writes host/schema/schemas: the schemas of Kubernetes' own kinds. Builds a small program once for each version of
    /// Kubernetes, which takes minutes; its crates are fetched
    Schemas {
        /// Write nothing; fail when a file is not as it would be written
        #[arg(long)]
        check: bool,
    },
    /// Copies the built policies to host/builtin/components, for `cargo package`
    Pack,
    /// Formatting, generated files, lints and tests of the whole workspace
    Check,
}

fn main() -> Result<()> {
    let root = root()?;
    match Arguments::parse().command {
        Command::Catalogue { check: true } => catalogue::check(&root),
        Command::Catalogue { check: false } => {
            for path in catalogue::write(&root)? {
                println!("written: {}", path.display());
            }
            Ok(())
        }
        Command::NewRule { policy, rule } => {
            for path in scaffold::rule(&root, &policy, &rule)? {
                println!("written: {}", path.display());
            }
            Ok(())
        }
        Command::Reference { check } => reference::run(&root, check),
        Command::Schemas { check: true } => schemas::check(&root),
        Command::Schemas { check: false } => {
            for path in schemas::write(&root)? {
                println!("written: {}", path.display());
            }
            Ok(())
        }
        Command::Pack => {
            println!("written: {}", pack::run(&root)?.display());
            Ok(())
        }
        Command::Check => check::run(&root),
    }
}

/// The root of the checkout that this tool is run in.
fn root() -> Result<PathBuf> {
    // At run time, for a target folder may serve several checkouts.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo dev`")?;
    Path::new(&package)
        .ancestors()
        .nth(2)
        .map(Path::to_owned)
        .context("host/dev lies two folders below the root")
}
