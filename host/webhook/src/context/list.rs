//! A cluster as it is now, listed once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use kube::api::{Api, DynamicObject, ListParams};
use kube::{Client, Error};
use tokio::time::timeout;

use super::connect::{self, ConnectError};
use super::served::{Discovery, Served};
use super::watch::{prepare, reason};
use super::{Bounds, Keep, Store, is_never_taken};

/// Objects of one page.
const PAGE: u32 = 500;
/// Kinds that are listed at a time.
const LISTS: usize = 8;
/// How long one page may take.
const ANSWER: Duration = Duration::from_secs(60);

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Kinds, as `Deployment.apps` and `Service`; Secrets are left out.
    pub kinds: BTreeSet<String>,
    /// Only this namespace, and of what has none only the Namespace itself.
    pub namespace: Option<String>,
    /// How much of an object is kept.
    pub keep: Keep,
}

/// What was listed.
pub struct Listed {
    /// The objects.
    pub store: Store,
    /// The namespace of objects that name none: that of the client's configuration.
    pub default_namespace: String,
    /// Kinds that could not be listed, and why, in order. They are not known.
    pub failures: Vec<(String, String)>,
}

/// Lists a cluster, in a runtime of its own that ends with it.
///
/// # Errors
/// When there is no cluster to ask, or it does not answer at all.
pub fn list(wanted: &Wanted) -> Result<Listed, ConnectError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ConnectError::Client(error.to_string()))?;
    runtime.block_on(async {
        let config = connect::config().await?;
        let server = config.cluster_url.to_string();
        let client = connect::client(config, true)?;
        let silent = |why: String| Err(ConnectError::Silent { server, why });
        let asked = timeout(ANSWER, client.apiserver_version()).await;
        match asked {
            Ok(Ok(_)) => {}
            // It is there, and says no: what else may be asked is seen kind by kind.
            Ok(Err(Error::Api(_) | Error::SerdeError(_))) => {}
            Ok(Err(error)) => return silent(reason(&error)),
            Err(_) => return silent("it does not answer".to_owned()),
        }
        Ok(list_with(client, wanted).await)
    })
}

/// The same by a client that there is already.
pub async fn list_with(client: Client, wanted: &Wanted) -> Listed {
    let default_namespace = client.default_namespace().to_owned();
    let discovery = Arc::new(Discovery::new(client.clone()));
    let kinds = wanted.kinds.iter().filter(|kind| !is_never_taken(kind));
    let lists = kinds.map(|kind| {
        let (client, discovery) = (client.clone(), Arc::clone(&discovery));
        async move { (kind, kind_of(client, &discovery, kind, wanted).await) }
    });
    let mut lists = futures_util::stream::iter(lists).buffered(LISTS);
    let mut store = Store::new(Bounds {
        // Whoever asks for all of it on a terminal shall have it.
        bytes: usize::MAX,
        object: usize::MAX,
    });
    let mut failures = Vec::new();
    while let Some((kind, listed)) = lists.next().await {
        store.begin(kind);
        match listed {
            Ok(objects) => {
                for object in objects {
                    store.put(object);
                }
                store.finish(kind);
            }
            Err(why) => failures.push((kind.clone(), why)),
        }
    }
    Listed {
        store,
        default_namespace,
        failures,
    }
}

/// The objects of a kind, ready to be kept.
async fn kind_of(
    client: Client,
    discovery: &Discovery,
    kind: &str,
    wanted: &Wanted,
) -> Result<Vec<super::Prepared>, String> {
    let found = timeout(ANSWER, discovery.find(kind)).await;
    let Some(served) = found.map_err(|_| late())?.map_err(|error| reason(&error))? else {
        return Ok(Vec::new());
    };
    let mut objects = Vec::new();
    let api: Api<DynamicObject> = match &wanted.namespace {
        Some(namespace) if served.namespaced => Api::namespaced_with(client, namespace, &served.resource),
        Some(namespace) if kind == "Namespace" => {
            let api: Api<DynamicObject> = Api::all_with(client, &served.resource);
            let answer = timeout(ANSWER, api.get(namespace)).await.map_err(|_| late())?;
            return match answer {
                Ok(object) => Ok(prepare(object, &served, wanted.keep).into_iter().collect()),
                // Who may look at one namespace may often not look at what it is called.
                Err(Error::Api(status)) if matches!(status.code, 403 | 404) => Ok(Vec::new()),
                Err(error) => Err(reason(&error)),
            };
        }
        Some(_) => return Ok(Vec::new()),
        None => Api::all_with(client, &served.resource),
    };
    pages(&api, &served, wanted.keep, &mut objects).await?;
    Ok(objects)
}

async fn pages(
    api: &Api<DynamicObject>,
    served: &Served,
    keep: Keep,
    objects: &mut Vec<super::Prepared>,
) -> Result<(), String> {
    let mut params = ListParams::default().limit(PAGE);
    let mut again = true;
    loop {
        let page = timeout(ANSWER, api.list(&params)).await.map_err(|_| late())?;
        let page = match page {
            Ok(page) => page,
            // The list took longer than the cluster keeps its state: once more, from the start.
            Err(Error::Api(status)) if status.code == 410 && again => {
                again = false;
                objects.clear();
                params.continue_token = None;
                continue;
            }
            Err(error) => return Err(reason(&error)),
        };
        let items = page.items.into_iter();
        objects.extend(items.filter_map(|object| prepare(object, served, keep)));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(()),
        }
    }
}

fn late() -> String {
    "no answer in time".to_owned()
}
