//! What a policy call costs: natively, in a warm instance, in a fresh one; and what comes before the first call.
//!
//! A warm instance is what the engine does not do (nothing may be kept between two calls); it tells what the sandbox costs
//! from what a fresh one does.

#![allow(clippy::expect_used, reason = "a benchmark may fail")]

use std::sync::Arc;

use divan::Bencher;
use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{Limits, manifest_of_text};
use plimsoll_engine::{Component, Engine, EngineOptions, Policy};
use plimsoll_policy_ports::Ports;
use plimsoll_sdk::testing::Native;

#[path = "../src/compile.rs"]
mod compile;
mod warm;

/// One Deployment and its Service.
const MANIFEST: &str = "\
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: web, labels: {app: shop}}
spec:
  selector: {app: shop}
  ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9090, targetPort: 9090}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: web, labels: {app: shop}}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: registry.example/shop:1.2.3
          ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]
          env: [{name: LOG_LEVEL, value: info}, {name: PORT, value: '8080'}]
          readinessProbe: {httpGet: {path: /ready, port: http}}
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
";

fn main() {
    divan::main();
}

/// So many copies of the manifest, each in a directory and namespace of its own.
fn bundle(copies: usize) -> Bundle {
    let manifests = (0..copies)
        .map(|copy| {
            let text = MANIFEST.replace("namespace: web", &format!("namespace: web-{copy}"));
            manifest_of_text(&format!("{copy}/shop.yaml"), Arc::from(text), &Limits::default())
        })
        .collect();
    Bundle::build(manifests, &Options::default()).expect("a bundle")
}

fn engine() -> Engine {
    Engine::new(&EngineOptions::default()).expect("an engine")
}

/// The built-in policies, in the sandbox.
fn policies() -> Vec<Policy> {
    plimsoll_builtin::policies(&engine()).expect("they load")
}

/// The position of the policy `ports`.
fn ports(policies: &[Policy]) -> usize {
    let found = policies.iter().position(|policy| policy.description().name == "ports");
    found.expect("the policy `ports`")
}

fn rules(judge: &dyn Judge) -> Vec<u32> {
    (0..).take(judge.description().rules.len()).collect()
}

const COPIES: [usize; 3] = [1, 100, 1000];

#[divan::bench(args = COPIES)]
fn native(bencher: Bencher<'_, '_>, copies: usize) {
    let (bundle, policy) = (bundle(copies), Native::<Ports>::new());
    let rules = rules(&policy);
    bencher.bench(|| policy.check(&bundle, &rules, "").expect("a verdict"));
}

#[divan::bench(args = COPIES)]
fn warm(bencher: Bencher<'_, '_>, copies: usize) {
    let (bundle, part) = (bundle(copies), ports(&policies()));
    let part = u32::try_from(part).expect("few policies");
    let mut instance = warm::Instance::new(plimsoll_builtin::COMPONENT, part, &bundle.words);
    bencher.bench_local(|| instance.check());
}

#[divan::bench(args = COPIES)]
fn fresh(bencher: Bencher<'_, '_>, copies: usize) {
    let bundle = bundle(copies);
    let policies = policies();
    let policy = &policies[ports(&policies)];
    let rules = rules(policy);
    bencher.bench(|| policy.check(&bundle, &rules, "").expect("a verdict"));
}

/// A fresh instance that is asked for next to nothing.
#[divan::bench]
fn explain(bencher: Bencher<'_, '_>) {
    let policies = policies();
    let policy = &policies[ports(&policies)];
    bencher.bench(|| policy.explain(u32::MAX).expect("a page"));
}

#[divan::bench]
fn start_engine() -> Engine {
    engine()
}

#[divan::bench]
fn load_precompiled(bencher: Bencher<'_, '_>) {
    let engine = engine();
    bencher.bench(|| plimsoll_builtin::policies(&engine).expect("they load"));
}

#[divan::bench(sample_count = 10)]
fn compile_component(bencher: Bencher<'_, '_>) {
    let engine = engine();
    bencher.bench(|| Component::new(&engine, plimsoll_builtin::COMPONENT, None).expect("a component"));
}

/// Everything that a program does before it has read a file, and one call of every policy.
#[divan::bench]
fn start_load_and_call_all(bencher: Bencher<'_, '_>) {
    let bundle = bundle(1);
    bencher.bench(|| {
        let engine = engine();
        for policy in plimsoll_builtin::policies(&engine).expect("they load") {
            policy.check(&bundle, &rules(&policy), "").expect("a verdict");
        }
    });
}
