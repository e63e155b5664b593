//! HTTP: what is asked where, and what a hostile client may not do.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};

use crate::record::Record;
use crate::review::NoReview;
use crate::state::{Held, State};

/// What is answered.
pub type Answer = Response<Full<Bytes>>;

/// Time that a review may take where the request does not say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that a request can say.
const LONGEST: Duration = Duration::from_secs(30);
/// Time that is left for the way back.
const MARGIN: Duration = Duration::from_millis(500);
/// Time for a body to arrive.
const BODY: Duration = Duration::from_secs(10);
/// Bytes of all bodies that are held at once.
const BODIES: usize = 256 << 20;

/// Bytes that are made room for before any has come.
const FIRST: usize = 16 << 10;

/// The answer to a review, or why it is none.
type Judged = Result<Vec<u8>, NoReview>;

/// Who answers reviews.
#[derive(Clone)]
pub struct Desk {
    state: Arc<State>,
    most: usize,
}

/// Reviews in flight for each core; more are turned away.
const QUEUE: usize = 64;

impl Desk {
    /// A desk with so many threads that judge: the runtime's for what blocks.
    #[must_use]
    pub fn new(state: Arc<State>, threads: usize) -> Self {
        let most = threads.saturating_mul(QUEUE);
        Desk { state, most }
    }

    /// Answers a request on the port of reviews.
    ///
    /// # Errors
    /// Never.
    pub async fn serve(self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let arrived = Instant::now();
        if request.uri().path() != "/validate" {
            return Ok(text(StatusCode::NOT_FOUND, "reviews are posted to /validate\n"));
        }
        if request.method() != Method::POST {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "reviews are posted\n");
            answer
                .headers_mut()
                .insert(ALLOW, hyper::header::HeaderValue::from_static("POST"));
            return Ok(answer);
        }
        let json = request.headers().get(CONTENT_TYPE).is_some_and(|value| {
            let kind = value.to_str().unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json")
        });
        if !json {
            return Ok(text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "reviews are application/json\n",
            ));
        }
        let deadline = arrived + allowance(timeout(request.uri().query().unwrap_or_default()));
        let limit = self.state.government.load().config.admission.body_limit;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (body, held) = match tokio::time::timeout(BODY, self.body(request.into_body(), limit)).await {
            Ok(Ok(body)) => body,
            Ok(Err(answer)) => return Ok(answer),
            Err(_) => return Ok(text(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time\n")),
        };
        let Some(place) = Place::take(&self.state, self.most) else {
            return Ok(self.shed());
        };
        Ok(match self.judge(body, held, place, deadline).await {
            Some(Ok(body)) => {
                let mut answer = Response::new(Full::new(Bytes::from(body)));
                let json = hyper::header::HeaderValue::from_static("application/json");
                answer.headers_mut().insert(CONTENT_TYPE, json);
                answer
            }
            Some(Err(why)) => text(StatusCode::BAD_REQUEST, &format!("{why}\n")),
            None => text(StatusCode::INTERNAL_SERVER_ERROR, "the review broke off\n"),
        })
    }

    /// Judges off the threads of connections, and logs behind the answer. None where it broke off.
    async fn judge(&self, body: Bytes, held: Option<Held>, place: Place, deadline: Instant) -> Option<Judged> {
        let state = Arc::clone(&self.state);
        let (tell, told) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            // Until it is done, whether or not anybody still waits for it.
            let (_place, _held) = (place, held);
            match state.answer(&body, deadline) {
                Ok((answer, record)) => {
                    let _ = tell.send(Ok(answer));
                    record.iter().for_each(Record::log);
                }
                Err(why) => _ = tell.send(Err(why)),
            }
        });
        told.await.ok()
    }

    /// Reads a body up to its limit, as far as there is room for it beside the others.
    async fn body(&self, mut body: Incoming, limit: usize) -> Result<(Bytes, Option<Held>), Answer> {
        let too_large = || {
            text(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("the body is larger than {limit} bytes\n"),
            )
        };
        let stated = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if stated > limit {
            return Err(too_large());
        }
        // What is stated is not believed: who sends slowly holds only what has come.
        let mut room = stated.min(FIRST);
        let mut held = vec![self.state.hold(room, BODIES).ok_or_else(|| self.shed())?];
        let mut taken = BytesMut::with_capacity(room);
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(text(StatusCode::BAD_REQUEST, "the body broke off\n"));
            };
            let Ok(data) = frame.into_data() else { continue };
            if taken.len().saturating_add(data.len()) > limit {
                return Err(too_large());
            }
            let wanted = taken.len() + data.len();
            if wanted > room {
                let more = (wanted - room).max(room.min(limit - room));
                held.push(self.state.hold(more, BODIES).ok_or_else(|| self.shed())?);
                room += more;
            }
            taken.extend_from_slice(&data);
        }
        let all = Held::together(held);
        Ok((taken.freeze(), all))
    }

    /// The API server asks again within its timeout, instead of falling to its failure policy at once.
    fn shed(&self) -> Answer {
        self.state.metrics.shed();
        let mut answer = text(StatusCode::TOO_MANY_REQUESTS, "too many reviews at once\n");
        let second = hyper::header::HeaderValue::from_static("1");
        answer.headers_mut().insert(RETRY_AFTER, second);
        answer
    }
}

/// One review's place among those that are answered at once.
struct Place {
    state: Arc<State>,
}

impl Place {
    fn take(state: &Arc<State>, most: usize) -> Option<Self> {
        let before = state.reviews.fetch_add(1, Ordering::Relaxed);
        state.metrics.in_flight(1);
        let place = Place {
            state: Arc::clone(state),
        };
        (before < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.state.reviews.fetch_sub(1, Ordering::Relaxed);
        self.state.metrics.in_flight(-1);
    }
}

/// A short plain answer.
pub fn text(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *answer.status_mut() = status;
    let plain = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    answer
}

/// The time that a request says it waits: `timeout=5s`, a duration as Go writes it.
fn timeout(query: &str) -> Duration {
    let stated = query.split('&').find_map(|pair| pair.strip_prefix("timeout="));
    stated
        .and_then(duration)
        .filter(|stated| !stated.is_zero())
        .map_or(TIMEOUT, |stated| stated.min(LONGEST))
}

/// What of a timeout is there for us.
fn allowance(timeout: Duration) -> Duration {
    timeout - MARGIN.min(timeout / 4)
}

/// `1m30s`, `2.5s`, `500ms`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut all = 0.0_f64;
    if rest.is_empty() || rest.len() > 32 {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            "ns" => 0.000_000_001,
            _ => return None,
        };
        all += number.parse::<f64>().ok()? * seconds;
        rest = tail;
    }
    Duration::try_from_secs_f64(all).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        for (query, milliseconds) in [
            ("timeout=5s", 5000),
            ("a=b&timeout=2.5s", 2500),
            ("timeout=1m0s", 30_000),
            ("timeout=500ms", 500),
            ("", 10_000),
            ("timeout=", 10_000),
            ("timeout=soon", 10_000),
            ("timeout=0s", 10_000),
            ("timeout=1e400s", 10_000),
            ("timeout=-5s", 10_000),
        ] {
            assert_eq!(timeout(query), Duration::from_millis(milliseconds), "{query}");
        }
        assert_eq!(allowance(Duration::from_secs(5)), Duration::from_millis(4500));
        assert_eq!(allowance(Duration::from_secs(1)), Duration::from_millis(750));
    }
}
