//! Streams, files that are no manifests, mending and the second parser.

use plimsoll_core::read::{Limits, ReadError, RemarkKind, Skip, manifest};
use plimsoll_tree::Flags;
use serde_json::json;

use super::{json, node, read, value, written};

#[test]
fn streams_are_cut_before_they_are_parsed() {
    let manifest = read("---\na: |\n  x\n---\n# nothing\n---\n---\nb: 1\n...\nlost: 1\n--- # c\n{\"c\": 2}");
    assert_eq!(json(&manifest), [json!({"a": "x\n"}), json!({"b": 1}), json!({"c": 2})]);
    assert_eq!(manifest.failures, []);
}

#[test]
fn a_block_at_the_end_ends_in_a_newline() {
    assert_eq!(value("a: |\n  x"), json!({"a": "x\n"}));
    assert_eq!(value("a: |+\n  x\n "), json!({"a": "x\n\n"}));
}

#[test]
fn an_error_does_not_reach_its_neighbours() {
    let manifest = read("a: 1\n---\nb: [\n---\nc: 3\n--- x\nd: 4\n---\ne: .inf\n---\nf: 6\n");
    assert_eq!(json(&manifest), [json!({"a": 1}), json!({"c": 3}), json!({"f": 6})]);
    assert_eq!(manifest.failures.len(), 3);
    assert!(matches!(manifest.failures[2].error, ReadError::Value(_)));
    // Nor one that both parsers refuse, behind what the second alone reads.
    let manifest = read("a: 1\r\r\nb: 2\r\r\n---\n\"c\r\r\n");
    assert_eq!(json(&manifest), [json!({"a": 1, "b": 2})]);
    assert_eq!(manifest.failures.len(), 1);
}

#[test]
fn json_values_follow_each_other() {
    assert_eq!(
        json(&read("{\"a\":1}\n{\"b\":2} {}")),
        [json!({"a": 1}), json!({"b": 2}), json!({})]
    );
    assert_eq!(
        json(&read("{\"a\":1}\n---\nb: 2\n")),
        [json!({"a": 1}), json!({"b": 2})]
    );
    assert_eq!(json(&read("{a: 1, b: [yes]}")), [json!({"a": 1, "b": [true]})]);
    // Two values make it a JSON stream for good.
    let manifest = read("{\"a\":1}{\"b\":2}\n---\nc: 3\n");
    assert_eq!((json(&manifest).len(), manifest.failures.len()), (2, 1));
}

#[test]
fn carriage_returns_and_marks_change_nothing() {
    let text = "a: |\n  x\n  y\nb: \"c\n  d\"\n---\ne: f\n";
    assert_eq!(json(&read(text)), json(&read(&text.replace('\n', "\r\n"))));
    assert_eq!(json(&read(text)), json(&read(&text.replace('\n', "\r\r\n"))));
    assert_eq!(json(&read(text)), json(&read(&format!("\u{FEFF}{text}"))));
    assert_eq!(json(&read(text)), json(&read(&text.replace("---\n", "---\n\u{FEFF}"))));
}

#[test]
fn what_is_no_manifest_is_skipped() {
    for (text, skip) in [
        ("", Skip::Empty),
        ("# only\n---\n# comments\n", Skip::Empty),
        ("~\n", Skip::Empty),
        ("a: 1\n", Skip::NotAManifest),
        ("- apiVersion: v1\n", Skip::NotAManifest),
        (
            "apiVersion: openchoreo.dev/v1alpha1\nmetadata: {name: w}\n",
            Skip::NoKind,
        ),
        (
            "{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n",
            Skip::Template,
        ),
        ("apiVersion: v1\nkind: Pod\nspec: {{ .Values.spec }}\n", Skip::Template),
        ("{% if on %}\na: 1\n{% endif %}\n", Skip::Template),
    ] {
        let manifest = read(text);
        assert_eq!(manifest.skipped, Some(skip), "{text}");
        assert_eq!(manifest.failures, [], "{text}");
    }
}

#[test]
fn broken_files_look_like_manifests_or_not() {
    for (text, looks) in [
        ("{\n  // a comment\n  \"compilerOptions\": {,}\n  }\n}\n", false),
        ("a: [\n", false),
        ("apiVersion: v1\nkind: Pod\nspec: [\n", true),
        ("{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": [}", true),
    ] {
        let manifest = read(text);
        assert_eq!(manifest.failures.len(), 1, "{text}");
        assert_eq!(manifest.failures[0].looks_like_manifest, looks, "{text}");
    }
    let binary = manifest("x", b"\x7FELF\0\0", &Limits::default());
    assert_eq!(binary.failures[0].error, ReadError::Encoding);
    assert!(!binary.failures[0].looks_like_manifest);
}

#[test]
fn continuations_too_far_left_are_mended() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    a: \"one # no\ntwo\n\n three\" # yes\n  name: x # é\nspec: {args: ['don', \"won\\'t\"]}\n";
    let manifest = read(text);
    assert_eq!(manifest.failures, []);
    assert_eq!(manifest.remarks.len(), 1);
    assert_eq!(manifest.remarks[0].kind, RemarkKind::Lenient);
    assert!(!manifest.documents[0].coarse);
    assert_eq!(
        json(&manifest)[0]["metadata"]["annotations"]["a"],
        "one # no two\nthree"
    );
    assert_eq!(json(&manifest)[0]["spec"]["args"][1], "won't");
    assert_eq!(
        written(&manifest, &["metadata", "annotations", "a"]),
        "\"one # no\ntwo\n\n three\""
    );
    assert_eq!(written(&manifest, &["metadata", "name"]), "x");
    assert_eq!(written(&manifest, &["spec", "args", "1"]), "\"won\\'t\"");
    let comments: Vec<_> = manifest
        .comments
        .iter()
        .map(|comment| &text[comment.span.start as usize..comment.span.end as usize])
        .collect();
    assert_eq!(comments, ["# yes", "# é"]);
}

#[test]
fn brackets_too_far_left_are_mended() {
    let manifest = read("a:\n  b: [\n  x,\nz\n  ]\nc: 1\n");
    assert_eq!(json(&manifest), [json!({"a": {"b": ["x", "z"]}, "c": 1})]);
    assert_eq!(written(&manifest, &["c"]), "1");
}

#[test]
fn the_second_parser_knows_no_places() {
    // The strict parser refuses the lone dash.
    let text = "# c\na: [-, b]\nmode: 0777\nno: 1\nbase: &b {x: 1}\nsub: {<<: *b}\n";
    let manifest = read(text);
    assert_eq!(manifest.failures, []);
    assert!(manifest.documents[0].coarse);
    assert_eq!(json(&manifest)[0]["a"], json!(["-", "b"]));
    assert_eq!(json(&manifest)[0]["sub"], json!({"x": 1}));
    assert!(
        manifest.part.flags(node(&manifest, &["mode"])).has(Flags::NOT_FINAL),
        "511, or a text?"
    );
    assert!(
        manifest.part.flags(node(&manifest, &["no"])).has(Flags::NOT_FINAL),
        "perhaps `false`"
    );
    assert!(!manifest.part.flags(node(&manifest, &["a", "1"])).has(Flags::NOT_FINAL));
    assert_eq!(written(&manifest, &["a", "1"]), text.trim());
    let unknown = manifest
        .remarks
        .iter()
        .filter(|remark| remark.kind == RemarkKind::UnknownScalar);
    assert_eq!(unknown.count(), 2);
}

#[test]
fn what_kubectl_refuses_is_refused() {
    for text in [
        "a: 1\n\t\nb: 2\n",
        "a:\n\t- b\n",
        "-\ta: 1\n",
        "\t# c\na: 1\n",
        "a: |\n\tx\n",
        "# hidden \u{2028}hostNetwork: true\n",
        "a: \"b\\/c\"\n",
        "a: \u{7}\n",
    ] {
        let manifest = read(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{}}\n---\n{text}"));
        assert_eq!((manifest.documents.len(), manifest.failures.len()), (1, 1), "{text:?}");
    }
    assert_eq!(
        value("a:\tb\t# c\nd: 'x\n\ty'\ne: |\n  \tz\n"),
        json!({"a": "b", "d": "x y", "e": "\tz\n"})
    );
}
