//! The first look at a text: what may be in it, for the many that hold nothing. Each text of the tree is looked at once,
//! however often it is used.

use plimsoll_sdk::kube::vocabulary;
use plimsoll_sdk::{Bundle, Symbol, word};

use crate::connection::{Sight, marks};
use crate::{name, pem, token};

/// What may be in a text; several may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look(u8);

impl Look {
    /// A connection string with a password.
    pub const CONNECTION: Look = Look(1);
    /// A token of a known form, or a header that carries one.
    pub const TOKEN: Look = Look(2);
    /// A private key.
    pub const KEY: Look = Look(4);
    const DONE: Look = Look(0x80);

    /// Whether this may be in it.
    #[must_use]
    pub fn has(self, other: Look) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether anything may be in it.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.0 & !Look::DONE.0 != 0
    }

    /// Looks at a text.
    #[must_use]
    pub fn at(bytes: &[u8]) -> Look {
        let mut found = Look::DONE;
        // `a://b:c@d` and `x;pwd=y;` are about as short as it gets.
        if bytes.len() < 8 {
            return found;
        }
        let mut sight = Sight::default();
        for mark in marks(bytes) {
            if sight.is_telling(bytes, mark) {
                found.0 |= Look::CONNECTION.0;
            }
            if token::is_telling(bytes, mark) {
                found.0 |= Look::TOKEN.0;
            }
            if found.has(Look::CONNECTION) && found.has(Look::TOKEN) {
                break;
            }
        }
        let mut long = false;
        for run in token::runs(bytes) {
            let run = bytes.get(run).unwrap_or(&[]);
            long = true;
            if !found.has(Look::TOKEN) && token::may_be(run) {
                found.0 |= Look::TOKEN.0;
            }
            if pem::may_be(run) {
                found.0 |= Look::KEY.0;
            }
        }
        // The body of a key has a run of letters, too.
        if long && pem::may_hold(bytes) {
            found.0 |= Look::KEY.0;
        }
        found
    }
}

/// What a key says of what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyLook {
    /// Nothing.
    Plain,
    /// What lies there is never looked at: what the API server writes, ciphertext, certificates, prose.
    Never,
    /// OpenChoreo's parameters, filled in by its users.
    Parameters,
    /// A credential, by its words.
    Promise,
}

/// What was found out of the texts of a tree.
pub struct Looks {
    texts: Vec<Look>,
    keys: Vec<Option<KeyLook>>,
}

impl Looks {
    /// Nothing yet.
    #[must_use]
    pub fn new(bundle: &Bundle<'_>) -> Self {
        let symbols = bundle.tree().symbols() as usize;
        Looks {
            texts: vec![Look(0); symbols],
            keys: vec![None; symbols],
        }
    }

    /// What may be in the text of a symbol.
    #[inline]
    pub fn text(&mut self, bundle: &Bundle<'_>, symbol: u32) -> Look {
        let Some(slot) = self.texts.get_mut(symbol as usize) else {
            return Look::DONE;
        };
        if slot.0 == 0 {
            *slot = Look::at(bundle.tree().bytes(Symbol(symbol)));
        }
        *slot
    }

    /// What a key says.
    #[inline]
    pub fn key(&mut self, bundle: &Bundle<'_>, key: Symbol) -> KeyLook {
        if key.0 < vocabulary::SIZE && !TELLING.contains(&key) {
            return KeyLook::Plain;
        }
        let Some(slot) = self.keys.get_mut(key.0 as usize) else {
            return KeyLook::Plain;
        };
        *slot.get_or_insert_with(|| key_look(bundle.tree().text(key)))
    }
}

/// The words of the vocabulary that are not plain: nearly all keys of nearly all objects are words, and need not be looked
/// at by their letters.
const TELLING: &[Symbol] = &[
    word!("status"),
    word!("key"),
    word!("secret"),
    word!("parameters"),
    word!("Secret"),
    word!("SealedSecret"),
    word!("ExternalSecret"),
];

fn key_look(key: &str) -> KeyLook {
    match key {
        "caBundle" | "description" | "documentation" | "encryptedData" | "managedFields" | "openAPIV3Schema"
        | "status" | "summary" => KeyLook::Never,
        "parameters"
        | "overrides"
        | "environmentConfigs"
        | "componentTypeEnvironmentConfigs"
        | "componentTypeEnvOverrides"
        | "traitEnvironmentConfigs"
        | "traitOverrides" => KeyLook::Parameters,
        _ if name::may_promise(key) && name::judge(key) != name::Promise::None => KeyLook::Promise,
        _ => KeyLook::Plain,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_that_say_something_are_listed() {
        let telling: Vec<&str> = vocabulary::words()
            .filter(|word| key_look(word) != KeyLook::Plain)
            .collect();
        let listed: Vec<&str> = (1..)
            .zip(vocabulary::words())
            .filter(|(number, _)| TELLING.contains(&Symbol(*number)))
            .map(|(_, word)| word)
            .collect();
        assert_eq!(listed, telling);
    }

    #[test]
    fn most_texts_hold_nothing() {
        for text in [
            "",
            "web",
            "registry.example.com/shop/web:1.4",
            "a=b;c:d@e",
            "{\"id\": 7, \"panel\": \"a@b\"}",
        ] {
            assert!(!Look::at(text.as_bytes()).is_any(), "{text}");
        }
        assert!(Look::at(b"postgres://u:Fak3@h").has(Look::CONNECTION));
        assert!(Look::at(b"x;pwd=y;").has(Look::CONNECTION));
    }

    proptest! {
        /// The first look never misses what the long ones find.
        #[test]
        fn nothing_is_missed(
            text in "(password ?=|[a-z]{1,3}://|;|'|\"|\n|host=|[a-z:/@= ?&]|Authorization: Basic |eyJ|ghp_|glpat-|\"auth\": ?\"|[A-Za-z0-9]{16,40}|-----BEGIN (RSA )?PRIVATE KEY-----){0,12}"
        ) {
            let look = Look::at(text.as_bytes());
            prop_assert!(look.has(Look::CONNECTION) || crate::connection::find(&text).is_empty());
            prop_assert!(look.has(Look::TOKEN) || token::find(&text).is_empty());
            prop_assert!(look.has(Look::KEY) || pem::find(&text).is_empty());
        }
    }
}
