//! The policy `secrets`: credentials in the clear, found by the name of what holds them and by the value itself.
//!
//! What a rule here marks is masked by the host in every output, so doubtful bytes are rather marked than not. Messages
//! name a place, a class and a step of length, never the value.

use plimsoll_sdk::{Policy, Rule};

use plimsoll_sdk::kube::base64;

mod command;
mod connection;
mod credential;
mod dsn;
mod encoding;
mod entropy;
mod file;
mod look;
mod name;
mod pem;
mod placeholder;
mod report;
mod rules;
mod secret;
mod stage;
mod surface;
mod token;
mod url;
mod value;
mod weak;

/// The policy.
pub struct Secrets;

impl Policy for Secrets {
    const NAME: &'static str = "secrets";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Credentials that stand in the clear where anyone who may read the manifest reads them.";
    type Settings = ();
    fn rules() -> &'static [&'static Rule<Self::Settings>] {
        rules::ALL
    }
}
