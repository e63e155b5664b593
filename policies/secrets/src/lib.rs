//! The policy `secrets`.
