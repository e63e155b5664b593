//! Globs over paths, segment by segment.

/// Whether a path lies at or below what a glob stands for: `*` is any part of one segment, `?` any one character of it, `**`
/// any number of segments. Slashes at the ends mean nothing. Time: at most the product of the two lengths.
#[must_use]
pub fn covers(glob: &str, path: &str) -> bool {
    let path: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let glob = glob.split('/').filter(|segment| !segment.is_empty());
    // How many segments of the path each beginning of the glob may have taken.
    let mut reached = vec![false; path.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for part in glob {
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
                    && path.get(at - 1).is_some_and(|segment| matches(part, segment))
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

/// One segment against a glob with `*` and `?`: goes back to the last star only.
fn matches(glob: &str, segment: &str) -> bool {
    let mut glob_at = glob.chars();
    let mut rest = segment.chars();
    // Behind the last star: the glob, and what it was tried on last.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut glob_next = glob_at.clone();
        let mut rest_next = rest.clone();
        match (glob_next.next(), rest_next.next()) {
            (Some('*'), _) => {
                retry = Some((glob_next.clone(), rest.clone()));
                glob_at = glob_next;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                glob_at = glob_next;
                rest = rest_next;
            }
            (None, None) => return true,
            _ => {
                let Some((behind, tried)) = &mut retry else {
                    return false;
                };
                if tried.next().is_none() {
                    return false;
                }
                glob_at = behind.clone();
                rest = tried.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_covered_by_segments() {
        for (path, glob, covered) in [
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
            ("overlays/prod/app.yaml", "overlays/prod/**", true),
            ("overlays/production/app.yaml", "overlays/prod/**", false),
            ("clusters/eu-1/app.yaml", "clusters/eu-?", true),
            ("clusters/eu-10/app.yaml", "clusters/eu-?", false),
            ("a/b/prod/c/app.yaml", "**/prod/**", true),
            ("app.prod.yaml", "*.prod.yaml", true),
            ("app.prod.yml.prod.yaml", "*.prod.yaml", true),
            ("größe", "gr?ße", true),
        ] {
            assert_eq!(covers(glob, path), covered, "{path} by {glob}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let glob = "*a".repeat(2000);
        let path = "a".repeat(4000);
        assert!(covers(&glob, &path));
        assert!(!covers(&format!("{glob}b"), &path));
    }
}
