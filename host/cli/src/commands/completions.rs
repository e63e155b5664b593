//! `plimsoll completions`.

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::args::Arguments;
use crate::exit::Exit;
use crate::output;

/// Print what a shell needs to complete commands and flags
#[derive(Args)]
#[command(after_help = PLACES)]
pub struct Completions {
    shell: Shell,
}

const PLACES: &str = "Where it belongs:
  bash        plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll
  zsh         plimsoll completions zsh > _plimsoll, in a folder of $fpath
  fish        plimsoll completions fish > ~/.config/fish/completions/plimsoll.fish
  elvish      eval (plimsoll completions elvish | slurp), in rc.elv
  powershell  plimsoll completions powershell | Out-String | Invoke-Expression, in $PROFILE";

impl Completions {
    pub fn run(self) -> anyhow::Result<Exit> {
        let mut text = Vec::new();
        generate(self.shell, &mut Arguments::command(), "plimsoll", &mut text);
        let text = String::from_utf8(text)?;
        output::print(&text).context("standard output cannot be written")?;
        Ok(Exit::Clean)
    }
}
