//! The client of a cluster's API.

use kube::{Client, Config};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing says where the cluster is, or what says so cannot be used.
    #[error("no cluster: {0}")]
    NotConfigured(String),
    /// What is said cannot be spoken to.
    #[error("the cluster's client cannot be made: {0}")]
    Client(String),
    /// Nobody is there.
    #[error("the cluster at {server} cannot be asked: {why}")]
    Silent {
        /// Its address.
        server: String,
        /// Why.
        why: String,
    },
}

/// Connects as every client does: by `KUBECONFIG` or `~/.kube/config`, else as a pod of the cluster. Nothing is asked yet,
/// and what fails is not repeated by the client itself: a [`super::Watch`] does that, and must know of it.
///
/// # Errors
/// When neither says where the cluster is, or the client cannot be made of it.
pub async fn connect() -> Result<Client, ConnectError> {
    client(config().await?, false)
}

/// The client's configuration, of which the environment speaks.
pub(super) async fn config() -> Result<Config, ConnectError> {
    Config::infer()
        .await
        .map_err(|error| ConnectError::NotConfigured(chain(&error)))
}

/// A client that repeats what the server is too busy for, or one that says so.
pub(super) fn client(mut config: Config, repeats: bool) -> Result<Client, ConnectError> {
    // Of the libraries that ask for a process's default; somebody may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    config.default_retry = repeats;
    Client::try_from(config).map_err(|error| ConnectError::Client(chain(&error)))
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = next.source();
    }
    text
}
