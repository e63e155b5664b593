//! `plimsoll`: tells, before a deploy, what would break, leak or stand open.
//!
//! A library only so that the end-to-end tests have the very same program; its one function is the whole interface.

mod args;
mod cluster;
mod commands;
mod config;
mod exit;
mod files;
mod git;
mod input;
mod judge;
mod output;
mod progress;
mod render;
mod report;
mod root;
mod run;
mod since;
mod suppress;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Arguments, Command};
use crate::exit::Exit;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way too, and are no failure.
            let exit = if error.use_stderr() {
                Exit::CannotJudge
            } else {
                Exit::Clean
            };
            return if error.print().is_ok() {
                exit.into()
            } else {
                Exit::CannotJudge.into()
            };
        }
    };
    let result = match arguments.command {
        Command::Check(command) => judge::in_pool(|| command.run()),
        Command::Fix(command) => judge::in_pool(|| command.run()),
        Command::Hook(command) => judge::in_pool(|| command.run()),
        Command::Serve(command) => command.run(),
        Command::Read(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Policies(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    match result {
        Ok(exit) => exit.into(),
        // Whoever reads us has seen enough.
        Err(error) if is_broken_pipe(&error) => Exit::Clean.into(),
        Err(error) => {
            output::complain(&format!("{error:#}"));
            Exit::CannotJudge.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
