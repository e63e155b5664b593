//! What lies around an object is enough: over random small clusters, every policy says of an object the same with its
//! neighbours as with the whole cluster.

use std::collections::BTreeMap;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::finding::{Judgement, accept};
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{Limits, Manifest, manifest_of_text};
use plimsoll_sdk::testing::Native;
use plimsoll_tree::Role;
use plimsoll_webhook::context::{Bounds, Prepared, Room, Store};
use serde_json::{Value, json};

/// How many clusters are made up.
const CLUSTERS: u64 = 400;

const NAMESPACES: [&str; 2] = ["shop", "data"];
const NAMES: [&str; 4] = ["web", "db", "api", "cache"];
const PORTS: [u16; 3] = [80, 8080, 5432];

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice {
    state: u64,
    /// Everything fits together but for the policies: else hardly any call is one that could be made.
    tidy: bool,
}

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }

    fn once_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

/// A port that clients dial.
fn dialled(dice: &mut Dice) -> u16 {
    if dice.tidy { 80 } else { dice.pick(&PORTS) }
}

/// A port that pods listen on.
fn listened(dice: &mut Dice) -> u16 {
    if dice.tidy { 8080 } else { dice.pick(&PORTS) }
}

/// A value that names a host, in one of the ways in which people do.
fn host(dice: &mut Dice) -> String {
    let (name, namespace) = (dice.pick(&NAMES), dice.pick(&NAMESPACES));
    let port = dialled(dice);
    match dice.roll(4) {
        0 => format!("http://{name}:{port}/"),
        1 => format!("http://{name}.{namespace}:{port}/"),
        2 => format!("postgres://{name}.{namespace}.svc.cluster.local:{port}/x"),
        _ => format!("{name}:{port}"),
    }
}

fn labels(dice: &mut Dice, name: &str) -> Value {
    match dice.roll(3) {
        _ if dice.tidy => json!({"app": name}),
        0 => json!({"app": name}),
        1 => json!({"app": name, "tier": "back"}),
        _ => json!({"app": dice.pick(&NAMES), "tier": "front"}),
    }
}

fn selector(dice: &mut Dice) -> Value {
    match dice.roll(4) {
        0 => json!({}),
        1 => json!({"matchLabels": {"app": dice.pick(&NAMES)}}),
        2 => json!({"matchLabels": {"tier": dice.pick(&["front", "back"])}}),
        _ => json!({"matchExpressions": [{"key": "app", "operator": "In", "values": [dice.pick(&NAMES), "other"]}]}),
    }
}

fn pod(dice: &mut Dice) -> Value {
    let mut container =
        json!({"name": "main", "image": dice.pick(&["registry.invalid/app:1", "nginx:1.27", "postgres:16"])});
    let mut env = Vec::new();
    if dice.once_in(2) {
        env.push(json!({"name": "PORT", "value": listened(dice).to_string()}));
    }
    if dice.once_in(2) {
        env.push(json!({"name": "UPSTREAM_URL", "value": host(dice)}));
    }
    if dice.once_in(3) {
        let from = json!({"configMapKeyRef": {"name": dice.pick(&NAMES), "key": "URL"}});
        env.push(json!({"name": "OTHER_URL", "valueFrom": from}));
    }
    container["env"] = json!(env);
    if dice.once_in(3) {
        container["envFrom"] = json!([{"configMapRef": {"name": dice.pick(&NAMES)}}]);
    }
    if dice.once_in(2) {
        container["ports"] = json!([{"name": dice.pick(&["http", "db"]), "containerPort": listened(dice)}]);
    }
    let mut spec = json!({"containers": [container]});
    if dice.once_in(12) {
        spec["hostNetwork"] = json!(true);
    }
    spec
}

fn peer(dice: &mut Dice) -> Value {
    let namespaces = match dice.roll(4) {
        0 => json!({}),
        1 => json!({"matchLabels": {"name": dice.pick(&NAMESPACES)}}),
        2 => json!({"matchLabels": {"team": dice.pick(&["a", "b"])}}),
        _ => json!({"matchLabels": {"kubernetes.io/metadata.name": dice.pick(&NAMESPACES)}}),
    };
    match dice.roll(4) {
        0 => json!({"podSelector": selector(dice)}),
        1 => json!({"namespaceSelector": namespaces}),
        2 => json!({"namespaceSelector": namespaces, "podSelector": selector(dice)}),
        _ => json!({"ipBlock": {"cidr": "10.0.0.0/8"}}),
    }
}

fn policy(dice: &mut Dice) -> Value {
    let mut spec = json!({"podSelector": selector(dice), "policyTypes": ["Ingress"]});
    for (side, whom) in [("ingress", "from"), ("egress", "to")] {
        if dice.once_in(2) {
            let mut rule = json!({});
            if dice.once_in(2) {
                let peers: Vec<Value> = (0..=dice.roll(2)).map(|_| peer(dice)).collect();
                rule[whom] = json!(peers);
            }
            if dice.once_in(2) {
                rule["ports"] = json!([{"port": dice.pick(&PORTS), "protocol": "TCP"}]);
            }
            spec[side] = json!([rule]);
            if side == "egress" {
                spec["policyTypes"] = json!(["Ingress", "Egress"]);
            }
        }
    }
    spec
}

fn object(dice: &mut Dice) -> Value {
    let (name, namespace) = (dice.pick(&NAMES), dice.pick(&NAMESPACES));
    let template = json!({"metadata": {"labels": labels(dice, name)}, "spec": pod(dice)});
    let mut called = name;
    let (version, kind, spec) = match dice.roll(10) {
        0..3 => {
            let kind = dice.pick(&["Deployment", "StatefulSet"]);
            if dice.once_in(5) {
                // By its name it stands before the others.
                called = "edge-gateway";
            }
            let matched = json!({"matchLabels": template["metadata"]["labels"].clone()});
            ("apps/v1", kind, json!({"selector": matched, "template": template}))
        }
        3..6 => {
            let selects = labels(dice, name);
            let target = match dice.roll(3) {
                0 => json!(dice.pick(&["http", "db"])),
                _ => json!(listened(dice)),
            };
            let ports = json!([{"name": "http", "port": dialled(dice), "targetPort": target, "protocol": "TCP"}]);
            let mut spec = json!({"selector": selects, "ports": ports});
            match dice.roll(8) {
                0 => spec["clusterIP"] = json!("None"),
                1 => spec["type"] = json!("LoadBalancer"),
                2 => {
                    spec = json!({"type": "ExternalName", "externalName": format!("{}.shop.svc.cluster.local", dice.pick(&NAMES))})
                }
                _ => {}
            }
            ("v1", "Service", spec)
        }
        6 => {
            let service = json!({"name": dice.pick(&NAMES), "port": {"number": dialled(dice)}});
            let spec = json!({"defaultBackend": {"service": service}, "ingressClassName": "nginx"});
            ("networking.k8s.io/v1", "Ingress", spec)
        }
        7 => {
            let data = json!({"URL": host(dice), "PORT": dice.pick(&PORTS).to_string()});
            let metadata = json!({"name": name, "namespace": namespace});
            return json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        }
        _ => ("networking.k8s.io/v1", "NetworkPolicy", policy(dice)),
    };
    let metadata = json!({"name": called, "namespace": namespace});
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

/// A cluster of a score of objects, each with an identity of its own, in order of their paths.
fn cluster(dice: &mut Dice) -> Vec<Value> {
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    for namespace in NAMESPACES {
        let labels = json!({"kubernetes.io/metadata.name": namespace, "team": dice.pick(&["a", "b"])});
        let metadata = json!({"name": namespace, "labels": labels});
        all.insert(
            namespace.to_owned(),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
        );
    }
    for _ in 0..5 + dice.roll(20) {
        let object = object(dice);
        let metadata = &object["metadata"];
        let key = format!("{}/{}/{}", metadata["namespace"], object["kind"], metadata["name"]);
        all.insert(key, object);
    }
    all.into_values().collect()
}

fn policies() -> Vec<Box<dyn Judge>> {
    vec![
        Box::new(Native::<plimsoll_policy_cors::Cors>::new()),
        Box::new(Native::<plimsoll_policy_network::Network>::new()),
        Box::new(Native::<plimsoll_policy_openchoreo::Openchoreo>::new()),
        Box::new(Native::<plimsoll_policy_ports::Ports>::new()),
        Box::new(Native::<plimsoll_policy_probes::Probes>::new()),
        Box::new(Native::<plimsoll_policy_secrets::Secrets>::new()),
    ]
}

/// What the policies say of the first of these manifests in the light of the others.
fn verdict(policies: &[Box<dyn Judge>], manifests: Vec<Manifest>) -> Vec<String> {
    let mut roles = vec![Role::Context; manifests.len()];
    roles[0] = Role::Subject;
    let options = Options {
        roles,
        no_alternatives: true,
        ..Options::default()
    };
    let bundle = Bundle::build(manifests, &options).expect("a small bundle");
    let judge = |policy: &dyn Judge| {
        let rules: Vec<u32> = (0..).zip(&policy.description().rules).map(|(rule, _)| rule).collect();
        let verdict = policy.check(&bundle, &rules, "");
        (rules, verdict)
    };
    let judgements = policies.iter().map(|policy| {
        let (reported, verdict) = judge(policy.as_ref());
        Judgement {
            policy: policy.description(),
            verdict,
            reported,
        }
    });
    let (findings, _, failures) = accept(&bundle, judgements.collect());
    assert!(failures.is_empty(), "{failures:?}");
    let shown = |finding: &plimsoll_core::finding::Finding| {
        let related: Vec<String> = finding
            .related
            .iter()
            .map(|place| {
                format!(
                    "{} {}/{}{}",
                    place.message, place.object.kind, place.object.name, place.path
                )
            })
            .collect();
        format!(
            "{} {} {} {} {:?} {:?}",
            finding.severity, finding.rule, finding.path, finding.message, finding.help, related
        )
    };
    let mut all: Vec<String> = findings.iter().map(shown).collect();
    all.sort();
    all
}

fn path(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    plimsoll_webhook::context::path(
        &text(&metadata["namespace"]),
        &text(&object["kind"]),
        &text(&metadata["name"]),
    )
}

#[test]
fn neighbours_are_enough() {
    let policies = policies();
    let (mut found, mut judged, mut left_out) = (BTreeMap::<String, usize>::new(), 0, 0);
    for seed in 0..CLUSTERS {
        let objects = cluster(&mut Dice {
            state: seed,
            tidy: seed % 2 == 1,
        });
        let mut store = Store::new(Bounds::default());
        for object in &objects {
            store.put(Prepared::new(object.to_string()).expect("an object"));
        }
        for subject in &objects {
            let read = |object: &Value| manifest_of_text(&path(object), object.to_string().into(), &Limits::default());
            let own = read(subject);
            let around = store.around(&[&own], Room::default());
            assert!(around.whole);
            let mut near = vec![own.clone()];
            near.extend(around.objects);
            left_out += objects.len() - near.len();
            let mut all = vec![own];
            all.extend(store.all().into_iter().filter(|other| other.path != path(subject)));
            let names: Vec<String> = near.iter().map(|manifest| manifest.path.clone()).collect();
            let (expected, seen) = (verdict(&policies, all), verdict(&policies, near));
            assert_eq!(
                seen,
                expected,
                "cluster {seed}, {} among {names:#?} of\n{}",
                path(subject),
                objects.iter().map(|object| format!("{object}\n")).collect::<String>()
            );
            judged += 1;
            for finding in expected {
                let rule = finding.split(' ').nth(1).unwrap_or_default().to_owned();
                *found.entry(rule).or_default() += 1;
            }
        }
    }
    // The test must not pass because nothing is ever found, or because everything is always near.
    for rule in [
        "network/ingress-path-blocked",
        "network/namespace-label-missing",
        "network/required-flow-blocked",
        "network/service-port-in-policy",
        "network/workload-not-isolated",
        "ports/connection-url-port",
        "ports/named-target-port-unresolved",
        "ports/route-backend-port",
        "ports/target-port-mismatch",
    ] {
        assert!(found.contains_key(rule), "{rule} is never found: {found:#?}");
    }
    assert!(
        left_out > 2 * judged,
        "{left_out} objects left out in {judged} verdicts"
    );
}

/// Whoever comes last of a policy, the route, its Service and the pods is told of the others, and a proxy among the pods that
/// the policy lets in is seen from each.
#[test]
fn a_route_that_a_policy_blocks_is_seen_from_all_sides() {
    let policies = policies();
    let object = |version: &str, kind: &str, name: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec});
    let deployment = |name: &str| {
        let labels = json!({"app": name});
        let container = json!({"name": "main", "image": "registry.invalid/app:1", "ports": [{"containerPort": 8080}]});
        let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [container]}});
        let spec = json!({"selector": {"matchLabels": labels}, "template": template});
        object("apps/v1", "Deployment", name, spec)
    };
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let port = json!({"port": 80, "targetPort": 8080});
    let admits = json!([{"from": [{"podSelector": {}}]}]);
    let blocked = [
        object(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "own",
            json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": admits}),
        ),
        object(
            "networking.k8s.io/v1",
            "Ingress",
            "web",
            json!({"ingressClassName": "nginx", "defaultBackend": backend}),
        ),
        object(
            "v1",
            "Service",
            "web",
            json!({"selector": {"app": "web"}, "ports": [port]}),
        ),
        deployment("web"),
    ];
    for (proxy, wanted) in [(None, true), (Some(deployment("edge-gateway")), false)] {
        let mut store = Store::new(Bounds::default());
        for object in blocked.iter().chain(&proxy) {
            store.put(Prepared::new(object.to_string()).expect("an object"));
        }
        for subject in &blocked {
            let subject = manifest_of_text(&path(subject), subject.to_string().into(), &Limits::default());
            let mut near = vec![subject.clone()];
            near.extend(store.around(&[&subject], Room::default()).objects);
            let said = verdict(&policies, near);
            let blocked = said
                .iter()
                .any(|finding| finding.contains("network/ingress-path-blocked"));
            assert_eq!(blocked, wanted, "{}, with {proxy:?}: {said:#?}", subject.path);
        }
    }
}

#[test]
fn whatever_may_be_a_proxy_is_near() {
    for part in plimsoll_policy_network::PROXIES {
        let named = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec});
        let template = json!({"metadata": {"labels": {"app": "edge"}}, "spec": {"containers": [{"name": "a"}]}});
        let mut policy = named(
            "NetworkPolicy",
            "web",
            json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
        );
        policy["apiVersion"] = json!("networking.k8s.io/v1");
        let proxy = format!("Edge-{part}-1");
        let mut store = Store::new(Bounds::default());
        let proxy = named("Deployment", &proxy, json!({"template": template}));
        store.put(Prepared::new(proxy.to_string()).expect("an object"));
        let subject = manifest_of_text(&path(&policy), policy.to_string().into(), &Limits::default());
        let around = store.around(&[&subject], Room::default());
        let near: Vec<&str> = around.objects.iter().map(|manifest| manifest.path.as_str()).collect();
        assert_eq!(near, [path(&proxy)], "{part}");
    }
}
