//! The policy `probes`.
