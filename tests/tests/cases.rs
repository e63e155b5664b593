//! Command lines as files: `tests/cases/*.toml` with arguments, input folder, output and exit code.

#[test]
fn command_lines() {
    trycmd::TestCases::new()
        .default_bin_path(env!("CARGO_BIN_EXE_plimsoll-under-test"))
        .env("NO_COLOR", "1")
        .case("cases/*.toml");
}
