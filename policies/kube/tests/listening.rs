//! Where containers listen, by the evidence of the bundle.

mod support;

use plimsoll_kube::listen::{Tier, listen_of, mentioned};
use support::{first, with, workload};

/// Port and tier of the evidence of a container, with whether more may be hidden (unknown, open).
fn evidence(container: &str, pod: &str, others: &str) -> (Vec<(u16, Tier)>, bool, bool) {
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - {container}\n{pod}\n{others}"
    );
    let mut found = (Vec::new(), false, false);
    with(&text, |bundle| {
        let workload = workload(bundle, "a");
        let listen = listen_of(bundle, workload, first(workload));
        let ports = listen.evidence.iter().map(|evidence| (evidence.port, evidence.tier));
        found = (ports.collect(), listen.unknown, listen.open);
    });
    found
}

#[test]
fn every_tier_is_found() {
    for (container, expected) in [
        (
            "{name: c, image: i, env: [{name: PORT, value: '3000'}]}",
            vec![(3000, Tier::Process)],
        ),
        (
            "{name: c, image: i, env: [{name: METRICS_PORT, value: '9090'}]}",
            vec![(9090, Tier::Side)],
        ),
        ("{name: c, image: i, env: [{name: DB_PORT, value: '5432'}]}", vec![]),
        (
            "{name: c, image: i, args: [--port, '18080']}",
            vec![(18080, Tier::Process)],
        ),
        (
            "{name: c, image: i, args: ['--port=$(P)'], env: [{name: P, value: '81'}]}",
            vec![(81, Tier::Process)],
        ),
        (
            "{name: c, image: i, args: ['--listen=$(POD_IP):82'], env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]}",
            vec![(82, Tier::Process)],
        ),
        (
            "{name: c, image: i, command: [sh, -c, 'setup --port 1 && exec server --port 2']}",
            vec![(2, Tier::Process), (1, Tier::Side)],
        ),
        (
            "{name: c, image: memcached, args: [-p, '11212']}",
            vec![(11212, Tier::Process)],
        ),
        ("{name: c, image: 'postgres:16'}", vec![(5432, Tier::Image)]),
        (
            "{name: c, image: 'postgres:16', env: [{name: PGPORT, value: '5433'}]}",
            vec![(5433, Tier::Process)],
        ),
        ("{name: c, image: i, env: [{name: PGPORT, value: '5433'}]}", vec![]),
        (
            "{name: c, image: 'apache/kafka:3.9.0', env: [{name: KAFKA_LISTENERS, value: 'PLAINTEXT://:9092,CONTROLLER://:9093'}]}",
            vec![(9092, Tier::Process), (9093, Tier::Process)],
        ),
        (
            "{name: c, image: i, livenessProbe: {grpc: {port: 9000}}}",
            vec![(9000, Tier::Probe)],
        ),
        ("{name: c, image: 'nginx:1', command: [custom]}", vec![]),
        (
            "{name: c, image: i, livenessProbe: {httpGet: {port: 8081}}}",
            vec![(8081, Tier::Probe)],
        ),
        ("{name: c, image: i, livenessProbe: {httpGet: {port: http}}}", vec![]),
        (
            "{name: c, image: i, ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}",
            vec![(80, Tier::Declared)],
        ),
    ] {
        assert_eq!(evidence(container, "", ""), (expected, false, false), "{container}");
    }
}

#[test]
fn what_is_not_known_is_said() {
    for (container, unknown, open) in [
        (
            "{name: c, image: i, env: [{name: PORT, valueFrom: {secretKeyRef: {name: s, key: p}}}]}",
            true,
            false,
        ),
        (
            "{name: c, image: i, env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: s, key: p}}}]}",
            false,
            false,
        ),
        ("{name: c, image: i, args: ['--port=${P}']}", true, false),
        ("{name: c, image: i, args: ['--name=${P}']}", false, false),
        ("{name: c, image: i, args: ['${ARGS}']}", true, false),
        (
            "{name: c, image: i, envFrom: [{configMapRef: {name: gone}}]}",
            false,
            true,
        ),
        ("{name: c, image: i, ports: '${PORTS}'}", true, false),
    ] {
        let found = evidence(container, "", "");
        assert_eq!((found.1, found.2), (unknown, open), "{container}");
    }
}

const CONF: &str = "
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  default.conf: |
    server {
      listen 8080;
      proxy_pass http://$upstream:7000;
    }
";

#[test]
fn mounted_files_are_read() {
    let container = "{name: c, image: 'nginx:1', volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]}";
    let volume = "  volumes: [{name: conf, configMap: {name: conf}}]";
    assert_eq!(
        evidence(container, volume, CONF),
        (vec![(8080, Tier::Process)], false, false)
    );
    let projected = "  volumes: [{name: conf, projected: {sources: [{configMap: {name: conf}}]}}]";
    assert_eq!(
        evidence(container, projected, CONF),
        (vec![(8080, Tier::Process)], false, false)
    );
    // Not seen: it may move the listener, and the image's default counts no longer.
    assert_eq!(evidence(container, volume, ""), (vec![], false, true));
    // Plain storage moves nothing.
    let claim = "  volumes: [{name: conf, persistentVolumeClaim: {claimName: x}}]";
    assert_eq!(evidence(container, claim, ""), (vec![(80, Tier::Image)], false, false));
}

#[test]
fn mentions_are_looked_for_everywhere_in_the_pod() {
    let text = format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: a}}
spec:
  initContainers: [{{name: init, image: i, args: ['wait 1111']}}]
  containers:
    - name: c
      image: i
      env: [{{name: X, value: 'http://b:2222/'}}]
      readinessProbe: {{exec: {{command: [nc, -z, localhost, '3333']}}}}
      volumeMounts: [{{name: conf, mountPath: /x}}]
  volumes: [{{name: conf, configMap: {{name: conf}}}}]
{CONF}"
    );
    with(&text, |bundle| {
        let workload = workload(bundle, "a");
        for port in [1111, 2222, 3333, 7000, 8080] {
            assert!(mentioned(bundle, workload, port), "{port}");
        }
        for port in [111, 80, 9999] {
            assert!(!mentioned(bundle, workload, port), "{port}");
        }
    });
}
