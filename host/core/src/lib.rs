//! Reading manifests with positions, the bundle, findings and reports.
//!
//! Pure thinking: no files, environment, clock, threads, network or printing. The ways through this crate are functions
//! with plain input and output:
//!
//! ```text
//! bytes ─ read ─► Manifest ─ bundle ─► Bundle (tree + places) ─ engine ─► Violations ─ finding ─► Findings ─ report ─► text
//! ```

pub mod bundle;
pub mod config;
pub mod edit;
pub mod finding;
pub mod policy;
pub mod read;
pub mod report;
pub mod suppress;
