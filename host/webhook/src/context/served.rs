//! Which kinds a cluster serves, and in which version.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIResource, APIResourceList};
use kube::Client;
use kube::core::ApiResource;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(30);

/// A kind as it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
}

/// An answer, asked for by whoever comes first, and when that was. Who waits for one answer does not wait for another.
type Answer<T> = (Instant, Arc<OnceCell<Arc<T>>>);

/// Asks a cluster what it serves, each thing once in a while however many kinds are looked for.
pub(super) struct Discovery {
    client: Client,
    groups: Mutex<Option<Answer<Groups>>>,
    versions: Mutex<BTreeMap<String, Answer<Vec<APIResource>>>>,
}

/// Versions by group, the preferred one first.
type Groups = BTreeMap<String, Vec<String>>;

impl Discovery {
    pub(super) fn new(client: Client) -> Self {
        Discovery {
            client,
            groups: Mutex::default(),
            versions: Mutex::default(),
        }
    }

    /// How a kind (`Deployment.apps`) is listed and watched: in the version that the cluster prefers, if it has the kind.
    /// None where the cluster does not serve it, or not to be listed and watched.
    pub(super) async fn find(&self, kind: &str) -> kube::Result<Option<Served>> {
        let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
        let versions = if group.is_empty() {
            vec!["v1".to_owned()]
        } else {
            self.groups().await?.get(group).cloned().unwrap_or_default()
        };
        for version in versions {
            let resources = self.resources(group, &version).await?;
            let found = resources.iter().find(|resource| {
                resource.kind == kind
                    && !resource.name.contains('/')
                    && ["list", "watch"]
                        .iter()
                        .all(|verb| resource.verbs.iter().any(|able| able == verb))
            });
            if let Some(found) = found {
                return Ok(Some(Served {
                    resource: ApiResource {
                        group: group.to_owned(),
                        api_version: api_version(group, &version),
                        version,
                        kind: kind.to_owned(),
                        plural: found.name.clone(),
                    },
                    namespaced: found.namespaced,
                }));
            }
        }
        Ok(None)
    }

    async fn groups(&self) -> kube::Result<Arc<Groups>> {
        let cell = {
            let mut known = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
            fresh(known.get_or_insert_with(asked))
        };
        let ask = || async {
            let list = self.client.list_api_groups().await?;
            let groups = list.groups.into_iter().map(|group| {
                let preferred = group.preferred_version.map(|preferred| preferred.version);
                let others = group.versions.into_iter().map(|version| version.version);
                let mut versions: Vec<String> = preferred.iter().cloned().collect();
                versions.extend(others.filter(|version| Some(version) != preferred.as_ref()));
                (group.name, versions)
            });
            Ok(Arc::new(groups.collect()))
        };
        cell.get_or_try_init(ask).await.map(Arc::clone)
    }

    async fn resources(&self, group: &str, version: &str) -> kube::Result<Arc<Vec<APIResource>>> {
        let key = api_version(group, version);
        let cell = {
            let mut known = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
            fresh(known.entry(key.clone()).or_insert_with(asked))
        };
        let ask = || async {
            let list: kube::Result<APIResourceList> = if group.is_empty() {
                self.client.list_core_api_resources(version).await
            } else {
                self.client.list_api_group_resources(&key).await
            };
            match list {
                Ok(list) => Ok(Arc::new(list.resources)),
                // A version that went meanwhile.
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(Arc::default()),
                Err(error) => Err(error),
            }
        };
        cell.get_or_try_init(ask).await.map(Arc::clone)
    }
}

fn asked<T>() -> Answer<T> {
    (Instant::now(), Arc::default())
}

/// The answer, or one that is still to be asked for where it is too old.
fn fresh<T>(answer: &mut Answer<T>) -> Arc<OnceCell<Arc<T>>> {
    if answer.0.elapsed() > FRESH {
        *answer = asked();
    }
    Arc::clone(&answer.1)
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}
