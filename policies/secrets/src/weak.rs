//! Passwords that are known to everybody: common words, defaults of images, repetitions of what stands beside them.

/// What weak passwords are made from, with up to four letters behind.
const STEMS: &[&str] = &[
    "admin",
    "changeit",
    "default",
    "demo",
    "example",
    "guest",
    "letmein",
    "minioadmin",
    "mongo",
    "mysql",
    "pass",
    "passw0rd",
    "password",
    "postgres",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "secret",
    "test",
    "user",
    "welcome",
];

/// Whether a password is weak, or the default of an image: common, short, only digits, or one of the words beside it (its
/// user, its host, the name of its object).
#[must_use]
pub fn is_weak(password: &str, beside: &[&str]) -> bool {
    let lower = password.to_ascii_lowercase();
    let stem = |stem: &str| lower.strip_prefix(stem).is_some_and(|rest| rest.len() <= 4);
    let bare = lower.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '!');
    password.chars().count() < 8
        || password.bytes().all(|byte| byte.is_ascii_digit())
        || STEMS.iter().any(|known| stem(known))
        || beside.iter().any(|word| {
            word.len() >= 3 && (bare.eq_ignore_ascii_case(word) || lower.contains(&word.to_ascii_lowercase()))
        })
}

#[cfg(test)]
mod tests {
    use super::is_weak;

    #[test]
    fn weak_passwords() {
        for password in [
            "postgres",
            "password123",
            "Admin!",
            "12345678901",
            "short",
            "minioadmin",
            "orders-db-1",
            "changeit1",
        ] {
            assert!(is_weak(password, &["orders"]), "{password}");
        }
        for password in ["Fak3-Orders", "testimonials-of-fakes", "q7Vx2LmZp0RtYw8K"] {
            assert!(!is_weak(password, &["db", "web"]), "{password}");
        }
    }
}
