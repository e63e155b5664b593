//! The policy `cors`.
