//! Where words go: data on standard output, talk on standard error.

use std::io::Write as _;

use anstream::{AutoStream, ColorChoice};
use plimsoll_core::report::Style;

use crate::report::ColorWhen;

/// Columns where the terminal does not say.
const WIDTH: usize = 120;

/// How human output is drawn on standard output.
pub fn style(when: ColorWhen, verbose: bool) -> Style {
    let color = match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
    };
    let width = console_width().unwrap_or(WIDTH);
    Style { color, width, verbose }
}

/// Columns of the terminal that standard output is, if it is one.
fn console_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    (columns >= 40).then_some(usize::from(columns))
}

/// Writes data.
pub fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Says what stops us.
pub fn complain(text: &str) {
    say("error", text);
}

/// Says what looks odd.
pub fn warn(text: &str) {
    say("warning", text);
}

/// A line on standard error; nobody hears it where that is closed.
pub fn say(label: &str, text: &str) {
    let style = anstyle::Style::new().bold();
    let text = plimsoll_core::finding::clean_block(text, 4000);
    let _ = writeln!(anstream::stderr(), "{style}{label}{style:#}: {text}");
}
