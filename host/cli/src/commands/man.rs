//! `plimsoll man`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};

use crate::args::Arguments;
use crate::exit::Exit;
use crate::output;

/// Print the manual page, or write it and one for each command
#[derive(Args)]
pub struct Man {
    /// Write plimsoll.1, plimsoll-check.1 and so on into this folder, which is made where it is missing
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub fn run(self) -> anyhow::Result<Exit> {
        // What `help` would say has a page already.
        let command = Arguments::command().disable_help_subcommand(true);
        match self.dir {
            Some(folder) => {
                std::fs::create_dir_all(&folder)
                    .and_then(|()| clap_mangen::generate_to(command, &folder))
                    .with_context(|| format!("{} cannot be written", folder.display()))?;
            }
            None => {
                let mut text = Vec::new();
                clap_mangen::Man::new(command).render(&mut text)?;
                let text = String::from_utf8(text)?;
                output::print(&text).context("standard output cannot be written")?;
            }
        }
        Ok(Exit::Clean)
    }
}
