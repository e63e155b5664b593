//! Policies from outside, built and added as their READMEs say: one in Rust, one in JavaScript without an SDK.

use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_tests::{folder, list, project, run, say};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");
const TARGET: &str = "wasm32-unknown-unknown";

const WORKLOAD: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: { name: buoy }
spec:
  selector: { matchLabels: { app: buoy } }
  template:
    metadata: { labels: { app: buoy } }
    spec:
      containers:
        - name: buoy
          image: elsewhere.invalid/buoy:1
";

/// The rules found with this policy added, those of its own.
fn judged_by(policy: &Path, name: &str) -> Vec<String> {
    let files = folder(&[("a.yaml", WORKLOAD)]);
    let policy = policy.to_str().expect("UTF-8");
    // Twice: compiled, then from the cache.
    let runs = [(); 2].map(|()| {
        run(
            PROGRAM,
            files.path(),
            &["check", "--format", "json", "--policy", policy],
        )
    });
    for run in &runs {
        assert_eq!(run.json()["failures"], serde_json::json!([]));
    }
    assert_eq!(runs[0].findings(), runs[1].findings());
    let listed = run(
        PROGRAM,
        files.path(),
        &["policies", "--format", "json", "--policy", policy],
    );
    assert!(listed.stdout.contains(name), "{}", listed.stdout);
    list(&runs[0].json(), "findings")
        .iter()
        .filter(|finding| finding["policy"] == name)
        .map(|finding| {
            format!(
                "{} {}:{}",
                finding["rule"].as_str().unwrap_or_default(),
                finding["start"]["line"],
                finding["path"]
            )
        })
        .collect()
}

#[test]
fn in_rust() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", TARGET])
        .current_dir(project().join("samples/policies/owner-label"))
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo starts");
    assert!(status.success());
    let module = target.join(TARGET).join("release/owner_label.wasm");
    let found = judged_by(&module, "owner-label");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("owner-label/missing-owner"), "{found:?}");
}

#[test]
fn in_javascript() {
    let script = project().join("samples/policies/image-registry-js/build.sh");
    if !Command::new("npm")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        say("skipped: Node.js with npm is not installed");
        return;
    }
    let output: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-registry.wasm");
    let built = Command::new("sh")
        .arg(&script)
        .arg(&output)
        .output()
        .expect("a shell starts");
    if !built.status.success() {
        let reason = String::from_utf8_lossy(&built.stderr);
        // Without the network its tools cannot be had; what they build is another matter.
        assert!(reason.contains("npm"), "{reason}");
        say(&format!("skipped: the JavaScript tools cannot be installed: {reason}"));
        return;
    }
    let found = judged_by(&output, "image-registry");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("image-registry/foreign-registry"), "{found:?}");
}
