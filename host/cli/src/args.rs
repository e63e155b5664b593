//! What may be typed.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use plimsoll_core::config::FailOn;

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
    /// Show what was read, as the API server would see it; prints values unmasked
    Read(crate::commands::read::Read),
    /// Print a rule's page
    Explain(crate::commands::explain::Explain),
    /// List the rules
    Rules(crate::commands::rules::Rules),
    /// List the loaded policies
    Policies(crate::commands::policies::Policies),
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

/// Reads the level of `--fail-on`.
pub fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(["error", "warning", "info", "never"]).map(|level| match level.as_str() {
        "warning" => FailOn::Warning,
        "info" => FailOn::Info,
        "never" => FailOn::Never,
        _ => FailOn::Error,
    })
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On terminals, as NO_COLOR and CLICOLOR_FORCE say
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A format, and where it goes: `json`, `human=report.txt`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub format: Format,
    /// None: standard output.
    pub file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Human,
    Json,
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("a file name must follow `=`".to_owned()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = match name {
            "human" => Format::Human,
            "json" => Format::Json,
            _ => return Err("known formats are human and json".to_owned()),
        };
        Ok(Target { format, file })
    }
}
