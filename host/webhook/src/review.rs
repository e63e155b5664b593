//! AdmissionReview, `admission.k8s.io/v1`: what the API server sends and what it is answered.
//!
//! Shapes and limits: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/>.

use std::collections::BTreeMap;

use plimsoll_core::read::{Members, members_along};
use serde::{Deserialize, Serialize};

use crate::context::kind_name;

/// Versions of the group that are understood; the answer is in the one that was asked in.
const API_VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];
const KIND: &str = "AdmissionReview";

/// One request to the API server, as it asks about it.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// Names the round trip; the answer must repeat it.
    pub uid: String,
    /// Kind of the object as it was converted for us.
    pub kind: Kind,
    /// Kind as the user sent it, where it differs.
    pub request_kind: Option<Kind>,
    /// `scale`, `status`, `ephemeralcontainers`; empty for the object itself.
    pub sub_resource: String,
    /// Name of the object; empty in a deletion of a collection.
    pub name: String,
    /// Its namespace; of a Namespace its own name; empty for what has none.
    pub namespace: String,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: String,
    /// Who asks.
    pub user_info: UserInfo,
    /// The new object, as it is written.
    pub object: Option<&'a str>,
    /// Its members, as far as it is a map.
    pub members: Members<'a>,
    /// The one there was, as it is written.
    pub old_object: Option<&'a str>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
}

/// Group, version and kind.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug, Default)]
pub struct Kind {
    /// Empty for the core.
    #[serde(default)]
    pub group: String,
    /// Such as `v1`.
    #[serde(default)]
    pub version: String,
    /// Such as `Pod`.
    #[serde(default)]
    pub kind: String,
}

impl Kind {
    /// As rules name it: `Deployment.apps`, `Service`.
    #[must_use]
    pub fn named(&self) -> String {
        kind_name(&self.group, &self.kind)
    }
}

/// Who asks. `extra` and `uid` are not even read, so that they cannot be logged.
#[derive(Deserialize, Debug, Default)]
pub struct UserInfo {
    /// The user's name.
    #[serde(default, deserialize_with = "or_default")]
    pub username: String,
    /// The user's groups.
    #[serde(default, deserialize_with = "or_default")]
    pub groups: Vec<String>,
}

/// `null` is as good as nothing.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Why a body is no review.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoReview {
    /// Not JSON, or not of this shape. Nothing of the body is repeated: it may hold a Secret.
    #[error("the body is not an AdmissionReview: line {line}, column {column}")]
    Shape {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// Another kind or version.
    #[error("the body is not an AdmissionReview of admission.k8s.io/v1")]
    Version,
    /// Nothing is asked.
    #[error("the AdmissionReview has no request")]
    NoRequest,
}

impl NoReview {
    /// Of a shape that shows at a byte of the body to be another.
    fn at(body: &[u8], at: usize) -> Self {
        let before = body.get(..at).unwrap_or(body);
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        NoReview::Shape {
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + before.len() - start,
        }
    }
}

/// Reads a body; also gives the version to answer in. Objects stay text until they are judged.
///
/// # Errors
/// When it is no review.
pub fn read(body: &[u8]) -> Result<(&'static str, Request<'_>), NoReview> {
    let text = std::str::from_utf8(body).map_err(|error| NoReview::at(body, error.valid_up_to()))?;
    let maps = members_along(text, &["request", "object"]).map_err(|broken| NoReview::at(body, broken.at))?;
    let mut maps = maps.into_iter();
    let envelope = Part {
        text,
        members: maps.next().unwrap_or_default(),
    };
    let version: String = envelope.optional("apiVersion")?;
    let kind: String = envelope.optional("kind")?;
    let version = API_VERSIONS.into_iter().find(|known| *known == version);
    let version = version.filter(|_| kind == KIND).ok_or(NoReview::Version)?;
    envelope.present("request").ok_or(NoReview::NoRequest)?;
    let Some(members) = maps.next() else {
        return Err(NoReview::at(body, 0));
    };
    let request = Part { text, members };
    Ok((
        version,
        Request {
            uid: request.needed("uid")?,
            kind: request.needed("kind")?,
            request_kind: request.optional("requestKind")?,
            sub_resource: request.optional("subResource")?,
            name: request.optional("name")?,
            namespace: request.optional("namespace")?,
            operation: request.needed("operation")?,
            user_info: request.optional("userInfo")?,
            object: request.present("object"),
            members: maps.next().unwrap_or_default(),
            old_object: request.present("oldObject"),
            dry_run: request.optional("dryRun")?,
        },
    ))
}

/// A map in a body.
struct Part<'t> {
    /// The body.
    text: &'t str,
    members: Members<'t>,
}

impl<'t> Part<'t> {
    /// What of a member is there: `null` is as good as nothing.
    fn present(&self, name: &str) -> Option<&'t str> {
        self.members.get(name).filter(|value| *value != "null")
    }

    fn optional<T: Deserialize<'t> + Default>(&self, name: &str) -> Result<T, NoReview> {
        let Some(value) = self.present(name) else {
            return Ok(T::default());
        };
        let wrong = |_| {
            let at = value.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
            NoReview::at(self.text.as_bytes(), at)
        };
        serde_json::from_str(value).map_err(wrong)
    }

    fn needed<T: Deserialize<'t> + Default>(&self, name: &str) -> Result<T, NoReview> {
        self.present(name).ok_or(NoReview::at(self.text.as_bytes(), 0))?;
        self.optional(name)
    }
}

/// What is answered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Why not; read only where it may not.
    pub message: String,
    /// Lines for the user's terminal.
    pub warnings: Vec<String>,
    /// For the audit log; the API server puts the webhook's name before the keys.
    pub annotations: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Out<'a> {
    api_version: &'a str,
    kind: &'a str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: &'a BTreeMap<&'static str, String>,
}

/// `meta/v1 Status`.
#[derive(Serialize)]
struct Status<'a> {
    status: &'a str,
    message: &'a str,
    reason: &'a str,
    code: u16,
}

/// The body of an answer.
#[must_use]
pub fn write(version: &str, uid: &str, answer: &Answer) -> Vec<u8> {
    let status = (!answer.allowed).then_some(Status {
        status: "Failure",
        message: &answer.message,
        reason: "Forbidden",
        code: 403,
    });
    let out = Out {
        api_version: version,
        kind: KIND,
        response: Response {
            uid,
            allowed: answer.allowed,
            status,
            warnings: &answer.warnings,
            audit_annotations: &answer.annotations,
        },
    };
    // Strings and numbers alone: nothing that could not be written.
    serde_json::to_vec(&out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(version: &str, request: &str) -> String {
        format!(r#"{{"apiVersion":"{version}","kind":"AdmissionReview","request":{request}}}"#)
    }

    const LEAST: &str = r#"{"uid":"u-1","kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE"}"#;

    #[test]
    fn what_is_left_out_or_null_is_empty() {
        let text = body("admission.k8s.io/v1", LEAST);
        let (version, request) = read(text.as_bytes()).expect("a review");
        assert_eq!(version, "admission.k8s.io/v1");
        assert_eq!((request.uid.as_str(), request.name.as_str()), ("u-1", ""));
        assert!(request.object.is_none());
        let nulls = r#"{"uid":"u-1","kind":{"kind":"Pod"},"operation":"DELETE","object":null,"oldObject":null,
            "dryRun":null,"userInfo":null,"subResource":null,"requestKind":null,"new":[1]}"#;
        let text = body("admission.k8s.io/v1beta1", nulls);
        let (version, request) = read(text.as_bytes()).expect("a review");
        assert_eq!(version, "admission.k8s.io/v1beta1");
        assert!(request.object.is_none() && !request.dry_run);
    }

    #[test]
    fn what_is_no_review_is_refused_without_repeating_it() {
        for (text, wanted) in [
            (body("v1", LEAST), NoReview::Version),
            (body("admission.k8s.io/v2", LEAST), NoReview::Version),
            (body("admission.k8s.io/v1", "null"), NoReview::NoRequest),
            ("{}".to_owned(), NoReview::Version),
        ] {
            assert_eq!(read(text.as_bytes()).expect_err("no review"), wanted, "{text}");
        }
        let of_v1 = |request| body("admission.k8s.io/v1", request);
        for text in [
            String::new(),
            "[".to_owned(),
            "\"hunter2-secret\"".to_owned(),
            "\u{0}".to_owned(),
            of_v1("7"),
            of_v1("{\"uid\":\"hunter2-secret\"}"),
            of_v1(&LEAST.replace("\"u-1\"", "{\"hunter2-secret\":7}")),
        ] {
            let error = read(text.as_bytes()).expect_err("no review");
            assert!(matches!(error, NoReview::Shape { .. }), "{text}: {error:?}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_wrong_value_is_told_by_its_place() {
        let request = LEAST.replace("\"CREATE\"", "\n  [7]");
        let error = read(body("admission.k8s.io/v1", &request).as_bytes()).expect_err("no review");
        assert_eq!(error, NoReview::Shape { line: 2, column: 3 });
    }

    #[test]
    fn deep_objects_stay_text() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let request = LEAST.replace("\"operation\"", &format!("\"object\":{deep},\"operation\""));
        let text = body("admission.k8s.io/v1", &request);
        let (_, request) = read(text.as_bytes()).expect("a review");
        assert_eq!(request.object.map(str::len), Some(200_000));
    }

    #[test]
    fn answers_have_what_the_api_server_checks() {
        let allowed = Answer {
            allowed: true,
            message: "never said".to_owned(),
            ..Answer::default()
        };
        let text = String::from_utf8(write("admission.k8s.io/v1", "u-1", &allowed)).expect("text");
        assert_eq!(
            text,
            r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":true}}"#
        );
        let denied = Answer {
            message: "no".to_owned(),
            warnings: vec!["w".to_owned()],
            annotations: BTreeMap::from([("decision", "denied".to_owned())]),
            ..Answer::default()
        };
        let text = String::from_utf8(write("admission.k8s.io/v1", "u-1", &denied)).expect("text");
        assert_eq!(
            text,
            r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":false,"status":{"status":"Failure","message":"no","reason":"Forbidden","code":403},"warnings":["w"],"auditAnnotations":{"decision":"denied"}}}"#
        );
    }
}
