//! What a policy finds once for all of its rules.

mod support;

use std::cell::Cell;

use support::with;

#[test]
fn each_type_is_made_once_for_each_bundle() {
    let made = Cell::new(0);
    let count = || {
        made.set(made.get() + 1);
        made.get()
    };
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    with(text, |bundle| {
        assert_eq!((*bundle.memo(count), *bundle.memo(count)), (1, 1));
        // Making one may ask for another.
        let outer = bundle.memo(|| format!("{}", bundle.memo(count)));
        assert_eq!(*outer, "1");
    });
    with(text, |bundle| assert_eq!(*bundle.memo(count), 2));
}
