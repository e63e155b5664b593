//! Every limit has its own error, and nothing takes long to find it.

use std::fmt::Write;

use plimsoll_core::read::{Limits, ReadError, manifest};

use super::read;

fn errors(text: &str, limits: &Limits) -> Vec<ReadError> {
    let read = manifest("x", text.as_bytes(), limits);
    read.failures.into_iter().map(|failure| failure.error).collect()
}

#[test]
fn size() {
    let limits = Limits {
        size: 10,
        ..Limits::default()
    };
    assert_eq!(errors("a: 1\n", &limits), []);
    assert_eq!(
        errors("a: 123456789\n", &limits),
        [ReadError::Size { found: 13, limit: 10 }]
    );
}

#[test]
fn depth() {
    let error = [ReadError::Depth(128)];
    let limits = Limits::default();
    for text in [
        "[".repeat(200_000),
        "{a: ".repeat(50_000),
        "{\"a\": ".repeat(50_000),
        "- ".repeat(100_000),
        format!("a: {}", "[{b: ".repeat(10_000)),
        (0..200).fold(String::new(), |mut text, level| {
            writeln!(text, "{}a:", " ".repeat(level)).expect("a string");
            text
        }),
    ] {
        assert_eq!(errors(&text, &limits), error);
    }
    // Each alias puts the one before a level deeper.
    let chain = (1..200).fold("a0: &a0 []\n".to_owned(), |mut text, level| {
        writeln!(text, "a{level}: &a{level} [*a{}]", level - 1).expect("a string");
        text
    });
    assert_eq!(errors(&chain, &limits), error);
    let fine = format!("{}{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(errors(&fine, &limits), []);
}

#[test]
fn aliases() {
    let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |mut text, level| {
        let before = level - 1;
        writeln!(text, "a{level}: &a{level} [*a{before}, *a{before}, *a{before}]").expect("a string");
        text
    });
    assert_eq!(errors(&bomb, &Limits::default()), [ReadError::Aliases(1 << 20)]);
    let merges = (1..30).fold("a0: &a0 {x: [1, 2]}\n".to_owned(), |mut text, level| {
        let before = level - 1;
        writeln!(
            text,
            "a{level}: &a{level} {{<<: *a{before}, y{level}: *a{before}, z{level}: *a{before}}}"
        )
        .expect("a string");
        text
    });
    assert_eq!(errors(&merges, &Limits::default()), [ReadError::Aliases(1 << 20)]);
}

#[test]
fn documents() {
    let limits = Limits {
        documents: 3,
        ..Limits::default()
    };
    let error = [ReadError::Documents(3)];
    assert_eq!(errors("a: 1\n---\na: 1\n---\na: 1\n---\n", &limits), []);
    assert_eq!(errors("a: 1\n---\na: 1\n---\na: 1\n---\na: 1\n", &limits), error);
    assert_eq!(errors("{} {} {} {}", &limits), error);
    assert_eq!(errors(&"---\n".repeat(1_000_000), &limits), error);
    assert_eq!(manifest("x", b"{} {} {} {}", &limits).documents.len(), 3);
}

#[test]
fn nodes() {
    let limits = Limits {
        nodes: 100,
        ..Limits::default()
    };
    assert_eq!(errors(&"- a\n".repeat(200), &limits), [ReadError::Nodes(100)]);
    // Flow collections are counted before they are read.
    assert_eq!(
        errors(&format!("[{}]", "a,".repeat(200)), &limits),
        [ReadError::Nodes(12)]
    );
    assert_eq!(errors(&"- a\n".repeat(99), &limits), []);
}

#[test]
fn every_error_names_its_limit() {
    for (error, name) in [
        (ReadError::Size { found: 2, limit: 1 }, "document size"),
        (ReadError::Depth(1), "nesting depth"),
        (ReadError::Aliases(1), "alias expansion"),
        (ReadError::Documents(1), "document count"),
        (ReadError::Nodes(1), "node count"),
    ] {
        assert!(error.to_string().contains(name));
    }
}

/// Texts that take long where anything is done again and again for every token.
#[test]
fn hostile_texts_end() {
    for text in [
        "k: a\n".to_owned() + &" \t".repeat(500_000),
        "k: a\n".to_owned() + &" \t\n".repeat(500_000),
        "k: |\n  a".to_owned() + &"\ta".repeat(500_000),
        "a: 1\n".repeat(200_000),
        "a: \"x\ny\"\n".repeat(20_000),
        "#".repeat(1_000_000),
        " #".repeat(500_000),
        "a: &a x\n".repeat(100_000),
        "'".repeat(1_000_001),
        "a: [-,\n".to_owned() + &"[".repeat(500_000),
        "{{".repeat(500_000),
        "a {{ b ".repeat(100_000),
        "--- x\n".repeat(100_000),
        "? ".repeat(300_000),
        "a: >\n".to_owned() + &"\n".repeat(1_000_000),
        "&a ".repeat(300_000),
        "!!str ".repeat(300_000),
        "\u{2028}".repeat(300_000),
        "\"\\/\"".repeat(100_000),
    ] {
        let manifest = read(&text);
        assert_eq!(manifest.spans.len(), manifest.part.len() as usize);
    }
}
