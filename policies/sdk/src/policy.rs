//! What a policy declares.

use plimsoll_kube::{Bundle, Object, Symbol};

use crate::memo::Memo;
use crate::{Severity, Violation};

/// What a rule's check is given.
pub struct Context<'t, S> {
    /// The objects.
    pub bundle: Bundle<'t>,
    /// The policy's settings.
    pub settings: S,
    memo: Memo,
}

impl<'t, S> Context<'t, S> {
    /// What a policy's rules are given in one call.
    #[must_use]
    pub fn new(bundle: Bundle<'t>, settings: S) -> Self {
        Context {
            bundle,
            settings,
            memo: Memo::default(),
        }
    }

    /// What several rules of the policy need, made by the first that asks: one value of each type until the call ends. Such
    /// a value holds indices of nodes and objects, not borrows.
    pub fn memo<T: 'static>(&self, make: impl FnOnce() -> T) -> &T {
        self.memo.get(make)
    }

    /// The subjects of the kinds that a rule judges, in the bundle's order; all subjects when it names none.
    pub fn subjects_of<R>(&self, rule: &Rule<R>) -> impl Iterator<Item = Object<'t>> {
        let tree = self.bundle.tree();
        let kinds: Vec<(Symbol, Symbol)> = self
            .bundle
            .kinds()
            .filter(|&(group, kind)| {
                let (group, kind) = (tree.text(group), tree.text(kind));
                rule.kinds.is_empty() || rule.kinds.iter().any(|text| *text == kind_and_group(kind, group))
            })
            .collect();
        self.bundle
            .subjects()
            .filter(move |object| kinds.contains(&(object.group(), object.kind())))
    }
}

/// A kind as rules name it: `Deployment.apps`; a core kind alone.
fn kind_and_group(kind: &str, group: &str) -> String {
    if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    }
}

/// One documented thing that a policy checks: its facts, page and check, declared once, in its own folder.
pub struct Rule<S: 'static> {
    /// The folder's name with `-` for `_`; named after the bad pattern.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// What a violation is unless it says otherwise.
    pub severity: Severity,
    /// Kinds it judges (`Deployment.apps`, `Service`); empty for all.
    pub kinds: &'static [&'static str],
    /// Kinds it must see besides; `*` for everything; with a `?` behind it what it can do without, and not judge wrongly.
    pub context: &'static [&'static str],
    /// Whether it compares with the state before an update.
    pub previous: bool,
    /// The page: the folder's README.md.
    pub page: &'static str,
    /// Judges the subjects.
    pub check: fn(&Context<'_, S>, &mut Vec<Violation>),
}

/// A policy: what `policy!` exports as a component.
pub trait Policy {
    /// Lower-case words joined by `-`.
    const NAME: &'static str;
    /// Its version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// One sentence.
    const SUMMARY: &'static str;
    /// JSON Schema of the settings, empty when there are none.
    const SETTINGS_SCHEMA: &'static str = "";
    /// What operators may set; `()` when there is nothing.
    type Settings: serde::de::DeserializeOwned + Default + 'static;
    /// The rules; their positions are their numbers. From the generated catalogue.
    fn rules() -> &'static [&'static Rule<Self::Settings>];
    /// What the schema cannot say.
    ///
    /// # Errors
    /// Says what is wrong with the settings.
    fn validate(_settings: &Self::Settings) -> Result<(), String> {
        Ok(())
    }
}
