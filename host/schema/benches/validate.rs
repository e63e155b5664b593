//! Validation alone, over a bundle that is read: `cargo bench -p plimsoll-schema`. Warm: types have been met before. Cold:
//! the types of its kinds are read first.

use divan::Bencher;
use divan::counter::BytesCount;
use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{self, Limits};
use plimsoll_schema::Schema;

fn main() {
    divan::main();
}

const RULES: [u32; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/// A Deployment, its Service and its NetworkPolicy, 1.6 KB, as often as asked.
fn bundle(times: usize) -> (Bundle, usize) {
    let system = |number: usize| {
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata:
  name: ferry-{number}
  labels:
    app.kubernetes.io/name: ferry
    app.kubernetes.io/part-of: harbour
spec:
  replicas: 3
  selector:
    matchLabels:
      app: ferry-{number}
  template:
    metadata:
      labels:
        app: ferry-{number}
    spec:
      serviceAccountName: ferry
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: web
          image: registry.ferry.example/web:1.{number}
          imagePullPolicy: IfNotPresent
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          env:
            - name: TIDE
              value: \"high\"
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  name: ferry
                  key: password
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
            limits:
              memory: 128Mi
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 5
          volumeMounts:
            - name: data
              mountPath: /data
      volumes:
        - name: data
          emptyDir: {{}}
---
apiVersion: v1
kind: Service
metadata:
  name: ferry-{number}
spec:
  selector:
    app: ferry-{number}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ferry-{number}
spec:
  podSelector:
    matchLabels:
      app: ferry-{number}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {{}}
      ports:
        - port: 8080
---
"
        )
    };
    let text: String = (0..times).map(system).collect();
    let manifest = read::manifest("bench.yaml", text.as_bytes(), &Limits::default());
    let length = text.len();
    (
        Bundle::build(vec![manifest], &Options::default()).expect("it fits"),
        length,
    )
}

#[divan::bench(args = [1, 1000])]
fn warm(bencher: Bencher<'_, '_>, times: usize) {
    let (bundle, length) = bundle(times);
    let schema = Schema::default();
    assert!(schema.check(&bundle, &RULES, "").expect("a verdict").is_empty());
    bencher
        .counter(BytesCount::new(length))
        .bench_local(|| schema.check(&bundle, &RULES, ""));
}

#[divan::bench]
fn cold(bencher: Bencher<'_, '_>) {
    let (bundle, length) = bundle(1);
    bencher
        .counter(BytesCount::new(length))
        .with_inputs(Schema::default)
        .bench_local_values(|schema| schema.check(&bundle, &RULES, ""));
}
