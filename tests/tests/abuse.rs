//! Clients that mean no good, against the program itself: whatever they do, the others are answered and nothing is left
//! behind.

use std::io::{BufReader, Write as _};
use std::time::{Duration, Instant};

use plimsoll_tests::folder;
use plimsoll_tests::guarded::wait;
use plimsoll_tests::server::{Answer, Server, connect, post, read_answer, review};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

fn config_map(value: String) -> Value {
    json!({
        "uid": "5a1e", "operation": "CREATE", "name": "settings", "namespace": "shop",
        "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"},
            "data": {"text": value}},
    })
}

fn start(folder: &std::path::Path) -> Server {
    Server::start(PROGRAM, folder, &["--plain-http", "--no-context", "--linger=0"], &[])
}

fn answers(server: &Server) {
    let started = Instant::now();
    let response = server.review(&config_map("small".to_owned()));
    assert_eq!(response["allowed"], json!(true), "{response}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn a_thousand_connections() {
    let scratch = folder(&[]);
    let server = start(scratch.path());
    let idle: Vec<_> = (0..1000).filter_map(|_| connect(server.port)).collect();
    assert!(idle.len() > 900, "{}", idle.len());
    answers(&server);
    // All of them ask at the same time.
    let body = review(&config_map("small".to_owned()));
    let head = format!(
        "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut idle = idle;
    for stream in &mut idle {
        stream.write_all(head.as_bytes()).expect("the connection is open");
    }
    let answered: Vec<Answer> = idle
        .into_iter()
        .map(|stream| read_answer(&mut BufReader::new(stream)).expect("every connection is answered"))
        .collect();
    for answer in &answered {
        match answer.status {
            200 => assert_eq!(answer.response()["allowed"], json!(true)),
            // The API server asks again.
            429 => assert!(answer.head.contains("retry-after: 1"), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }
    assert!(answered.iter().any(|answer| answer.status == 200));
    let shed = answered.iter().filter(|answer| answer.status == 429).count();
    server.wait_for_metric(&format!("plimsoll_reviews_shed_total {shed}"));
    server.wait_for_metric("plimsoll_reviews_in_flight 0");
    answers(&server);
}

#[test]
fn slow_and_silent_clients_hold_nobody_up() {
    let scratch = folder(&[]);
    let server = start(scratch.path());
    let mut slow = Vec::new();
    for number in 0..300 {
        let mut stream = connect(server.port).expect("a connection");
        let start: &[u8] = match number % 4 {
            // Says nothing at all.
            0 => b"",
            // Half a head.
            1 => b"POST /validate HTTP/1.1\r\nHost:",
            // A head that promises a body, and a byte of it.
            2 => b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20000000\r\n\r\n{",
            // An endless body in chunks.
            _ => b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        };
        stream.write_all(start).expect("the connection is open");
        slow.push(stream);
    }
    answers(&server);
    // Whose body does not come is told so.
    let late = slow.swap_remove(2);
    let answer = read_answer(&mut BufReader::new(late)).expect("an answer");
    assert_eq!(answer.status, 408, "{answer:?}");
    drop(slow);
    answers(&server);
    server.wait_for_metric("plimsoll_reviews_in_flight 0");
}

#[test]
fn who_goes_away_leaves_nothing_behind() {
    let scratch = folder(&[]);
    let server = start(scratch.path());
    let body = review(&config_map("x".repeat(200_000)));
    for _ in 0..200 {
        let mut stream = connect(server.port).expect("a connection");
        let head = format!(
            "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body.as_bytes());
        // And is gone before the answer.
    }
    server.wait_for_metric("plimsoll_reviews_in_flight 0");
    answers(&server);
}

#[test]
fn the_largest_legal_review_and_many_at_once() {
    let scratch = folder(&[]);
    let mut server = start(scratch.path());
    // Written as six bytes each, as the API server writes them: 1.45 MB become 8.7 MB.
    let text = "\u{1}<>&".repeat(362_500);
    let mut request = config_map(text.clone());
    request["operation"] = json!("UPDATE");
    request["oldObject"] = request["object"].clone();
    request["object"]["data"]["text"] = json!(text + "x");
    let body = review(&request)
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    assert!((16 << 20..20 << 20).contains(&body.len()), "{}", body.len());
    let response = server.post(body.as_bytes()).response();
    assert_eq!(response["allowed"], json!(true), "{}", response["status"]);
    let above = format!("{body}{}", " ".repeat((20 << 20) + 1 - body.len()));
    assert_eq!(server.post(above.as_bytes()).status, 413);
    let port = server.port;
    let many: Vec<_> = (0..24)
        .map(|_| {
            let body = body.clone();
            std::thread::spawn(move || {
                connect(port).and_then(|stream| post(stream, "/validate?timeout=30s", body.as_bytes()))
            })
        })
        .collect();
    let statuses: Vec<u16> = many
        .into_iter()
        .map(|one| one.join().expect("a client").map_or(0, |answer| answer.status))
        .collect();
    assert!(
        statuses.iter().all(|status| matches!(status, 200 | 429)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&200), "{statuses:?}");
    assert_eq!(server.ended(), None, "{}", server.log());
    answers(&server);
}

#[test]
fn a_policy_that_eats_its_time_under_load() {
    let scratch = folder(&[("plimsoll.yaml", "policies: [ { path: loop.wasm, on-failure: warn } ]\n")]);
    plimsoll_tests::write(&scratch.path().join("loop.wasm"), plimsoll_test_guests::TREE_LOOP);
    let server = Server::start(
        PROGRAM,
        scratch.path(),
        &["--plain-http", "--no-context", "--config=plimsoll.yaml", "--linger=0"],
        &[],
    );
    let port = server.port;
    let clients: Vec<_> = (0..16)
        .map(|_| {
            std::thread::spawn(move || {
                let body = review(&config_map("small".to_owned()));
                (0..5)
                    .map(|_| {
                        let stream = connect(port).expect("a connection");
                        let started = Instant::now();
                        let answer = post(stream, "/validate?timeout=2s", body.as_bytes()).expect("an answer");
                        (answer.status, answer.body, started.elapsed())
                    })
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let mut warned = 0;
    for (status, body, took) in clients.into_iter().flat_map(|client| client.join().expect("a client")) {
        match status {
            200 => {
                // Refused only where the time was over before the others were asked: it is shared.
                let late = body.contains("time was over");
                assert!(late || body.contains("\"allowed\":true"), "{body}");
                assert!(body.contains("gave no verdict"), "{body}");
                warned += 1;
            }
            429 => {}
            _ => panic!("{status}: {body}"),
        }
        // With time to spare: this machine may be busy with other things.
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
    assert!(warned > 0);
    let idle = wait(Duration::from_secs(30), || {
        server.metrics().contains("plimsoll_reviews_in_flight 0").then_some(())
    });
    assert!(idle.is_some());
}
