//! A probe or lifecycle hook that the API server refuses, or takes in another sense.

use plimsoll_sdk::kube::{Class, Container, ContainerClass, Dialect, Hook, WORKLOAD_KINDS, Workload};
use plimsoll_sdk::{Confidence, Context, Edit, Fix, Kind, Node, Place, Rule, Severity, Value, Violation, word};

/// The rule.
pub static RULE: Rule<()> = Rule {
    id: "handler-invalid",
    title: "A probe or lifecycle hook that the API server refuses",
    severity: Severity::Error,
    kinds: WORKLOAD_KINDS,
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    for &workload in context.bundle.workloads() {
        // Knative fills in handlers and ports itself, and reads 0 in its own way; so may whoever serves another kind.
        let own_way = matches!(workload.class, Class::Knative | Class::Other);
        if !workload.is_judged() || workload.dialect != Dialect::Kubernetes || own_way {
            continue;
        }
        for container in workload.containers() {
            if matches!(container.class, ContainerClass::Init | ContainerClass::Ephemeral) {
                violations.extend(misplaced(container));
                continue;
            }
            for hook in container.hooks().filter(|hook| hook.node.kind() == Kind::Map) {
                let mut found = Findings {
                    container,
                    hook,
                    violations,
                };
                found.handlers(workload);
                found.ports();
                found.scheme();
                found.numbers();
            }
        }
    }
}

/// Probes and hooks of containers that may not have any.
fn misplaced(container: Container<'_>) -> Vec<Violation> {
    let (class, policy) = match container.class {
        ContainerClass::Ephemeral => ("an ephemeral container", Value::Absent),
        _ => ("an init container", container.node.get(word!("restartPolicy"))),
    };
    if policy.is_unknown() {
        return Vec::new();
    }
    let keys = [
        word!("livenessProbe"),
        word!("readinessProbe"),
        word!("startupProbe"),
        word!("lifecycle"),
    ];
    keys.into_iter()
        .filter_map(|key| container.node.get(key).known())
        .map(|node| {
            let message = format!("{} {}: not allowed on {class}", container.name(), node.key_text());
            let mut violation = Violation::new(Place::Key(node.index()), message)
                .confidence(Confidence::Certain)
                .help(
                    "The API server refuses it: these containers run to their end. A container that keeps running beside the \
                     others is an init container with `restartPolicy: Always`, spelled exactly so.",
                );
            if let Value::Known(policy) = policy {
                violation = violation.related(policy, "not `Always`: this is an ordinary init container");
            }
            violation
        })
        .collect()
}

/// What is found in one probe or hook.
struct Findings<'a, 't> {
    container: Container<'t>,
    hook: Hook<'t>,
    violations: &'a mut Vec<Violation>,
}

impl<'t> Findings<'_, 't> {
    fn add(&mut self, at: impl Into<Place>, reason: &str, help: &str) -> &mut Violation {
        let message = format!("{} {}: {reason}", self.container.name(), self.hook.name());
        let violation = Violation::new(at, message).confidence(Confidence::Certain).help(help);
        self.violations.push(violation);
        let last = self.violations.len() - 1;
        &mut self.violations[last]
    }

    /// Exactly one handler, and `exec` with a command.
    fn handlers(&mut self, workload: Workload<'t>) {
        let node = self.hook.node;
        let handlers: Vec<Node<'t>> = self.hook.handlers().collect();
        match handlers.as_slice() {
            // What a partial workload is merged into may have the handler.
            [] if !workload.is_partial() && node.is_final() && self.lacks_handlers() => {
                let all = if self.hook.probe {
                    "httpGet, tcpSocket, grpc or exec"
                } else {
                    "httpGet, tcpSocket, exec or sleep"
                };
                self.add(
                    Place::Key(node.index()),
                    "no handler",
                    &format!("The API server refuses it: exactly one of {all} says what is done."),
                );
            }
            [first, second, ..] => {
                let reason = format!("more than one handler ({}, {})", first.key_text(), second.key_text());
                self.add(
                    Place::Key(second.index()),
                    &reason,
                    "The API server refuses it: exactly one handler says what is done. Keep one.",
                );
            }
            _ => {}
        }
        let exec = node.get(word!("exec"));
        let command = exec.and_then(|exec| exec.get(word!("command")));
        let empty = command.is_absent() || command.known().is_some_and(Node::is_empty);
        if let Value::Known(exec) = exec
            && exec.kind() == Kind::Map
            && empty
            && !workload.is_partial()
        {
            self.add(
                Place::Key(exec.index()),
                "exec has no command",
                "The API server refuses it. Name the program and its arguments, one item each.",
            );
        }
    }

    /// Whether none of the handlers is there, and none can come.
    fn lacks_handlers(&self) -> bool {
        let keys = [word!("httpGet"), word!("tcpSocket"), word!("grpc"), word!("exec")];
        keys.iter().all(|&key| self.hook.node.get(key).is_absent()) && self.hook.node.get_text("sleep").is_absent()
    }

    /// Ports that are there and in range; a number for gRPC.
    fn ports(&mut self) {
        for key in [word!("httpGet"), word!("tcpSocket"), word!("grpc")] {
            let Value::Known(handler) = self.hook.node.get(key) else {
                continue;
            };
            if handler.kind() != Kind::Map {
                continue;
            }
            match handler.get(word!("port")) {
                Value::Absent if handler.is_final() => {
                    self.add(
                        Place::Key(handler.index()),
                        "port is missing",
                        "The API server refuses it: the port has no default. Name the one that is asked.",
                    );
                }
                Value::Known(port) => match port.integer() {
                    Value::Known(number) if !(1..=65_535).contains(&number) => {
                        self.add(
                            port,
                            &format!("port {number} is out of range"),
                            "The API server refuses it: ports are 1 to 65535.",
                        );
                    }
                    Value::Absent if key == word!("grpc") && port.text().known().is_some() => {
                        self.add(
                            port,
                            "the port of grpc must be a number",
                            "The API server refuses it: unlike HTTP and TCP probes, gRPC probes do not take the name of a port, \
                             nor a number in quotes.",
                        );
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn scheme(&mut self) {
        let scheme = self.hook.node.at(&[word!("httpGet"), word!("scheme")]);
        let (Value::Known(node), Value::Known(text)) = (scheme, scheme.and_then(Node::text)) else {
            return;
        };
        if matches!(text, "HTTP" | "HTTPS" | "") {
            return;
        }
        let upper = text.to_ascii_uppercase();
        let violation = self.add(
            node,
            &format!("scheme `{}` is not HTTP or HTTPS", shortened(text)),
            "The API server refuses it; the case counts.",
        );
        if matches!(upper.as_str(), "HTTP" | "HTTPS") {
            violation.fix = Some(set(node, &format!("\"{upper}\""), format!("write {upper}")));
        }
    }

    fn numbers(&mut self) {
        if !self.hook.probe {
            return;
        }
        let node = self.hook.node;
        let readiness = node.key() == Some(word!("readinessProbe"));
        for (key, default) in [
            ("initialDelaySeconds", None),
            ("periodSeconds", Some(10)),
            ("timeoutSeconds", Some(1)),
            ("successThreshold", None),
            ("failureThreshold", Some(3)),
        ] {
            let Value::Known(at) = node.get_text(key) else { continue };
            let Value::Known(number) = at.integer() else { continue };
            if number < 0 {
                self.add(at, &format!("{key} must not be negative"), "The API server refuses it.");
            } else if let (0, Some(default)) = (number, default) {
                let violation = self.add(
                    at,
                    &format!("{key} 0 means the default, {default}"),
                    "The API server takes 0 for absent and puts the default in its place. Say what is meant, or leave it out.",
                );
                violation.severity = Some(Severity::Warning);
            } else if key == "successThreshold" && number > 1 && !readiness {
                let violation = self.add(
                    at,
                    "successThreshold must be 1",
                    "The API server refuses it: one success is enough for liveness and startup.",
                );
                violation.fix = Some(set(at, "1", "write 1".to_owned()));
            }
        }
        if let Value::Known(at) = node.get_text("terminationGracePeriodSeconds")
            && let Value::Known(number) = at.integer()
        {
            if readiness {
                self.add(
                    at,
                    "terminationGracePeriodSeconds is not allowed on readiness",
                    "The API server refuses it: a pod that is not ready is not ended.",
                );
            } else if number < 1 {
                self.add(
                    at,
                    "terminationGracePeriodSeconds must be 1 or more",
                    "The API server refuses it. Leave it out to use the pod's own.",
                );
            }
        }
    }
}

/// So much of a text as fits a message.
fn shortened(text: &str) -> String {
    text.chars().take(16).collect()
}

fn set(at: Node<'_>, value: &str, title: String) -> Fix {
    Fix {
        title,
        safe: true,
        edits: vec![Edit::Set {
            at: at.into(),
            value: value.to_owned(),
        }],
    }
}
