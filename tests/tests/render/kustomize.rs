//! Kustomizations, built by kustomize or kubectl.

use super::*;

#[test]
fn what_kustomize_builds_is_led_back_to_bases_and_patches() {
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let files = folder(KUSTOMIZED);
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    assert_eq!(report["summary"]["rendered"], 2, "the base is no root");
    let base = file(KUSTOMIZED, "base/app.yaml");
    let patch = file(KUSTOMIZED, "overlays/prod/service.yaml");
    let prod = file(KUSTOMIZED, "overlays/prod/kustomization.yaml");
    let mut places: Vec<String> = of_rule(&report, RULE).iter().map(at).collect();
    places.sort();
    // Each overlay by itself: the base's port in one, the patch's in the other.
    let wanted = [
        format!("base/app.yaml:{}", line_of(base, "targetPort: 80")),
        format!("overlays/prod/service.yaml:{}", line_of(patch, "targetPort: 81")),
    ];
    assert_eq!(places, wanted);
    let mut secrets: Vec<String> = of_rule(&report, "secrets/plaintext-env").iter().map(at).collect();
    secrets.sort();
    secrets.dedup();
    let wanted = [
        format!("base/app.yaml:{}", line_of(base, "Can4ry-Rendered")),
        format!("base/app.yaml:{}", line_of(base, "OLD_PASSWORD")),
        format!(
            "overlays/prod/kustomization.yaml:{}",
            line_of(prod, "Can4ry-Inline-Pw-012")
        ),
    ];
    assert_eq!(secrets, wanted);
    for finding in list(&report, "findings") {
        let name = finding["file"].as_str().expect("a file");
        text_at(&finding, file(KUSTOMIZED, name));
        assert_eq!(finding["fix"], Value::Null);
    }
    for format in ["human", "json", "sarif", "github", "gitlab", "junit", "tap"] {
        let run = programs.check(files.path(), &["--render", "--strict", "--format", format]);
        assert!(
            !run.stdout.contains("Can4ry") && !run.stderr.contains("Can4ry"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn what_is_generated_keeps_its_fingerprint_when_its_content_changes() {
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let report = |more: &str| {
        let text = format!(
            "configMapGenerator:\n  - name: quay\n    literals:\n      - DATABASE_URL=postgres://joe:Can4ry-Literal-Pw-015@db.invalid/x\n{more}"
        );
        let files = folder(&[("kustomization.yaml", text.as_str())]);
        let run = programs.check(files.path(), &["--render", "--format", "json"]);
        let found = of_rule(&run.json(), "secrets/configmap-credential");
        assert_eq!(found.len(), 1, "{}{}", run.stdout, run.stderr);
        assert_eq!(at(&found[0]), "kustomization.yaml:4");
        (found[0]["object"]["name"].clone(), found[0]["fingerprint"].clone())
    };
    let (name, fingerprint) = report("");
    let (other, same) = report("      - MORE=1\n");
    assert_ne!(name, other);
    assert_eq!(fingerprint, same);
}

#[test]
fn a_base_outside_of_the_paths_is_led_back_to_and_not_judged() {
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let files = folder(KUSTOMIZED);
    let run = programs.check(files.path(), &["--render", "--format", "json", "overlays/dev"]);
    let report = run.json();
    assert_eq!(
        (run.code, &report["summary"]["rendered"]),
        (1, &Value::from(1)),
        "{}",
        run.stderr
    );
    let base = file(KUSTOMIZED, "base/app.yaml");
    let places: Vec<String> = of_rule(&report, RULE).iter().map(at).collect();
    assert_eq!(places, [format!("base/app.yaml:{}", line_of(base, "targetPort: 80"))]);
}

#[test]
fn what_is_in_no_file_has_its_place_in_the_rendered_text() {
    let built = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: made }\ndata:\n  DATABASE_URL: postgres://joe:Can4ry-Built-Pw-013@db.invalid/x\n";
    let programs = Programs::none().script("kustomize", &format!("cat <<'EOF'\n{built}EOF"));
    let files = folder(&[(
        "k/kustomization.yaml",
        "resources: [ https://joe:Can4ry-Url-Pw-014@git.invalid/x ]\n",
    )]);
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    let found = of_rule(&run.json(), "secrets/configmap-credential");
    assert_eq!(found.len(), 1, "{}", run.stdout);
    assert_eq!(at(&found[0]), "k/(rendered):5");
    assert_eq!(found[0]["rendered"]["place"], "nowhere");
    text_at(&found[0], built);
    assert!(run.stderr.contains("fetches https://git.invalid/x"), "{}", run.stderr);
    let human = programs.check(files.path(), &["--render"]);
    assert!(human.stdout.contains("in no file"), "{}", human.stdout);
    for text in [&run.stdout, &run.stderr, &human.stdout, &human.stderr] {
        assert!(!text.contains("Can4ry"), "{text}");
    }
}
