//! Changing a part that is finished: what a kustomization sets in the objects that it takes.

use std::collections::{BTreeMap, HashMap};

use super::part::{head, holds};
use super::{Part, Scalar};
use crate::{Flags, Kind, NONE, Symbol};

/// One change of [`Part::splice`].
#[derive(Clone, PartialEq, Debug)]
pub struct Edit<'a> {
    /// A closed node, mostly an object's root.
    pub node: u32,
    /// Keys from there on down through maps; empty for the node itself. Sequences are not entered: give the item's node.
    pub path: Vec<&'a str>,
    /// What happens there.
    pub change: Change<'a>,
}

/// What an [`Edit`] does with the place that it names.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Change<'a> {
    /// It becomes this scalar with just these flags; what was written or held there goes, key and position stay. Where
    /// nothing is, it becomes the last member of its map, and maps that are missing on the way are made.
    Set(Scalar<'a>, Flags),
    /// As [`Change::Set`] where nothing is; what is there stays as it is.
    Insert(Scalar<'a>, Flags),
    /// What is there gets these flags too; where nothing is, nothing happens.
    Flag(Flags),
}

/// What [`Part::splice`] made, and how its nodes relate to those of before.
#[derive(Clone)]
pub struct Spliced {
    /// The new part. Symbols of the old one mean the same in it.
    pub part: Part,
    /// For each new node the old one that it comes from, or [`NONE`].
    pub sources: Vec<u32>,
    /// For each old node where it is now, or [`NONE`] when it went; then one more, the new number of nodes.
    pub moved: Vec<u32>,
}

/// A node while the edits are read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Place {
    /// Of the old part.
    Old(u32),
    /// Made by an edit: an index into the plan's nodes.
    New(u32),
}

/// What is to become of a node.
struct Planned<'a> {
    /// Of a made node: its key.
    key: Option<Symbol>,
    content: Content<'a>,
    /// Added to those it has.
    flags: Flags,
    /// Made members, behind those it has.
    made: Vec<u32>,
    /// How often the content was replaced: members found before count no more.
    generation: u32,
    /// Whether the members are in the plan's index.
    indexed: bool,
}

#[derive(Clone, Copy)]
enum Content<'a> {
    /// What the old part has there, and behind it what was made.
    Kept,
    /// A scalar.
    Scalar(Scalar<'a>),
    /// A map of what was made, and nothing else.
    Map,
}

impl Planned<'_> {
    fn new(key: Option<Symbol>, content: Content<'_>, flags: Flags) -> Planned<'_> {
        Planned {
            key,
            content,
            flags,
            made: Vec::new(),
            generation: 0,
            indexed: false,
        }
    }
}

/// The edits, resolved to nodes.
struct Plan<'p, 'a> {
    old: &'p Part,
    /// The part to be: the old one's symbols and numbers, no nodes yet.
    part: Part,
    changed: BTreeMap<u32, Planned<'a>>,
    made: Vec<Planned<'a>>,
    members: HashMap<(Place, u32, Symbol), Place>,
}

impl Part {
    /// A part with these edits made, as if one after the other: a later one meets what the earlier ones left. An edit
    /// whose node does not exist, or on whose path something other than a map stands in the way, is left out; only a
    /// final `null`, as `labels:` without a value reads, becomes a map where one is needed.
    ///
    /// One pass over the nodes, and for each map on a path one over its members.
    #[must_use]
    pub fn splice(&self, edits: &[Edit<'_>]) -> Spliced {
        let mut plan = Plan {
            old: self,
            part: Part {
                nodes: Vec::with_capacity(self.nodes.len()),
                interner: self.interner.clone(),
                numbers: self.numbers.clone(),
                originals: Vec::with_capacity(self.originals.len()),
                open: Vec::new(),
            },
            changed: BTreeMap::new(),
            made: Vec::new(),
            members: HashMap::new(),
        };
        for edit in edits {
            plan.add(edit);
        }
        plan.carry_out()
    }
}

impl<'a> Plan<'_, 'a> {
    fn add(&mut self, edit: &Edit<'a>) {
        if edit.node >= self.old.len() {
            return;
        }
        let makes = !matches!(edit.change, Change::Flag(_));
        let mut place = Place::Old(edit.node);
        let mut path = edit.path.iter();
        while let Some(text) = path.next() {
            if !self.is_map(place, makes) {
                return;
            }
            let key = self.part.intern(text);
            if let Some(member) = self.member(place, key) {
                place = member;
                continue;
            }
            let (Change::Set(value, flags) | Change::Insert(value, flags)) = edit.change else {
                return;
            };
            let mut key = key;
            for text in path {
                place = self.make(place, key, Content::Map, Flags::default());
                key = self.part.intern(text);
            }
            self.make(place, key, Content::Scalar(value), flags);
            return;
        }
        match edit.change {
            Change::Set(value, flags) => {
                let planned = self.planned(place);
                planned.content = Content::Scalar(value);
                planned.flags = flags;
                planned.made.clear();
                planned.generation += 1;
            }
            Change::Insert(..) => {}
            Change::Flag(flags) => {
                let planned = self.planned(place);
                planned.flags = planned.flags.with(flags);
            }
        }
    }

    /// Whether members can be looked for; a final null becomes a map where they are `made`.
    fn is_map(&mut self, place: Place, makes: bool) -> bool {
        let planned = match place {
            Place::Old(node) => self.changed.get(&node),
            Place::New(index) => self.made.get(index as usize),
        };
        let (content, mut flags) = planned.map_or((Content::Kept, Flags::default()), |it| (it.content, it.flags));
        let is_null = match (content, place) {
            (Content::Map, _) => return true,
            (Content::Scalar(value), _) => value == Scalar::Null,
            (Content::Kept, Place::New(_)) => false,
            (Content::Kept, Place::Old(node)) => {
                flags = flags.with(self.old.flags(node));
                match self.old.kind(node) {
                    Some(Kind::Map) => return true,
                    kind => kind == Some(Kind::Null),
                }
            }
        };
        let becomes = is_null && makes && !flags.has(Flags::NOT_FINAL);
        if becomes {
            let planned = self.planned(place);
            planned.content = Content::Map;
            planned.flags = Flags(flags.0 & !Flags::ORIGINAL.0);
        }
        becomes
    }

    fn member(&mut self, map: Place, key: Symbol) -> Option<Place> {
        if let Place::Old(node) = map {
            let planned = self.planned(map);
            if matches!(planned.content, Content::Kept) && !planned.indexed {
                planned.indexed = true;
                let generation = planned.generation;
                for member in self.old.child_nodes(node) {
                    if let Some(key) = self.old.key(member) {
                        self.members.entry((map, generation, key)).or_insert(Place::Old(member));
                    }
                }
            }
        }
        let generation = self.planned(map).generation;
        self.members.get(&(map, generation, key)).copied()
    }

    fn make(&mut self, map: Place, key: Symbol, content: Content<'a>, flags: Flags) -> Place {
        let index = u32::try_from(self.made.len()).unwrap_or(NONE);
        self.made.push(Planned::new(Some(key), content, flags));
        let planned = self.planned(map);
        planned.made.push(index);
        let generation = planned.generation;
        self.members.insert((map, generation, key), Place::New(index));
        Place::New(index)
    }

    fn planned(&mut self, place: Place) -> &mut Planned<'a> {
        match place {
            Place::Old(node) => self
                .changed
                .entry(node)
                .or_insert_with(|| Planned::new(None, Content::Kept, Flags::default())),
            Place::New(index) => &mut self.made[index as usize],
        }
    }

    fn carry_out(mut self) -> Spliced {
        let old = self.old;
        let len = old.len();
        let mut sources = Vec::with_capacity(old.nodes.len());
        let mut moved = Vec::with_capacity(old.nodes.len() + 1);
        let changed = std::mem::take(&mut self.changed);
        let mut changes = changed.iter().peekable();
        let mut originals = old.originals.iter().peekable();
        // Maps and sequences whose last descendant is still to come: new index, old end, what is made behind.
        let mut open: Vec<(u32, u32, &[u32])> = Vec::new();
        let mut at = 0;
        loop {
            while let Some((new, _, made)) = open.pop_if(|&mut (_, end, _)| end <= at) {
                self.write_made(made, &mut sources);
                self.part.nodes[new as usize][1] = self.part.len();
            }
            let Some(&[word, value]) = old.nodes.get(at as usize) else {
                break;
            };
            while changes.next_if(|&(&node, _)| node < at).is_some() {}
            while originals.next_if(|&&(node, _)| node < at).is_some() {}
            let new = self.part.len();
            let end = old.end(at);
            let planned = changes.next_if(|&(&node, _)| node == at).map(|(_, planned)| planned);
            sources.push(at);
            moved.push(new);
            let content = planned.map_or(Content::Kept, |it| it.content);
            let added = planned.map_or(Flags::default(), |it| it.flags);
            let made = planned.map_or(&[][..], |it| &it.made);
            if let Content::Kept = content {
                self.part.nodes.push([word | (added.0 & 0xF) << 4, value]);
                if let Some(&(_, written)) = originals.next_if(|&&(node, _)| node == at) {
                    self.part.originals.push((new, written));
                }
                if holds(word) {
                    open.push((new, end, made));
                }
                at += 1;
                continue;
            }
            let key = old.key(at);
            if let Content::Scalar(value) = content {
                self.part.scalar(key, added, value);
            } else {
                self.part.nodes.push([head(Kind::Map, key, added), 0]);
                open.push((new, end, made));
            }
            moved.resize(end.min(len) as usize, NONE);
            at = end;
        }
        moved.push(self.part.len());
        Spliced {
            part: self.part,
            sources,
            moved,
        }
    }

    /// Writes made nodes and all below them. Without recursion: a path may be long.
    fn write_made(&mut self, members: &[u32], sources: &mut Vec<u32>) {
        enum Step {
            Write(u32),
            Close(u32),
        }
        let mut steps: Vec<Step> = members.iter().rev().map(|&index| Step::Write(index)).collect();
        while let Some(step) = steps.pop() {
            match step {
                Step::Close(node) => self.part.nodes[node as usize][1] = self.part.len(),
                Step::Write(index) => {
                    let planned = &self.made[index as usize];
                    let (key, flags, new) = (planned.key, planned.flags, self.part.len());
                    sources.push(NONE);
                    if let Content::Scalar(value) = planned.content {
                        self.part.scalar(key, flags, value);
                    } else {
                        self.part.nodes.push([head(Kind::Map, key, flags), 0]);
                        steps.push(Step::Close(new));
                        steps.extend(planned.made.iter().rev().map(|&index| Step::Write(index)));
                    }
                }
            }
        }
    }
}
