//! The server's life: it listens, reads again what changes, and leaves in an orderly way.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tracing_subscriber::EnvFilter;

use crate::context::{self, Bounds, Patience, Room, Shared, Store, Watch};
use crate::governed::Government;
use crate::http::{Answer, Desk, text};
use crate::state::State;
use crate::tls::{self, Identity, Tls};

/// Connections at a time; more wait to be accepted.
const CONNECTIONS: usize = 4096;
/// Time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time until a request's head is there, and so for a connection to lie idle: longer than clients keep one (Go's: 90 s), so
/// that none is closed while a review is on its way.
const IDLE: Duration = Duration::from_secs(120);
/// Time between two looks at certificates, config and policies.
const LOOK: Duration = Duration::from_secs(5);
/// Time that reviews under way may still take at the end.
const DRAIN: Duration = Duration::from_secs(30);
/// Streams of one HTTP/2 connection at a time.
const STREAMS: u32 = 250;
/// Bytes of a request's head.
const HEAD: u32 = 16 << 10;

/// What a server is started with.
pub struct Options {
    /// Where reviews come in.
    pub listen: SocketAddr,
    /// Where health and metrics are asked for, over plain HTTP.
    pub metrics_listen: SocketAddr,
    /// The certificate.
    pub tls: Tls,
    /// How long reviews are still taken after SIGTERM, for those who have not yet heard that this server goes.
    pub linger: Duration,
    /// The namespace that the server runs in.
    pub own: Option<String>,
    /// Whether the cluster is watched.
    pub context: bool,
}

/// Where config and policies come from.
pub trait Source: Send + Sync + 'static {
    /// Tells one content of the files from another. Cheap: it is asked every few seconds.
    ///
    /// # Errors
    /// When they cannot be read.
    fn digest(&self) -> anyhow::Result<String>;
    /// Reads them.
    ///
    /// # Errors
    /// When they cannot be used as they are: then what was read before holds on.
    fn load(&self) -> anyhow::Result<Government>;
}

/// Serves until the process is told to end.
///
/// # Errors
/// When it cannot start: ports, certificate, config, policies.
pub fn serve(options: Options, source: Arc<dyn Source>) -> anyhow::Result<()> {
    log_to_stderr();
    // Of the libraries that ask for a process's default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Connections are a twentieth of the work: one thread for four that judge, as each more is one more to wake.
        .worker_threads(threads.div_ceil(4).min(4))
        // Judging blocks: its threads are as many as there are cores, and one for files that are read again.
        .max_blocking_threads(threads + 1)
        .thread_stack_size(GUEST_STACK)
        .thread_keep_alive(Duration::from_secs(3600))
        .enable_all()
        .build()
        .context("the server's threads cannot be started")?;
    // What the cluster tells is taken in elsewhere: a list of 100,000 objects keeps no review waiting.
    let watching = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("the server's threads cannot be started")
    };
    let watching = options.context.then(watching).transpose()?;
    let seen = source.digest()?;
    let government = source.load()?;
    let state = Arc::new(State::new(government, options.own.clone(), options.context));
    let handle = watching.as_ref().map(Runtime::handle);
    let served = runtime.block_on(run(options, source, seen, state, threads, handle));
    if let Some(watching) = watching {
        watching.shutdown_background();
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// One JSON object a line on standard error. `RUST_LOG` chooses more or less than `info`.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Somebody may listen already, such as a test.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}

/// Stack of a thread that calls policies: what the engine asks for, and as much again for ourselves.
const GUEST_STACK: usize = 4 << 20;

async fn run(
    options: Options,
    source: Arc<dyn Source>,
    seen: String,
    state: Arc<State>,
    threads: usize,
    watching: Option<&Handle>,
) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let reviews = listen(options.listen).await?;
    let status = listen(options.metrics_listen).await?;
    let certificate = Certificate::new(&options.tls, &state)?;
    let leaving = Arc::new(AtomicBool::new(false));
    let watch = match watching {
        Some(watching) => Some(watching.spawn(watch_cluster(Arc::clone(&state))).await??),
        None => None,
    };
    tokio::spawn(watch_certificate(
        options.tls.clone(),
        Arc::clone(&certificate),
        Arc::clone(&state),
    ));
    tokio::spawn(watch_source(
        Arc::clone(&source),
        seen,
        Arc::clone(&state),
        watch.clone(),
    ));
    tokio::spawn(serve_status(status, Arc::clone(&state), watch, Arc::clone(&leaving)));
    let government = state.government.load();
    tracing::info!(
        listen = %reviews.local_addr().unwrap_or(options.listen),
        policies = government.policies.len(),
        policy_digest = government.digest,
        context = options.context,
        "serving"
    );
    drop(government);
    let desk = Desk::new(Arc::clone(&state), threads);
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let mut lingering = None;
    loop {
        let linger = async {
            match lingering {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signals.next(), if lingering.is_none() => {
                tracing::info!("told to end");
                leaving.store(true, Ordering::Relaxed);
                lingering = Some(tokio::time::Instant::now() + options.linger);
            }
            () = linger => break,
            (stream, place) = accept(&reviews, &connections) => {
                let watcher = graceful.watcher();
                let desk = desk.clone();
                let config = certificate.config.load_full();
                tokio::spawn(async move {
                    let _place = place;
                    let _ = stream.set_nodelay(true);
                    match config {
                        None => connection(TokioIo::new(stream), desk, watcher).await,
                        Some(config) => {
                            let handshake = TlsAcceptor::from(config).accept(stream);
                            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, handshake).await {
                                connection(TokioIo::new(stream), desk, watcher).await;
                            }
                        }
                    }
                });
            }
        }
    }
    drop(reviews);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("reviews were still under way at the end");
    }
    tracing::info!("ended");
    Ok(())
}

/// Begins to watch what the rules look at.
async fn watch_cluster(state: Arc<State>) -> anyhow::Result<Arc<Watch>> {
    let client = context::connect()
        .await
        .context("--no-context judges objects without a cluster")?;
    let shared = Arc::new(Shared::new(Store::new(Bounds::default()), Room::default()));
    let watch = Watch::new(client, Arc::clone(&shared), Patience::default());
    watch.want(&wanted(&state.government.load()));
    state.cluster.store(Some(Arc::new(Box::new(shared))));
    Ok(Arc::new(watch))
}

/// The kinds to watch: those that rules look at, and Namespaces, whose labels may change the mode.
fn wanted(government: &Government) -> BTreeSet<String> {
    let mut kinds = government.watched();
    kinds.insert("Namespace".to_owned());
    kinds
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{address} cannot be listened on"))
}

/// The next connection, when there is room for one.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // It is closed only where nobody waits any more.
    let place = Arc::clone(connections).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            // Of a connection that is gone already, or there are too many open files: others end meanwhile.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection<I>(io: TokioIo<I>, desk: Desk, watcher: hyper_util::server::graceful::Watcher)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(HANDSHAKE);
    let service = service_fn(move |request| desk.clone().serve(request));
    let connection = builder.serve_connection(io, service).into_owned();
    // What breaks off is the client's.
    let _ = watcher.watch(connection).await;
}

/// SIGTERM and Ctrl-C.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate()).context("signals cannot be heard")?,
            interrupt: signal(SignalKind::interrupt()).context("signals cannot be heard")?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The certificate that new connections are made with; none for plain HTTP.
struct Certificate {
    config: ArcSwapOption<ServerConfig>,
}

impl Certificate {
    fn new(tls: &Tls, state: &State) -> anyhow::Result<Arc<Self>> {
        let certificate = Certificate {
            config: ArcSwapOption::empty(),
        };
        match tls {
            Tls::Plain => {}
            Tls::Dev(made) => certificate.set(&made.identity, state),
            Tls::Files { cert, key, client_ca } => {
                certificate.set(&tls::read(cert, key, client_ca.as_deref())?, state);
            }
        }
        Ok(Arc::new(certificate))
    }

    fn set(&self, identity: &Identity, state: &State) {
        state.metrics.certificate_ends(identity.ends);
        self.config.store(Some(Arc::clone(&identity.config)));
    }
}

/// Reads the certificate again where its content has changed; a bad one is refused and the old one serves on.
async fn watch_certificate(tls: Tls, certificate: Arc<Certificate>, state: Arc<State>) {
    let Tls::Files { cert, key, client_ca } = tls else {
        return;
    };
    let read = move || {
        let (cert, key, client_ca): (PathBuf, PathBuf, Option<PathBuf>) =
            (cert.clone(), key.clone(), client_ca.clone());
        tokio::task::spawn_blocking(move || tls::read(&cert, &key, client_ca.as_deref()))
    };
    let mut last = None;
    let mut said = None;
    loop {
        match read().await {
            Ok(Ok(identity)) => {
                said = None;
                if last.is_some_and(|last| last != identity.digest) {
                    certificate.set(&identity, &state);
                    tracing::info!(ends = identity.ends, "new certificate");
                }
                last = Some(identity.digest);
            }
            Ok(Err(error)) => {
                let error = format!("{error:#}");
                if said.as_ref() != Some(&error) {
                    tracing::error!(error, "the new certificate is refused, the old one serves on");
                    said = Some(error);
                }
            }
            Err(_) => {}
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Reads config and policies again where their content has changed; a bad set is refused and the old one serves on.
async fn watch_source(source: Arc<dyn Source>, mut seen: String, state: Arc<State>, watch: Option<Arc<Watch>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let look = Arc::clone(&source);
        let Ok(digest) = tokio::task::spawn_blocking(move || look.digest().map_err(|error| format!("{error:#}"))).await
        else {
            continue;
        };
        // What cannot be read is said once, as any other change.
        let now = digest.clone().unwrap_or_else(|error| error);
        if now == seen {
            continue;
        }
        seen = now;
        let load = Arc::clone(&source);
        let loaded = match digest {
            Err(error) => Err(error),
            Ok(_) => tokio::task::spawn_blocking(move || load.load().map_err(|error| format!("{error:#}")))
                .await
                .unwrap_or_else(|_| Err("reading broke off".to_owned())),
        };
        match loaded {
            Ok(government) => {
                tracing::info!(policy_digest = government.digest, "new configuration");
                if let Some(watch) = &watch {
                    watch.want(&wanted(&government));
                }
                state.government.store(Arc::new(government));
                state.metrics.reloaded(true);
            }
            Err(error) => {
                tracing::error!(error, "the new configuration is refused, the old one serves on");
                state.metrics.reloaded(false);
            }
        }
    }
}

/// Health and metrics, over plain HTTP.
async fn serve_status(listener: TcpListener, state: Arc<State>, watch: Option<Arc<Watch>>, leaving: Arc<AtomicBool>) {
    let connections = Arc::new(Semaphore::new(64));
    loop {
        let (stream, place) = accept(&listener, &connections).await;
        let (state, watch, leaving) = (Arc::clone(&state), watch.clone(), Arc::clone(&leaving));
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                let leaving = leaving.load(Ordering::Relaxed);
                let answer = status(request.uri().path(), &state, watch.as_deref(), leaving);
                async move { Ok::<_, std::convert::Infallible>(answer) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HANDSHAKE);
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn status(path: &str, state: &State, watch: Option<&Watch>, leaving: bool) -> Answer {
    match path {
        "/livez" => text(StatusCode::OK, "ok\n"),
        "/readyz" if leaving => text(StatusCode::SERVICE_UNAVAILABLE, "leaving\n"),
        "/readyz" => match state.not_ready() {
            None => text(StatusCode::OK, "ok\n"),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, &format!("{why}\n")),
        },
        "/metrics" => {
            if let Some(watch) = watch {
                for kind in watch.states() {
                    state.metrics.context(&kind.kind, kind.objects, kind.known);
                }
                state.metrics.context_bytes(watch.bytes());
            }
            let mut answer = text(StatusCode::OK, &state.metrics.text());
            let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
            answer.headers_mut().insert(CONTENT_TYPE, kind);
            answer
        }
        _ => text(StatusCode::NOT_FOUND, "there is /livez, /readyz and /metrics\n"),
    }
}
