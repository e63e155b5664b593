//! The flat tree that carries a bundle from the host to policies, and the relation who sees whom.
//!
//! The tree is one buffer of 32-bit words (`FORMAT.md` beside this crate's manifest). [`Tree`] reads it without parsing and
//! without trust: any buffer may be given, no access panics or leaves the buffer. The feature `write` adds what the host
//! needs to make one: a [`write::Part`] per file, joined by a [`write::Writer`].

#[cfg(target_endian = "big")]
compile_error!("the tree's text is read in place, in little-endian words");

pub mod glob;
mod json;
mod nearest;
mod read;
mod sees;
pub mod vocabulary;
#[cfg(feature = "write")]
pub mod write;

pub use read::{FormatError, Node, Object, Scope, Tree};
pub use sees::Reach;

/// First word of every tree: `PLIM` in ASCII, low byte first.
pub const MAGIC: u32 = u32::from_le_bytes(*b"PLIM");
/// Version of the layout. A reader refuses every other.
pub const VERSION: u32 = 1;
/// "None" wherever a word may be absent.
pub const NONE: u32 = u32::MAX;
/// A namespace that cannot be known before the object is rendered.
pub const UNKNOWN: u32 = u32::MAX - 1;
/// Words of the header: six fixed ones, then offset and count of eight sections.
pub const HEADER_WORDS: u32 = 6 + 2 * 8;
/// Words of an object's record.
pub const OBJECT_WORDS: u32 = 12;
/// Words of a scope's record.
pub const SCOPE_WORDS: u32 = 6;
/// Symbols that fit beside kind and flags in a node's first word.
pub const MAX_SYMBOLS: u32 = (1 << 24) - 2;

/// A text of the tree by number: equal texts have equal symbols, so kinds, keys and labels compare as integers.
///
/// The first symbols are those of `vocabulary.txt`, in every tree alike; [`word!`] gives them as constants. Symbol 0 is
/// the empty text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Symbol(pub u32);

/// What a node is. The numbers are the format's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// `null`.
    Null = 0,
    /// `false`.
    False = 1,
    /// `true`.
    True = 2,
    /// A whole number that fits 64 bits with sign.
    Integer = 3,
    /// Any other number.
    Float = 4,
    /// A text.
    String = 5,
    /// A list.
    Sequence = 6,
    /// A mapping from texts.
    Map = 7,
}

impl Kind {
    /// The kind in a node's first word; none for a number that the format does not know.
    const fn of(word: u32) -> Option<Kind> {
        Some(match word & 0xF {
            0 => Kind::Null,
            1 => Kind::False,
            2 => Kind::True,
            3 => Kind::Integer,
            4 => Kind::Float,
            5 => Kind::String,
            6 => Kind::Sequence,
            7 => Kind::Map,
            _ => return None,
        })
    }
}

/// What a node's flags say; several may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(pub u32);

impl Flags {
    /// Written otherwise than its JSON value (`0777`, `yes`): [`Tree::original`] has the text.
    pub const ORIGINAL: Flags = Flags(1);
    /// Reached through an alias or merge key: never edited.
    pub const ALIAS: Flags = Flags(2);
    /// Not final: a scalar's value is decided later (template, `${…}`, `$(VAR)`, a patch) and so unknown; a map or sequence
    /// may get members that are not here.
    pub const NOT_FINAL: Flags = Flags(4);

    /// Whether all of `other` holds.
    #[must_use]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// Why an object is in the bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Role {
    /// Judged.
    #[default]
    Subject,
    /// Only looked at.
    Context,
    /// What a subject was before its update.
    Previous,
}

/// What an object's flags say. Bits 0 and 1 are the role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ObjectFlags(pub u32);

impl ObjectFlags {
    /// A patch: no object of its own, and never judged as one.
    pub const PATCH: ObjectFlags = ObjectFlags(1 << 2);
    /// Every place in it is its whole document, as it was read without positions.
    pub const COARSE: ObjectFlags = ObjectFlags(1 << 3);
    /// Another object of this directory has the same identity and other content: joins through it are advice at most.
    pub const AMBIGUOUS: ObjectFlags = ObjectFlags(1 << 4);
    /// Made by a renderer; its source is not what is edited.
    pub const RENDERED: ObjectFlags = ObjectFlags(1 << 5);

    /// Whether all of `other` holds.
    #[must_use]
    pub const fn has(self, other: ObjectFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: ObjectFlags) -> ObjectFlags {
        ObjectFlags(self.0 | other.0)
    }

    /// The same with this role.
    #[must_use]
    pub const fn with_role(self, role: Role) -> ObjectFlags {
        ObjectFlags((self.0 & !3) | role as u32)
    }

    /// The role; what the format does not know is only looked at.
    #[must_use]
    pub const fn role(self) -> Role {
        match self.0 & 3 {
            0 => Role::Subject,
            2 => Role::Previous,
            _ => Role::Context,
        }
    }
}
