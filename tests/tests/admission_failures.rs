//! When the webhook fails, is slow, gets another certificate, or comes back to a full cluster.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use plimsoll_tests::certificates::Authority;
use plimsoll_tests::cluster::Cluster;
use plimsoll_tests::cluster::server::Server;
use plimsoll_tests::cluster::transcript::Transcript;
use plimsoll_tests::guarded::{free_port, wait};
use plimsoll_tests::{DEPLOYMENT, say};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const PATIENCE: Duration = Duration::from_secs(60);

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: tides }\ndata: { depth: \"12\" }\n";

/// Registers what does not answer at this port, with both failure policies, and writes down what users see.
fn without_an_answer(name: &str, port: u16) {
    let Some(cluster) = Cluster::start() else { return };
    cluster.must(&["create", "namespace", "harbor"]);
    cluster.must(&["-n", "harbor", "create", "configmap", "old"]);
    let authority = Authority::new("nobody's");
    let mut seen = Transcript::default();
    seen.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:PORT");
    let register = |policy: &str| {
        cluster.register(port, &authority.pem(), |manifest| {
            let manifest = manifest.replace("failurePolicy: Fail", &format!("failurePolicy: {policy}"));
            manifest.replace("timeoutSeconds: 5", "timeoutSeconds: 1")
        });
    };
    let probe = || {
        cluster
            .kubectl(&["create", "configmap", "probe", "--dry-run=server"])
            .code
            == 0
    };

    register("Fail");
    assert!(
        wait(PATIENCE, || (!probe()).then_some(())).is_some(),
        "it is never asked"
    );
    seen.title("failurePolicy: Fail");
    assert_ne!(
        seen.kubectl(&cluster, &["-n", "harbor", "apply", "-f", "-"], CONFIG_MAP)
            .code,
        0
    );
    seen.title("what is there stays readable and can be deleted");
    assert_eq!(
        seen.kubectl(&cluster, &["-n", "harbor", "delete", "configmap", "old"], "")
            .code,
        0
    );
    seen.title("its own namespace and the cluster's are let through, so that both can be mended");
    cluster.must(&["create", "namespace", "plimsoll"]);
    for namespace in ["plimsoll", "kube-system"] {
        assert_eq!(
            seen.kubectl(&cluster, &["-n", namespace, "apply", "-f", "-"], CONFIG_MAP)
                .code,
            0
        );
    }
    register("Ignore");
    assert!(
        wait(PATIENCE, || probe().then_some(())).is_some(),
        "it is still held up"
    );
    seen.title("failurePolicy: Ignore");
    assert_eq!(
        seen.kubectl(&cluster, &["-n", "harbor", "apply", "-f", "-"], CONFIG_MAP)
            .code,
        0
    );
    seen.title("the way out");
    let delete = ["delete", "validatingwebhookconfiguration", "plimsoll-plimsoll"];
    assert_eq!(seen.kubectl(&cluster, &delete, "").code, 0);
    seen.compare(name);
}

#[test]
fn a_dead_webhook() {
    without_an_answer("dead-webhook", free_port());
}

#[test]
fn a_slow_webhook() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    // Connections are taken and held, and nothing is ever said.
    std::thread::spawn(move || listener.incoming().flatten().collect::<Vec<_>>());
    without_an_answer("slow-webhook", port);
}

#[test]
fn certificates_change_under_load_and_nobody_notices() {
    let Some(cluster) = Cluster::start() else { return };
    let server = Server::start(PROGRAM, &cluster, "admission: { mode: deny }\n", &["--no-context"]);
    let timeout = |manifest: String| manifest.replace("timeoutSeconds: 5", "timeoutSeconds: 20");
    server.register(&cluster, timeout);
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let taken = |times: usize| {
        let seen = wait(PATIENCE, || {
            (server.log().matches("new certificate").count() >= times).then_some(())
        });
        assert!(seen.is_some(), "certificate {times} is never taken:\n{}", server.log());
    };
    let calls = |more: usize| {
        let before = done.load(Ordering::Relaxed);
        let seen = wait(PATIENCE, || {
            (done.load(Ordering::Relaxed) >= before + more).then_some(())
        });
        assert!(seen.is_some(), "nobody calls any more");
    };
    let failed = std::thread::scope(|scope| {
        let load = || {
            let mut failed = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let run = cluster.kubectl_with(&["create", "--dry-run=server", "-f", "-"], CONFIG_MAP);
                done.fetch_add(1, Ordering::Relaxed);
                if run.code != 0 {
                    failed.push(run.stderr);
                }
            }
            failed
        };
        let callers = [scope.spawn(load), scope.spawn(load)];
        let changes = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            calls(4);
            // Another certificate by the same authority.
            server.certify(&server.authority.issue(&["127.0.0.1"]));
            taken(1);
            calls(4);
            // Another authority: both are trusted, then the certificate changes, then only the new one is trusted.
            let next = Authority::new("the next");
            cluster.register(server.port, &(server.authority.pem() + &next.pem()), timeout);
            std::thread::sleep(Duration::from_secs(2));
            server.certify(&next.issue(&["127.0.0.1"]));
            taken(2);
            calls(4);
            cluster.register(server.port, &next.pem(), timeout);
            std::thread::sleep(Duration::from_secs(2));
            calls(4);
        }));
        stop.store(true, Ordering::Relaxed);
        let failed: Vec<String> = callers
            .into_iter()
            .flat_map(|caller| caller.join().expect("a caller"))
            .collect();
        if let Err(panic) = changes {
            std::panic::resume_unwind(panic);
        }
        failed
    });
    assert_eq!(failed, Vec::<String>::new());
    let reviews = server.metric("plimsoll_reviews_total", "operation=\"CREATE\"");
    let done = done.load(Ordering::Relaxed);
    say(&format!("{done} calls, {reviews} reviews"));
    assert!(done >= 16 && reviews >= 16.0, "{done} calls, {reviews} reviews");
}

/// Objects of a cluster that is no longer empty.
const OBJECTS: usize = 200;

#[test]
fn a_server_that_starts_in_a_full_cluster_knows_all_of_it_before_it_is_ready() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.grant();
    cluster.must(&["create", "namespace", "harbor"]);
    let mut objects = String::new();
    for number in 0..OBJECTS {
        let map = CONFIG_MAP.replace("tides", &format!("tides-{number}"));
        objects += &format!(
            "---\n{map}---\n{}",
            DEPLOYMENT.replace("quay", &format!("quay-{number}"))
        );
    }
    cluster.must_with(&["-n", "harbor", "create", "-f", "-"], &objects);
    // The last one made is the one that is asked about.
    let service = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: last }}\nspec: {{ selector: {{ app: quay-{} }}, ports: [ {{ port: 80, \
         targetPort: 4000 }} ] }}\n",
        OBJECTS - 1
    );
    for round in 0..2 {
        let mut server = Server::start(PROGRAM, &cluster, "admission: { mode: deny }\n", &[]);
        let known = |kind: &str| server.metric("plimsoll_context_objects", &format!("kind=\"{kind}\""));
        assert!(
            known("ConfigMap") >= OBJECTS as f64 && known("Deployment.apps") >= OBJECTS as f64,
            "{}",
            server.metrics()
        );
        server.register(&cluster, |manifest| manifest);
        let run = cluster.kubectl_with(&["-n", "harbor", "apply", "-f", "-"], &service);
        assert_eq!(run.code, 1, "round {round}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("ports/target-port-mismatch"), "{}", run.stderr);
        assert_eq!(server.terminate(), Some(0), "{}", server.log());
        cluster.must(&["delete", "validatingwebhookconfiguration", "plimsoll-plimsoll"]);
    }
}
