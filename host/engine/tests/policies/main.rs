//! Policies that behave and policies that do not, each with its named outcome.

#![allow(clippy::expect_used, reason = "a test may fail")]

mod cache;
mod contract;
mod hostile;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::policy::{EvaluationFailure, Judge as _, Violation};
use plimsoll_core::read::{self, manifest_of_text};
use plimsoll_engine::{Allocation, Component, Engine, EngineOptions, Limits, Policy};

/// Two objects in one file, one in another.
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: web}
spec:
  selector: {app: shop}
---
apiVersion: v1
kind: Service
metadata: {name: stock, namespace: web}
";
const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: web}
";

/// The bundle of the two.
fn bundle() -> Bundle {
    let manifests = [("app/service.yaml", SERVICE), ("app/deployment.yaml", DEPLOYMENT)]
        .map(|(path, text)| manifest_of_text(path, Arc::from(text), &read::Limits::default()));
    let options = Options {
        kubernetes: Some("1.35".to_owned()),
        ..Options::default()
    };
    Bundle::build(manifests.into(), &options).expect("a bundle")
}

/// An engine for all tests. Its deadline is far off, so that a busy machine changes no outcome.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| start(limits(), Allocation::Auto))
}

fn limits() -> Limits {
    Limits {
        deadline: Duration::from_secs(60),
        ..Limits::default()
    }
}

/// The first policy of a component.
fn load_with(engine: &Engine, component: &[u8], cache: Option<&Path>) -> Result<Policy, EvaluationFailure> {
    Ok(Component::new(engine, component, cache)?.policies()?.remove(0))
}

fn start(limits: Limits, allocation: Allocation) -> Engine {
    Engine::new(&EngineOptions {
        limits,
        allocation,
        instances: 4,
        ..EngineOptions::default()
    })
    .expect("an engine")
}

fn load(component: &[u8]) -> Result<Policy, EvaluationFailure> {
    load_with(engine(), component, None)
}

fn judge(component: &[u8], settings: &str) -> Result<Vec<Violation>, EvaluationFailure> {
    load(component)?.check(&bundle(), &[0], settings)
}
