//! A progress bar, on a terminal, once a run has lasted half a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(500);

pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    wanted: bool,
    shown: AtomicBool,
}

impl Progress {
    /// `wanted`: whether a bar may be shown at all; it is shown on a terminal only.
    pub fn new(wanted: bool) -> Self {
        Progress {
            bar: ProgressBar::hidden(),
            started: Instant::now(),
            wanted,
            shown: AtomicBool::new(false),
        }
    }

    pub fn expect(&self, files: u64) {
        self.bar.set_length(files);
    }

    pub fn step(&self) {
        self.bar.inc(1);
        if self.wanted && self.started.elapsed() > PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} files") {
                self.bar.set_style(style);
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
