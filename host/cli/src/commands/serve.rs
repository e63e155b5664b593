//! `plimsoll serve`: the admission webhook.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use plimsoll_core::bundle::Options as Facts;
use plimsoll_core::config::{Config, PolicySource, parse};
use plimsoll_webhook::{Governed, Government, Options, Source, Tls};

use crate::exit::{BadConfig, Exit};
use crate::judge;

/// The config that is read where none is named, if it is there.
const CONFIG: &str = "/etc/plimsoll/plimsoll.yaml";
/// Bytes of a config or policy that are looked at.
const MAX_FILE: u64 = 256 << 20;
/// Digits of the digest that names a config with its policies.
const DIGITS: usize = 16;

/// Answer admission reviews
#[derive(Args)]
pub struct Serve {
    /// Use this configuration file; without it /etc/plimsoll/plimsoll.yaml, if it is there
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_CONFIG")]
    config: Option<PathBuf>,
    /// Where reviews come in: POST /validate
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8443",
        env = "PLIMSOLL_LISTEN"
    )]
    listen: SocketAddr,
    /// Where /livez, /readyz and /metrics are, over plain HTTP
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "0.0.0.0:8080",
        env = "PLIMSOLL_METRICS_LISTEN"
    )]
    metrics_listen: SocketAddr,
    /// Certificate in PEM, the serving one first; read again when it changes
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key in PEM
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// For trials: make a certificate for localhost and 127.0.0.1, and print the caBundle
    #[arg(long, env = "PLIMSOLL_DEV_CERT", conflicts_with_all = ["tls_cert", "plain_http", "client_ca"])]
    dev_cert: bool,
    /// No TLS: something before this server ends it
    #[arg(long, env = "PLIMSOLL_PLAIN_HTTP", conflicts_with_all = ["tls_cert", "client_ca"])]
    plain_http: bool,
    /// Refuse clients whose certificate none of these authorities signed
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_CLIENT_CA")]
    client_ca: Option<PathBuf>,
    /// Judge objects by themselves, without access to the cluster
    #[arg(long, env = "PLIMSOLL_NO_CONTEXT")]
    no_context: bool,
    /// Seconds that reviews are still taken after SIGTERM, until all have heard that this server goes
    #[arg(long, value_name = "SECONDS", default_value = "5", env = "PLIMSOLL_LINGER")]
    linger: u64,
}

impl Serve {
    pub fn run(self) -> anyhow::Result<Exit> {
        let mut announced = None;
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => Tls::Files {
                cert,
                key,
                client_ca: self.client_ca,
            },
            _ if self.plain_http => Tls::Plain,
            _ if self.dev_cert => {
                let made = plimsoll_webhook::dev_certificate()?;
                announced = Some(made.ca_bundle());
                Tls::Dev(Arc::new(made))
            }
            _ => bail!("a certificate is needed: --tls-cert and --tls-key, or --dev-cert for trials, or --plain-http"),
        };
        if let Some(bundle) = announced {
            let mut out = anstream::stdout().lock();
            writeln!(out, "caBundle: {bundle}")?;
            out.flush()?;
        }
        let options = Options {
            listen: self.listen,
            metrics_listen: self.metrics_listen,
            tls,
            linger: Duration::from_secs(self.linger.min(300)),
            own: std::env::var("POD_NAMESPACE").ok().filter(|name| !name.is_empty()),
            context: !self.no_context,
        };
        let source = Files { config: self.config };
        plimsoll_webhook::serve(options, Arc::new(source))?;
        Ok(Exit::Clean)
    }
}

/// Config and policies as files.
struct Files {
    /// The config that was named.
    config: Option<PathBuf>,
}

impl Files {
    /// The config's file, and its bytes; none where none was named and none is there.
    fn read(&self) -> anyhow::Result<Option<(PathBuf, Vec<u8>)>> {
        let (file, named) = match &self.config {
            Some(file) => (file.as_path(), true),
            None => (Path::new(CONFIG), false),
        };
        if !named && !file.exists() {
            return Ok(None);
        }
        Ok(Some((file.to_path_buf(), bytes(file)?)))
    }

    /// The config, the folder that its paths count from, and a digest of it and of its policies.
    fn settle(&self) -> anyhow::Result<(Config, PathBuf, String)> {
        let Some((file, text)) = self.read()? else {
            return Ok((Config::default(), PathBuf::from("."), digest(&[])));
        };
        let shown = file.display().to_string();
        let folder = file.parent().unwrap_or(Path::new(".")).to_path_buf();
        let mut parts = vec![plimsoll_engine::digest(&text)];
        let text = String::from_utf8(text).with_context(|| format!("{shown} is not UTF-8"))?;
        let config = parse(&text).map_err(|errors| BadConfig { file: shown, errors })?;
        for entry in &config.policies {
            if let PolicySource::Path(path) = &entry.source {
                parts.push(plimsoll_engine::digest(&bytes(&folder.join(path))?));
            }
        }
        Ok((config, folder, digest(&parts)))
    }
}

/// One digest of what was read and of the policies that are built in.
fn digest(parts: &[String]) -> String {
    let built_in = std::iter::once(plimsoll_builtin::DIGEST);
    let all: Vec<&str> = built_in.chain(parts.iter().map(String::as_str)).collect();
    let mut digest = plimsoll_engine::digest(all.join("\n").as_bytes());
    digest.truncate(DIGITS);
    digest
}

fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = file.display();
    let size = std::fs::metadata(file)
        .with_context(|| format!("{shown} cannot be read"))?
        .len();
    if size > MAX_FILE {
        bail!("{shown} has {size} bytes, more than are read");
    }
    std::fs::read(file).with_context(|| format!("{shown} cannot be read"))
}

impl Source for Files {
    fn digest(&self) -> anyhow::Result<String> {
        let (_, _, digest) = self.settle()?;
        Ok(digest)
    }

    fn load(&self) -> anyhow::Result<Government> {
        let (config, folder, digest) = self.settle()?;
        let files: Vec<PathBuf> = config
            .policies
            .iter()
            .filter_map(|entry| match &entry.source {
                PolicySource::Path(path) => Some(folder.join(path)),
                PolicySource::BuiltIn(_) => None,
            })
            .collect();
        let loaded = judge::load_for_reviews(&files, &config)?;
        let policies = loaded
            .into_iter()
            .map(|loaded| {
                let name = &loaded.policy.description().name;
                let entry = judge::entry_of(&config, &folder, name, loaded.file.as_deref());
                Governed {
                    settings: entry.map(|entry| entry.settings.clone()).unwrap_or_default(),
                    enabled: entry.is_none_or(|entry| entry.enabled),
                    on_failure: entry.map(|entry| entry.on_failure).unwrap_or_default(),
                    judge: loaded.policy,
                }
            })
            .collect();
        let facts = Facts {
            kubernetes: config.kubernetes.clone(),
            openchoreo: config.openchoreo.clone(),
            closed_world: config.closed_world.clone(),
            environments: config.environments.clone(),
            cluster: config.cluster.clone(),
            ..Facts::default()
        };
        Ok(Government::new(config, facts, policies, digest))
    }
}
