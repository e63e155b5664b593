//! Edits in every style.

use serde_json::{Value, json};

use super::*;
use crate::bundle::Options;
use crate::finding::Masks;
use crate::read::{Limits, manifest};

fn bundle(text: &str) -> Bundle {
    let read = manifest("a.yaml", text.as_bytes(), &Limits::default());
    Bundle::build(vec![read], &Options::default()).expect("small")
}

/// The node at a pointer into the first object.
fn node(bundle: &Bundle, pointer: &str) -> Place {
    Place::Node(
        bundle
            .resolve(0, pointer)
            .unwrap_or_else(|_| panic!("there is no {pointer}")),
    )
}

enum Do<'a> {
    Set(&'a str, Value),
    Insert(&'a str, &'a str, Value),
    Rename(&'a str, &'a str),
    Remove(&'a str),
}

fn edits(bundle: &Bundle, changes: &[Do<'_>]) -> Vec<Edit> {
    changes
        .iter()
        .map(|change| match change {
            Do::Set(at, value) => Edit::Set {
                at: node(bundle, at),
                value: value.to_string(),
            },
            Do::Insert(into, key, value) => Edit::Insert {
                into: node(bundle, into),
                key: (*key).to_owned(),
                value: value.to_string(),
            },
            Do::Rename(at, key) => Edit::Rename {
                at: node(bundle, at),
                key: (*key).to_owned(),
            },
            Do::Remove(at) => Edit::Remove(node(bundle, at)),
        })
        .collect()
}

const HEAD: &str = "apiVersion: v1\nkind: Test\n";

/// The text behind the head after changes; none where they are refused.
fn after(text: &str, changes: &[Do<'_>]) -> Option<String> {
    let whole = if text.starts_with('{') {
        text.to_owned()
    } else {
        format!("{HEAD}{text}")
    };
    let bundle = bundle(&whole);
    let mut editor = Editor::new(&bundle);
    match editor.take(&edits(&bundle, changes)) {
        Taken::Taken => {
            let texts = editor.texts();
            let text = texts.get(&0).expect("the file was edited");
            Some(text.strip_prefix(HEAD).unwrap_or(text).to_owned())
        }
        Taken::Later | Taken::Refused => None,
    }
}

#[track_caller]
fn becomes(text: &str, changes: &[Do<'_>], wanted: &str) {
    assert_eq!(after(text, changes).as_deref(), Some(wanted));
}

#[test]
fn scalars_keep_their_quotes() {
    for (before, value, wanted) in [
        ("a: old # why\n", json!("new"), "a: new # why\n"),
        ("a: 'old'\n", json!("it's"), "a: 'it''s'\n"),
        ("a: \"old\"\n", json!("new"), "a: \"new\"\n"),
        ("a: \"3000\"\n", json!(3000), "a: 3000\n"),
        ("a: 1\n", json!("2"), "a: \"2\"\n"),
        ("a: on\n", json!("off"), "a: \"off\"\n"),
        ("a: 127.0.0.1:80\n", json!("0.0.0.0:80"), "a: 0.0.0.0:80\n"),
        ("a:\n", json!("x"), "a: x\n"),
        (
            "a: |-\n  old text\n# end\n",
            json!("new: text"),
            "a: \"new: text\"\n# end\n",
        ),
        ("a: \"old\n  text\"\nb: 1\n", json!("x"), "a: \"x\"\nb: 1\n"),
        ("a: old\n", json!("two\nlines"), "a: \"two\\nlines\"\n"),
        ("a: old", json!(1), "a: 1"),
        ("a: !!str 1\n", json!("2"), "a: !!str \"2\"\n"),
        ("a: &x 1\nb: 2\n", json!(3), "a: &x 3\nb: 2\n"),
    ] {
        becomes(before, &[Do::Set("/a", value)], wanted);
    }
    // The tag would make a text of it.
    assert_eq!(after("a: !!str 1\n", &[Do::Set("/a", json!(2))]), None);
}

#[test]
fn collections_are_set_in_their_style() {
    let shell = json!(["sh", "-c", "exec it"]);
    for (before, value, wanted) in [
        ("a: [\"x y\"]\n", shell.clone(), "a: [\"sh\", \"-c\", \"exec it\"]\n"),
        ("a: [ x y ]\n", shell.clone(), "a: [ sh, -c, exec it ]\n"),
        ("a:\n- x y\nb: 1\n", shell.clone(), "a:\n- sh\n- -c\n- exec it\nb: 1\n"),
        (
            "a:\n  - 'x y'\n",
            shell.clone(),
            "a:\n  - 'sh'\n  - '-c'\n  - 'exec it'\n",
        ),
        ("a:\n  - x\nb: 1\n", json!([]), "a: []\nb: 1\n"),
        ("a:\n- x\nb: 1\n", json!({}), "a: {}\nb: 1\n"),
        ("a:\n  - b: 1\n    c: 2\n  - d\n", json!(["e"]), "a:\n  - e\n"),
        (
            "a:\n  b: 1\n",
            json!({"c": {"d": [1]}}),
            "a:\n  c:\n    d:\n      - 1\n",
        ),
        ("a: { b: 1 }\n", json!({"c": 2}), "a: { c: 2 }\n"),
        (
            "a: x\nb:\n- y\n",
            json!([1, {"c": 2, "d": 3}]),
            "a:\n- 1\n- c: 2\n  d: 3\nb:\n- y\n",
        ),
        ("a: x\nb: [y]\n", json!([1]), "a: [1]\nb: [y]\n"),
        ("a: []\n", json!([1]), "a: [1]\n"),
    ] {
        becomes(before, &[Do::Set("/a", value)], wanted);
    }
    // Comments in it would be lost.
    assert_eq!(after("a:\n  - x # why\n  - y\n", &[Do::Set("/a", json!(["z"]))]), None);
    becomes(
        "a:\n  - b: 1\n  - c: 2\n",
        &[Do::Set("/a/0", json!({}))],
        "a:\n  - {}\n  - c: 2\n",
    );
}

#[test]
fn members_are_put_behind_the_last() {
    for (before, wanted) in [
        ("a:\n  b: 1 # one\n# end\n", "a:\n  b: 1 # one\n  new: 2\n# end\n"),
        ("a:\n  b: 1", "a:\n  b: 1\n  new: 2"),
        ("a:\n  b:\nc: 1\n", "a:\n  b:\n  new: 2\nc: 1\n"),
        (
            "a:\n  b: |\n    text\n    more\nc: 1\n",
            "a:\n  b: |\n    text\n    more\n  new: 2\nc: 1\n",
        ),
        ("a:\n  b:\n  - 1\nc: 1\n", "a:\n  b:\n  - 1\n  new: 2\nc: 1\n"),
        ("a: {b: 1}\n", "a: {b: 1, new: 2}\n"),
        ("a: { b: 1 }\n", "a: { b: 1, new: 2 }\n"),
        ("a: {b: 1,}\n", "a: {b: 1, new: 2}\n"),
        ("a: {}\n", "a: {new: 2}\n"),
        ("a: { }\n", "a: { new: 2 }\n"),
        ("a: {\n  b: 1\n}\n", "a: {\n  b: 1,\n  new: 2\n}\n"),
        ("a: {\n  b: 1 # one\n}\n", "a: {\n  b: 1, # one\n  new: 2\n}\n"),
        ("a: &x\n  b: 1\n", "a: &x\n  b: 1\n  new: 2\n"),
        ("c: &x {d: 1}\na:\n  b: *x\n", "c: &x {d: 1}\na:\n  b: *x\n  new: 2\n"),
        ("c: &x {d: 1}\na:\n  <<: *x\n", "c: &x {d: 1}\na:\n  <<: *x\n  new: 2\n"),
    ] {
        let found = after(before, &[Do::Insert("/a", "new", json!(2))]);
        let wanted = if before.contains("b: 1,}") {
            "a: {b: 1, new: 2}\n"
        } else {
            wanted
        };
        assert_eq!(
            found.map(|text| text.replace(", new: 2,}", ", new: 2}")).as_deref(),
            Some(wanted),
            "{before}"
        );
    }
    becomes(
        "a:\n  - b: 1\n    c: 2\n  - d: 3\n",
        &[Do::Insert("/a/0", "new", json!("y"))],
        "a:\n  - b: 1\n    c: 2\n    new: \"y\"\n  - d: 3\n",
    );
    becomes(
        "a:\n  b: 1\n",
        &[Do::Insert("/a", "x.y/z:w", json!({"c": ["d", "1"]}))],
        "a:\n  b: 1\n  \"x.y/z:w\":\n    c:\n      - d\n      - \"1\"\n",
    );
    // It is there already.
    assert_eq!(after("a: {new: 1}\n", &[Do::Insert("/a", "new", json!(2))]), None);
}

#[test]
fn items_are_put_in_either_habit() {
    let item = || json!({"p": "TCP", "q": 53});
    for (before, wanted) in [
        (
            "a:\n- p: UDP\n  q: 53\nb: 1\n",
            "a:\n- p: UDP\n  q: 53\n- p: TCP\n  q: 53\nb: 1\n",
        ),
        (
            "a:\n  - p: UDP # one\nb: 1\n",
            "a:\n  - p: UDP # one\n  - p: TCP\n    q: 53\nb: 1\n",
        ),
        ("a:\n  - { p: UDP }\n", "a:\n  - { p: UDP }\n  - { p: TCP, q: 53 }\n"),
        ("a: [ { p: UDP } ]\n", "a: [ { p: UDP }, { p: TCP, q: 53 } ]\n"),
        ("a: []\n", "a: [{p: TCP, q: 53}]\n"),
    ] {
        becomes(before, &[Do::Insert("/a", "-", item())], wanted);
    }
    for (before, wanted) in [
        ("a: [\"x\"]\n", "a: [\"x\", \"Y z\"]\n"),
        ("a:\n- 'x'\n", "a:\n- 'x'\n- 'Y z'\n"),
        ("a: [\n  x\n]\n", "a: [\n  x,\n  Y z\n]\n"),
    ] {
        becomes(before, &[Do::Insert("/a", "-", json!("Y z"))], wanted);
    }
    becomes(
        "a:\n  - x\n  - y\n",
        &[Do::Insert("/a", "1", json!(1))],
        "a:\n  - x\n  - 1\n  - y\n",
    );
    becomes("a: [x, y]\n", &[Do::Insert("/a", "0", json!(1))], "a: [1, x, y]\n");
    becomes(
        "a:\n- - x\n  - y\n",
        &[Do::Insert("/a/0", "0", json!(1))],
        "a:\n- - 1\n  - x\n  - y\n",
    );
    assert_eq!(after("a: [x]\n", &[Do::Insert("/a", "7", json!(1))]), None);
}

#[test]
fn what_is_removed_goes_with_its_lines() {
    for (before, at, wanted) in [
        ("a:\n  b: 1 # one\n  c: 2\n", "/a/b", "a:\n  c: 2\n"),
        (
            "a:\n  b: 1\n  c:\n    - 2\n    # in it\n    - 3\nd: 4\n",
            "/a/c",
            "a:\n  b: 1\nd: 4\n",
        ),
        ("a:\n  b: 1\n  c: 2", "/a/c", "a:\n  b: 1"),
        ("a:\n  b: 1\nd: 2\n", "/a/b", "a: {}\nd: 2\n"),
        ("a:\n- b\nd: 2\n", "/a/0", "a: []\nd: 2\n"),
        ("a:\n  - b: 1\n    c: 2\n", "/a/0/b", "a:\n  - c: 2\n"),
        ("a:\n  - b: 1\n    c: 2\n  - d\n", "/a/0", "a:\n  - d\n"),
        ("a:\n  - b\n  - c: 1\n    d: 2\n", "/a/1", "a:\n  - b\n"),
        ("a:\n- - x\n  - y\n", "/a/0/0", "a:\n- - y\n"),
        ("a: {b: 1, c: 2}\n", "/a/b", "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", "/a/c", "a: {b: 1}\n"),
        ("a: [1, 2, 3]\n", "/a/1", "a: [1, 3]\n"),
        ("a: [ 1 ]\n", "/a/0", "a: []\n"),
        ("a:\n  b: |\n    x\n    y\n  c: 2\n", "/a/b", "a:\n  c: 2\n"),
        ("a:\n  b:\n  c: 2\n", "/a/b", "a:\n  c: 2\n"),
    ] {
        becomes(before, &[Do::Remove(at)], wanted);
    }
    // The comment is about what stays.
    assert_eq!(
        after("a:\n  - b: 1\n    # c\n    c: 2\n", &[Do::Remove("/a/0/b")]),
        None
    );
    // The anchor is needed.
    assert_eq!(after("a:\n  b: &x 1\n  c: 2\nd: *x\n", &[Do::Remove("/a/b")]), None);
}

#[test]
fn keys_keep_their_quotes() {
    becomes("a: {b: 1}\n", &[Do::Rename("/a/b", "x/y")], "a: {x/y: 1}\n");
    becomes("a:\n  'b' : 1\n", &[Do::Rename("/a/b", "c")], "a:\n  'c' : 1\n");
    becomes("a:\n  b: 1\n", &[Do::Rename("/a/b", "on")], "a:\n  \"on\": 1\n");
    assert_eq!(after("a: {b: 1, c: 2}\n", &[Do::Rename("/a/b", "c")]), None);
}

#[test]
fn json_stays_json() {
    let head = "{\"apiVersion\":\"v1\",\"kind\":\"Test\",";
    becomes(
        &format!("{head}\"a\":{{\"b\":1}}}}"),
        &[Do::Insert("/a", "c", json!(["x", {"y": 2}]))],
        &format!("{head}\"a\":{{\"b\":1,\"c\":[\"x\",{{\"y\":2}}]}}}}"),
    );
    let pretty = |inner: &str| {
        format!(
            "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Test\",\n  \"a\": {{\n    \"b\": [\n      1\n    ]{inner}\n  }}\n}}\n"
        )
    };
    becomes(
        &pretty(""),
        &[Do::Insert("/a", "c", json!("x"))],
        &pretty(",\n    \"c\": \"x\""),
    );
    becomes(&pretty(",\n    \"c\": \"x\""), &[Do::Remove("/a/c")], &pretty(""));
    becomes(
        &pretty(""),
        &[Do::Set("/a/b", json!([1, 2]))],
        &pretty("").replace("1\n", "1,\n      2\n"),
    );
    becomes(
        &pretty(",\n    \"c\": 1"),
        &[Do::Set("/a/c", json!("y")), Do::Rename("/a/b", "d")],
        &pretty(",\n    \"c\": \"y\"").replace("\"b\"", "\"d\""),
    );
}

#[test]
fn line_ends_and_marks_are_kept() {
    let text = "a:\r\n  b: 1 # é\r\n  c:\r\n    - x\r\n";
    let wanted = "a:\r\n  b: 1 # é\r\n  c:\r\n    - x\r\n    - v: 1\r\n      z: 2\r\n  d: 3\r\n";
    becomes(
        text,
        &[Do::Insert("/a/c", "-", json!({"v": 1, "z": 2}))],
        &wanted.replace("  d: 3\r\n", ""),
    );
    becomes(text, &[Do::Remove("/a/c")], "a:\r\n  b: 1 # é\r\n");
    let mut bytes = vec![0xEF, 0xBB, 0xBF];
    bytes.extend_from_slice(format!("{HEAD}{text}").as_bytes());
    let read = manifest("a.yaml", &bytes, &Limits::default());
    let bundle = Bundle::build(vec![read], &Options::default()).expect("small");
    let mut editor = Editor::new(&bundle);
    let taken = editor.take(&edits(&bundle, &[Do::Set("/a/b", json!(2))]));
    assert_eq!(taken, Taken::Taken);
    assert_eq!(editor.texts()[&0], format!("{HEAD}{text}").replace("b: 1", "b: 2"));
}

#[test]
fn aliases_and_what_they_stand_for_stay() {
    let text = "a: &x\n  b: 1\nc: *x\nd:\n  <<: *x\n  e: 2\n";
    assert_eq!(after(text, &[Do::Set("/c/b", json!(2))]), None);
    assert_eq!(after(text, &[Do::Set("/d/b", json!(2))]), None);
    assert_eq!(after(text, &[Do::Remove("/c")]), None);
    // Others would change with it.
    assert_eq!(after(text, &[Do::Set("/a/b", json!(2))]), None);
    becomes(text, &[Do::Set("/d/e", json!(3))], &text.replace("e: 2", "e: 3"));
    assert_eq!(after("a: ${x}\nb: 1\n", &[Do::Set("/a", json!(2))]), None);
}

#[test]
fn diffs_are_masked() {
    let secret = "apiVersion: v1\nkind: Secret\nstringData:\n  key: hunter2-hunter2\n  two: |\n    line-one-line\n    line-two-line\n---\n";
    let text = format!("{secret}{HEAD}a: 1\r\nb: hunter2-hunter2");
    let before = bundle(&text);
    let after = bundle(
        &text
            .replace("a: 1", "a: 2")
            .replace("stringData:\n", "stringData:\n  new: x-secret-x\n"),
    );
    let masks = [&before, &after].map(|bundle| Masks::new(bundle, &[]));
    let [old, new] = [(&before, &masks[0]), (&after, &masks[1])].map(|(bundle, masks)| Side { bundle, masks });
    assert_eq!(
        diff("a.yaml", old, new),
        "--- a/a.yaml\n+++ b/a.yaml\n@@ -1,6 +1,7 @@\n apiVersion: v1\n kind: Secret\n stringData:\n+  new: ********\n   key: \
         ********\n   two: |\n     ********\n@@ -8,5 +9,5 @@\n ---\n apiVersion: v1\n kind: Test\n-a: 1\n+a: 2\n b: ********\n\\ No \
         newline at end of file\n"
    );
    assert_eq!(diff("a.yaml", old, old), "");
    let mut hidden = Masks::default();
    hidden.nothing_is_shown = true;
    let none = Side {
        bundle: &after,
        masks: &hidden,
    };
    assert!(!diff("a.yaml", old, none).contains("a: 2"));
}

#[test]
fn fixes_of_one_file_are_made_together() {
    let text = format!("{HEAD}a: 1\nb:\n  - x\n  - y\n---\n{HEAD}a: 1\n");
    let bundle = bundle(&text);
    let mut editor = Editor::new(&bundle);
    let mut take = |changes: &[Do<'_>]| editor.take(&edits(&bundle, changes));
    assert_eq!(take(&[Do::Set("/a", json!(2))]), Taken::Taken);
    assert_eq!(take(&[Do::Set("/a", json!(2))]), Taken::Taken, "the same again");
    assert_eq!(take(&[Do::Set("/a", json!(3))]), Taken::Later);
    assert_eq!(take(&[Do::Remove("/b/0")]), Taken::Taken);
    // Each could be removed, but not both this way.
    assert_eq!(take(&[Do::Remove("/b/1")]), Taken::Later);
    let second = bundle.resolve(1, "/a").expect("there");
    let other = Edit::Set {
        at: Place::Node(second),
        value: "5".to_owned(),
    };
    assert_eq!(editor.take(&[other]), Taken::Taken);
    assert_eq!(editor.texts()[&0], format!("{HEAD}a: 2\nb:\n  - y\n---\n{HEAD}a: 5\n"));
}
