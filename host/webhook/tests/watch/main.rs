//! Watching a cluster that fails in every way: what is known stays right, or is said not to be known.

mod api;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Api, Mood};
use plimsoll_webhook::context::{Bounds, Cluster as _, Patience, Room, Shared, Status, Store, Watch};

/// Longer than anything here takes, on a busy machine too.
const LONG: Duration = Duration::from_secs(20);

fn patience() -> Patience {
    Patience {
        give_up: Duration::from_millis(400),
        again: Duration::from_millis(100),
        pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(100),
        stale: Duration::from_millis(300),
        answer: Duration::from_secs(5),
        watch: 120,
    }
}

struct Watched {
    shared: Arc<Shared>,
    watch: Watch,
}

impl Watched {
    fn new(api: &Api, kinds: &[&str]) -> Self {
        let shared = Arc::new(Shared::new(Store::new(Bounds::default()), Room::default()));
        let watch = Watch::new(api.client(), Arc::clone(&shared), patience());
        watch.want(&wanted(kinds));
        Watched { shared, watch }
    }

    /// Waits until it is so.
    async fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !is(self) {
            assert!(
                started.elapsed() < LONG,
                "never {what}: {:?} {:?}",
                self.watch.states(),
                self.values()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn status(&self, kind: &str) -> Option<Status> {
        let states = self.watch.states();
        states
            .into_iter()
            .find(|state| state.kind == kind)
            .map(|state| state.status)
    }

    fn knows(&self) -> bool {
        self.shared.knows("ConfigMap")
    }

    /// Names and values of the ConfigMaps.
    fn values(&self) -> Vec<String> {
        let all = self.shared.read(Store::all);
        let value = |text: &str| {
            let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
            format!("{}={}", value["metadata"]["name"], value["data"]["key"]).replace('"', "")
        };
        all.iter().map(|manifest| value(&manifest.text)).collect()
    }
}

fn wanted(kinds: &[&str]) -> BTreeSet<String> {
    kinds.iter().map(|&kind| kind.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_listed_and_changes_is_known() {
    let api = Api::start().await;
    for name in ["a", "b", "c", "d", "e"] {
        api.put_quietly(name, "1");
    }
    let watched = Watched::new(&api, &["ConfigMap"]);
    watched.until("ready", |watched| watched.shared.ready()).await;
    assert!(watched.knows());
    assert_eq!(watched.values(), ["a=1", "b=1", "c=1", "d=1", "e=1"]);
    let asked = api.state().asked.clone();
    assert_eq!(
        asked.iter().filter(|asked| asked.contains("continue=3")).count(),
        1,
        "{asked:?}"
    );
    watched
        .until("watching", |_| {
            api.state().asked.iter().any(|asked| asked.contains("watch=true"))
        })
        .await;
    // The watch may not be heard yet when it was asked for.
    tokio::time::sleep(Duration::from_millis(200)).await;
    api.put("b", "2");
    api.put("f", "1");
    api.delete("a");
    watched
        .until("the new state", |watched| {
            watched.values() == ["b=2", "c=1", "d=1", "e=1", "f=1"]
        })
        .await;
    // A kind that is no longer wanted is forgotten.
    watched.watch.want(&BTreeSet::new());
    assert!(!watched.knows() && watched.values().is_empty() && watched.watch.bytes() == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_slow_or_broken_is_given_up_and_known_once_it_comes() {
    for mood in [Mood::Status(403), Mood::Status(500), Mood::Garbage, Mood::Closed] {
        let api = Api::start().await;
        api.put_quietly("a", "1");
        api.state().mood = mood;
        let watched = Watched::new(&api, &["ConfigMap"]);
        assert!(!watched.shared.ready());
        watched
            .until("given up", |watched| {
                watched.status("ConfigMap") == Some(Status::GivenUp)
            })
            .await;
        assert!(watched.shared.ready() && !watched.knows(), "{mood:?}");
        api.state().mood = Mood::Well;
        watched.until("known", Watched::knows).await;
        assert_eq!(watched.values(), ["a=1"], "{mood:?}");
    }
    let api = Api::start().await;
    api.state().mood = Mood::Silent;
    let watched = Watched::new(&api, &["ConfigMap"]);
    watched.until("given up", |watched| watched.shared.ready()).await;
    assert!(!watched.knows());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_that_is_not_served_is_known_to_be_empty_and_looked_for_again() {
    let api = Api::start().await;
    let watched = Watched::new(&api, &["Widget.example.com", "Gadget.example.org"]);
    // Ready may come first: on a busy machine a kind is given up before it is found out about.
    watched
        .until("known", |watched| {
            watched.shared.knows("Widget.example.com") && watched.shared.knows("Gadget.example.org")
        })
        .await;
    watched.until("ready", |watched| watched.shared.ready()).await;
    watched
        .until("not served", |watched| {
            watched.status("Widget.example.com") == Some(Status::NotServed)
        })
        .await;
    // What is served is asked for once in half a minute, which is too long to wait here: a new watch asks anew.
    api.state().widgets = true;
    api.put_quietly("one", "1");
    let later = Watched::new(&api, &["Widget.example.com"]);
    later
        .until("watched", |watched| {
            watched.status("Widget.example.com") == Some(Status::Watched)
        })
        .await;
    assert_eq!(later.values(), ["one=1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_never_asked_for() {
    let api = Api::start().await;
    let watched = Watched::new(&api, &["Secret", "ConfigMap"]);
    watched.until("known", Watched::knows).await;
    assert!(!watched.shared.knows("Secret") && watched.shared.ready());
    assert!(!api.state().asked.iter().any(|asked| asked.contains("secrets")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_that_is_lost_begins_with_a_new_list() {
    for lost in [
        // Too old: what came between is not known.
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"status\":\"Failure\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old\"}}",
        // What was said cannot be read.
        "{\"type\":\"MODIFIED\",\"object\":7}",
    ] {
        let api = Api::start().await;
        api.put_quietly("a", "1");
        api.put_quietly("b", "1");
        let watched = Watched::new(&api, &["ConfigMap"]);
        watched.until("known", Watched::knows).await;
        api.delete_quietly("a");
        api.put_quietly("b", "2");
        // Until it is heard: the watch may only just be beginning.
        watched
            .until("the new list", |watched| {
                api.say(lost);
                watched.knows() && watched.values() == ["b=2"]
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_is_made_again_and_what_cannot_be_watched_is_doubted() {
    let api = Api::start().await;
    api.put_quietly("a", "1");
    let watched = Watched::new(&api, &["ConfigMap"]);
    watched.until("known", Watched::knows).await;
    api.hang_up();
    watched
        .until("heard again", |watched| {
            api.put("a", "2");
            watched.values() == ["a=2"]
        })
        .await;
    assert!(watched.knows());
    api.state().mood = Mood::Status(503);
    watched
        .until("doubted", |watched| {
            api.hang_up();
            !watched.knows()
        })
        .await;
    assert!(watched.shared.ready(), "it serves without what it does not know");
    api.put_quietly("a", "3");
    api.state().mood = Mood::Well;
    watched
        .until("known again", |watched| watched.knows() && watched.values() == ["a=3"])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_without_end_take_no_more_room() {
    let api = Api::start().await;
    api.put_quietly("a", "0000");
    let watched = Watched::new(&api, &["ConfigMap"]);
    watched.until("known", Watched::knows).await;
    let bytes = watched.watch.bytes();
    for round in 0..40 {
        let value = format!("{round:04}");
        for number in 0..50 {
            api.put(&format!("n{number:02}"), &value);
        }
        // What was said before the watch began was not heard.
        let last = format!("n49={value}");
        watched
            .until("heard", |watched| {
                api.put("n49", &value);
                watched.values().contains(&last)
            })
            .await;
        for number in 0..50 {
            api.delete(&format!("n{number:02}"));
        }
        watched.until("gone", |watched| watched.values() == ["a=0000"]).await;
        assert_eq!(watched.watch.bytes(), bytes);
    }
}
