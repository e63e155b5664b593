//! Addresses outside of the cluster: blocks, ranges, and the parts that blocks cut the address space into.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of one family, from the first to the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Range {
    /// Whether of IPv6.
    v6: bool,
    first: u128,
    last: u128,
}

impl Range {
    /// All of IPv4.
    pub const V4: Range = Range {
        v6: false,
        first: 0,
        last: u32::MAX as u128,
    };
    /// All of IPv6.
    pub const V6: Range = Range {
        v6: true,
        first: 0,
        last: u128::MAX,
    };

    /// A block as `192.0.2.0/24`; bits beyond the prefix are ignored, as they are by what reads policies. `None` for what is
    /// no block.
    #[must_use]
    pub fn block(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        if prefix.is_empty() || prefix.len() > 3 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = prefix.parse().ok()?;
        let (number, width, v6) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32, false),
            IpAddr::V6(address) => (u128::from(address), 128, true),
        };
        let free = u32::checked_sub(width, prefix)?;
        // All ones in the bits that are free.
        let mask = u128::MAX.checked_shr(128 - free).unwrap_or_default();
        Some(Range {
            v6,
            first: number & !mask,
            last: number | mask,
        })
    }

    /// One address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        let (number, v6) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), false),
            IpAddr::V6(address) => (u128::from(address), true),
        };
        Range {
            v6,
            first: number,
            last: number,
        }
    }

    /// Whether all of another range lies in this one.
    #[must_use]
    pub fn contains(self, other: Range) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last <= self.last
    }

    /// Whether an address is in both.
    #[must_use]
    pub fn meets(self, other: Range) -> bool {
        self.v6 == other.v6 && self.first <= other.last && other.first <= self.last
    }

    /// Whether it is all of its family.
    #[must_use]
    pub fn is_everything(self) -> bool {
        self == Range::V4 || self == Range::V6
    }

    /// Whether of IPv6.
    #[must_use]
    pub fn is_v6(self) -> bool {
        self.v6
    }

    /// This range, cut at the borders of others: parts that each lie in any of the others or outside of it as a whole, in
    /// order.
    #[must_use]
    pub fn parts(self, others: &[Range]) -> Vec<Range> {
        let mut starts: Vec<u128> = others
            .iter()
            .filter(|other| self.meets(**other))
            .flat_map(|other| [Some(other.first), other.last.checked_add(1)])
            .flatten()
            .filter(|&start| start > self.first && start <= self.last)
            .chain([self.first])
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([self.last]);
        starts
            .iter()
            .zip(ends)
            .map(|(&first, last)| Range { first, last, ..self })
            .collect()
    }
}

/// `192.0.2.0-192.0.2.255`.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = |number: u128| match (self.v6, u32::try_from(number)) {
            (false, Ok(number)) => IpAddr::V4(Ipv4Addr::from(number)),
            _ => IpAddr::V6(Ipv6Addr::from(number)),
        };
        write!(f, "{}-{}", address(self.first), address(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        for (text, expected) in [
            ("192.0.2.0/24", Some("192.0.2.0-192.0.2.255")),
            ("192.0.2.9/24", Some("192.0.2.0-192.0.2.255")),
            ("0.0.0.0/0", Some("0.0.0.0-255.255.255.255")),
            ("192.0.2.7/32", Some("192.0.2.7-192.0.2.7")),
            (
                "2001:db8::/32",
                Some("2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ),
            ("::/0", Some("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
            ("192.0.2.0", None),
            ("192.0.2.0/33", None),
            ("192.0.2.0/+1", None),
            ("192.0.2.0/", None),
            ("example/8", None),
        ] {
            assert_eq!(
                Range::block(text).map(|range| range.to_string()),
                expected.map(str::to_owned),
                "{text}"
            );
        }
        assert_eq!(Range::block("0.0.0.0/0"), Some(Range::V4));
        assert_eq!(Range::block("::/0"), Some(Range::V6));
    }

    #[test]
    fn parts_have_the_borders_of_the_others() {
        let block = |text: &str| Range::block(text).expect("a block");
        let parts: Vec<String> = Range::V4
            .parts(&[block("10.0.0.0/8"), block("10.1.0.0/16"), block("2001:db8::/32")])
            .iter()
            .map(Range::to_string)
            .collect();
        assert_eq!(
            parts,
            [
                "0.0.0.0-9.255.255.255",
                "10.0.0.0-10.0.255.255",
                "10.1.0.0-10.1.255.255",
                "10.2.0.0-10.255.255.255",
                "11.0.0.0-255.255.255.255",
            ]
        );
        assert_eq!(Range::V4.parts(&[Range::V4]), [Range::V4]);
        assert_eq!(block("10.0.0.0/8").parts(&[Range::V4]), [block("10.0.0.0/8")]);
        // A border at the very end of the space.
        assert_eq!(Range::V6.parts(&[block("ffff::/16")]).len(), 2);
    }

    #[test]
    fn containment() {
        let block = |text: &str| Range::block(text).expect("a block");
        assert!(Range::V4.contains(block("10.0.0.0/8")));
        assert!(!Range::V6.contains(block("10.0.0.0/8")));
        assert!(block("10.0.0.0/8").meets(Range::address(IpAddr::V4(Ipv4Addr::new(10, 2, 3, 4)))));
        assert!(!block("10.0.0.0/8").meets(block("11.0.0.0/8")));
    }
}
