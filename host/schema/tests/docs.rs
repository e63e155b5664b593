//! Every page's examples and every case.

use plimsoll_schema::Schema;
use plimsoll_sdk::testing::check_pages;

#[test]
fn pages_and_cases() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    match check_pages(&Schema::default(), folder) {
        Ok(counts) => assert_eq!(counts.rules, 10),
        Err(problems) => panic!("{problems}"),
    }
}
