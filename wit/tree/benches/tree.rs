//! Writing, joining, walking and searching trees: bytes of words, and references, a second.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use plimsoll_tree::write::{Alone, Change, Edit, NewScope, Part, Scalar, Writer};
use plimsoll_tree::{Flags, Kind, NONE, Object, ObjectFlags, Symbol, Tree, word};

fn main() {
    divan::main();
}

/// Writes something like a Deployment of ten containers.
fn write_object(part: &mut Part, number: usize) {
    let plain = Flags::default();
    part.open(Kind::Map, None, plain);
    part.scalar(Some(word!("apiVersion")), plain, Scalar::Text("apps/v1"));
    part.scalar(Some(word!("kind")), plain, Scalar::Text("Deployment"));
    part.open(Kind::Map, Some(word!("metadata")), plain);
    part.scalar(Some(word!("name")), plain, Scalar::Text(&format!("web-{number}")));
    part.close();
    part.open(Kind::Map, Some(word!("spec")), plain);
    part.scalar(Some(word!("replicas")), plain, Scalar::Integer(3));
    part.open(Kind::Sequence, Some(word!("containers")), plain);
    for container in 0..10 {
        part.open(Kind::Map, None, plain);
        part.scalar(
            Some(word!("name")),
            plain,
            Scalar::Text(&format!("container-{container}")),
        );
        part.scalar(
            Some(word!("image")),
            plain,
            Scalar::Text(&format!("example.test/web:{number}")),
        );
        part.open(Kind::Sequence, Some(word!("args")), plain);
        for _ in 0..4 {
            part.scalar(None, plain, Scalar::Text("--verbose"));
        }
        part.close();
        part.close();
    }
    part.close();
    part.close();
    part.close();
}

fn file(number: usize) -> Part {
    let mut part = Part::new();
    for object in 0..10 {
        write_object(&mut part, number * 10 + object);
    }
    part
}

/// Copies of a directory beside each other, with one object each, that share a mark or do not.
fn copies(count: u32, share: bool) -> Vec<u32> {
    let mut writer = Writer::new();
    for index in 0..=count {
        let scope = writer.scope(NewScope {
            parent: (index > 0).then_some(0),
            path: index.to_string(),
            closed: false,
            list: if index == 0 {
                Vec::new()
            } else if share {
                (0..20).collect()
            } else {
                vec![index]
            },
        });
        let name = writer.intern("web");
        let file = writer.intern(&index.to_string());
        writer.object(Object {
            root: 0,
            end: 0,
            flags: ObjectFlags::default(),
            file,
            scope,
            document: 0,
            group: Symbol(0),
            version: Symbol(0),
            kind: word!("Service"),
            namespace: NONE,
            name,
            owner: NONE,
        });
    }
    writer.finish().expect("it is small")
}

#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let bytes = file(0).len() * 8;
    bencher.counter(BytesCount::new(bytes)).bench(|| file(black_box(0)));
}

#[divan::bench]
fn splice(bencher: Bencher<'_, '_>) {
    let part = file(0);
    let edits = [Edit {
        node: 0,
        path: vec!["metadata", "labels", "part-of"],
        change: Change::Set(Scalar::Text("shop"), Flags::default()),
    }];
    bencher
        .counter(BytesCount::new(part.len() * 8))
        .bench(|| black_box(&part).splice(&edits));
}

#[divan::bench(args = [1, 1000])]
fn join(bencher: Bencher<'_, '_>, files: usize) {
    let parts: Vec<Part> = (0..files).map(file).collect();
    let bytes: u32 = parts.iter().map(|part| part.len() * 8).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let parts: Vec<&Part> = black_box(&parts).iter().collect();
        let mut writer = Writer::new();
        writer.append_all(&parts, &Alone);
        writer.finish()
    });
}

fn joined(files: usize) -> Vec<u32> {
    let parts: Vec<Part> = (0..files).map(file).collect();
    let mut writer = Writer::new();
    for part in &parts {
        writer.append(part);
    }
    writer.finish().expect("it is small")
}

#[divan::bench]
fn walk(bencher: Bencher<'_, '_>) {
    let words = joined(100);
    bencher.counter(BytesCount::new(words.len() * 4)).bench(|| {
        let tree = Tree::read(black_box(&words)).expect("it is a tree");
        let mut at = 0;
        let mut found = 0_usize;
        while at < tree.nodes() {
            let containers = tree
                .get(at, word!("spec"))
                .and_then(|spec| tree.get(spec, word!("containers")));
            for container in containers.into_iter().flat_map(|list| tree.children(list)) {
                let image = tree.get(container, word!("image")).and_then(|image| tree.symbol(image));
                found += image.map_or(0, |image| tree.text(image).len());
            }
            at = tree.end(at);
        }
        found
    });
}

#[divan::bench]
fn json(bencher: Bencher<'_, '_>) {
    let words = joined(1);
    let tree = Tree::read(&words).expect("it is a tree");
    bencher
        .counter(BytesCount::new(tree.json(0).len()))
        .bench(|| tree.json(black_box(0)));
}

/// Every copy looks for the one object of its own directory among all of them.
#[divan::bench(args = [10, 500])]
fn nearest_own(bencher: Bencher<'_, '_>, count: u32) {
    let words = copies(count, true);
    let tree = Tree::read(&words).expect("it is a tree");
    let all: Vec<u32> = (1..=count).collect();
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench(|| tree.nearest(black_box(count), &all));
}

/// The root looks for what every copy has: one reach for each.
#[divan::bench(args = [10, 500, 5000])]
fn nearest_alternatives(bencher: Bencher<'_, '_>, count: u32) {
    let words = copies(count, true);
    let tree = Tree::read(&words).expect("it is a tree");
    let all: Vec<u32> = (1..=count).collect();
    bencher.bench(|| tree.nearest(black_box(0), &all));
}

/// The root looks for what is in many directories that are no alternatives: one reach.
#[divan::bench(args = [10, 500, 5000])]
fn nearest_together(bencher: Bencher<'_, '_>, count: u32) {
    let words = copies(count, false);
    let tree = Tree::read(&words).expect("it is a tree");
    let all: Vec<u32> = (1..=count).collect();
    bencher.bench(|| tree.nearest(black_box(0), &all));
}
