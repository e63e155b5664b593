//! Which release of OpenChoreo the input is for.

use crate::{Bundle, Node, word};

/// A release of OpenChoreo: major and minor number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Version(pub u32, pub u32);

impl Version {
    /// Reads `1.2`, `v0.17`, `1.2.3`; a major number alone is its first release.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().trim_start_matches('v').split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = match numbers.next() {
            Some(minor) => minor.parse().ok()?,
            None => 0,
        };
        Some(Version(major, minor))
    }
}

/// The release that the operator of the run names (`openchoreo:`). None: the newest.
#[must_use]
pub fn version(bundle: &Bundle<'_>) -> Option<Version> {
    let node = bundle.facts()?.get(word!("openchoreo")).known()?;
    node.original()
        .or_else(|| node.text().known())
        .and_then(Version::parse)
        .or_else(|| {
            let major = Node::integer(node).known()?;
            Some(Version(u32::try_from(major).ok()?, 0))
        })
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions() {
        assert_eq!(Version::parse("1.2"), Some(Version(1, 2)));
        assert_eq!(Version::parse("v0.17.4"), Some(Version(0, 17)));
        assert_eq!(Version::parse("1"), Some(Version(1, 0)));
        assert_eq!(Version::parse("main"), None);
        assert!(Version(0, 17) < Version(1, 0));
    }
}
