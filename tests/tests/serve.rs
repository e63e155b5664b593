//! `plimsoll serve` as its clients see it: the program itself, on loopback.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use plimsoll_tests::certificates::Authority;
use plimsoll_tests::guarded::wait;
use plimsoll_tests::server::{Server, connect, connect_tls, post, raw, read_answer, review};
use plimsoll_tests::{folder, project, run, tool, write};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

fn plain(folder: &Path) -> Server {
    Server::start(PROGRAM, folder, &["--plain-http", "--no-context", "--linger=0"], &[])
}

/// A Pod with a password in plain sight, or without.
fn pod(password: Option<&str>) -> Value {
    let env = password.map(|value| json!([{"name": "DB_PASSWORD", "value": value}]));
    json!({
        "uid": "7d3c", "operation": "CREATE", "name": "web", "namespace": "shop",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "userInfo": {"username": "ann", "extra": {"token": ["never-logged"]}},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"containers": [{"name": "web", "image": "registry.invalid/web:1", "env": env}]}},
    })
}

/// Obviously no password, and obviously one to whoever looks for them.
const PASSWORD: &str = "Gr4nite-Puffin-93";

#[test]
fn a_review_by_curl_without_config_and_cluster() {
    let scratch = folder(&[("bad.json", &review(&pod(Some(PASSWORD))))]);
    let server = Server::start(PROGRAM, scratch.path(), &["--dev-cert", "--no-context"], &[]);
    let bundle = wait(Duration::from_secs(10), || {
        let log = server.log();
        log.lines()
            .find_map(|line| line.strip_prefix("caBundle: ").map(str::to_owned))
    });
    let pem = base64::engine::general_purpose::STANDARD
        .decode(bundle.expect("a caBundle"))
        .expect("base64");
    write(&scratch.path().join("ca.pem"), &pem);
    let Some(curl) = tool("curl") else { return };
    let url = format!("https://localhost:{}/validate", server.port);
    let answer = run(
        &curl.display().to_string(),
        scratch.path(),
        &[
            "-sS",
            "--http2",
            "--write-out",
            "\n%{http_version}",
            "--cacert",
            "ca.pem",
            "-H",
            "Content-Type: application/json",
            "--data-binary",
            "@bad.json",
            &url,
        ],
    );
    let (answer, version) = answer
        .stdout
        .rsplit_once('\n')
        .unwrap_or_else(|| panic!("{}", answer.stderr));
    // What the API server speaks.
    assert_eq!(version, "2");
    let answer: Value = serde_json::from_str(answer).expect("JSON");
    assert_eq!(answer["response"]["allowed"], json!(false));
    let message = answer["response"]["status"]["message"].as_str().expect("a message");
    assert!(
        message.contains("spec.containers[0].env[0]") && message.contains("[secrets/plaintext-env]"),
        "{message}"
    );
    assert!(!answer.to_string().contains(PASSWORD), "{answer}");
    // It logs behind the answer.
    let logged = wait(Duration::from_secs(10), || {
        Some(server.log()).filter(|log| log.contains("\"decision\":\"denied\""))
    });
    let log = logged.unwrap_or_else(|| panic!("{}", server.log()));
    assert!(!log.contains(PASSWORD) && !log.contains("never-logged"), "{log}");
}

#[test]
fn every_recording_has_its_answer() {
    let scratch = folder(&[]);
    let server = plain(scratch.path());
    let mut answers = BTreeMap::new();
    let reviews = project().join("tests/reviews");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&reviews)
        .expect("recordings")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    for file in files {
        let body = std::fs::read(&file).expect("a recording");
        let asked: Value = serde_json::from_slice(&body).expect("JSON");
        let response = server.post(&body).response();
        assert_eq!(response["uid"], asked["request"]["uid"], "{}", file.display());
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let decision = response["auditAnnotations"]["decision"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(response["allowed"], json!(decision != "denied"), "{name}");
        answers.insert(name, decision);
    }
    let decided = |wanted: &str| -> Vec<&str> {
        let names = answers.iter().filter(|(_, decision)| *decision == wanted);
        names.map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(
        decided("skipped: operation"),
        [
            "collection-delete",
            "deployment-delete",
            "deployment-scale",
            "deployment-status",
            "pod-delete",
            "pod-exec",
            "pod-resize",
        ]
    );
    assert_eq!(decided("skipped: deleting"), ["deployment-being-deleted"]);
    assert_eq!(decided("skipped: unchanged"), ["deployment-finalizer"]);
    assert_eq!(decided("skipped: owned"), ["pod-owned"]);
    let judged = answers
        .values()
        .filter(|decision| !decision.starts_with("skipped"))
        .count();
    assert!(judged >= 10, "{answers:?}");
    // It lets every site in, with credentials.
    assert_eq!(decided("denied"), ["ingress-create"]);
}

#[test]
fn what_is_no_review_is_refused_by_status() {
    let scratch = folder(&[("plimsoll.yaml", "admission: { body-limit: 64Ki }\n")]);
    let server = Server::start(
        PROGRAM,
        scratch.path(),
        &["--plain-http", "--no-context", "--config=plimsoll.yaml", "--linger=0"],
        &[],
    );
    let port = server.port;
    let post_as = |kind: &str, body: &str| {
        let head = format!(
            "POST /validate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(port, head.as_bytes()).expect("an answer").status
    };
    let good = review(&pod(None));
    assert_eq!(post_as("application/json", &good), 200);
    assert_eq!(post_as("application/json; charset=utf-8", &good), 200);
    assert_eq!(post_as("text/plain", &good), 415);
    for body in [
        "",
        "{",
        "{}",
        "[[[[",
        "\u{0}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}",
    ] {
        assert_eq!(post_as("application/json", body), 400, "{body}");
    }
    let deep = review(&pod(None)).replace(
        "\"spec\":",
        &format!("\"x\":{}{},\"spec\":", "[".repeat(20_000), "]".repeat(20_000)),
    );
    let response = server.post(deep.as_bytes()).response();
    assert_eq!(response["allowed"], json!(false), "{response}");
    let large = format!("{}{}", good, " ".repeat(64 << 10));
    let answer = server.post(large.as_bytes());
    assert_eq!(answer.status, 413, "{answer:?}");
    let mut chunked = b"POST /validate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in good.as_bytes().chunks(100) {
        chunked.extend(format!("{:x}\r\n", chunk.len()).bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend(b"\r\n");
    }
    let endless = chunked.clone();
    chunked.extend(b"0\r\n\r\n");
    assert_eq!(raw(port, &chunked).expect("an answer").status, 200);
    let mut too_long = endless;
    for _ in 0..1000 {
        too_long.extend(b"64\r\n");
        too_long.extend([b' '; 100]);
        too_long.extend(b"\r\n");
    }
    assert_eq!(raw(port, &too_long).map(|answer| answer.status), Some(413));
    assert_eq!(
        raw(port, b"GET /validate HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("an answer")
            .status,
        405
    );
    assert_eq!(
        raw(port, b"POST /mutate HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("an answer")
            .status,
        404
    );
    assert_eq!(server.get("/nothing").expect("an answer").status, 404);
    assert_eq!(server.get("/readyz").expect("an answer").status, 200);
    // After all that it answers as ever.
    assert_eq!(server.review(&pod(Some(PASSWORD)))["allowed"], json!(false));
}

#[test]
fn configuration_is_read_again_and_a_bad_one_refused() {
    let scratch = folder(&[("plimsoll.yaml", "admission: { mode: warn }\n")]);
    let server = Server::start(
        PROGRAM,
        scratch.path(),
        &["--plain-http", "--no-context", "--linger=0"],
        &[("PLIMSOLL_CONFIG", "plimsoll.yaml"), ("PLIMSOLL_UNKNOWN", "1")],
    );
    let bad = pod(Some(PASSWORD));
    assert_eq!(server.review(&bad)["allowed"], json!(true));
    let config = scratch.path().join("plimsoll.yaml");
    write(&config, b"admission: { mode: deny }\n");
    server.wait_for_metric("plimsoll_config_reloads_total{result=\"taken\"} 1");
    assert_eq!(server.review(&bad)["allowed"], json!(false));
    write(&config, b"admission:\n  mod: deny\n");
    server.wait_for_metric("plimsoll_config_reloads_total{result=\"refused\"} 1");
    assert!(
        server
            .log()
            .contains("plimsoll.yaml:2:3: unknown key; did you mean `mode`?"),
        "{}",
        server.log()
    );
    assert_eq!(server.review(&bad)["allowed"], json!(false), "the old one holds on");
    write(&config, b"policies: [ { path: nowhere.wasm } ]\n");
    server.wait_for_metric("plimsoll_config_reloads_total{result=\"refused\"} 2");
    assert_eq!(server.review(&bad)["allowed"], json!(false));
}

#[test]
fn a_policy_that_breaks_is_answered_and_the_others_go_on() {
    let scratch = folder(&[("plimsoll.yaml", "policies: [ { path: loop.wasm, on-failure: warn } ]\n")]);
    write(&scratch.path().join("loop.wasm"), plimsoll_test_guests::ENDLESS_LOOP);
    let server = Server::start(
        PROGRAM,
        scratch.path(),
        &["--plain-http", "--no-context", "--config=plimsoll.yaml", "--linger=0"],
        &[],
    );
    for _ in 0..3 {
        let response = server.review(&pod(None));
        assert_eq!(response["allowed"], json!(true), "{response}");
        let warnings = response["warnings"].to_string();
        assert!(warnings.contains("gave no verdict"), "{response}");
    }
    let response = server.review(&pod(Some(PASSWORD)));
    assert_eq!(response["allowed"], json!(false), "the others judge: {response}");
    assert!(
        server.metrics().contains("plimsoll_policy_failures_total{policy="),
        "{}",
        server.metrics()
    );
    write(
        &scratch.path().join("plimsoll.yaml"),
        b"policies: [ { path: loop.wasm, on-failure: deny } ]\n",
    );
    server.wait_for_metric("plimsoll_config_reloads_total{result=\"taken\"} 1");
    assert_eq!(server.review(&pod(None))["allowed"], json!(false));
}

#[test]
fn certificates_are_read_again_without_a_dropped_connection() {
    let (first, second) = (Authority::new("the first"), Authority::new("the second"));
    let scratch = folder(&[]);
    let put = |authority: &Authority| {
        let own = authority.issue(&["localhost", "127.0.0.1"]);
        write(&scratch.path().join("tls.crt"), own.certificate.as_bytes());
        write(&scratch.path().join("tls.key"), own.key.as_bytes());
    };
    put(&first);
    let server = Server::start(
        PROGRAM,
        scratch.path(),
        &["--tls-cert=tls.crt", "--tls-key=tls.key", "--no-context", "--linger=0"],
        &[],
    );
    let body = review(&pod(None));
    let ask = |ca: &Authority| {
        let stream = connect_tls(server.port, &ca.pem(), None)?;
        post(stream, "/validate", body.as_bytes()).map(|answer| answer.status)
    };
    assert_eq!(ask(&first), Some(200));
    assert_eq!(ask(&second), None, "signed by another");
    // A connection that is open before the change lives on.
    let mut old = std::io::BufReader::new(connect_tls(server.port, &first.pem(), None).expect("a connection"));
    let head = format!(
        "POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let keep_asking = |old: &mut std::io::BufReader<_>| {
        let stream: &mut rustls::StreamOwned<rustls::ClientConnection, std::net::TcpStream> = old.get_mut();
        stream.write_all(head.as_bytes()).expect("the connection is open");
        stream.write_all(body.as_bytes()).expect("the connection is open");
        read_answer(old).map(|answer| answer.status)
    };
    assert_eq!(keep_asking(&mut old), Some(200));
    write(
        &scratch.path().join("tls.crt"),
        b"-----BEGIN CERTIFICATE-----\nbroken\n",
    );
    let refused = wait(Duration::from_secs(30), || {
        server.log().contains("the old one serves on").then_some(())
    });
    assert!(refused.is_some(), "{}", server.log());
    assert_eq!(ask(&first), Some(200), "a broken one is refused");
    put(&second);
    let taken = wait(Duration::from_secs(30), || (ask(&second) == Some(200)).then_some(()));
    assert!(taken.is_some(), "{}", server.log());
    assert_eq!(keep_asking(&mut old), Some(200));
    assert!(
        server
            .metrics()
            .contains("plimsoll_certificate_expiry_timestamp_seconds ")
    );
    assert!(!server.log().contains("PRIVATE KEY"));
}

#[test]
fn clients_must_show_the_certificate_that_is_asked_for() {
    let (own, clients, others) = (
        Authority::new("ours"),
        Authority::new("clients'"),
        Authority::new("others'"),
    );
    let issued = own.issue(&["localhost"]);
    let scratch = folder(&[
        ("tls.crt", &issued.certificate),
        ("tls.key", &issued.key),
        ("clients.pem", &clients.pem()),
    ]);
    let server = Server::start(
        PROGRAM,
        scratch.path(),
        &[
            "--tls-cert=tls.crt",
            "--tls-key=tls.key",
            "--client-ca=clients.pem",
            "--no-context",
            "--linger=0",
        ],
        &[],
    );
    let body = review(&pod(None));
    let ask = |own_certificate: Option<(&str, &str)>| {
        let stream = connect_tls(server.port, &own.pem(), own_certificate)?;
        post(stream, "/validate", body.as_bytes()).map(|answer| answer.status)
    };
    let (known, unknown) = (clients.issue_client("api"), others.issue_client("api"));
    assert_eq!(ask(Some((&known.certificate, &known.key))), Some(200));
    assert_eq!(ask(Some((&unknown.certificate, &unknown.key))), None);
    assert_eq!(ask(None), None);
}

#[test]
fn sigterm_drains_and_ends_well() {
    let scratch = folder(&[]);
    let mut server = Server::start(
        PROGRAM,
        scratch.path(),
        &["--plain-http", "--no-context", "--linger=2"],
        &[],
    );
    let port = server.port;
    let body = review(&pod(None));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (body, stop) = (body.clone(), std::sync::Arc::clone(&stop));
            std::thread::spawn(move || {
                let (mut answered, mut lost) = (0, 0);
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    // Once nobody listens any more, there is nobody to lose a review.
                    let Some(stream) = connect(port) else { break };
                    match post(stream, "/validate", body.as_bytes()) {
                        Some(answer) if answer.status == 200 => answered += 1,
                        // Between the last accept and the close a connection may be reset before it was ever ours.
                        _ => lost += 1,
                    }
                }
                (answered, lost)
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.terminate(), Some(0), "{}", server.log());
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let sums = clients.into_iter().map(|client| client.join().expect("a client"));
    let (answered, lost) = sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(answered > 10, "{answered}");
    assert!(
        lost <= 4,
        "{lost} of {answered} were lost: more than one for each client's last connection"
    );
    assert!(server.log().contains("\"message\":\"ended\""), "{}", server.log());
}

#[test]
fn what_is_asked_wrongly_ends_with_2() {
    let scratch = folder(&[("bad.yaml", "admission: { mode: enforce }\n")]);
    for (arguments, wanted) in [
        (&["serve"][..], "a certificate is needed"),
        (
            &["serve", "--plain-http", "--config=bad.yaml"],
            "bad.yaml:1:20: must be one of deny, warn, audit",
        ),
        (
            &["serve", "--plain-http", "--config=none.yaml"],
            "none.yaml cannot be read",
        ),
        (
            &["serve", "--tls-cert=x", "--tls-key=y", "--no-context"],
            "x cannot be read",
        ),
        (&["serve", "--dev-cert", "--plain-http"], "cannot be used with"),
        (&["serve", "--plain-http", "--listen=nowhere"], "invalid"),
    ] {
        let outcome = run(PROGRAM, scratch.path(), arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(wanted), "{arguments:?}: {}", outcome.stderr);
    }
}
