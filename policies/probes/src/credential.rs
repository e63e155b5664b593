//! Commands that hold a credential: what is said of them does not show their words.

use plimsoll_sdk::kube::command::base;

/// Whether some word is, or comes with, a credential: the place is not shown then.
pub fn is_credential(argv: &[&str]) -> bool {
    let program = argv.first().copied().unwrap_or_default();
    let program = base(program.split_whitespace().next().unwrap_or_default());
    argv.iter().flat_map(|word| word.split_whitespace()).any(|word| {
        let lower = word.to_ascii_lowercase();
        let named = ["pass", "token", "secret", "pwd", "authorization", "apikey", "api-key"];
        named.iter().any(|name| lower.contains(name))
            || (lower.contains("://") && lower.contains('@'))
            || (matches!(program, "redis-cli" | "valkey-cli") && word == "-a")
            || (program.starts_with("my") || program.starts_with("maria")) && word.starts_with("-p")
            || word == "-u" && matches!(program, "curl" | "wget")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        assert!(is_credential(&["redis-cli", "-a", "x"]));
        assert!(is_credential(&["redis-cli -a x"]));
        assert!(is_credential(&["mysqladmin", "-px", "ping"]));
        assert!(is_credential(&["check", "--password=x"]));
        assert!(!is_credential(&["pg_isready", "-p", "5432"]));
    }
}
