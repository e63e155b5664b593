//! Sets of ports, by protocol.

use std::fmt;

use plimsoll_tree::Symbol;

use crate::word;

/// A protocol that policies know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Protocol {
    /// Stream Control Transmission Protocol.
    Sctp,
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
}

impl Protocol {
    /// All of them, by name.
    pub const ALL: [Protocol; 3] = [Protocol::Sctp, Protocol::Tcp, Protocol::Udp];

    /// From its name in the API.
    #[must_use]
    pub fn from_symbol(name: Symbol) -> Option<Self> {
        match name {
            name if name == word!("TCP") => Some(Protocol::Tcp),
            name if name == word!("UDP") => Some(Protocol::Udp),
            name if name == word!("SCTP") => Some(Protocol::Sctp),
            _ => None,
        }
    }

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Sctp => "SCTP",
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        }
    }
}

/// The highest port.
const LAST: u16 = u16::MAX;

/// A set of ports of each protocol. Port 0 is in none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PortSet {
    /// Ranges in the order of [`Protocol::ALL`]: ascending, and neither overlapping nor touching.
    ranges: [Vec<(u16, u16)>; 3],
}

impl PortSet {
    /// No port.
    #[must_use]
    pub fn none() -> Self {
        PortSet::default()
    }

    /// Every port of every protocol.
    #[must_use]
    pub fn all() -> Self {
        PortSet {
            ranges: [vec![(1, LAST)], vec![(1, LAST)], vec![(1, LAST)]],
        }
    }

    /// The ports from `first` to `last` of one protocol; none where `last` is less.
    #[must_use]
    pub fn range(protocol: Protocol, first: u16, last: u16) -> Self {
        let mut set = PortSet::none();
        set.add(protocol, first, last);
        set
    }

    /// Every port of one protocol.
    #[must_use]
    pub fn of(protocol: Protocol) -> Self {
        PortSet::range(protocol, 1, LAST)
    }

    /// Adds the ports from `first` to `last` of one protocol.
    pub fn add(&mut self, protocol: Protocol, first: u16, last: u16) {
        let first = first.max(1);
        if first > last {
            return;
        }
        let Some(ranges) = self.ranges.get_mut(protocol as usize) else {
            return;
        };
        // Those that overlap or touch the new one become one with it.
        let start = ranges.partition_point(|&(_, end)| end < first.saturating_sub(1));
        let end = ranges.partition_point(|&(begin, _)| begin <= last.saturating_add(1));
        let merged = ranges
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .fold((first, last), |all, one| (all.0.min(one.0), all.1.max(one.1)));
        ranges.splice(start..end.max(start), [merged]);
    }

    /// Adds all of another set.
    pub fn extend(&mut self, other: &PortSet) {
        for (protocol, first, last) in other.iter() {
            self.add(protocol, first, last);
        }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &PortSet) -> PortSet {
        let mut both = PortSet::none();
        for ((own, theirs), into) in self.ranges.iter().zip(&other.ranges).zip(&mut both.ranges) {
            let (mut a, mut b) = (own.as_slice(), theirs.as_slice());
            while let (Some(&(first, last)), Some(&(begin, end))) = (a.first(), b.first()) {
                if first.max(begin) <= last.min(end) {
                    into.push((first.max(begin), last.min(end)));
                }
                if last < end {
                    a = a.get(1..).unwrap_or_default();
                } else {
                    b = b.get(1..).unwrap_or_default();
                }
            }
        }
        both
    }

    /// Whether a port is in the set.
    #[must_use]
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.ranges.get(protocol as usize).is_some_and(|ranges| {
            let next = ranges.partition_point(|&(_, last)| last < port);
            ranges.get(next).is_some_and(|&(first, _)| first <= port)
        })
    }

    /// Whether it has no port.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.iter().all(Vec::is_empty)
    }

    /// Whether it has every port of every protocol.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.ranges.iter().all(|ranges| ranges.as_slice() == [(1, LAST)])
    }

    /// Its ranges, by protocol, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (Protocol, u16, u16)> + '_ {
        Protocol::ALL
            .iter()
            .zip(&self.ranges)
            .flat_map(|(&protocol, ranges)| ranges.iter().map(move |&(first, last)| (protocol, first, last)))
    }
}

/// `TCP 80,8000-8080,UDP 53`; `All Connections`, `No Connections`.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("All Connections");
        }
        if self.is_empty() {
            return f.write_str("No Connections");
        }
        let mut before = None;
        for (protocol, first, last) in self.iter() {
            match before {
                Some(before) if before == protocol => f.write_str(",")?,
                Some(_) => write!(f, ",{} ", protocol.name())?,
                None => write!(f, "{} ", protocol.name())?,
            }
            before = Some(protocol);
            if first == last {
                write!(f, "{first}")?;
            } else {
                write!(f, "{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u16, u16)]) -> PortSet {
        let mut set = PortSet::none();
        for &(first, last) in ranges {
            set.add(Protocol::Tcp, first, last);
        }
        set
    }

    #[test]
    fn ranges_are_merged_where_they_overlap_or_touch() {
        assert_eq!(set(&[(80, 80), (443, 443), (79, 79)]).to_string(), "TCP 79-80,443");
        assert_eq!(set(&[(10, 20), (30, 40), (15, 35)]).to_string(), "TCP 10-40");
        assert_eq!(set(&[(10, 20), (30, 40), (21, 29)]).to_string(), "TCP 10-40");
        assert_eq!(set(&[(5, 4)]).to_string(), "No Connections");
        assert_eq!(set(&[(0, 0)]), PortSet::none());
        assert_eq!(set(&[(0, LAST)]), PortSet::of(Protocol::Tcp));
        assert_eq!(set(&[(LAST, LAST), (1, 1)]).to_string(), "TCP 1,65535");
    }

    #[test]
    fn adding_in_any_order_gives_one_set() {
        let parts = [(1, 3), (9, 12), (4, 4), (11, 20), (30, 30)];
        let mut reversed = parts;
        reversed.reverse();
        assert_eq!(set(&parts), set(&reversed));
    }

    #[test]
    fn intersections() {
        let both = set(&[(10, 20), (30, 40), (50, 60)]).intersection(&set(&[(15, 32), (36, 55), (60, 60)]));
        assert_eq!(both.to_string(), "TCP 15-20,30-32,36-40,50-55,60");
        assert_eq!(PortSet::all().intersection(&both), both);
        assert!(set(&[(1, 9)]).intersection(&PortSet::of(Protocol::Udp)).is_empty());
    }

    #[test]
    fn membership() {
        let some = set(&[(10, 20), (30, 40)]);
        for (port, expected) in [(9, false), (10, true), (20, true), (25, false), (40, true), (41, false)] {
            assert_eq!(some.contains(Protocol::Tcp, port), expected, "{port}");
        }
        assert!(!some.contains(Protocol::Udp, 10));
    }

    #[test]
    fn names() {
        let mut mixed = set(&[(53, 53)]);
        mixed.add(Protocol::Udp, 53, 54);
        mixed.add(Protocol::Sctp, 9, 9);
        assert_eq!(mixed.to_string(), "SCTP 9,TCP 53,UDP 53-54");
        let mut all = PortSet::of(Protocol::Tcp);
        all.extend(&PortSet::of(Protocol::Udp));
        all.extend(&PortSet::of(Protocol::Sctp));
        assert!(all.is_all());
        assert_eq!(all.to_string(), "All Connections");
    }
}
