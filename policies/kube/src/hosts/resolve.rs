//! From a host's name to the Service that it means.

use std::rc::Rc;

use super::name::{Form, ServiceName, form, is_external, service_names};
use super::{Hosts, Reference};
use crate::lookup::MAX_CANDIDATES;
use crate::operators::{Made, Product, is_always_there};
use crate::{Bundle, Join, Node, Object, ServicePort, Value, is_headless, openchoreo, service_ports, word, work};

/// How many names in a row (`ExternalName`) are followed.
const MAX_CHAIN: usize = 4;

/// Whence a host is asked for: inside a platform's object or not, that object or the directory, the namespace.
pub(super) type From = (bool, u32, (u8, u32));

/// What a host leads to.
#[derive(Clone)]
pub enum Destination<'t> {
    /// A Service of the bundle.
    Service {
        /// The Service.
        service: Object<'t>,
        /// How it was found.
        join: Join<'t>,
        /// The name is that of a pod behind it.
        pod: bool,
    },
    /// A Service that an operator makes.
    Made(Made<'t>),
    /// The Service `kubernetes`, which every cluster has.
    ApiServer,
    /// The pod itself.
    Loopback,
    /// Every address of the pod: to listen on.
    Any,
    /// Another IP address.
    Address,
    /// A host outside of the cluster, by the form of its name.
    External,
    /// A name that may be a Service's, but none that is seen.
    Unseen,
    /// It cannot be told: a template, alternatives, a namespace that is not known.
    Unknown,
}

/// A Service's ports, as far as none can be added or changed later; none where they can.
#[must_use]
pub fn exposed(service: Object<'_>) -> Option<Vec<ServicePort<'_>>> {
    let list = service.root().at(&[word!("spec"), word!("ports")]).known()?;
    let ports: Vec<ServicePort<'_>> = service_ports(service).collect();
    (list.is_final() && ports.iter().all(|port| port.port.known().is_some())).then_some(ports)
}

/// What looking for one name gives.
enum Sought<'t> {
    Found(Object<'t>, Join<'t>),
    Unsure,
    Nothing,
}

impl<'t> Hosts<'t> {
    /// What the host of a reference leads to.
    pub fn destination(&self, bundle: &Bundle<'t>, reference: &Reference<'t>) -> Rc<Destination<'t>> {
        self.resolve(bundle, reference.from, &reference.host)
    }

    /// What a host leads to, asked in the namespace of an object. Remembered.
    pub fn resolve(&self, bundle: &Bundle<'t>, from: Object<'t>, host: &str) -> Rc<Destination<'t>> {
        // Within one directory and namespace a name means one thing, but for what lies in one object of a platform.
        let inner = openchoreo::outer(bundle, from).is_some();
        let key = (
            inner,
            if inner { from.index() } else { from.scope() },
            namespace_key(from),
        );
        if let Some(known) = self.resolved.borrow().get(&key).and_then(|hosts| hosts.get(host)) {
            return known.clone();
        }
        let found = Rc::new(self.follow(bundle, from, host, MAX_CHAIN));
        let mut all = self.resolved.borrow_mut();
        all.entry(key).or_default().insert(host.to_owned(), found.clone());
        found
    }

    /// The Service of a name in a namespace, or in that of an object where none is named; also where it is but a name for
    /// something else (`ExternalName`). Unknown where that cannot be told, absent where none is seen.
    pub fn service(
        &self,
        bundle: &Bundle<'t>,
        from: Object<'t>,
        name: &str,
        namespace: Option<&str>,
    ) -> Value<(Object<'t>, Join<'t>)> {
        let name = ServiceName {
            pod: None,
            service: name,
            namespace,
            sure: true,
        };
        match self.find(bundle, from, name, true) {
            Sought::Found(service, join) => Value::Known((service, join)),
            Sought::Unsure => Value::Unknown,
            Sought::Nothing => Value::Absent,
        }
    }

    fn follow(&self, bundle: &Bundle<'t>, from: Object<'t>, host: &str, left: usize) -> Destination<'t> {
        match form(host) {
            Form::Loopback => return Destination::Loopback,
            Form::Any => return Destination::Any,
            Form::Address => return Destination::Address,
            Form::Unknown => return Destination::Unknown,
            Form::Name => {}
        }
        let lower = host.to_ascii_lowercase();
        let mut unsure = false;
        for name in service_names(&lower) {
            // `shop.io` is a domain, even where a Service is called shop and names no namespace.
            let guess = name.sure || !is_external(&lower);
            match self.find(bundle, from, name, guess) {
                Sought::Found(service, join) => return self.behind(bundle, service, join, name.pod.is_some(), left),
                Sought::Unsure => unsure = true,
                Sought::Nothing => {}
            }
            if name.pod.is_some() {
                continue;
            }
            let made = bundle
                .operators()
                .find(bundle, from, Product::Service, name.namespace, name.service);
            match made {
                Value::Known(made) => return Destination::Made(made.clone()),
                Value::Unknown => unsure = true,
                Value::Absent => {}
            }
            let namespace = name.namespace.unwrap_or(from.namespace_text());
            if is_always_there(Product::Service, namespace, name.service) {
                return Destination::ApiServer;
            }
        }
        if unsure {
            Destination::Unknown
        } else if is_external(&lower) {
            Destination::External
        } else {
            Destination::Unseen
        }
    }

    /// A Service, or what its external name leads to.
    fn behind(
        &self,
        bundle: &Bundle<'t>,
        service: Object<'t>,
        join: Join<'t>,
        pod: bool,
        left: usize,
    ) -> Destination<'t> {
        let spec = service.root().get(word!("spec"));
        match spec.and_then(|spec| spec.get(word!("type"))).and_then(Node::symbol) {
            Value::Known(kind) if kind == word!("ExternalName") => {
                let name = spec.and_then(|spec| spec.text_of(word!("externalName")));
                match (name, left.checked_sub(1)) {
                    (Value::Known(name), Some(left)) => self.follow(bundle, service, name, left),
                    _ => Destination::Unknown,
                }
            }
            Value::Unknown => Destination::Unknown,
            _ => Destination::Service { service, join, pod },
        }
    }

    /// The Service of a name: in its own directory first.
    fn find(&self, bundle: &Bundle<'t>, from: Object<'t>, name: ServiceName<'_>, guess: bool) -> Sought<'t> {
        let platform = openchoreo::outer(bundle, from);
        let mut unsure = false;
        for candidates in [
            self.services.own(&name.service, from.scope()),
            self.services.all(&name.service),
        ] {
            let mut found: Vec<Object<'t>> = Vec::new();
            let mut assumed: Vec<Object<'t>> = Vec::new();
            for service in candidates
                .iter()
                .take(MAX_CANDIDATES)
                .filter_map(|&(_, index)| bundle.object(index))
            {
                work::count();
                // What a platform renders lives in namespaces of its own.
                if openchoreo::outer(bundle, service) != platform {
                    continue;
                }
                if name
                    .pod
                    .is_some_and(|pod| !is_headless(service) || !ends_in_number(pod))
                {
                    continue;
                }
                match name.namespace {
                    None => match bundle.in_one_namespace(from, service) {
                        Value::Known(true) => found.push(service),
                        Value::Known(false) => {}
                        _ => unsure |= bundle.sees(from, service),
                    },
                    Some(namespace) => match service.namespace() {
                        Value::Known(_) if service.namespace_text() == namespace => found.push(service),
                        Value::Known(_) => {}
                        Value::Absent if guess => assumed.push(service),
                        Value::Absent => {}
                        Value::Unknown => unsure |= bundle.sees(from, service),
                    },
                }
            }
            // A Service that names no namespace, called by one: nearly always the same, but not for sure.
            let guessed = found.is_empty();
            let mut joins = bundle.nearest(from, if guessed { &assumed } else { &found });
            match (joins.pop(), joins.is_empty()) {
                (Some(mut join), true) => {
                    join.distant |= guessed;
                    return match join.objects.as_slice() {
                        &[service] => Sought::Found(service, join),
                        _ => Sought::Unsure,
                    };
                }
                (Some(_), false) => return Sought::Unsure,
                (None, _) => {}
            }
        }
        if unsure { Sought::Unsure } else { Sought::Nothing }
    }
}

/// An object's namespace, to sort by.
fn namespace_key(object: Object<'_>) -> (u8, u32) {
    match object.namespace() {
        Value::Known(symbol) => (0, symbol.0),
        Value::Absent => (1, 0),
        Value::Unknown => (2, 0),
    }
}

/// Whether a pod's name is that of a StatefulSet's: the set's name and a number.
fn ends_in_number(pod: &str) -> bool {
    pod.rsplit_once('-').is_some_and(|(set, number)| {
        !set.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
