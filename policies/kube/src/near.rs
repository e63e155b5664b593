//! Names that were probably meant.

/// The one of these names that differs from `name` by a slip of the keyboard: one letter, or two where it is long. None
/// where several do, or where the difference may be meant (`http` and `https`).
#[must_use]
pub fn near_miss<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match name.chars().count() {
        0..=2 => return None,
        3..=4 => 1,
        _ => 2,
    };
    let mut found: Option<&'a str> = None;
    // Of more names than this none is near: they are numbered.
    for other in among.into_iter().take(128) {
        if found == Some(other) || is_meant(name, other) || distance(name, other, allowed).is_none() {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some(other);
    }
    found
}

/// Whether two names are two things that only look alike: with TLS and without, or numbered.
fn is_meant(a: &str, b: &str) -> bool {
    let secure = |a: &str, b: &str| {
        a.match_indices("https")
            .any(|(at, _)| a.get(..at + 4).is_some_and(|head| b.starts_with(head)) && !b.contains("https"))
    };
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    secure(a, b) || secure(b, a) || digits(a) != digits(b)
}

/// The number of letters to add, take away, change or swap with their neighbour, if it is at most `limit`. Names longer than
/// 64 characters are not compared.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(65).collect(), b.chars().take(65).collect());
    if a.len() > 64 || b.len() > 64 || a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&row, j) + usize::from(x != y))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(&y) && b.get(j - 1) == Some(&x);
            if swapped {
                least = least.min(at(&before, j - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|&distance| distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_names_are_not() {
        for (name, among, expected) in [
            ("htpp", &["http", "metrics"][..], Some("http")),
            ("htttp", &["http"], Some("http")),
            ("metrisc", &["http", "metrics"], Some("metrics")),
            ("matrix", &["metric"], Some("metric")),
            ("web", &["http"], None),
            ("tcp", &["udp"], None),
            ("http", &["https"], None),
            ("https-web", &["http-web"], None),
            ("port1", &["port2"], None),
            ("grpc", &["grcp", "grpd"], None),
            ("grpc", &["grcp", "grcp"], Some("grcp")),
            ("é", &["e"], None),
        ] {
            assert_eq!(near_miss(name, among.iter().copied()), expected, "{name}");
        }
        assert_eq!(distance("abc", "acb", 2), Some(1));
        assert_eq!(distance("abcdef", "ghijkl", 2), None);
    }
}
