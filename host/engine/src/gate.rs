//! Who may run, and the clock that runs while anyone does.
//!
//! Deadlines are epochs: one thread counts them up every few milliseconds. It sleeps while nothing runs, so an idle server
//! does not wake, and is left running for a moment after a call, so that a busy one does not pay for waking it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Time between two epochs.
const TICK: Duration = Duration::from_millis(4);
/// Epochs without a call after which the clock stops.
const LINGER: u32 = 16;

/// Epochs that a deadline is: never fewer than it says, for the first may end at once.
pub(crate) fn epochs(deadline: Duration) -> u64 {
    let ticks = deadline.as_millis().div_ceil(TICK.as_millis());
    u64::try_from(ticks).unwrap_or(u64::MAX / 2).saturating_add(1)
}

struct State {
    running: u32,
    waiting: u32,
    /// Whether the clock waits to be woken.
    stopped: bool,
    /// Whether the engine is gone.
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    room: Condvar,
    wake: Condvar,
    most: u32,
}

impl Shared {
    /// Nothing here panics while it holds the lock, so a poisoned one is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets at most so many calls run at once and keeps the clock going for them.
pub(crate) struct Gate {
    shared: Arc<Shared>,
}

/// The right to run one call.
pub(crate) struct Pass<'a> {
    shared: &'a Shared,
}

impl Gate {
    /// A gate for so many calls at once, and its clock, which calls `tick`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn new(most: u32, tick: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                running: 0,
                waiting: 0,
                stopped: false,
                closed: false,
            }),
            room: Condvar::new(),
            wake: Condvar::new(),
            most: most.max(1),
        });
        let clock = Arc::clone(&shared);
        thread::Builder::new()
            .name("policy-clock".to_owned())
            .spawn(move || run_clock(&clock, &tick))?;
        Ok(Gate { shared })
    }

    /// Waits for room.
    pub(crate) fn enter(&self) -> Pass<'_> {
        let shared = &*self.shared;
        let mut state = shared.state();
        while state.running >= shared.most {
            state.waiting += 1;
            state = shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.running += 1;
        if state.stopped {
            state.stopped = false;
            shared.wake.notify_one();
        }
        Pass { shared }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.running -= 1;
        if state.waiting > 0 {
            self.shared.room.notify_one();
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.wake.notify_one();
    }
}

fn run_clock(shared: &Shared, tick: &impl Fn()) {
    let mut idle = 0;
    loop {
        {
            let mut state = shared.state();
            idle = if state.running == 0 { idle + 1 } else { 0 };
            if idle > LINGER {
                state.stopped = true;
                while state.stopped && !state.closed {
                    state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                idle = 0;
            }
            if state.closed {
                return;
            }
        }
        thread::sleep(TICK);
        tick();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn no_more_than_it_says_run_at_once() {
        let gate = Gate::new(2, || {}).expect("a thread");
        let (now, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _pass = gate.enter();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
    }

    #[test]
    fn the_clock_stops_when_nothing_runs_and_starts_again() {
        let ticks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&ticks);
        let gate = Gate::new(1, move || _ = counted.fetch_add(1, Ordering::SeqCst)).expect("a thread");
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !gate.shared.state().stopped {
            assert!(std::time::Instant::now() < deadline, "the clock never stopped");
            thread::sleep(TICK);
        }
        let before = ticks.load(Ordering::SeqCst);
        thread::sleep(TICK * 5);
        assert_eq!(ticks.load(Ordering::SeqCst), before);
        let _pass = gate.enter();
        while ticks.load(Ordering::SeqCst) == before {
            assert!(std::time::Instant::now() < deadline, "the clock never started again");
            thread::sleep(TICK);
        }
    }

    #[test]
    fn a_deadline_is_never_cut_short() {
        assert_eq!(epochs(Duration::from_millis(1)), 2);
        assert_eq!(epochs(Duration::from_millis(8)), 3);
        assert!(epochs(Duration::MAX) > 1 << 40);
    }
}
