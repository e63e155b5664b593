//! An API server that is no more than its answers: what it lists, what it says to watchers, and how it fails.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

/// How it answers questions about objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// As it should.
    Well,
    /// With this status.
    Status(u16),
    /// Not at all.
    Silent,
    /// With what is no JSON.
    Garbage,
    /// By closing the connection.
    Closed,
}

pub struct State {
    pub mood: Mood,
    /// Whether the group `example.com` is served.
    pub widgets: bool,
    pub objects: BTreeMap<String, Value>,
    version: u64,
    /// Paths that were asked for, with their queries.
    pub asked: Vec<String>,
}

pub struct Api {
    state: Mutex<State>,
    events: broadcast::Sender<Option<String>>,
    address: String,
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

impl Api {
    pub async fn start() -> Arc<Api> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = Arc::new(Api {
            state: Mutex::new(State {
                mood: Mood::Well,
                widgets: false,
                objects: BTreeMap::new(),
                version: 1,
                asked: Vec::new(),
            }),
            events: broadcast::channel(4096).0,
            address: format!("http://{}", listener.local_addr().expect("it listens")),
        });
        let serving = Arc::clone(&api);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let api = Arc::clone(&serving);
                tokio::spawn(async move {
                    let service = service_fn(move |request| Arc::clone(&api).answer(request));
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        api
    }

    pub fn client(&self) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = Config::new(self.address.parse().expect("an address"));
        config.default_retry = false;
        Client::try_from(config).expect("a client")
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }

    /// Creates or changes an object; watchers hear of it.
    pub fn put(&self, name: &str, value: &str) {
        let event = self.state().put(name, value);
        let _ = self.events.send(Some(event));
    }

    /// The same, and nobody hears of it.
    pub fn put_quietly(&self, name: &str, value: &str) {
        self.state().put(name, value);
    }

    pub fn delete(&self, name: &str) {
        let mut state = self.state();
        state.version += 1;
        let mut object = state.objects.remove(name).expect("it is there");
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        let _ = self
            .events
            .send(Some(line(&json!({"type": "DELETED", "object": object}))));
    }

    pub fn delete_quietly(&self, name: &str) {
        self.state().objects.remove(name);
    }

    /// Tells watchers something.
    pub fn say(&self, text: &str) {
        let _ = self.events.send(Some(format!("{text}\n")));
    }

    /// Ends all watches.
    pub fn hang_up(&self) {
        let _ = self.events.send(None);
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let (mood, widgets) = {
            let mut state = self.state();
            state.asked.push(format!("{path}?{query}"));
            (state.mood, state.widgets)
        };
        match path.as_str() {
            "/apis" => return Ok(json_answer(&groups(widgets))),
            "/api/v1" => {
                return Ok(json_answer(&resources(
                    "v1",
                    &[("configmaps", "ConfigMap"), ("secrets", "Secret")],
                )));
            }
            "/apis/example.com/v1" => return Ok(json_answer(&resources("example.com/v1", &[("widgets", "Widget")]))),
            _ => {}
        }
        match mood {
            Mood::Well => {}
            Mood::Status(code) => {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": "Made", "message": "made up"});
                let mut answer = json_answer(&status);
                *answer.status_mut() = StatusCode::from_u16(code).expect("a status");
                return Ok(answer);
            }
            Mood::Silent => {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            Mood::Garbage => return Ok(Response::new(full("{\"kind\": "))),
            Mood::Closed => return Err(std::io::Error::other("closed")),
        }
        let served = path == "/api/v1/configmaps" || (path == "/apis/example.com/v1/widgets" && widgets);
        if !served {
            let mut answer = json_answer(
                &json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": "none"}),
            );
            *answer.status_mut() = StatusCode::NOT_FOUND;
            return Ok(answer);
        }
        let asks = |name: &str| {
            let values = query.split('&').filter_map(|pair| pair.split_once('='));
            values
                .into_iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        if asks("watch").as_deref() == Some("true") {
            let heard = self.events.subscribe();
            let lines = stream::unfold(heard, |mut heard| async move {
                let text = heard.recv().await.ok().flatten()?;
                Some((Ok(Frame::data(Bytes::from(text))), heard))
            });
            return Ok(Response::new(BodyExt::boxed_unsync(StreamBody::new(lines))));
        }
        let state = self.state();
        let limit = asks("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        // Pages of the mock are short, so that lists have several.
        let limit = limit.min(3);
        let from: usize = asks("continue").and_then(|token| token.parse().ok()).unwrap_or(0);
        let items: Vec<&Value> = state.objects.values().skip(from).take(limit).collect();
        let more = from + items.len() < state.objects.len();
        let next = if more {
            (from + items.len()).to_string()
        } else {
            String::new()
        };
        Ok(json_answer(&json!({
            "kind": "List", "apiVersion": "v1",
            "metadata": {"resourceVersion": state.version.to_string(), "continue": next},
            "items": items,
        })))
    }
}

impl State {
    fn put(&mut self, name: &str, value: &str) -> String {
        self.version += 1;
        let metadata = json!({"name": name, "namespace": "shop", "resourceVersion": self.version.to_string()});
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": value}});
        let before = self.objects.insert(name.to_owned(), object.clone());
        let kind = if before.is_some() { "MODIFIED" } else { "ADDED" };
        line(&json!({"type": kind, "object": object}))
    }
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

fn full(text: &str) -> Body {
    Full::new(Bytes::from(text.to_owned())).boxed_unsync()
}

fn json_answer(value: &Value) -> Response<Body> {
    Response::new(full(&value.to_string()))
}

fn groups(widgets: bool) -> Value {
    let version = json!({"groupVersion": "example.com/v1", "version": "v1"});
    let group = json!({"name": "example.com", "versions": [version], "preferredVersion": version});
    let groups: Vec<Value> = widgets.then_some(group).into_iter().collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn resources(version: &str, kinds: &[(&str, &str)]) -> Value {
    let resource = |(name, kind): &(&str, &str)| json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list", "watch"]});
    let resources: Vec<Value> = kinds.iter().map(resource).collect();
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources})
}
