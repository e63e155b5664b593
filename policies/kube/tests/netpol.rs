//! What NetworkPolicies allow.

mod support;

use plimsoll_kube::netpol::{Direction, End, Protocol, Range};
use plimsoll_kube::{Bundle, Value};
use support::{object, with, with_files, workload};

/// A client in namespace `front`, a server and a neighbour of it in `back`.
const PODS: &str = "
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: front, labels: {app: client, role: caller}}
spec: {containers: [{name: main, image: registry.shop.example/client:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: neighbour, namespace: back, labels: {app: neighbour, role: caller}}
spec: {containers: [{name: main, image: registry.shop.example/neighbour:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: back, labels: {app: server}}
spec:
  containers:
    - name: main
      image: registry.shop.example/server:1
      ports: [{name: web, containerPort: 8080}, {name: dns, containerPort: 5353, protocol: UDP}]
";

fn policy(namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

/// Whether the pod of this name may connect to the server.
fn reaches(bundle: &Bundle<'_>, from: &str, protocol: Protocol, port: u16) -> Value<bool> {
    let (from, to) = (workload(bundle, from), workload(bundle, "server"));
    let (from, to) = (End::Workload(from), End::Workload(to));
    let verdict = bundle.policies().verdict(bundle, from, to, protocol, port);
    // Two ways to ask, one answer.
    let reach = bundle.policies().reach(bundle, from, to);
    let expected = if reach.allowed.contains(protocol, port) {
        Value::Known(true)
    } else if reach.possible.contains(protocol, port) {
        Value::Unknown
    } else {
        Value::Known(false)
    };
    assert_eq!(verdict.allowed, expected, "{protocol:?} {port}: {reach:?}");
    verdict.allowed
}

/// What client and neighbour may do at the server's TCP 8080 under a policy of the server's namespace.
fn under(spec: &str) -> (Value<bool>, Value<bool>) {
    let mut found = (Value::Absent, Value::Absent);
    with(&format!("{PODS}{}", policy("back", spec)), |bundle| {
        found = (
            reaches(bundle, "client", Protocol::Tcp, 8080),
            reaches(bundle, "neighbour", Protocol::Tcp, 8080),
        );
    });
    found
}

const YES: Value<bool> = Value::Known(true);
const NO: Value<bool> = Value::Known(false);
const OPEN: Value<bool> = Value::Unknown;

#[test]
fn what_a_policy_admits() {
    for (spec, expected) in [
        ("{podSelector: {}}", (NO, NO)),
        ("{}", (NO, NO)),
        ("{podSelector: {matchLabels: {app: other}}}", (YES, YES)),
        ("{podSelector: {}, ingress: []}", (NO, NO)),
        ("{podSelector: {}, ingress: [{}]}", (YES, YES)),
        ("{podSelector: {}, ingress: [{from: []}]}", (YES, YES)),
        ("{podSelector: {}, policyTypes: [Egress]}", (YES, NO)),
        ("{podSelector: {}, policyTypes: [Egress], egress: [{}]}", (YES, YES)),
        // Rules for egress alone do not make ingress free.
        ("{podSelector: {}, egress: [{}]}", (NO, NO)),
        // A list of peers: own namespace, all of others, both in one.
        ("{ingress: [{from: [{podSelector: {}}]}]}", (NO, YES)),
        (
            "{ingress: [{from: [{podSelector: {matchLabels: {role: caller}}}]}]}",
            (NO, YES),
        ),
        ("{ingress: [{from: [{namespaceSelector: {}}]}]}", (YES, YES)),
        (
            "{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}]}]}",
            (YES, NO),
        ),
        (
            "{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}, podSelector: {matchLabels: {app: other}}}]}]}",
            (NO, NO),
        ),
        (
            "{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}, {podSelector: {matchLabels: {role: caller}}}]}]}",
            (YES, YES),
        ),
        // Namespaces that are not defined here may have any label.
        (
            "{ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}}]}]}",
            (OPEN, OPEN),
        ),
        // Whether a block holds for pods is left to the implementation.
        ("{ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}", (OPEN, OPEN)),
        ("{ingress: [{from: [{}]}]}", (NO, NO)),
        // Ports.
        ("{ingress: [{ports: [{port: 8080}]}]}", (YES, YES)),
        ("{ingress: [{ports: [{port: 80}]}]}", (NO, NO)),
        ("{ingress: [{ports: []}]}", (YES, YES)),
        ("{ingress: [{ports: [{}]}]}", (YES, YES)),
        ("{ingress: [{ports: [{protocol: UDP}]}]}", (NO, NO)),
        ("{ingress: [{ports: [{port: 8000, endPort: 9000}]}]}", (YES, YES)),
        ("{ingress: [{ports: [{port: 8081, endPort: 9000}]}]}", (NO, NO)),
        ("{ingress: [{ports: [{port: web}]}]}", (YES, YES)),
        ("{ingress: [{ports: [{port: web, protocol: UDP}]}]}", (NO, NO)),
        ("{ingress: [{ports: [{port: nowhere}]}]}", (NO, NO)),
        ("{ingress: [{ports: [{port: '${port}'}]}]}", (OPEN, OPEN)),
        ("{ingress: '${rules}'}", (OPEN, OPEN)),
        ("{podSelector: '${pods}'}", (OPEN, OPEN)),
    ] {
        assert_eq!(under(spec), expected, "{spec}");
    }
}

#[test]
fn labels_of_a_namespace_that_is_defined_are_known() {
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: front, labels: {team: a}}\n";
    for (selector, expected) in [
        ("{matchLabels: {team: a}}", YES),
        ("{matchLabels: {team: b}}", NO),
        ("{matchLabels: {name: front}}", NO),
        ("{matchLabels: {kubernetes.io/metadata.name: front}}", YES),
        ("{matchExpressions: [{key: team, operator: NotIn, values: [a]}]}", NO),
        ("{matchExpressions: [{key: stage, operator: DoesNotExist}]}", YES),
    ] {
        let spec = format!("{{ingress: [{{from: [{{namespaceSelector: {selector}}}]}}]}}");
        with(&format!("{PODS}{namespace}{}", policy("back", &spec)), |bundle| {
            assert_eq!(reaches(bundle, "client", Protocol::Tcp, 8080), expected, "{selector}");
        });
    }
}

#[test]
fn both_sides_must_allow_it() {
    let egress = |rule: &str| {
        policy(
            "front",
            &format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{rule}]}}"),
        )
    };
    for (rule, expected) in [
        ("", NO),
        ("{}", YES),
        ("{to: [{podSelector: {}}]}", NO),
        ("{to: [{namespaceSelector: {}}], ports: [{port: web}]}", YES),
        ("{to: [{namespaceSelector: {}}], ports: [{port: 80}]}", NO),
    ] {
        with(&format!("{PODS}{}", egress(rule)), |bundle| {
            assert_eq!(reaches(bundle, "client", Protocol::Tcp, 8080), expected, "{rule}");
            assert_eq!(reaches(bundle, "neighbour", Protocol::Tcp, 8080), YES, "{rule}");
        });
    }
}

#[test]
fn policies_add_up_and_say_which_rule_allows() {
    let deny = policy("back", "{podSelector: {}}");
    let admit = policy(
        "back",
        "{podSelector: {matchLabels: {app: server}}, ingress: [{ports: [{port: 53}]}, {ports: [{port: web}]}]}",
    )
    .replace("name: p,", "name: q,");
    with(&format!("{PODS}{deny}{admit}"), |bundle| {
        let policies = bundle.policies();
        let (client, server) = (workload(bundle, "client"), workload(bundle, "server"));
        let verdict = policies.verdict(
            bundle,
            End::Workload(client),
            End::Workload(server),
            Protocol::Tcp,
            8080,
        );
        assert_eq!(verdict.allowed, YES);
        let (number, rule) = verdict.ingress.rule.expect("a rule allows it");
        let by = policies.get(number).expect("it is there");
        assert_eq!(by.object.index(), object(bundle, "q").index());
        assert_eq!(by.ingress.rules.get(1).map(|rule| rule.node), Some(rule));
        assert!(verdict.egress.isolating.is_empty());

        let verdict = policies.verdict(
            bundle,
            End::Workload(client),
            End::Workload(server),
            Protocol::Udp,
            5353,
        );
        assert_eq!(verdict.allowed, NO);
        let names: Vec<&str> = verdict
            .ingress
            .isolating
            .iter()
            .filter_map(|&number| policies.get(number))
            .map(|policy| policy.object.name())
            .collect();
        assert_eq!(names, ["p", "q"]);
    });
}

/// Whether the policies over the server admit an end at TCP 8080.
fn admitted<'t>(bundle: &Bundle<'t>, from: End<'t>) -> Value<bool> {
    let server = End::Workload(workload(bundle, "server"));
    let policies = bundle.policies();
    policies
        .decide(bundle, Direction::Ingress, server, from, Protocol::Tcp, 8080)
        .allowed
}

#[test]
fn ends_that_are_not_described() {
    let block = "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 8080}]}]}";
    with(&format!("{PODS}{}", policy("back", block)), |bundle| {
        let range = |text: &str| End::Addresses(Range::block(text).expect("a block"));
        assert_eq!(admitted(bundle, range("10.2.0.0/16")), YES);
        assert_eq!(admitted(bundle, range("10.1.2.0/24")), NO);
        assert_eq!(admitted(bundle, range("11.0.0.0/8")), NO);
        assert_eq!(admitted(bundle, range("10.0.0.0/8")), OPEN);
        assert_eq!(admitted(bundle, range("2001:db8::/32")), NO);
        assert_eq!(admitted(bundle, End::Outside), OPEN);
        assert_eq!(admitted(bundle, End::Pods(Value::Unknown)), OPEN);
    });
    let namespace = "{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}]}]}";
    with(&format!("{PODS}{}", policy("back", namespace)), |bundle| {
        assert_eq!(admitted(bundle, End::Outside), NO);
        assert_eq!(admitted(bundle, End::Pods(Value::Unknown)), OPEN);
        for (name, expected) in [("front", YES), ("back", NO)] {
            let name = bundle.symbol(name).expect("it is named");
            assert_eq!(admitted(bundle, End::Pods(Value::Known(name))), expected);
        }
    });
}

#[test]
fn pods_on_their_nodes_network_are_filtered_or_not() {
    let on_node = PODS.replace(
        "labels: {app: server}}\nspec:",
        "labels: {app: server}}\nspec:\n  hostNetwork: true",
    );
    assert_ne!(on_node, PODS);
    with(&format!("{on_node}{}", policy("back", "{podSelector: {}}")), |bundle| {
        assert_eq!(reaches(bundle, "client", Protocol::Tcp, 8080), OPEN);
    });
}

#[test]
fn what_other_directories_say_counts_unless_they_are_alternatives() {
    let deny = policy("back", "{podSelector: {}}");
    let of = |file: &str| {
        let mut found = Value::Absent;
        with_files(&[("a/pods.yaml", PODS), (file, &deny)], |bundle| {
            found = reaches(bundle, "client", Protocol::Tcp, 8080);
        });
        found
    };
    assert_eq!(of("a/policy.yaml"), NO);
    assert_eq!(of("policy.yaml"), NO);
    assert_eq!(of("b/policy.yaml"), NO);
    // Two systems that are alike: each has its own.
    let files = [
        ("a/pods.yaml", PODS),
        ("b/pods.yaml", PODS),
        ("b/policy.yaml", deny.as_str()),
    ];
    with_files(&files, |bundle| {
        let isolated: Vec<Value<bool>> = bundle
            .workloads()
            .iter()
            .filter(|workload| workload.name() == "server")
            .map(|&workload| bundle.policies().isolated(bundle, workload, Direction::Ingress))
            .collect();
        assert_eq!(isolated, [NO, YES]);
    });
}
