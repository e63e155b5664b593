//! A real API server with its store, on loopback, for as long as a test runs. No nodes and no controllers: what is created
//! stays as it was created.

pub mod server;
pub mod transcript;
pub mod webhook;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificates::{Authority, key_pair};
use crate::guarded::{Guarded, free_port, wait};

use crate::{Run, on_path, project, skip, tool, write};

/// Who may do everything. Not a secret: it is good for one run on loopback.
const TOKEN: &str = "not-a-secret";

/// How long the API server may take until it is ready: seconds, but on a machine that is very busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running API server.
pub struct Cluster {
    // Dropped in this order: the API server before its store, the folder last.
    server: Guarded,
    store: Guarded,
    folder: tempfile::TempDir,
    port: u16,
    kubectl: PathBuf,
}

impl Cluster {
    /// The one that the tests of a file share while any of them runs; none, and said so, where a program is missing.
    ///
    /// # Panics
    /// When it does not start, and for a missing program under `PLIMSOLL_TESTS=all`.
    #[must_use]
    pub fn shared() -> Option<Arc<Cluster>> {
        static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = running.upgrade() {
            return Some(cluster);
        }
        let cluster = Arc::new(Cluster::start()?);
        *running = Arc::downgrade(&cluster);
        Some(cluster)
    }

    /// Starts one.
    ///
    /// # Panics
    /// When it does not start, and for a missing program under `PLIMSOLL_TESTS=all`.
    #[must_use]
    pub fn start() -> Option<Cluster> {
        let kubectl = tool("kubectl")?;
        let programs = programs()?;
        // A port may be taken between the moment it was found free and its use.
        for _ in 0..3 {
            match Cluster::try_start(&programs, &kubectl) {
                Ok(cluster) => return Some(cluster),
                Err(log) if log.contains("address already in use") => {}
                Err(log) => panic!("kube-apiserver does not start:\n{log}"),
            }
        }
        panic!("three times a port was taken by another program");
    }

    fn try_start(programs: &Programs, kubectl: &Path) -> Result<Cluster, String> {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no scratch folder: {error}"));
        let at = |name: &str| folder.path().join(name);
        let option = |name: &str, file: &str| format!("--{name}={}", at(file).display());

        let (client, peer, port) = (free_port(), free_port(), free_port());
        let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
        let mut command = Command::new(&programs.etcd);
        command
            .env_clear()
            .arg(option("data-dir", "etcd"))
            .args(["--name=store", "--log-level=warn", "--unsafe-no-fsync"])
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=store={peer}"));
        let store = Guarded::start(&command, &at("etcd.log"));

        let authority = Authority::new("the API server's");
        let serving = authority.issue(&["127.0.0.1", "localhost"]);
        let (private, public) = key_pair();
        let config = kubeconfig(port, "ca.crt");
        for (name, text) in [
            ("ca.crt", authority.pem()),
            ("server.crt", serving.certificate),
            ("server.key", serving.key),
            ("accounts.key", private),
            ("accounts.pub", public),
            ("tokens.csv", format!("{TOKEN},admin,1,\"system:masters\"\n")),
            ("kubeconfig", config),
        ] {
            write(&at(name), text.as_bytes());
        }
        let mut command = Command::new(&programs.server);
        command
            .env_clear()
            .arg(format!("--etcd-servers={client}"))
            .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
            .arg(format!("--secure-port={port}"))
            .args([
                option("tls-cert-file", "server.crt"),
                option("tls-private-key-file", "server.key"),
            ])
            .arg(option("cert-dir", "certificates"))
            .arg("--service-account-issuer=https://cluster.invalid")
            .arg(option("service-account-key-file", "accounts.pub"))
            .arg(option("service-account-signing-key-file", "accounts.key"))
            .args(["--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24"])
            .arg(option("token-auth-file", "tokens.csv"))
            // No controller makes the accounts' tokens here; and what is privileged must come as far as the webhooks.
            .args(["--disable-admission-plugins=ServiceAccount", "--allow-privileged"]);
        let mut cluster = Cluster {
            server: Guarded::start(&command, &at("apiserver.log")),
            folder,
            port,
            kubectl: kubectl.to_owned(),
            store,
        };
        let ready = wait(PATIENCE, || match cluster.server.ended() {
            Some(code) => Some(Err(code)),
            None => (cluster.kubectl(&["get", "--raw", "/readyz"]).code == 0).then_some(Ok(())),
        });
        match ready {
            Some(Ok(())) => Ok(cluster),
            _ => Err(format!("{}\n{}", cluster.store.tail(), cluster.server.tail())),
        }
    }

    /// A kubeconfig of a user who may do everything.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// A folder that lives as long as the cluster.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// PEM of who signed the API server's certificate.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn authority(&self) -> String {
        let file = self.folder.path().join("ca.crt");
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// The token of the user who may do everything: good for this run on loopback.
    #[must_use]
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The API server's port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The last lines of the API server's log.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.tail()
    }

    /// Runs kubectl, in the project's folder, as the user who may do everything.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn kubectl(&self, arguments: &[&str]) -> Run {
        self.kubectl_with(arguments, "")
    }

    /// The same with a text on standard input: `-f -`.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Run {
        let child = Command::new(&self.kubectl)
            .current_dir(project())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .arg("--request-timeout=60s")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("kubectl: {error}"));
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child
            .wait_with_output()
            .unwrap_or_else(|error| panic!("kubectl: {error}"));
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Registers a webhook as `deploy/manifests` do, but at a port of this machine; `edit` changes the manifest before. The
    /// API server takes it up a moment later.
    ///
    /// # Panics
    /// When the API server refuses it, or the manifest is not as expected.
    pub fn register(&self, port: u16, ca: &str, edit: impl FnOnce(String) -> String) {
        let manifest = std::fs::read_to_string(project().join("deploy/manifests/webhook.yaml"));
        let manifest = manifest.unwrap_or_else(|error| panic!("deploy/manifests/webhook.yaml: {error}"));
        let service = "service: { name: plimsoll, namespace: plimsoll, port: 443, path: /validate }";
        assert!(manifest.contains(service), "the manifest names its Service otherwise");
        let bundle = STANDARD.encode(ca);
        let here = format!("{{ url: \"https://127.0.0.1:{port}/validate\", caBundle: {bundle} }}");
        let manifest = manifest.replace(
            &format!("clientConfig:\n      {service}"),
            &format!("clientConfig: {here}"),
        );
        self.must_with(&["apply", "-f", "-"], &edit(manifest));
    }

    /// Applies `deploy/manifests/server.yaml`, without the kinds of cert-manager, which is not here: the account that a
    /// server has, and what it may do.
    ///
    /// # Panics
    /// When the API server refuses it.
    pub fn grant(&self) -> String {
        let manifest = std::fs::read_to_string(project().join("deploy/manifests/server.yaml"));
        let manifest = manifest.unwrap_or_else(|error| panic!("deploy/manifests/server.yaml: {error}"));
        let documents = manifest
            .split("\n---\n")
            .filter(|one| !one.contains("cert-manager.io/"));
        let documents: Vec<&str> = documents.collect();
        self.must_with(&["apply", "-f", "-"], &documents.join("\n---\n"))
    }

    /// Runs kubectl, which must succeed: what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn must(&self, arguments: &[&str]) -> String {
        self.must_with(arguments, "")
    }

    /// The same with a text on standard input.
    ///
    /// # Panics
    /// When it fails.
    pub fn must_with(&self, arguments: &[&str], input: &str) -> String {
        let run = self.kubectl_with(arguments, input);
        assert_eq!(run.code, 0, "kubectl {arguments:?}: {}{}", run.stdout, run.stderr);
        run.stdout
    }
}

/// The two programs of a cluster.
struct Programs {
    server: PathBuf,
    etcd: PathBuf,
}

/// From the environment, else built with Go, else none.
fn programs() -> Option<Programs> {
    let named = |variable: &str| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let (Some(server), Some(etcd)) = (named("TEST_ASSET_KUBE_APISERVER"), named("TEST_ASSET_ETCD")) {
        return Some(Programs { server, etcd });
    }
    if on_path("go").is_none() || on_path("bash").is_none() {
        skip("no kube-apiserver and etcd: name them in TEST_ASSET_KUBE_APISERVER and TEST_ASSET_ETCD, or install Go");
        return None;
    }
    let script = project().join("tests/apiserver/build.sh");
    let output = Command::new("bash")
        .arg(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    assert!(output.status.success(), "{} fails", script.display());
    let text = String::from_utf8_lossy(&output.stdout);
    let folder = PathBuf::from(text.lines().last().unwrap_or_default());
    Some(Programs {
        server: folder.join("kube-apiserver"),
        etcd: folder.join("etcd"),
    })
}

fn kubeconfig(port: u16, authority: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: test
contexts: [ {{ name: test, context: {{ cluster: test, user: admin }} }} ]
clusters: [ {{ name: test, cluster: {{ server: \"https://127.0.0.1:{port}\", certificate-authority: {authority} }} }} ]
users: [ {{ name: admin, user: {{ token: {TOKEN} }} }} ]
"
    )
}
