//! What an object is deployed to: development, test, staging or production.
//!
//! What the operator says decides (`environment` of everything, `environments` by glob of paths). Else every sign counts, the
//! more the more directly it speaks of the deployment, and the greatest sum wins; where two stages have the same, nothing is
//! known. So a sign that contradicts itself leaves the word to the weaker ones.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use plimsoll_tree::Tree;

use crate::lookup::MAX_CANDIDATES;
use crate::{Bundle, Environment, Node, Object, Value, glob, openchoreo, word, workloads_of};

/// A stage of deployment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stage {
    /// Not known, or several at once: neither is anything raised as in production, nor lowered as in development.
    #[default]
    Unknown,
    /// A developer's own, or one for all of them.
    Dev,
    /// For tests.
    Test,
    /// As production, for the last look.
    Staging,
    /// What users see.
    Prod,
}

/// What was found of an object's stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Staged {
    /// The stage.
    pub stage: Stage,
    /// Whether more says so than the variables of a process, which images set to production everywhere.
    pub sure: bool,
}

/// Weights of the signs, each more than all weaker ones together.
const BOUND: u8 = 16;
const PATH: u8 = 8;
const NAMESPACE: u8 = 4;
const LABELS: u8 = 2;
const PROCESS: u8 = 1;

/// Labels that say it. `tier` more often says something else, which is no word for a stage.
const LABEL_KEYS: &[&str] = &[
    "environment",
    "env",
    "app.kubernetes.io/environment",
    "tier",
    "openchoreo.dev/environment",
];

/// Variables by which programs are told.
const VARIABLES: &[&str] = &[
    "NODE_ENV",
    "ENVIRONMENT",
    "APP_ENV",
    "RAILS_ENV",
    "DJANGO_SETTINGS_MODULE",
    "SPRING_PROFILES_ACTIVE",
    "ASPNETCORE_ENVIRONMENT",
    "FLASK_ENV",
];

impl Stage {
    /// The stage that a name says, if it says one and no other: `prod`, `staging-eu`, `shop-test`, `non-prod`.
    #[must_use]
    pub fn of_name(name: &str) -> Stage {
        Stages::default().with(name, 1).winner()
    }

    /// Whether users see it.
    #[must_use]
    pub fn is_prod(self) -> bool {
        self == Stage::Prod
    }

    /// Whether only those who make it see it: development and test.
    #[must_use]
    pub fn is_dev(self) -> bool {
        matches!(self, Stage::Dev | Stage::Test)
    }

    /// Its usual short name; empty where it is unknown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::Unknown => "",
            Stage::Dev => "dev",
            Stage::Test => "test",
            Stage::Staging => "staging",
            Stage::Prod => "prod",
        }
    }

    /// The stage that a word is for, and whether it is so wherever it stands: others (`live-stream`, `local-path`) only at the
    /// end of a name.
    fn of_word(word: &str) -> Option<(Stage, bool)> {
        const WORDS: &[(&str, Stage, bool)] = &[
            ("prod", Stage::Prod, true),
            ("production", Stage::Prod, true),
            ("prd", Stage::Prod, true),
            ("live", Stage::Prod, false),
            ("staging", Stage::Staging, true),
            ("stage", Stage::Staging, false),
            ("stg", Stage::Staging, true),
            ("uat", Stage::Staging, true),
            ("preprod", Stage::Staging, true),
            ("preproduction", Stage::Staging, true),
            ("nonprod", Stage::Staging, true),
            ("nonproduction", Stage::Staging, true),
            ("dev", Stage::Dev, true),
            ("development", Stage::Dev, true),
            ("local", Stage::Dev, false),
            ("test", Stage::Test, false),
            ("tests", Stage::Test, false),
            ("testing", Stage::Test, false),
            ("qa", Stage::Test, true),
        ];
        WORDS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(word))
            .map(|&(_, stage, anywhere)| (stage, anywhere))
    }
}

/// How much speaks for each stage.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Stages {
    dev: u8,
    test: u8,
    staging: u8,
    prod: u8,
}

impl Stages {
    /// A sign for one stage. The same sign counts once.
    fn add(&mut self, stage: Stage, weight: u8) {
        match stage {
            Stage::Unknown => {}
            Stage::Dev => self.dev |= weight,
            Stage::Test => self.test |= weight,
            Stage::Staging => self.staging |= weight,
            Stage::Prod => self.prod |= weight,
        }
    }

    /// The signs that the words of a name are.
    fn with(mut self, name: &str, weight: u8) -> Stages {
        let mut words = name
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .map(|word| word.trim_end_matches(|letter: char| letter.is_ascii_digit()))
            .filter(|word| !word.is_empty())
            .peekable();
        let mut denied = false;
        while let Some(word) = words.next() {
            let found = Stage::of_word(word).filter(|&(_, anywhere)| anywhere || words.peek().is_none());
            if let Some((stage, _)) = found {
                self.add(if denied { Stage::Staging } else { stage }, weight);
            }
            // `pre-prod`, `non-production`: neither this nor that.
            denied = ["pre", "non", "not"].iter().any(|no| no.eq_ignore_ascii_case(word));
        }
        self
    }

    fn is_empty(self) -> bool {
        self == Stages::default()
    }

    /// What most speaks for. Development and test together are one against the others.
    fn winner(self) -> Stage {
        let early = self.dev.max(self.test);
        let most = early.max(self.staging).max(self.prod);
        match (early == most, self.staging == most, self.prod == most) {
            _ if most == 0 => Stage::Unknown,
            (true, false, false) if self.dev == most => Stage::Dev,
            (true, false, false) => Stage::Test,
            (false, true, false) => Stage::Staging,
            (false, false, true) => Stage::Prod,
            _ => Stage::Unknown,
        }
    }
}

/// The stages of a bundle's objects, found when asked for.
#[derive(Default)]
pub(crate) struct Inference<'t> {
    objects: RefCell<BTreeMap<u32, Staged>>,
    files: RefCell<BTreeMap<&'t str, Stages>>,
    closures: RefCell<BTreeMap<u32, Stages>>,
    releases: OnceCell<BTreeMap<&'t str, Vec<Object<'t>>>>,
}

impl<'t> Bundle<'t> {
    /// What an object is deployed to.
    #[must_use]
    pub fn stage(&self, object: Object<'t>) -> Staged {
        let known = self.stages().objects.borrow().get(&object.index()).copied();
        if let Some(known) = known {
            return known;
        }
        let found = infer(self, object);
        self.stages().objects.borrow_mut().insert(object.index(), found);
        found
    }
}

fn infer<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> Staged {
    if let Some(stage) = said(bundle, object) {
        return Staged { stage, sure: true };
    }
    let mut stages = bound(bundle, object);
    merge(&mut stages, path(bundle, object));
    stages = stages.with(object.namespace_text(), NAMESPACE);
    merge(&mut stages, labels(object));
    let mut staged = Staged {
        stage: stages.winner(),
        sure: true,
    };
    // The weakest sign decides only where the others do not, and its search costs the most.
    if staged.stage == Stage::Unknown {
        merge(&mut stages, process(bundle, object));
        staged = Staged {
            stage: stages.winner(),
            sure: false,
        };
    }
    staged
}

fn merge(into: &mut Stages, other: Stages) {
    into.dev |= other.dev;
    into.test |= other.test;
    into.staging |= other.staging;
    into.prod |= other.prod;
}

/// What the operator says: of everything, or by the glob that says the most of the path.
fn said<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> Option<Stage> {
    let facts = bundle.facts()?;
    if let Value::Known(name) = facts.text_of(word!("environment")) {
        return Some(Stage::of_name(name));
    }
    let globs = facts.get(word!("environments")).known()?;
    let file = object.file();
    let mut best: Option<(usize, Stages)> = None;
    for entry in globs.members().filter(|entry| glob::covers(entry.key_text(), file)) {
        let Value::Known(name) = entry.text() else {
            continue;
        };
        let says = entry
            .key_text()
            .chars()
            .filter(|letter| !matches!(letter, '*' | '?' | '/'))
            .count();
        match &mut best {
            Some((most, stages)) if *most == says => *stages = stages.with(name, 1),
            Some((most, _)) if *most > says => {}
            _ => best = Some((says, Stages::default().with(name, 1))),
        }
    }
    best.map(|(_, stages)| stages.winner())
}

/// Segments of the object's path; where they say nothing, production where the kustomizations that include it are for that.
fn path<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> Stages {
    let all = bundle.stages();
    let own = *all
        .files
        .borrow_mut()
        .entry(object.file())
        .or_insert_with(|| path_words(object.file()));
    if !own.is_empty() {
        return own;
    }
    let tree = bundle.tree();
    *all.closures
        .borrow_mut()
        .entry(object.scope())
        .or_insert_with(|| closure_words(tree, object.scope()))
}

/// The words of a path, the extensions of its file left out.
fn path_words(path: &str) -> Stages {
    let path = [".yaml", ".yml", ".json"]
        .iter()
        .find_map(|extension| path.strip_suffix(extension))
        .unwrap_or(path);
    path.split('/')
        .fold(Stages::default(), |stages, segment| stages.with(segment, PATH))
}

/// What the directories say that a closed scope is together with: production, where no other stage is named. A base that
/// only the overlays of earlier stages name may all the same be deployed by one whose name says nothing.
fn closure_words(tree: &Tree<'_>, scope: u32) -> Stages {
    let mut stages = Stages::default();
    let Some(own) = tree.scope(scope).filter(|own| own.closed) else {
        return stages;
    };
    for other in own
        .list
        .iter()
        .take(MAX_CANDIDATES)
        .filter_map(|&other| tree.scope(other))
    {
        merge(&mut stages, path_words(tree.text(other.path)));
    }
    if stages.winner() == Stage::Prod {
        stages
    } else {
        Stages::default()
    }
}

/// Labels of the object and of its pods.
fn labels(object: Object<'_>) -> Stages {
    let mut stages = Stages::default();
    let metadata = object.root().get(word!("metadata"));
    let pods = workloads_of(object).into_iter().map(|workload| workload.metadata);
    for holder in std::iter::once(metadata).chain(pods) {
        let labels = holder.and_then(|metadata| metadata.get(word!("labels"))).known();
        for label in labels.into_iter().flat_map(Node::members) {
            if let (true, Value::Known(text)) = (LABEL_KEYS.contains(&label.key_text()), label.text()) {
                stages = stages.with(text, LABELS);
            }
        }
    }
    stages
}

/// What the processes of a workload are told.
fn process<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> Stages {
    let mut stages = Stages::default();
    for container in workloads_of(object).into_iter().flat_map(crate::Workload::containers) {
        let environment = Environment::of(bundle, object, container);
        for name in VARIABLES {
            if let Value::Known(variable) = environment.get(name)
                && let Value::Known(text) = &variable.value
            {
                stages = stages.with(text, PROCESS);
            }
        }
        if let Value::Known(variable) = environment.get("GIN_MODE")
            && let Value::Known(text) = &variable.value
            && text == "release"
        {
            stages.add(Stage::Prod, PROCESS);
        }
    }
    stages
}

/// The environment that OpenChoreo binds an object to.
fn bound<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> Stages {
    let mut stages = Stages::default();
    let Some(outer) = openchoreo::outer(bundle, object) else {
        return stages;
    };
    match outer.kind_text() {
        "Environment" => stages.add(of_environment(outer), BOUND),
        "ReleaseBinding" | "RenderedRelease" | "Release" => stages.add(of_binding(bundle, outer), BOUND),
        "ComponentRelease" => {
            let releases = bundle.stages().releases.get_or_init(|| releases(bundle));
            let bindings = releases.get(outer.name()).filter(|_| !outer.name().is_empty());
            for &binding in bindings.into_iter().flatten().take(MAX_CANDIDATES) {
                if bundle.sees(outer, binding) && bundle.in_one_namespace(outer, binding) != Value::Known(false) {
                    stages.add(of_binding(bundle, binding), BOUND);
                }
            }
        }
        _ => {}
    }
    stages
}

/// ReleaseBindings by the release that they bind.
fn releases<'t>(bundle: &Bundle<'t>) -> BTreeMap<&'t str, Vec<Object<'t>>> {
    let mut all: BTreeMap<&'t str, Vec<Object<'t>>> = BTreeMap::new();
    for binding in bundle
        .objects()
        .filter(|object| object.kind() == word!("ReleaseBinding"))
    {
        let Value::Known(spec) = binding.root().get(word!("spec")) else {
            continue;
        };
        // The last is the flat dialect's.
        for name in [
            spec.text_of(word!("releaseName")),
            spec.get_text("componentReleaseName").and_then(Node::text),
        ] {
            all.entry(name.known().unwrap_or_default()).or_default().push(binding);
        }
    }
    all
}

/// The stage of the environment that a binding or rendered release names.
fn of_binding<'t>(bundle: &Bundle<'t>, binding: Object<'t>) -> Stage {
    let spec = binding.root().get(word!("spec"));
    let name = match spec.and_then(|spec| spec.get(word!("environment"))) {
        Value::Absent => spec.and_then(|spec| spec.get_text("environmentName")),
        found => found,
    };
    let Value::Known(name) = name.and_then(Node::symbol) else {
        return Stage::Unknown;
    };
    match bundle
        .symbol("Environment")
        .map(|kind| bundle.find(binding, binding.group(), kind, name))
    {
        Some(Value::Known((environment, _))) => of_environment(environment),
        _ => Stage::of_name(bundle.tree().text(name)),
    }
}

/// The stage of an OpenChoreo Environment: production where it says so, else what its name says.
fn of_environment(environment: Object<'_>) -> Stage {
    let spec = environment.root().get(word!("spec"));
    let production = spec
        .and_then(|spec| spec.get_text("isProduction"))
        .and_then(Node::boolean);
    match (production, Stage::of_name(environment.name())) {
        (Value::Known(true), _) => Stage::Prod,
        // It is not, whatever it is called.
        (Value::Known(false), Stage::Prod) => Stage::Staging,
        (_, named) => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_stages() {
        for (name, stage) in [
            ("prod", Stage::Prod),
            ("Production", Stage::Prod),
            ("shop-prod", Stage::Prod),
            ("prod-eu-1", Stage::Prod),
            ("prod2", Stage::Prod),
            ("live", Stage::Prod),
            ("shop-live", Stage::Prod),
            ("dev", Stage::Dev),
            ("my_development", Stage::Dev),
            ("local", Stage::Dev),
            ("staging", Stage::Staging),
            ("uat", Stage::Staging),
            ("pre-prod", Stage::Staging),
            ("preprod", Stage::Staging),
            ("non-production", Stage::Staging),
            ("qa1", Stage::Test),
            ("shop-test", Stage::Test),
            ("dev-test", Stage::Dev),
            ("dev-and-prod", Stage::Unknown),
            ("live-stream", Stage::Unknown),
            ("local-path-storage", Stage::Unknown),
            ("test-runner", Stage::Unknown),
            ("product", Stage::Unknown),
            ("devops", Stage::Unknown),
            ("reproduction", Stage::Unknown),
            ("backend", Stage::Unknown),
            ("", Stage::Unknown),
        ] {
            assert_eq!(Stage::of_name(name), stage, "{name}");
        }
    }
}
