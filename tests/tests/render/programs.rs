//! Programs that are not asked for, are missing, or fail.

use super::*;

#[test]
fn nothing_is_run_that_nobody_asked_for() {
    let files = folder(&[CHART, KUSTOMIZED].concat());
    let mark = files.path().join("ran");
    let text = format!("touch '{}'", mark.display());
    let programs = ["helm", "kustomize", "kubectl"]
        .iter()
        .fold(Programs::none(), |programs, name| programs.script(name, &text));
    programs.check(files.path(), &["."]);
    assert!(!mark.exists());
    programs.check(files.path(), &["--render"]);
    assert!(mark.exists(), "the test would not notice");
}

#[test]
fn a_program_that_is_missing_is_said_and_the_rest_is_judged() {
    let files = folder(&[CHART, KUSTOMIZED].concat());
    let programs = Programs::none();
    write(&programs.folder.path().join("only"), b"");
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 2);
    let failed: Vec<String> = list(&run.json(), "inputs-failed")
        .iter()
        .map(|failure| format!("{}: {}", failure["file"], failure["message"]))
        .collect();
    assert!(
        failed
            .iter()
            .any(|line| line.contains("helm: it is not found in the PATH")),
        "{failed:?}"
    );
    let kustomize = "kustomize: neither it nor kubectl is found in the PATH";
    assert!(failed.iter().any(|line| line.contains(kustomize)), "{failed:?}");
    assert!(
        !of_rule(&run.json(), "secrets/plaintext-env").is_empty(),
        "the files are judged as they are"
    );
}

#[test]
fn a_failing_program_is_quoted_clean_and_short() {
    let words = "printf '\\033[31mError: boom\\033[0m \\007%s in %s/x\\n' Can4ry-Rendered-Pw-010 \"$PWD\" >&2; \
                 head -c 100000 /dev/zero | tr '\\0' e >&2; exit 1";
    let programs = Programs::none().script("helm", words);
    let files = folder(CHART);
    for format in ["json", "human"] {
        let run = programs.check(files.path(), &["--render", "--format", format]);
        assert_eq!(run.code, 2);
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(
            text.contains("Error: boom") && text.contains("pier/Chart.yaml"),
            "{text}"
        );
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains("u001b"),
            "{text}"
        );
        assert!(
            !text.contains(CANARY) && !text.contains(&*files.path().to_string_lossy()),
            "{text}"
        );
        assert!(text.len() < 12_000, "{}", text.len());
    }
}

#[test]
fn names_of_the_input_are_never_options() {
    let files = folder(&[
        (
            "--post-renderer=x/Chart.yaml",
            "apiVersion: v2\nname: --post-renderer=y\nversion: 0.1.0\n",
        ),
        ("--post-renderer=x/templates/a.yaml", "{{ x }}\n"),
        ("--post-renderer=x/values-a,b.yaml", "a: 1\n"),
        ("--post-renderer=x/values---c.yaml", "a: 1\n"),
        ("--enable-exec/kustomization.yaml", "resources: []\n"),
    ]);
    let log = PathBuf::from(files.path()).join("log");
    let text = format!(
        "echo \"$(basename \"$0\") $*\" >>'{}'; test -t 0 && exit 9; true",
        log.display()
    );
    let programs = Programs::none().script("helm", &text).script("kustomize", &text);
    programs.check(files.path(), &["--render"]);
    let log = std::fs::read_to_string(log).expect("they ran");
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    let wanted = [
        "helm template release . --skip-tests",
        "helm template release . --skip-tests --values=values---c.yaml",
        "kustomize build .",
    ];
    assert_eq!(lines, wanted);
}
