//! Which hosts a process is told to call: in its environment, command line and mounted files, as URLs, `host:port`, lists of
//! them, connection strings, and settings that name host and port apart.
//!
//! A host that resolves to a Service is compared with what that Service exposes; one that does not is unknown, not wrong.
//!
//! Sources: Kubernetes documentation, pages "DNS for Services and Pods", "Service" (ExternalName, headless Services),
//! "StatefulSets" (names of pods).

mod collect;
mod name;
mod pairs;
mod resolve;
pub mod scan;
mod scheme;

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use crate::lookup::Lookup;
use crate::{Bundle, Container, Node, Object, Symbol, word};

pub use name::{Form, ServiceName, form, is_external, service_names};
pub use resolve::{Destination, exposed};
pub use scheme::default_port;

#[cfg(test)]
mod tests;

/// A host that a text names.
#[derive(Clone)]
pub struct Reference<'t> {
    /// The object whose namespace a short name is looked up in: the workload's, or the ConfigMap's that no workload is seen
    /// to use.
    pub from: Object<'t>,
    /// Number of the workload in [`Bundle::workloads`] whose process reads it; none where no workload is seen to.
    pub workload: Option<usize>,
    /// The container that reads it.
    pub container: Option<Container<'t>>,
    /// What holds it.
    pub source: Source,
    /// The scalar in which the host stands.
    pub at: Node<'t>,
    /// The host's bytes in the text of that scalar; none where the scalar's text is not what is read (Base64).
    pub within: Option<Range<usize>>,
    /// The host, with `$(NAME)` put in; may hold template marks, and is unknown then.
    pub host: Cow<'t, str>,
    /// What stands before `://`, as written; empty without.
    pub scheme: Cow<'t, str>,
    /// The port that is dialled.
    pub port: Dialled<'t>,
    /// The text comes from a Secret: neither host nor port may be shown.
    pub secret: bool,
    /// Whether the text is final as far as host and port go. Not where it is a template of some other tool: what stands in it
    /// may be left out.
    pub certain: bool,
    /// Only the root of the input joins the text with the workload.
    pub distant: bool,
}

impl Reference<'_> {
    /// Whether the setting's name says that a browser, or a link, is to use the host: its own process need not call it.
    #[must_use]
    pub fn is_for_others(&self) -> bool {
        match &self.source {
            Source::Variable(name) | Source::Data(name) => pairs::is_for_others(name),
            Source::CommandLine | Source::File(_) => false,
        }
    }
}

/// The port of a [`Reference`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dialled<'t> {
    /// It is written.
    Written {
        /// The port.
        number: u16,
        /// The scalar in which it stands.
        at: Node<'t>,
        /// Its bytes in the text of that scalar; none where it is put in from elsewhere.
        within: Option<Range<usize>>,
    },
    /// The scheme's, for none is written.
    Scheme(u16),
    /// Decided later, or written in another setting in a way that is not understood.
    Unknown,
    /// None is written, and the client's default is not known.
    Unsaid,
}

impl Dialled<'_> {
    /// The port, if it is known.
    #[must_use]
    pub fn number(&self) -> Option<u16> {
        match *self {
            Dialled::Written { number, .. } | Dialled::Scheme(number) => Some(number),
            Dialled::Unknown | Dialled::Unsaid => None,
        }
    }
}

/// What holds a [`Reference`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// The variable of this name.
    Variable(String),
    /// `command` or `args`.
    CommandLine,
    /// A mounted file of this name.
    File(String),
    /// A key of a ConfigMap or Secret that no workload is seen to use.
    Data(String),
}

/// The hosts of a bundle. Each workload is read when first asked for, and once.
pub struct Hosts<'t> {
    by_workload: Vec<OnceCell<Vec<Reference<'t>>>>,
    loose: OnceCell<Vec<Reference<'t>>>,
    /// Members of ConfigMaps and Secrets that a workload reads.
    used: RefCell<BTreeSet<u32>>,
    /// What was found in the files of ConfigMaps, by node.
    scanned: RefCell<BTreeMap<u32, Rc<[scan::Found]>>>,
    services: Lookup<&'t str>,
    resolved: RefCell<BTreeMap<resolve::From, BTreeMap<String, Rc<Destination<'t>>>>>,
}

impl<'t> Hosts<'t> {
    /// Of a bundle; nothing is read yet but the names of its Services.
    pub(crate) fn new(bundle: &Bundle<'t>) -> Self {
        let services = bundle
            .of_kind(Symbol(0), word!("Service"))
            .filter(|service| !service.name().is_empty())
            .map(|service| (service.name(), service.scope(), service.index()));
        Hosts {
            by_workload: bundle.workloads().iter().map(|_| OnceCell::new()).collect(),
            loose: OnceCell::new(),
            used: RefCell::default(),
            scanned: RefCell::default(),
            services: Lookup::new(services),
            resolved: RefCell::default(),
        }
    }

    /// The hosts that the processes of a workload are told, by its number in [`Bundle::workloads`]; in the order of its
    /// containers, variables by name before the command line before files.
    pub fn of(&self, bundle: &Bundle<'t>, workload: usize) -> &[Reference<'t>] {
        match (self.by_workload.get(workload), bundle.workloads().get(workload)) {
            (Some(cell), Some(&one)) => cell.get_or_init(|| collect::workload(self, bundle, workload, one)),
            _ => &[],
        }
    }

    /// The hosts in ConfigMaps and Secrets that no workload is seen to use.
    pub fn loose(&self, bundle: &Bundle<'t>) -> &[Reference<'t>] {
        self.loose.get_or_init(|| {
            for number in 0..self.by_workload.len() {
                self.of(bundle, number);
            }
            collect::loose(self, bundle)
        })
    }

    /// All hosts: of every workload in order, then of what no workload is seen to use. A text that several workloads read
    /// comes once for each.
    pub fn all(&self, bundle: &Bundle<'t>) -> impl Iterator<Item = &Reference<'t>> {
        let loose = self.loose(bundle);
        (0..self.by_workload.len())
            .flat_map(|number| self.of(bundle, number))
            .chain(loose)
    }
}
