//! The cluster's objects kept up to date: each kind is listed, watched, and listed again where that is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use kube::api::{Api, DynamicObject, TypeMeta};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Error};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::served::{Discovery, Served};
use super::{Keep, Prepared, Put, Shared, is_never_taken, pruned};

/// How long things may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Until a kind that cannot be listed is given up; it is tried for ever after all the same.
    pub give_up: Duration,
    /// Until a kind that the cluster does not serve is looked for again.
    pub again: Duration,
    /// The first pause after a failure. Each further one doubles it.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// Until what is known is doubted, when the cluster cannot be watched.
    pub stale: Duration,
    /// Until an answer about what is served comes.
    pub answer: Duration,
    /// Until a watch is begun anew, in seconds: a connection that died in silence is not noticed before.
    pub watch: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            give_up: Duration::from_secs(30),
            again: Duration::from_secs(60),
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            stale: Duration::from_secs(60),
            answer: Duration::from_secs(10),
            watch: 120,
        }
    }
}

/// How many kinds are listed at a time: what a list brings is large before it is pruned.
const LISTS: usize = 4;
/// Objects of one page of a list.
const PAGE: u32 = 500;
/// Events after which others get their turn.
const TURN: u32 = 64;

/// How it stands with a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Its first list is not whole yet.
    Listing,
    /// It is listed and watched.
    Watched,
    /// The cluster does not serve it.
    NotServed,
    /// It could not be listed in time, or can no longer be watched: forbidden, slow, broken. Still being tried.
    GivenUp,
}

/// A kind for metrics.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KindState {
    /// `Deployment.apps`.
    pub kind: String,
    /// Objects that are kept.
    pub objects: usize,
    /// Whether all of it is known.
    pub known: bool,
    /// How it stands.
    pub status: Status,
}

/// Keeps a store like the cluster, until it is dropped.
pub struct Watch {
    inner: Arc<Inner>,
    tasks: Mutex<BTreeMap<String, JoinHandle<()>>>,
}

struct Inner {
    /// Where it is watched, whoever wants more.
    runtime: Handle,
    client: Client,
    discovery: Discovery,
    shared: Arc<Shared>,
    patience: Patience,
    lists: Arc<Semaphore>,
    states: Mutex<BTreeMap<String, Status>>,
}

impl Watch {
    /// Watches nothing yet. Must be made within the runtime that shall watch.
    #[must_use]
    pub fn new(client: Client, shared: Arc<Shared>, patience: Patience) -> Self {
        Watch {
            inner: Arc::new(Inner {
                runtime: Handle::current(),
                discovery: Discovery::new(client.clone()),
                client,
                shared,
                patience,
                lists: Arc::new(Semaphore::new(LISTS)),
                states: Mutex::default(),
            }),
            tasks: Mutex::default(),
        }
    }

    /// Watches these kinds (`Deployment.apps`, `Service`) and no others: forgets those that are no longer wanted, begins
    /// with new ones. Never Secrets, whatever is asked.
    pub fn want(&self, kinds: &BTreeSet<String>) {
        let mut tasks = lock(&self.tasks);
        tasks.retain(|kind, task| {
            let wanted = kinds.contains(kind);
            if !wanted {
                task.abort();
                lock(&self.inner.states).remove(kind);
                self.inner.shared.write(|store| store.forget(kind, false));
            }
            wanted
        });
        for kind in kinds.iter().filter(|kind| !is_never_taken(kind)) {
            if !tasks.contains_key(kind) {
                self.inner.set(kind, Status::Listing);
                let task = self.inner.runtime.spawn(Arc::clone(&self.inner).follow(kind.clone()));
                tasks.insert(kind.clone(), task);
            }
        }
        self.inner.settle();
    }

    /// How it stands with each kind, in order.
    #[must_use]
    pub fn states(&self) -> Vec<KindState> {
        let states = lock(&self.inner.states).clone();
        self.inner.shared.read(|store| {
            let objects: BTreeMap<&str, usize> = store.kinds().collect();
            let state = |(kind, status): (String, Status)| KindState {
                objects: objects.get(kind.as_str()).copied().unwrap_or_default(),
                known: store.knows(&kind),
                status,
                kind,
            };
            states.into_iter().map(state).collect()
        })
    }

    /// Bytes of all objects that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.inner.shared.read(super::Store::bytes)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for task in lock(&self.tasks).values() {
            task.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a kind is not followed any more.
enum End {
    /// It may not be served any more: look again.
    Lost,
    /// What is known can no longer be trusted: list again.
    Broken,
}

/// Pauses between attempts.
struct Pauses {
    patience: Patience,
    next: Duration,
}

impl Pauses {
    async fn pause(&mut self) {
        sleep(self.next).await;
        self.next = (self.next * 2).min(self.patience.longest_pause);
    }

    fn reset(&mut self) {
        self.next = self.patience.pause;
    }
}

/// The right to list, which is given back when the list is whole, or given up.
type Turn = Mutex<Option<OwnedSemaphorePermit>>;

impl Inner {
    fn set(&self, kind: &str, status: Status) {
        let before = lock(&self.states).insert(kind.to_owned(), status);
        if before != Some(status) {
            match status {
                Status::Listing => {}
                Status::Watched => tracing::info!(kind, "watched"),
                // Nobody serves all kinds that rules know: it is news only where it was there before.
                Status::NotServed if before == Some(Status::Watched) => {
                    tracing::info!(kind, "no longer served by the cluster");
                }
                Status::NotServed => tracing::debug!(kind, "not served by the cluster"),
                Status::GivenUp => tracing::warn!(kind, "not known: rules that need it are skipped"),
            }
        }
        self.settle();
    }

    /// Whether no kind is still awaited.
    fn settle(&self) {
        let listing = lock(&self.states).values().any(|status| *status == Status::Listing);
        if !listing {
            self.shared.set_ready();
        }
    }

    /// Follows a kind for ever.
    async fn follow(self: Arc<Self>, kind: String) {
        let turn = Turn::default();
        let mut following = pin!(self.keep(&kind, &turn));
        tokio::select! {
            () = &mut following => {}
            () = sleep(self.patience.give_up) => {
                let listing = lock(&self.states).get(&kind) == Some(&Status::Listing);
                if listing {
                    self.set(&kind, Status::GivenUp);
                    lock(&turn).take();
                }
                following.await;
            }
        }
    }

    async fn keep(&self, kind: &str, turn: &Turn) {
        let mut pauses = Pauses {
            patience: self.patience,
            next: self.patience.pause,
        };
        loop {
            match timeout(self.patience.answer, self.discovery.find(kind)).await {
                Ok(Ok(Some(served))) => {
                    let end = self.watch(kind, &served, turn, &mut pauses).await;
                    lock(turn).take();
                    if matches!(end, End::Broken) {
                        self.doubt(kind);
                    }
                }
                Ok(Ok(None)) => {
                    self.shared.write(|store| store.forget(kind, true));
                    self.set(kind, Status::NotServed);
                    pauses.reset();
                    sleep(self.patience.again).await;
                    continue;
                }
                Ok(Err(error)) => tracing::debug!(kind, reason = reason(&error), "not found out whether it is served"),
                Err(_) => tracing::debug!(kind, reason = "no answer", "not found out whether it is served"),
            }
            pauses.pause().await;
        }
    }

    /// Lists and watches a kind, until that makes no sense any more.
    async fn watch(&self, kind: &str, served: &Served, turn: &Turn, pauses: &mut Pauses) -> End {
        if !self.shared.read(|store| store.knows(kind))
            && let Ok(permit) = Arc::clone(&self.lists).acquire_owned().await
        {
            *lock(turn) = Some(permit);
        }
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &served.resource);
        let config = watcher::Config {
            timeout: Some(self.patience.watch),
            page_size: Some(PAGE),
            ..watcher::Config::default()
        };
        let mut events = pin!(watcher(api, config));
        let mut failing: Option<(Instant, Instant)> = None;
        let mut taken = 0_u32;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    pauses.reset();
                    failing = None;
                    self.take(kind, served, event, turn);
                    taken = taken.wrapping_add(1);
                    if taken.is_multiple_of(TURN) {
                        tokio::task::yield_now().await;
                    }
                }
                Err(error) => {
                    let (reason, end) = trouble(&error);
                    tracing::debug!(kind, reason, "cannot be watched");
                    if let Some(end) = end {
                        return end;
                    }
                    // Failures far apart have nothing to do with each other.
                    let now = Instant::now();
                    let lately = |last: Instant| now - last < self.patience.longest_pause * 3;
                    let since = failing
                        .filter(|&(_, last)| lately(last))
                        .map_or(now, |(since, _)| since);
                    failing = Some((since, now));
                    if now - since > self.patience.stale {
                        return End::Broken;
                    }
                    pauses.pause().await;
                }
            }
        }
        End::Broken
    }

    fn take(&self, kind: &str, served: &Served, event: Event<DynamicObject>, turn: &Turn) {
        match event {
            Event::Init => self.shared.write(|store| store.begin(kind)),
            Event::InitApply(object) | Event::Apply(object) => self.put(kind, served, object),
            Event::Delete(object) => {
                let (namespace, name) = called(&object);
                self.shared.write(|store| store.remove(kind, &namespace, &name));
            }
            Event::InitDone => {
                self.shared.write(|store| store.finish(kind));
                lock(turn).take();
                self.set(kind, Status::Watched);
            }
        }
    }

    fn put(&self, kind: &str, served: &Served, object: DynamicObject) {
        let (namespace, name) = called(&object);
        let put = match prepare(object, served, Keep::default()) {
            Some(prepared) => self.shared.write(|store| {
                let knew = store.knows(kind);
                (store.put(prepared), knew)
            }),
            None => return self.shared.write(|store| store.remove(kind, &namespace, &name)),
        };
        if let (Put::LeftOut, true) = put {
            tracing::warn!(kind, "no room for all of its objects: rules that need it are skipped");
        }
    }

    /// What is known of a kind is no longer trusted.
    fn doubt(&self, kind: &str) {
        let knew = self.shared.write(|store| {
            let knew = store.knows(kind);
            store.doubt(kind);
            knew
        });
        if knew {
            self.set(kind, Status::GivenUp);
        }
    }
}

fn called(object: &DynamicObject) -> (String, String) {
    let metadata = &object.metadata;
    (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    )
}

/// An object of a list or a watch, ready to be kept; none where it is not to be.
pub(super) fn prepare(mut object: DynamicObject, served: &Served, keep: Keep) -> Option<Prepared> {
    // Items of lists do not say what they are.
    object.types = Some(TypeMeta {
        api_version: served.resource.api_version.clone(),
        kind: served.resource.kind.clone(),
    });
    object.metadata.managed_fields = None;
    let value = serde_json::to_value(&object).ok()?;
    Prepared::new(pruned(value, keep)?)
}

/// What went wrong, and whether it makes sense to go on.
fn trouble(error: &watcher::Error) -> (String, Option<End>) {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => {
            let end = match error {
                Error::Api(status) if matches!(status.code, 404 | 405) => Some(End::Lost),
                // An event that could not be read is lost, and with it what it said.
                Error::SerdeError(_) => Some(End::Broken),
                _ => None,
            };
            (reason(error), end)
        }
        watcher::Error::WatchError(status) => (format!("{} {}", status.code, status.reason), None),
        watcher::Error::NoResourceVersion => ("an answer without a version".to_owned(), None),
    }
}

/// Why the cluster gave no answer that can be used, without anything of the answer itself.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::Api(status) => format!("{} {}", status.code, status.reason),
        Error::SerdeError(_) => "an answer that cannot be read".to_owned(),
        other => super::connect::chain(other),
    }
}
