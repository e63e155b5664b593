//! The program as it is, under a name that the tests of this crate can refer to.

fn main() -> std::process::ExitCode {
    plimsoll::main()
}
