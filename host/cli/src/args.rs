//! What may be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Tells, before a deploy, what would break, leak or stand open: judges Kubernetes manifests and OpenChoreo releases by
/// sandboxed policies.
#[derive(Parser)]
#[command(name = "plimsoll", bin_name = "plimsoll", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0  nothing at or above the fail level
  1  findings at or above the fail level
  2  could not judge: bad usage, unreadable input, broken policy (wins over 1)";

#[derive(Subcommand)]
pub enum Command {
    /// Judge files, directories, or `-` (standard input)
    Check(crate::commands::check::Check),
    /// Repair what can be repaired, judge again, and report what remains
    Fix(crate::commands::fix::Fix),
    /// Judge what is about to be committed in the light of the whole repository
    Hook(crate::commands::hook::Hook),
    /// Answer admission reviews: the webhook
    Serve(crate::commands::serve::Serve),
    /// Show what was read, as the API server would see it; prints values unmasked
    Read(crate::commands::read::Read),
    /// Print a rule's page
    Explain(crate::commands::explain::Explain),
    /// List the rules
    Rules(crate::commands::rules::Rules),
    /// List the loaded policies
    Policies(crate::commands::policies::Policies),
    /// Write a configuration, a hook for pre-commit and a step for CI
    ///
    /// They are for the repository that the working directory lies in; outside of one only the configuration is written. No
    /// file that is there is touched: what belongs into it is printed, and then what to type next.
    Init(crate::commands::init::Init),
    /// Print what a shell needs to complete commands and flags
    Completions(crate::commands::completions::Completions),
    /// Print the manual page, or write it and one for each command
    Man(crate::commands::man::Man),
}

/// What to judge with, of all commands that load policies.
#[derive(Args)]
pub struct PolicyArguments {
    /// Add a third-party policy component; may be repeated
    #[arg(long = "policy", value_name = "FILE.wasm")]
    pub policies: Vec<PathBuf>,
}

/// `text` or `json`, of the commands that print tables.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people
    Human,
    /// For programs
    Json,
}
