//! A running `plimsoll serve`, and a client that can be as rude as needed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::guarded::{Guarded, free_port, wait};

/// How long a server may take until it is ready, and an answer until it is there.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub struct Server {
    process: Guarded,
    /// The port of reviews.
    pub port: u16,
    /// The port of health and metrics.
    pub status_port: u16,
}

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head, in lower case.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// The member `response` of an answered review.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn response(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        let review: Value = serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(review["kind"], json!("AdmissionReview"), "{self:?}");
        review["response"].clone()
    }
}

impl Server {
    /// Starts one on two ports of loopback, in `folder`, with these arguments and variables besides.
    ///
    /// # Panics
    /// When it does not answer `/livez`.
    #[must_use]
    pub fn start(program: &str, folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        Server::start_as(&[program], folder, arguments, variables)
    }

    /// The same where the program stands at the end of a command that starts it.
    ///
    /// # Panics
    /// When it does not answer `/livez`.
    #[must_use]
    pub fn start_as(command: &[&str], folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        for _ in 0..3 {
            match Server::try_start(command, folder, arguments, variables) {
                Ok(server) => return server,
                Err(log) if log.contains("cannot be listened on") => {}
                Err(log) => panic!("the server does not start:\n{log}"),
            }
        }
        panic!("three times a port was taken by another program");
    }

    fn try_start(
        started_by: &[&str],
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Server, String> {
        let (port, status_port) = (free_port(), free_port());
        let (program, rest) = started_by.split_first().ok_or("no command")?;
        let mut command = Command::new(program);
        command
            .args(rest)
            .current_dir(folder)
            .env_remove("KUBECONFIG")
            .env_remove("POD_NAMESPACE")
            .envs(variables.iter().copied())
            .arg("serve")
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(format!("--metrics-listen=127.0.0.1:{status_port}"))
            .args(arguments);
        let mut server = Server {
            process: Guarded::start(&command, &folder.join(format!("serve-{port}.log"))),
            port,
            status_port,
        };
        let alive = wait(PATIENCE, || match server.process.ended() {
            Some(_) => Some(false),
            None => server.get("/livez").map(|answer| answer.status == 200),
        });
        if alive == Some(true) {
            Ok(server)
        } else {
            Err(server.process.log())
        }
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Its exit code, if it has ended.
    pub fn ended(&mut self) -> Option<i32> {
        self.process.ended()
    }

    /// Sends SIGTERM and waits: the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.process.terminate(PATIENCE)
    }

    /// Asks the port of health and metrics.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Answer> {
        let mut stream = connect(self.status_port)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
        read_answer(&mut BufReader::new(stream))
    }

    /// The metrics.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.get("/metrics")
            .map(|answer| answer.body)
            .unwrap_or_else(|| panic!("no metrics"))
    }

    /// Waits until the metrics hold this line.
    ///
    /// # Panics
    /// When they never do.
    pub fn wait_for_metric(&self, line: &str) {
        let found = wait(PATIENCE, || self.metrics().lines().any(|one| one == line).then_some(()));
        assert!(found.is_some(), "{line} is not in\n{}", self.metrics());
    }

    /// Posts a body as JSON over plain HTTP, on a connection of its own.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn post(&self, body: &[u8]) -> Answer {
        let answer = connect(self.port).and_then(|stream| post(stream, "/validate?timeout=10s", body));
        answer.unwrap_or_else(|| panic!("no answer:\n{}", self.process.tail()))
    }

    /// Asks for a review over plain HTTP: the member `response`.
    #[must_use]
    pub fn review(&self, request: &Value) -> Value {
        self.post(review(request).as_bytes()).response()
    }
}

/// A review's body.
#[must_use]
pub fn review(request: &Value) -> String {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).to_string()
}

/// A connection on loopback.
#[must_use]
pub fn connect(port: u16) -> Option<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

/// The same under TLS, trusting this certificate (PEM) alone; `own` is shown to a server that asks for one.
#[must_use]
pub fn connect_tls(port: u16, ca: &str, own: Option<(&str, &str)>) -> Option<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).ok()?).ok()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
            let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).ok()?;
            builder.with_client_auth_cert(vec![certificate], key).ok()?
        }
    };
    let name = ServerName::try_from("localhost").ok()?;
    let connection = ClientConnection::new(Arc::new(config), name).ok()?;
    Some(StreamOwned::new(connection, connect(port)?))
}

/// Posts a body as JSON; none where the connection breaks.
pub fn post<S: Read + Write>(mut stream: S, target: &str, body: &[u8]) -> Option<Answer> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    // A server that refuses may close before it has read everything.
    let _ = stream.write_all(body);
    let _ = stream.flush();
    read_answer(&mut BufReader::new(stream))
}

/// Sends these bytes as they are and reads what comes back.
#[must_use]
pub fn raw(port: u16, bytes: &[u8]) -> Option<Answer> {
    let mut stream = connect(port)?;
    let _ = stream.write_all(bytes);
    read_answer(&mut BufReader::new(stream))
}

/// Reads one answer, of a stated length or in chunks.
pub fn read_answer<R: Read>(stream: &mut BufReader<R>) -> Option<Answer> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line.to_ascii_lowercase());
    }
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap_or(0))];
    stream.read_exact(&mut body).ok()?;
    let chunked = head.contains("transfer-encoding: chunked");
    if chunked {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            // With the line end behind it.
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            chunk.truncate(size);
            body.append(&mut chunk);
        }
    }
    Some(Answer {
        status,
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
