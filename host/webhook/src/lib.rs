//! The admission webhook: AdmissionReviews over HTTPS, judged in the light of what the cluster holds.
//!
//! The only crate that knows HTTP, TLS, the async runtime and the cluster's API.

pub mod context;
mod decide;
mod governed;
mod http;
mod judge;
mod metrics;
mod record;
mod review;
mod scope;
mod serve;
mod state;
mod tls;

pub use governed::{Governed, Government};
pub use metrics::Metrics;
pub use record::Record;
pub use review::NoReview;
pub use serve::{Options, Source, serve};
pub use state::State;
pub use tls::{DevCertificate, Tls, dev_certificate};
