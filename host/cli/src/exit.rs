//! Exit codes.

use std::process::ExitCode;

/// How a run ended. The README's table and a test hold these numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Nothing at or above the fail level.
    Clean = 0,
    /// Findings at or above the fail level.
    Findings = 1,
    /// Could not judge: bad usage, unreadable input, broken policy. Wins over findings.
    CannotJudge = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// A config that cannot be used: ends the run before anything is judged.
#[derive(Debug)]
pub struct BadConfig {
    /// As reports show it.
    pub file: String,
    /// What is wrong, by place.
    pub errors: Vec<plimsoll_core::config::ConfigError>,
}

impl std::fmt::Display for BadConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, error) in self.errors.iter().enumerate() {
            let line = if number == 0 { "" } else { "\n" };
            write!(f, "{line}{}:{error}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for BadConfig {}
