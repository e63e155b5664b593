//! Tells, before a deploy, what would break, leak or stand open.
fn main() {}
