//! What `connection-url-port` says, and when it may repair.

use plimsoll_policy_ports::Ports;
use plimsoll_sdk::testing::{Seen, findings};

const RULE: &str = "connection-url-port";

fn only(service: &str, env: &str) -> Seen {
    let text = format!(
        "apiVersion: v1
kind: Service
metadata: {{name: reef}}
spec: {service}
---
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  containers:
    - name: main
      image: registry.reef.example/web:1
      env: {env}
"
    );
    let mut found = findings::<Ports>(RULE, &text);
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

#[test]
fn the_only_port_is_written() {
    let one = "{ports: [{port: 80, targetPort: 8080}]}";
    for (service, env, fix) in [
        (one, "[{name: A, value: 'http://reef:8080/x'}]", true),
        (one, "[{name: A, value: 'https://reef/x'}]", true),
        (
            one,
            "[{name: A_HOST, value: reef}, {name: A_PORT, value: '8080'}]",
            true,
        ),
        (one, "[{name: A, value: 'http://u:p@reef:8080/'}]", false),
        (one, "[{name: A, value: \"http://reef:8080\\nhttp://else\"}]", false),
        (
            "{ports: [{name: a, port: 80}, {name: b, port: 81}]}",
            "[{name: A, value: 'http://reef:8080'}]",
            false,
        ),
    ] {
        let found = only(service, env);
        assert_eq!(found.fix.is_some(), fix, "{env}");
    }
    let found = only(one, "[{name: A, value: 'http://reef:8080/x'}]");
    assert_eq!(found.fix.as_deref(), Some("dial port 80"));
    assert_eq!(found.text, "reef");
    assert_eq!(
        found.message,
        "Pod web A connects to reef:8080, but Service reef exposes 80 (did you mean 80?)"
    );
}

#[test]
fn a_secret_is_not_told() {
    let text = "apiVersion: v1
kind: Service
metadata: {name: reef}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {url: 'http://u:sample@reef:8080/'}
";
    let found = findings::<Ports>(RULE, text);
    let [found] = found.as_slice() else {
        panic!("one finding");
    };
    assert_eq!(
        found.message,
        "Secret keys key url connects to Service reef on a port that it does not expose"
    );
    assert!(found.sensitive);
    assert_eq!(found.fix, None);
}
