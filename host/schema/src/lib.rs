//! Is it an object that the API server would take? The policy `schema`: native, for it is typed reading, not opinion.
//!
//! Objects of Kubernetes' own kinds are compared with the types of the version that the bundle's facts name, the newest
//! where they name none; custom resources with the definitions that the input holds. The walk goes over the tree itself, so
//! every finding has its node; nothing is turned into another value first. What has no type is counted, never refused.

mod builtin;
mod conditions;
mod custom;
mod duplicates;
mod model;
mod rules;
mod say;
mod scalar;
#[path = "../schemas/mod.rs"]
mod schemas;
mod suggest;
mod texts;
mod walk;

use std::collections::BTreeSet;
use std::sync::Mutex;

use hashbrown::HashMap;
use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{Description, EvaluationFailure, Judge, Violation};
use plimsoll_tree::{NONE, Object, ObjectFlags, Role, Symbol, Tree, word};

use crate::custom::{Definitions, Special};
use crate::model::{Model, Shape, ShapeId};
use crate::rules::Rules;
use crate::walk::{Mode, Names, Walk};

/// Findings that are kept of one bundle: more is no use to anybody.
const FINDINGS: usize = 50_000;

/// The policy.
pub struct Schema {
    description: Description,
    /// Paths that the user named: they must be readable whatever they hold.
    named: BTreeSet<String>,
    /// Types that earlier calls have met, by version; kept for the next call.
    models: Mutex<Vec<Model>>,
}

impl Default for Schema {
    fn default() -> Self {
        Schema::new(BTreeSet::new())
    }
}

impl Schema {
    /// The policy for a run in which the user named these paths, as the manifests' are.
    #[must_use]
    pub fn new(named: BTreeSet<String>) -> Self {
        Schema {
            description: rules::description(),
            named,
            models: Mutex::new(Vec::new()),
        }
    }

    /// A model of a version: one that is left from an earlier call, or a new one.
    fn model(&self, bit: u8) -> Model {
        let mut models = self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let left = models.iter().position(|model| model.bit == bit);
        left.map_or_else(|| Model::built_in(bit), |position| models.swap_remove(position))
    }

    fn keep(&self, model: Model) {
        /// As many as calls run at once.
        const KEPT: usize = 64;
        let mut models = self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if models.len() < KEPT {
            models.push(model);
        }
    }

    fn objects(&self, bundle: &Bundle, rules: Rules, out: &mut Vec<Violation>) {
        let tree = bundle.tree();
        let mut kinds = Kinds::new(tree);
        let mut model = self.model(kinds.bit);
        let mut names = Names::new(tree);
        let mut custom = Model::default();
        let mut custom_names: Option<Names> = None;
        let metadata = model.built_in_type("meta.v1.ObjectMeta");
        let metadata = model.add_shape(Shape::Struct(metadata));
        for (index, object) in subjects(tree) {
            if out.len() >= FINDINGS {
                break;
            }
            let kind = tree.text(object.kind);
            let target = kinds.of(index, &object);
            match target {
                Target::Unknown | Target::None => continue,
                Target::BuiltIn(name) => {
                    let of = model.built_in_type(name);
                    let shape = model.add_shape(Shape::Struct(of));
                    let with = (&mut model, &mut names);
                    Walk::new(bundle, tree, index, kind, with, rules, out).value(object.root, shape, Mode::default());
                }
                Target::Custom(schema, special) => {
                    let of = custom.node_type(schema, special);
                    let shape = custom.add_shape(Shape::Struct(of));
                    let with = (&mut custom, &mut *custom_names.get_or_insert_with(|| Names::new(tree)));
                    Walk::new(bundle, tree, index, kind, with, rules, out).value(object.root, shape, Mode::default());
                    self.metadata(bundle, tree, index, (&mut model, &mut names, metadata), rules, out);
                }
            }
            let with = (&mut model, &mut names);
            let mut walk = Walk::new(bundle, tree, index, kind, with, rules, out);
            conditions::named(&mut walk, &object);
        }
        self.keep(model);
    }

    /// Custom resources have the metadata of all objects.
    fn metadata(
        &self,
        bundle: &Bundle,
        tree: Tree<'_>,
        object: u32,
        (model, names, shape): (&mut Model, &mut Names, ShapeId),
        rules: Rules,
        out: &mut Vec<Violation>,
    ) {
        let Some(record) = tree.object(object) else { return };
        if let Some(at) = tree.get(record.root, word!("metadata")) {
            let kind = tree.text(record.kind);
            Walk::new(bundle, tree, object, kind, (model, names), rules, out).value(at, shape, Mode::default());
        }
    }
}

/// How many objects to be judged there is no schema for: of other projects' kinds without their definition, and of kinds
/// and versions that the cluster's version does not serve.
#[must_use]
pub fn not_validated(bundle: &Bundle) -> usize {
    let tree = bundle.tree();
    let mut kinds = Kinds::new(tree);
    let unknown = subjects(tree).filter(|(index, object)| matches!(kinds.of(*index, object), Target::Unknown));
    unknown.count()
}

impl Judge for Schema {
    fn description(&self) -> &Description {
        &self.description
    }

    fn explain(&self, rule: u32) -> Result<String, EvaluationFailure> {
        let page = rules::ALL.get(rule as usize).map(|(.., page)| (*page).to_owned());
        page.ok_or_else(|| EvaluationFailure::Refused(format!("there is no rule number {rule}")))
    }

    fn check(&self, bundle: &Bundle, rules: &[u32], settings: &str) -> Result<Vec<Violation>, EvaluationFailure> {
        if !matches!(settings, "" | "{}" | "null") {
            return Err(EvaluationFailure::Settings("it has none".to_owned()));
        }
        let rules = Rules::of(rules);
        let mut out = Vec::new();
        texts::check(bundle, &self.named, rules, &mut out);
        duplicates::check(bundle, rules, &mut out);
        if rules.of_objects() {
            self.objects(bundle, rules, &mut out);
        }
        Ok(out)
    }
}

/// The objects that are judged, but lists: their items are objects of their own.
fn subjects<'a>(tree: Tree<'a>) -> impl Iterator<Item = (u32, Object)> + use<'a> {
    let all = (0..tree.objects()).filter_map(move |index| Some((index, tree.object(index)?)));
    all.filter(|(_, object)| object.flags.role() == Role::Subject && !object.flags.has(ObjectFlags::PATCH))
}

/// What an object is compared with.
#[derive(Clone, Copy)]
enum Target {
    /// A list: nothing.
    None,
    /// There is no schema of it.
    Unknown,
    BuiltIn(&'static str),
    Custom(u32, Special),
}

/// What is known of the kinds of a bundle.
struct Kinds<'a> {
    tree: Tree<'a>,
    bit: u8,
    /// By group, version and kind; none where definitions decide.
    known: HashMap<(Symbol, Symbol, Symbol), Option<Target>>,
    definitions: Option<Definitions<'a>>,
    /// The key that says that an object is encrypted.
    sops: Option<Symbol>,
}

impl<'a> Kinds<'a> {
    fn new(tree: Tree<'a>) -> Self {
        let facts = tree.facts().and_then(|facts| custom::member(tree, facts, "kubernetes"));
        Kinds {
            tree,
            bit: builtin::bit(facts.and_then(|node| custom::text(tree, node))),
            known: HashMap::new(),
            definitions: None,
            sops: tree.find("sops"),
        }
    }

    fn of(&mut self, index: u32, object: &Object) -> Target {
        let (tree, bit) = (self.tree, self.bit);
        let (group, version, kind) = (
            tree.text(object.group),
            tree.text(object.version),
            tree.text(object.kind),
        );
        // What is encrypted in place is another object once it is decrypted.
        if self.sops.is_some_and(|sops| tree.get(object.root, sops).is_some()) {
            return Target::Unknown;
        }
        let known = *self
            .known
            .entry((object.group, object.version, object.kind))
            .or_insert_with(|| match builtin::kind(bit, group, version, kind) {
                Some(name) => Some(Target::BuiltIn(name)),
                None if is_list(tree, object) => Some(Target::None),
                None => None,
            });
        known.unwrap_or_else(|| {
            let definitions = self.definitions.get_or_insert_with(|| definitions(tree));
            let found = definitions.find(tree, index, group, kind, version);
            found.map_or(Target::Unknown, |(schema, special)| Target::Custom(schema, special))
        })
    }
}

/// Whether an object holds others that are judged instead.
fn is_list(tree: Tree<'_>, object: &Object) -> bool {
    tree.text(object.kind).ends_with("List") && tree.get(object.root, word!("items")).is_some()
}

/// Whether an object is one of its own, or a list's item: not the template of one in another.
fn stands_alone(tree: Tree<'_>, object: &Object) -> bool {
    object.owner == NONE || tree.object(object.owner).is_some_and(|owner| is_list(tree, &owner))
}

fn definitions(tree: Tree<'_>) -> Definitions<'_> {
    let mut definitions = Definitions::default();
    for index in 0..tree.objects() {
        let is = |object: Object| {
            tree.text(object.kind) == "CustomResourceDefinition" && tree.text(object.group) == "apiextensions.k8s.io"
        };
        if tree.object(index).is_some_and(is) {
            definitions.add(tree, index);
        }
    }
    definitions
}
