//! Hosts in texts, in workloads, and what they lead to.

use plimsoll_core::bundle::{Bundle as Built, Options};
use plimsoll_core::read::{self, Limits};

use super::scan::{Found, scan};
use super::{Destination, Dialled, Source};
use crate::Bundle;

/// What is found in a text: `scheme host port`.
fn found(text: &str) -> Vec<String> {
    let part = |range: &std::ops::Range<usize>| text.get(range.clone()).expect("a range of the text");
    scan(text, text.contains('\n'))
        .iter()
        .map(|Found { scheme, host, port }| {
            format!("{} {} {}", part(scheme), part(host), port.as_ref().map_or("-", part))
        })
        .collect()
}

#[test]
fn hosts_in_texts() {
    for (text, expected) in [
        ("http://cart", &["http cart -"][..]),
        ("http://cart:8080/api?next=http://other:1", &["http cart 8080"]),
        ("postgres://user:pa:ss@db:5432/app", &["postgres db 5432"]),
        ("postgres://$(USER):$(PASSWORD)@db:5432/app", &["postgres db 5432"]),
        ("postgres://${USER}:${PASSWORD:-a/b}@db/app", &["postgres db -"]),
        ("http://$(CART_HOST):$(CART_PORT)/", &["http $(CART_HOST) $(CART_PORT)"]),
        ("http://{{ .Host }}:80", &["http {{ .Host }} 80"]),
        (
            "mongodb://a:b@m-0.m:27017,m-1.m:27017/app?replicaSet=rs",
            &["mongodb m-0.m 27017", "mongodb m-1.m 27017"],
        ),
        (
            "http://etcd-0:2379,http://etcd-1:2379",
            &["http etcd-0 2379", "http etcd-1 2379"],
        ),
        (
            "jdbc:postgresql://db:5432/app?socketFactory=x:1",
            &["postgresql db 5432"],
        ),
        ("jdbc:sqlserver://sql:1433;databaseName=app", &["sqlserver sql 1433"]),
        ("jdbc:oracle:thin:@//ora:1521/app", &[" ora 1521"]),
        ("jdbc:oracle:thin:@ora:1521:app", &[" ora 1521"]),
        ("http://[fd00::7]:8080/", &["http [fd00::7] 8080"]),
        (
            "PLAINTEXT://kafka:9092,SASL_SSL://kafka:9093",
            &["PLAINTEXT kafka 9092", "SASL_SSL kafka 9093"],
        ),
        ("kafka-0:9092,kafka-1:9092", &[" kafka-0 9092", " kafka-1 9092"]),
        ("zk-0.zk:2181/chroot", &[" zk-0.zk 2181"]),
        ("user:secret@tcp(db:3306)/app", &[" db 3306"]),
        ("cart:$(CART_PORT)", &[" cart $(CART_PORT)"]),
        ("host=db port=5432 user=app dbname=app", &[" db 5432"]),
        ("Host=db;Port=5432;Database=app", &[" db 5432"]),
        ("Server=tcp:sql,1433;Database=app", &[" sql 1433"]),
        ("Server=sql;Database=app;User Id=sa", &[" sql -"]),
        ("server=yes", &[]),
        ("postgres:16", &[]),
        ("redis:7.2-alpine", &[]),
        ("registry.shop.example/shop/cart:8080", &[]),
        ("user:1234@cart", &[]),
        ("project:region:name=tcp:5432", &[]),
        ("12:30:45", &[]),
        ("main.go:120", &[" main.go 120"]),
        ("http://:80/", &[]),
        ("://x", &[]),
        ("http://", &[]),
        ("http://cart:99999/", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn comments_of_files_are_left_out() {
    assert_eq!(
        found("# http://old:80\nurl: http://new:80 # http://was:80\n"),
        ["http new 80"]
    );
    assert_eq!(found("  // http://old\n; a:1234\n-- b:1234\nc:1234\n"), [" c 1234"]);
    assert_eq!(found("image: cart:8080\ncart:8080\n"), [" cart 8080"]);
    assert_eq!(found("#fragment"), Vec::<String>::new());
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "é://é:é",
        ":",
        "::",
        "a:1",
        "a:$(",
        "http://$(",
        "http://{{",
        "http://[",
        "http://[]:",
        "host=",
        "host=é;port=é",
        "a://b,",
        "a://,:",
        "\u{1F600}:80",
    ] {
        let _ = scan(text, true);
        let _ = scan(text, false);
    }
}

fn with(text: &str, check: impl FnOnce(&Bundle<'_>)) {
    let manifest = read::manifest("app.yaml", text.as_bytes(), &Limits::default());
    let built = Built::build(vec![manifest], &Options::default()).expect("it fits");
    let tree = built.tree();
    check(&Bundle::new(&tree));
}

/// All references: reader, source, host and port, with what they lead to.
fn references(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    with(text, |bundle| {
        for reference in bundle.hosts().all(bundle) {
            let source = match &reference.source {
                Source::Variable(name) | Source::File(name) | Source::Data(name) => name.clone(),
                Source::CommandLine => "command".to_owned(),
            };
            let port = match &reference.port {
                Dialled::Written { number, .. } => format!("{number}"),
                Dialled::Scheme(number) => format!("({number})"),
                Dialled::Unknown => "?".to_owned(),
                Dialled::Unsaid => "-".to_owned(),
            };
            let leads = leads(&bundle.hosts().destination(bundle, reference));
            let secret = if reference.secret { "!" } else { "" };
            all.push(format!("{source} {}:{port}{secret} -> {leads}", reference.host));
            // The place says what was read.
            if let (Some(text), Some(within)) = (reference.at.raw_text(), reference.within.clone()) {
                let place = text.get(within).expect("a range of the text");
                assert!(place == reference.host || place.contains('$'), "{place}");
            }
        }
    });
    all
}

fn leads(destination: &Destination<'_>) -> String {
    match destination {
        Destination::Service { service, pod, .. } => {
            format!("{}{}", service.called(), if *pod { " (pod)" } else { "" })
        }
        Destination::Made(made) => format!("{} by {}", made.name, made.by.called()),
        Destination::ApiServer => "api server".to_owned(),
        Destination::Loopback => "loopback".to_owned(),
        Destination::Any => "any".to_owned(),
        Destination::Address => "address".to_owned(),
        Destination::External => "external".to_owned(),
        Destination::Unseen => "unseen".to_owned(),
        Destination::Unknown => "unknown".to_owned(),
    }
}

fn service(name: &str, spec: &str) -> String {
    format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n")
}

fn pod(env: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec:\n  containers:\n    - name: web\n      image: web:1\n{env}"
    )
}

#[test]
fn a_workload_is_told_hosts() {
    let text = pod(
        "      args: [--cart=http://cart:8080, --stock-host=stock, --stock-port, \"7000\", --listen-host=stock]
      env:
        - {name: A_URL, value: \"http://cart.shop\"}
        - {name: B_HOST, value: stock}
        - {name: B_PORT, value: \"7001\"}
        - {name: C_HOST, value: $(B_HOST)}
        - {name: C_URL, value: \"http://$(B_HOST):$(B_PORT)/\"}
        - {name: D_URL, value: \"http://cart\"}
        - {name: D_PORT, value: \"81\"}
        - {name: HTTP_HOST, value: stock}
        - {name: HTTP_PORT, value: \"3000\"}
        - {name: LISTEN_ADDR, value: \"stock:1\"}
        - {name: E, valueFrom: {secretKeyRef: {name: keys, key: url}}}
        - {name: F, valueFrom: {configMapKeyRef: {name: conf, key: f}}}
",
    ) + &service("cart", "{ports: [{port: 80}]}")
        + &service("stock", "{ports: [{port: 7000}]}")
        + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: shop}\nstringData: {url: \"amqp://u:p@queue:5672\", other: \"http://cart:1\"}\n"
        + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: shop}\ndata: {f: \"redis://cache\", g: \"http://cart:2\"}\n";
    assert_eq!(
        references(&text),
        [
            "A_URL cart.shop:(80) -> cart",
            "B_HOST stock:7001 -> stock",
            "C_HOST stock:- -> stock",
            "C_URL stock:7001 -> stock",
            "D_URL cart:? -> cart",
            "F cache:(6379) -> unseen",
            "E queue:5672! -> unseen",
            "command cart:8080 -> cart",
            "command stock:7000 -> stock",
            "g cart:2 -> cart",
            "other cart:1! -> cart",
        ]
    );
}

#[test]
fn names_lead_to_services() {
    let services = service("db", "{ports: [{port: 5432}]}")
        + &service("peers", "{clusterIP: None, ports: [{port: 7000}]}")
        + &service("alias", "{type: ExternalName, externalName: db.shop.svc.cluster.local}")
        + &service("outside", "{type: ExternalName, externalName: db.example.com}")
        + &service("loop", "{type: ExternalName, externalName: loop.shop.svc}")
        + "---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: orders, namespace: shop}\nspec: {instances: 3}\n";
    with(&services, |bundle| {
        let from = bundle.objects().next().expect("a Service");
        for (host, expected) in [
            ("db", "db"),
            ("DB", "db"),
            ("db.shop", "db"),
            ("db.shop.svc", "db"),
            ("db.shop.svc.cluster.local.", "db"),
            ("db.other", "unseen"),
            ("peers-0.peers", "peers (pod)"),
            ("peers-0.peers.shop.svc.cluster.local", "peers (pod)"),
            ("db-0.db", "unseen"),
            ("alias", "db"),
            ("outside", "external"),
            ("loop", "unknown"),
            ("nothing", "unseen"),
            ("orders-rw", "orders-rw by orders"),
            ("orders-rw.shop.svc", "orders-rw by orders"),
            ("kubernetes.default.svc", "api server"),
            ("db.example.com", "external"),
            ("localhost", "loopback"),
            ("0.0.0.0", "any"),
            ("10.0.0.1", "address"),
            ("$(DB)", "unknown"),
        ] {
            let found = bundle.hosts().resolve(bundle, from, host);
            let found = leads(&found);
            assert_eq!(found, expected, "{host}");
        }
    });
}
