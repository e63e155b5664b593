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
