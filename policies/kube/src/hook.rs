//! Probes and lifecycle hooks: what the kubelet does to a running container.
//!
//! Sources: Kubernetes documentation, pages "Configure Liveness, Readiness and Startup Probes", "Container Lifecycle Hooks";
//! API reference, `Probe`, `LifecycleHandler`.

use crate::{Container, Node, Symbol, Value, word};

/// A probe or lifecycle hook of a container. Copying it is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hook<'t> {
    /// The map that describes it; its key names it.
    pub node: Node<'t>,
    /// Whether it is a probe, and not a lifecycle hook.
    pub probe: bool,
}

/// The members of a probe or hook that say what is done. `sleep` is for hooks only.
const HANDLERS: [Symbol; 4] = [word!("httpGet"), word!("tcpSocket"), word!("grpc"), word!("exec")];

impl<'t> Container<'t> {
    /// Its probes, then its lifecycle hooks, as far as they are known.
    pub fn hooks(self) -> impl Iterator<Item = Hook<'t>> + use<'t> {
        let probes = [word!("livenessProbe"), word!("readinessProbe"), word!("startupProbe")];
        let lifecycle = self.node.get(word!("lifecycle"));
        let hooks = [word!("postStart"), word!("preStop")].map(|key| (lifecycle.and_then(|node| node.get(key)), false));
        probes
            .map(|key| (self.node.get(key), true))
            .into_iter()
            .chain(hooks)
            .filter_map(|(found, probe)| found.known().map(|node| Hook { node, probe }))
    }
}

impl<'t> Hook<'t> {
    /// What it is called: `livenessProbe`, `preStop`.
    #[must_use]
    pub fn name(self) -> &'t str {
        self.node.key_text()
    }

    /// What is done, each with its key: exactly one, where the API server takes it.
    pub fn handlers(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let all = HANDLERS.into_iter().map(move |key| self.node.get(key));
        let sleep = (!self.probe).then(|| self.node.get_text("sleep"));
        all.chain(sleep).filter_map(Value::known)
    }

    /// The port that it asks over HTTP or TCP: a number or a name.
    pub fn ports(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let keys = [word!("httpGet"), word!("tcpSocket")].into_iter();
        keys.filter_map(move |key| self.node.at(&[key, word!("port")]).known())
    }

    /// The port that it asks by gRPC, which must be a number.
    #[must_use]
    pub fn grpc_port(self) -> Value<Node<'t>> {
        self.node.at(&[word!("grpc"), word!("port")])
    }

    /// The scalars of the command that it runs in the container, in order; not all of them need be final.
    pub fn command(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let list = self.node.at(&[word!("exec"), word!("command")]).known();
        list.into_iter().flat_map(Node::items)
    }
}
