//! cargo dev: the generators of checked-in files; never shipped.
fn main() {}
