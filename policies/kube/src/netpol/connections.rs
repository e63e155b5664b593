//! All that may connect to what: the graph of a system.

use super::policy::{Means, Peers};
use super::{Direction, End, Policies, PortSet, Protocol, Range};
use crate::{Bundle, Workload};

/// Ports that are open.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Reach {
    /// Those that are, for sure.
    pub allowed: PortSet,
    /// Those that are, and those that may be.
    pub possible: PortSet,
}

impl Reach {
    /// All ports.
    #[must_use]
    pub fn everything() -> Self {
        Reach {
            allowed: PortSet::all(),
            possible: PortSet::all(),
        }
    }

    /// Nothing is known.
    #[must_use]
    pub fn anything() -> Self {
        Reach {
            allowed: PortSet::none(),
            possible: PortSet::all(),
        }
    }

    pub(super) fn add(&mut self, protocol: Protocol, first: u16, last: u16) {
        self.allowed.add(protocol, first, last);
        self.possible.add(protocol, first, last);
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Reach) -> Reach {
        Reach {
            allowed: self.allowed.intersection(&other.allowed),
            possible: self.possible.intersection(&other.possible),
        }
    }
}

/// One end of a connection in the list.
#[derive(Clone, Copy)]
pub enum Party<'t> {
    /// The pods of a workload.
    Workload(Workload<'t>),
    /// Addresses outside of the cluster.
    Addresses(Range),
}

/// Who may connect to whom, at which ports.
pub struct Connection<'t> {
    /// Who connects.
    pub from: Party<'t>,
    /// To whom.
    pub to: Party<'t>,
    /// Where: something may be open.
    pub ports: Reach,
}

impl<'t> Policies<'t> {
    /// Which ports one end may reach of another, as the policies over both allow.
    #[must_use]
    pub fn reach(&self, bundle: &Bundle<'t>, from: End<'t>, to: End<'t>) -> Reach {
        let sent = self.reach_of(bundle, Direction::Egress, from, to);
        if sent.possible.is_empty() {
            return sent;
        }
        sent.intersection(&self.reach_of(bundle, Direction::Ingress, to, from))
    }

    /// The blocks that rules of a direction name, and what they leave out.
    fn blocks(&self, direction: Direction) -> Vec<Range> {
        let mut all = Vec::new();
        for rule in self.all.iter().flat_map(|policy| &policy.side(direction).rules) {
            let Peers::Any(peers) = &rule.peers else { continue };
            for peer in peers {
                if let Means::Block { block, except } = &peer.means {
                    all.push(*block);
                    all.extend(except);
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Every pair of these workloads, and every one with the parts that the policies' blocks cut IPv4 into, of which the one
    /// may connect to the other; in the order given. As many as there are pairs: for a system, not for a whole repository.
    #[must_use]
    pub fn connections(&self, bundle: &Bundle<'t>, workloads: &[Workload<'t>]) -> Vec<Connection<'t>> {
        let sources = Range::V4.parts(&self.blocks(Direction::Ingress));
        let destinations = Range::V4.parts(&self.blocks(Direction::Egress));
        let mut found = Vec::new();
        let mut add = |from: Party<'t>, to: Party<'t>| {
            let ports = self.reach(bundle, from.end(), to.end());
            if !ports.possible.is_empty() {
                found.push(Connection { from, to, ports });
            }
        };
        for &workload in workloads {
            let here = Party::Workload(workload);
            for &part in &sources {
                add(Party::Addresses(part), here);
            }
            for &part in &destinations {
                add(here, Party::Addresses(part));
            }
            for &other in workloads {
                if other.pod != workload.pod {
                    add(here, Party::Workload(other));
                }
            }
        }
        found
    }
}

impl<'t> Party<'t> {
    fn end(self) -> End<'t> {
        match self {
            Party::Workload(workload) => End::Workload(workload),
            Party::Addresses(range) => End::Addresses(range),
        }
    }
}
