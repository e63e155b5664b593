//! Touching all of a tree that may be anything: shared by the tests and the fuzz target.

use plimsoll_tree::{HEADER_WORDS, MAGIC, Symbol, Tree, VERSION, vocabulary};

/// Makes words look like a tree from outside, so that what is inside is reached: a valid header around sections that lie in
/// the buffer, as far as there is room for the symbols of the vocabulary.
pub fn frame(words: &mut Vec<u32>) {
    let least = (HEADER_WORDS + 2 * vocabulary::SIZE) as usize;
    if words.len() < least {
        words.resize(least, 0);
    }
    let total = u32::try_from(words.len()).unwrap_or(u32::MAX);
    words[..5].copy_from_slice(&[MAGIC, VERSION, HEADER_WORDS, total, vocabulary::SIZE]);
    for (number, size) in (0_usize..).zip([12_u32, 2, 2, 2, 2, 6, 1, 1]) {
        let (offset, count) = (6 + 2 * number, 7 + 2 * number);
        if number == 2 {
            words[offset] %= total - 2 * vocabulary::SIZE + 1;
            let room = (total - words[offset]) / 2 - vocabulary::SIZE;
            words[count] = vocabulary::SIZE + words[count] % (room + 1);
        } else {
            words[offset] %= total + 1;
            words[count] %= (total - words[offset]) / size + 1;
        }
    }
    // Text that is none is refused at once: then there is none.
    let (offset, count) = (words[20] as usize, words[21] as usize);
    let text: Vec<u8> = words[offset..offset + count]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    if std::str::from_utf8(&text).is_err() {
        words[21] = 0;
    }
}

/// Reads everything, each thing in bounded time. Returns a number that depends on all of it.
pub fn touch(words: &[u32]) -> u64 {
    let Ok(tree) = Tree::read(words) else { return 0 };
    let mut sum = 0_u64;
    let mut add = |value: u64| sum = sum.rotate_left(5).wrapping_add(value);
    add(u64::from(tree.facts().unwrap_or(0)));
    add(tree.words().len() as u64);
    let beyond = [tree.nodes(), tree.nodes().wrapping_add(1), u32::MAX - 1, u32::MAX];
    for index in (0..tree.nodes()).chain(beyond) {
        let end = tree.end(index);
        assert!(end > index || index == u32::MAX, "an end lies past its node");
        assert!(
            end <= tree.nodes() || index >= tree.nodes(),
            "an end lies within the nodes"
        );
        add(u64::from(end));
        // Ends may overlap, so all children of all nodes may be quadratically many.
        for child in tree.children(index).take(16) {
            assert!((index + 1..end).contains(&child), "children lie within their node");
        }
        if let Some(node) = tree.node(index) {
            add(u64::from(node.key.unwrap_or_default().0) + tree.text(node.key.unwrap_or_default()).len() as u64);
            if index < 256 {
                assert!(tree.get(index, Symbol(node.value)).is_none_or(|member| member > index));
            }
        }
        add(tree.symbol(index).map_or(0, |symbol| tree.text(symbol).len()) as u64);
        add(tree.integer(index).unwrap_or_default().cast_unsigned());
        add(tree.float(index).unwrap_or_default().to_bits());
        add(tree.original(index).unwrap_or_default().len() as u64);
    }
    add((0..tree.nodes())
        .flat_map(|index| tree.children(index))
        .take(10_000)
        .map(u64::from)
        .sum::<u64>());
    for index in (0..tree.nodes()).take(16).chain(beyond) {
        let mut json = String::new();
        if !tree.write_json_within(index, &mut json, 1 << 12) {
            assert!(json.is_empty(), "what does not fit is taken back");
        }
        add(json.len() as u64);
    }
    for symbol in (0..tree.symbols()).chain([tree.symbols(), u32::MAX]) {
        add(tree.text(Symbol(symbol)).len() as u64);
    }
    add(u64::from(tree.find("metadata").unwrap_or_default().0));
    let scopes = (0..tree.scopes()).take(8).chain([tree.scopes(), u32::MAX]);
    for a in scopes.clone() {
        add(tree.scope(a).map_or(0, |scope| scope.list.len() as u64));
        add(scopes.clone().filter(|&b| tree.sees(a, b)).count() as u64);
    }
    let mut among: Vec<u32> = (0..tree.objects()).take(64).collect();
    among.extend([tree.objects(), u32::MAX, 0]);
    for index in (0..tree.objects()).take(8).chain([tree.objects(), u32::MAX]) {
        if let Some(object) = tree.object(index) {
            assert!(object.root <= object.end);
            add(u64::from(object.flags.role() as u32) + u64::from(object.namespace().unwrap_or_default().0));
        }
        for reach in tree.nearest(index, &among) {
            assert!(reach.objects.is_sorted() && !reach.objects.is_empty());
            add(reach.objects.len() as u64);
        }
    }
    sum
}
