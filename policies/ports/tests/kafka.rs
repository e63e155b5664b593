//! What `kafka-advertised-listener` says; and that no text makes it panic.

use plimsoll_policy_ports::Ports;
use plimsoll_sdk::testing::{Seen, findings};

const RULE: &str = "kafka-advertised-listener";

fn broker(ports: &str, env: &str) -> Vec<Seen> {
    findings::<Ports>(
        RULE,
        &format!(
            "apiVersion: v1
kind: Service
metadata: {{name: reef}}
spec: {{selector: {{app: reef}}, ports: {ports}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: reef}}
spec:
  template:
    metadata: {{labels: {{app: reef}}}}
    spec:
      containers:
        - name: kafka
          image: registry.reef.example/kafka:1
          env: {env}
"
        ),
    )
}

#[test]
fn the_message_says_where_the_port_leads() {
    let found = broker(
        "[{port: 9092, targetPort: 9094}]",
        "[{name: KAFKA_LISTENERS, value: 'PLAINTEXT://:9092,SSL://:9094'}, {name: KAFKA_ADVERTISED_LISTENERS, value: 'SSL://192.0.2.7:9092, PLAINTEXT://reef:9092'}]",
    );
    let [found] = found.as_slice() else {
        panic!("one finding");
    };
    assert_eq!(
        found.message,
        "Kafka advertises PLAINTEXT://reef:9092, but reef port 9092 leads to 9094; listener PLAINTEXT is on 9092"
    );
    assert_eq!(found.text, "PLAINTEXT://reef:9092");
    assert_eq!(found.fix, None);
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "",
        ",",
        "://",
        "A://",
        "A://:",
        "A://:9",
        "é://é:é",
        "A://[::1]:9092",
        "A://${X:9092",
        "A://$(X",
        "${X}",
        "A://h:99999",
        "A://h:0,B://h:0",
        "A://h:-1",
        "listeners=",
        "listeners = A://:1,",
        "export KAFKA_LISTENERS='A://:1",
        "advertised.listeners=$(cat /x):9",
        "KAFKA_LISTENERS",
        "é listeners=é",
    ] {
        for name in [
            "KAFKA_LISTENERS",
            "KAFKA_ADVERTISED_LISTENERS",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
            "KAFKA_CONTROLLER_LISTENER_NAMES",
        ] {
            let env = format!(
                "[{{name: {name}, value: \"{text}\"}}, {{name: KAFKA_CFG_ADVERTISED_LISTENERS, value: 'PLAINTEXT://reef:9092'}}]"
            );
            let _ = broker("[{port: 9092}]", &env);
        }
        let _ = broker(
            "[{port: 9092}]",
            &format!("[{{name: A, value: x}}]\n          args: [\"{text}\"]"),
        );
    }
}
