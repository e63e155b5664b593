//! A webhook that allows everything and keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::certificates::{Authority, Certificate};

/// The largest review that is taken.
const LIMIT: usize = 32 << 20;

/// A running recorder. It listens until the tests end.
pub struct Recorder {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// PEM of who signed its certificate.
    pub ca: String,
    reviews: Arc<Mutex<Vec<Value>>>,
}

impl Recorder {
    /// Starts one.
    ///
    /// # Panics
    /// When it cannot listen.
    #[must_use]
    pub fn start() -> Recorder {
        let authority = Authority::new("the recorder's");
        let config = Arc::new(tls(&authority.issue(&["127.0.0.1"])));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no free port: {error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let reviews = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&reviews);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, kept) = (Arc::clone(&config), Arc::clone(&kept));
                std::thread::spawn(move || serve(stream, config, &kept));
            }
        });
        Recorder {
            port,
            ca: authority.pem(),
            reviews,
        }
    }

    /// Takes the reviews that came since it was last asked, in the order in which they came.
    #[must_use]
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.reviews.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn tls(own: &Certificate) -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(own.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes());
    let (Ok(certificate), Ok(key)) = (certificate, key) else {
        panic!("a certificate that was just made cannot be read");
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .unwrap_or_else(|error| panic!("no TLS: {error}"))
}

/// One connection: reviews come one after the other, as HTTP/1.1.
fn serve(stream: TcpStream, config: Arc<ServerConfig>, kept: &Mutex<Vec<Value>>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    stream.set_nodelay(true).ok()?;
    let connection = ServerConnection::new(config).ok()?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let mut length = 0;
        let mut line = String::new();
        while stream.read_line(&mut line).ok()? > 2 {
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        if length == 0 || length > LIMIT {
            return None;
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let review: Value = serde_json::from_slice(&body).ok()?;
        let answer = json!({
            "apiVersion": review["apiVersion"],
            "kind": review["kind"],
            "response": { "uid": review["request"]["uid"], "allowed": true },
        })
        .to_string();
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(review);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        );
        let stream = stream.get_mut();
        stream.write_all(answer.as_bytes()).ok()?;
        stream.flush().ok()?;
    }
}
