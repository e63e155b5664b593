//! What the cluster holds besides the object under review.

use plimsoll_core::read::Manifest;

/// What is known of the cluster.
pub trait Cluster: Send + Sync {
    /// Whether all objects of this kind (`Deployment.apps`, `Service`) are known: they were listed, or the cluster does not
    /// serve the kind.
    fn knows(&self, kind: &str) -> bool;
    /// The objects that can matter to the judgement of this one, without it itself in its present state. In a fixed order.
    /// None where they are more than are looked at.
    fn neighbours(&self, subject: &Manifest) -> Option<Vec<Manifest>>;
    /// Whether all kinds are known, or were given up.
    fn ready(&self) -> bool;
    /// The value of a label of a namespace, as far as it is known.
    fn namespace_label(&self, namespace: &str, label: &str) -> Option<String>;
}
