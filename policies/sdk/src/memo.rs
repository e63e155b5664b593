//! What the rules of one call share: made once, kept until the call ends.

use std::any::Any;
use std::cell::OnceCell;

/// One value of each type, made when it is first asked for.
#[derive(Default)]
pub(crate) struct Memo {
    first: OnceCell<Box<Entry>>,
}

/// A value, and the values that were made after it.
struct Entry {
    value: Box<dyn Any>,
    rest: Memo,
}

impl Memo {
    /// The value of this type; made by the function at the first call for the type.
    pub(crate) fn get<T: 'static>(&self, make: impl FnOnce() -> T) -> &T {
        let mut at = self;
        while let Some(entry) = at.first.get() {
            if let Some(value) = entry.value.downcast_ref() {
                return value;
            }
            at = &entry.rest;
        }
        // What makes this value may have asked for others meanwhile, so it goes behind the last.
        let value = Box::new(make());
        while let Some(entry) = at.first.get() {
            at = &entry.rest;
        }
        let entry = at.first.get_or_init(|| {
            Box::new(Entry {
                value,
                rest: Memo::default(),
            })
        });
        match entry.value.downcast_ref() {
            Some(value) => value,
            // The place was free a moment ago, and there is one thread.
            None => unreachable!("the value that was just put there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::Memo;

    #[test]
    fn each_type_is_made_once() {
        let (memo, made) = (Memo::default(), Cell::new(0));
        let count = |number: u32| {
            made.set(made.get() + 1);
            number
        };
        assert_eq!(*memo.get(|| count(7)), 7);
        assert_eq!(*memo.get(|| count(8)), 7);
        assert_eq!(*memo.get(|| String::from("a")), "a");
        assert_eq!(*memo.get(|| String::from("b")), "a");
        assert_eq!(made.get(), 1);
    }

    #[test]
    fn one_may_be_made_from_another() {
        let memo = Memo::default();
        assert_eq!(*memo.get(|| u64::from(*memo.get(|| 7u32)) + 1), 8);
        assert_eq!(*memo.get(|| 0u64), 8);
        assert_eq!(*memo.get(|| 0u32), 7);
    }
}
