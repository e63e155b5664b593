use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::read::{Limits, manifest};
fn cpu() -> std::time::Duration { let t = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap(); std::time::Duration::from_nanos(t.split(' ').next().unwrap().parse().unwrap()) }
fn run(n: usize, shape: &str) -> std::time::Duration {
    let mut files: Vec<(String, String)> = Vec::new();
    for i in 0..n {
        let d = match shape {
            "twins" => format!("c{i}"),
            "kust" => format!("o{i}"),
            "one" => "x".into(),
            _ => format!("g{}/d{}", i % 10, i),
        };
        let name = if shape == "twins" || shape == "dup" {
            "web".into()
        } else {
            format!("web{i}")
        };
        let dep = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels: {{a: b}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      - name: w\n        image: e/w:1\n        env:\n        - {{name: PORT, value: \"3000\"}}\n        resources: {{limits: {{cpu: 1, memory: 2Gi}}}}\n"
        );
        let svc = format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: {name}}}\n  ports:\n  - port: 80\n"
        );
        if shape == "onefile" {
            if files.is_empty() {
                files.push(("x.yaml".into(), String::new()));
            }
            let t = &mut files[0].1;
            t.push_str("---\n");
            t.push_str(&dep);
            t.push_str("---\n");
            t.push_str(&svc);
            continue;
        }
        files.push((format!("{d}/dep{i}.yaml"), dep));
        files.push((format!("{d}/svc{i}.yaml"), svc));
        if shape == "kust" {
            files.push((format!("{d}/kustomization.yaml"), format!("namespace: n{i}\ncommonLabels: {{env: e{i}}}\nresources: [dep{i}.yaml, svc{i}.yaml]\npatches:\n- path: p.yaml\n")));
            files.push((
                format!("{d}/p.yaml"),
                format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: 2}}\n"),
            ));
        }
    }
    let ms: Vec<_> = files
        .iter()
        .map(|(p, t)| manifest(p, t.as_bytes(), &Limits::default()))
        .collect();
    let mut best = std::time::Duration::MAX;
    for _ in 0..3 {
        let m = ms.clone();
        let s = cpu();
        let b = Bundle::build(m, &Options::default()).unwrap();
        best = best.min(cpu() - s);
        drop(b);
    }
    best
}
#[test]
fn scale() {
    for shape in ["twins", "kust", "one", "onefile", "tree"] {
        let (a, b, c) = (run(200, shape), run(2000, shape), run(10000, shape));
        eprintln!(
            "{shape}: {a:?} {b:?} ({:.1}x) {c:?} ({:.1}x of 5)",
            b.as_secs_f64() / a.as_secs_f64(),
            c.as_secs_f64() / b.as_secs_f64()
        );
    }
}
