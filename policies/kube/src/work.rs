//! Counts comparisons, so that a test can say that work grows no faster than the input. Nothing outside of tests.

/// Counts one comparison of a reference with a candidate.
#[inline]
pub(crate) fn count() {
    #[cfg(test)]
    COUNT.with(|count| count.set(count.get() + 1));
}

#[cfg(test)]
thread_local! {
    static COUNT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The comparisons made by this thread since the last call.
#[cfg(test)]
pub(crate) fn take() -> u64 {
    COUNT.with(|count| count.replace(0))
}
