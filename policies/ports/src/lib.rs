//! The policy `ports`.
