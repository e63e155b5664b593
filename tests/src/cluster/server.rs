//! `plimsoll serve` beside an API server.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use super::Cluster;
use crate::certificates::{Authority, Certificate};
use crate::guarded::wait;
use crate::{server, write};

/// How long a server may take until it knows the cluster.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running server, with a certificate for 127.0.0.1, that knows the cluster as the account of `deploy/manifests` does.
pub struct Server {
    server: server::Server,
    folder: tempfile::TempDir,
    /// Who signed its certificate.
    pub authority: Authority,
}

impl Server {
    /// Starts one with this configuration, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    #[must_use]
    pub fn start(program: &str, cluster: &Cluster, config: &str, options: &[&str]) -> Server {
        let server = Server::begin(program, cluster, config, options);
        let ready = wait(PATIENCE, || (server.get("/readyz")?.status == 200).then_some(()));
        assert!(ready.is_some(), "the server does not become ready:\n{}", server.log());
        server
    }

    /// Starts one, and does not wait until it knows the cluster.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn begin(program: &str, cluster: &Cluster, config: &str, options: &[&str]) -> Server {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no scratch folder: {error}"));
        let authority = Authority::new("the webhook's");
        put(folder.path(), &authority.issue(&["127.0.0.1"]));
        write(&folder.path().join("plimsoll.yaml"), config.as_bytes());
        write(
            &folder.path().join("kubeconfig"),
            kubeconfig_of_account(cluster).as_bytes(),
        );
        let at = |name: &str| folder.path().join(name).display().to_string();
        let files = [
            format!("--config={}", at("plimsoll.yaml")),
            format!("--tls-cert={}", at("tls.crt")),
            format!("--tls-key={}", at("tls.key")),
        ];
        let arguments: Vec<&str> = files
            .iter()
            .map(String::as_str)
            .chain(["--linger=0"])
            .chain(options.iter().copied())
            .collect();
        let variables = [("KUBECONFIG", &*at("kubeconfig")), ("POD_NAMESPACE", "plimsoll")];
        Server {
            server: server::Server::start(program, folder.path(), &arguments, &variables),
            folder,
            authority,
        }
    }

    /// Registers it as `deploy/manifests` do, and waits until the API server asks it.
    ///
    /// # Panics
    /// When it never does.
    pub fn register(&self, cluster: &Cluster, edit: impl FnOnce(String) -> String) {
        cluster.register(self.port, &self.authority.pem(), edit);
        let asked = wait(PATIENCE, || {
            let _ = cluster.kubectl(&["create", "configmap", "probe", "--dry-run=server"]);
            (self.metric("plimsoll_reviews_total", "") > 0.0).then_some(())
        });
        assert!(asked.is_some(), "the API server never asks the server:\n{}", self.log());
    }

    /// Gives it another certificate; it looks every few seconds.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn certify(&self, certificate: &Certificate) {
        put(self.folder.path(), certificate);
    }

    /// Gives it another configuration; it looks every few seconds.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, config: &str) {
        write(&self.folder.path().join("plimsoll.yaml"), config.as_bytes());
    }

    /// The sum of a metric over all its labels that have this text; 0 when there is none.
    ///
    /// # Panics
    /// When there are no metrics.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &str) -> f64 {
        let metrics = self.metrics();
        let lines = metrics.lines().filter(|line| {
            let rest = line.strip_prefix(name).unwrap_or("-");
            (rest.starts_with('{') || rest.starts_with(' ')) && rest.contains(labels)
        });
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

impl Deref for Server {
    type Target = server::Server;

    fn deref(&self) -> &server::Server {
        &self.server
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut server::Server {
        &mut self.server
    }
}

fn put(folder: &Path, own: &Certificate) {
    write(&folder.join("tls.key"), own.key.as_bytes());
    write(&folder.join("tls.crt"), own.certificate.as_bytes());
}

/// A kubeconfig of the account that the manifests give the server.
fn kubeconfig_of_account(cluster: &Cluster) -> String {
    let admin = std::fs::read_to_string(cluster.kubeconfig()).unwrap_or_default();
    let authority = cluster.folder().join("ca.crt");
    admin
        .replace(
            "certificate-authority: ca.crt",
            &format!("certificate-authority: {}", authority.display()),
        )
        .replace(
            "user: { token:",
            "user: { as: \"system:serviceaccount:plimsoll:plimsoll\", token:",
        )
}
