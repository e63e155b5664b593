//! The policy `network`.
