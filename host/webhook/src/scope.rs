//! Which requests are judged at all.

use std::borrow::Cow;

use plimsoll_core::config::OwnedPods;
use plimsoll_core::read::{Members, members};
use plimsoll_tree::glob;
use serde::Deserialize;

use crate::context::kind_name;
use crate::governed::Government;
use crate::review::Request;

/// Accounts of the controllers of Kubernetes. Whoever else sends an object with an owner may have made the owner up.
const CONTROLLERS: [&str; 2] = [
    "system:serviceaccount:kube-system:*-controller",
    "system:kube-controller-manager",
];
/// The namespace that is never judged unless asked for.
const SYSTEM: &str = "kube-system";
/// The one subresource whose object holds containers that nobody has judged yet.
const EPHEMERAL: &str = "ephemeralcontainers";

/// Why a request is not judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skip {
    /// Neither CREATE nor UPDATE, or a subresource without a pod spec.
    Operation,
    /// The operator exempts it.
    Exempt,
    /// It is being deleted: nothing may hold that up.
    Deleting,
    /// Nothing of what rules read has changed.
    Unchanged,
    /// Its owner is judged instead.
    Owned,
}

impl Skip {
    /// In one word, as in logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Skip::Operation => "operation",
            Skip::Exempt => "exempt",
            Skip::Deleting => "deleting",
            Skip::Unchanged => "unchanged",
            Skip::Owned => "owned",
        }
    }
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The object's JSON.
    pub object: &'a str,
    /// The one before, of an update.
    pub old: Option<&'a str>,
    /// Only findings in ephemeral containers count, and only new ones.
    pub ephemeral: bool,
}

/// Metadata, as far as this looks at it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(default)]
    deletion_timestamp: Option<Cow<'a, str>>,
    #[serde(default)]
    owner_references: Option<Vec<Owner>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    controller: Option<bool>,
}

/// What of a request is judged.
///
/// # Errors
/// Why nothing is.
pub fn scope<'a>(request: &Request<'a>, government: &Government, own: Option<&str>) -> Result<Scope<'a>, Skip> {
    let ephemeral = request.sub_resource == EPHEMERAL;
    let judged =
        matches!(request.operation.as_str(), "CREATE" | "UPDATE") && (request.sub_resource.is_empty() || ephemeral);
    let Some(object) = request.object.filter(|_| judged) else {
        return Err(Skip::Operation);
    };
    if is_exempt(request, government, own) {
        return Err(Skip::Exempt);
    }
    let metadata = request.members.get("metadata");
    let metadata: Metadata<'_> = metadata
        .and_then(|metadata| serde_json::from_str(metadata).ok())
        .unwrap_or_default();
    if metadata.deletion_timestamp.is_some() {
        return Err(Skip::Deleting);
    }
    let old = request.old_object.filter(|_| request.operation == "UPDATE");
    if let Some(old) = old
        && is_unchanged(&request.members, old)
    {
        return Err(Skip::Unchanged);
    }
    if government.config.admission.owned_pods == OwnedPods::Skip
        && CONTROLLERS
            .iter()
            .any(|glob| glob::matches(glob, &request.user_info.username))
        && owner(&metadata).is_some_and(|owner| government.judges(&owner))
    {
        return Err(Skip::Owned);
    }
    Ok(Scope { object, old, ephemeral })
}

fn is_exempt(request: &Request<'_>, government: &Government, own: Option<&str>) -> bool {
    let exempt = &government.config.admission.exempt;
    let any = |globs: &[String], text: &str| globs.iter().any(|one| one == "*" || glob::matches(one, text));
    let namespace = match &exempt.namespaces {
        Some(globs) => any(globs, &request.namespace),
        None => request.namespace == SYSTEM || own == Some(request.namespace.as_str()),
    };
    (namespace && !request.namespace.is_empty())
        || any(&exempt.users, &request.user_info.username)
        || request.user_info.groups.iter().any(|group| any(&exempt.groups, group))
}

/// The kind of the controller that an object belongs to, as rules name kinds.
fn owner(metadata: &Metadata<'_>) -> Option<String> {
    let owners = metadata.owner_references.iter().flatten();
    let owner = owners.into_iter().find(|owner| owner.controller == Some(true))?;
    let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
    Some(kind_name(group, &owner.kind))
}

/// Whether all that rules read is written as it was: everything but the status, and of the metadata labels and annotations.
/// The API server writes both objects alike; where it does not, the object is judged.
fn is_unchanged(new: &Members<'_>, old: &str) -> bool {
    let Ok(old) = members(old) else {
        return false;
    };
    content(new).eq(content(&old)) && marks(new) == marks(&old)
}

/// What rules read beside the metadata.
fn content<'m>(members: &'m Members<'_>) -> impl Iterator<Item = (&'m str, &'m str)> {
    members.iter().filter(|(key, _)| !matches!(*key, "status" | "metadata"))
}

/// Labels and annotations as they are written.
fn marks<'a>(object: &Members<'a>) -> Option<(Option<&'a str>, Option<&'a str>)> {
    let metadata = members(object.get("metadata")?).ok()?;
    Some((metadata.get("labels"), metadata.get("annotations")))
}
