//! Paths that operators declare public.

/// Whether a path lies at or below a declared one: segment by segment, `*` for any part of one, `**` for any number.
#[must_use]
pub fn is_covered(path: &str, declared: &str) -> bool {
    let path: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let pattern: Vec<&str> = declared.split('/').filter(|segment| !segment.is_empty()).collect();
    // How many segments of the path each beginning of the pattern may have taken: linear in their product.
    let mut reached = vec![false; path.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        let mut open = false;
        for at in 0..=path.len() {
            let here = reached.get(at).copied().unwrap_or_default();
            open |= here;
            let taken = if part == "**" {
                open
            } else {
                at > 0
                    && reached.get(at - 1).copied().unwrap_or_default()
                    && path.get(at - 1).is_some_and(|segment| matches(segment, part))
            };
            if let Some(slot) = next.get_mut(at) {
                *slot = taken;
            }
        }
        reached = next;
    }
    // What lies below is covered, too.
    reached.contains(&true)
}

/// One segment against a pattern with `*`.
fn matches(segment: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| segment.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_covered_by_segments() {
        for (path, declared, covered) in [
            ("/assets", "/assets", true),
            ("/assets/", "/assets", true),
            ("/assets/img/a.png", "/assets", true),
            ("/assets", "/assets/img", false),
            ("/assetsx", "/assets", false),
            ("/", "/assets", false),
            ("/anything", "/", true),
            ("/v1/shop/public", "/v1/*/public", true),
            ("/v1/shop/more/public", "/v1/*/public", false),
            ("/v1/shop/more/public", "/v1/**/public", true),
            ("/v1/public", "/v1/**/public", true),
            ("/fonts-2024", "/fonts-*", true),
            ("/my-fonts-a", "/*-fonts-*", true),
            ("/fonts", "/fonts-*", false),
            ("/docs", "/docs/**", true),
            ("/docs/a/b", "/docs/**", true),
        ] {
            assert_eq!(is_covered(path, declared), covered, "{path} by {declared}");
        }
    }
}
