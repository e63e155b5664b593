//! The objects of a cluster in memory, and what lies around one of them.

mod around;
mod cluster;
mod store;
