//! What `cargo dev` does, as functions over a checkout's root.

pub mod catalogue;
pub mod check;
pub mod pack;
pub mod reference;
pub mod scaffold;
pub mod schemas;

/// Whether a text is lower-case words and digits joined by `-`, as ids of policies and rules are.
fn is_id(text: &str) -> bool {
    text.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// `network` → `Network`, `image-tags` → `ImageTags`.
fn pascal(id: &str) -> String {
    id.split(['-', '_'])
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
        })
        .collect()
}
