//! The admission webhook: AdmissionReviews over HTTPS, judged in the light of what the cluster holds.
//!
//! The only crate that knows HTTP, TLS, the async runtime and the cluster's API.

pub mod context;
