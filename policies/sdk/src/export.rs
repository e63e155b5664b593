//! What `policy!` and `policies!` expand to: the contract's exports over a [`Policy`]. Generated types stop here.

use std::marker::PhantomData;

use crate::{Policy, run};
use contract::exports::plimsoll::policy::judge;

/// The generated side of the contract.
#[allow(unsafe_code, missing_docs, reason = "generated from the contract")]
#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated from the contract"
)]
pub mod contract {
    wit_bindgen::generate!({
        path: "wit",
        world: "policy",
        pub_export_macro: true,
        export_macro_name: "export_policy",
        default_bindings_module: "plimsoll_sdk::export::contract",
        runtime_path: "plimsoll_sdk::export::runtime",
    });
}

pub use contract::export_policy;
#[doc(hidden)]
pub use wit_bindgen::rt as runtime;

/// A policy as the component that it is exported as.
pub struct Exported<P>(PhantomData<P>);

impl<P: Policy> judge::Guest for Exported<P> {
    fn describe() -> judge::Description {
        judge::Description {
            name: P::NAME.to_owned(),
            version: P::VERSION.to_owned(),
            summary: P::SUMMARY.to_owned(),
            rules: P::rules()
                .iter()
                .map(|rule| judge::Rule {
                    id: rule.id.to_owned(),
                    title: rule.title.to_owned(),
                    severity: severity(rule.severity),
                    kinds: texts(rule.kinds),
                    context: texts(rule.context),
                    previous: rule.previous,
                })
                .collect(),
            settings_schema: P::SETTINGS_SCHEMA.to_owned(),
        }
    }

    fn explain(rule: u32) -> String {
        usize::try_from(rule)
            .ok()
            .and_then(|position| P::rules().get(position))
            .map_or_else(String::new, |rule| rule.page.to_owned())
    }

    fn check(rules: Vec<u32>, settings: String) -> Result<Vec<judge::Violation>, String> {
        let violations = run::check::<P>(contract::plimsoll::policy::bundle::tree, &rules, &settings)?;
        Ok(violations
            .into_iter()
            .map(|(rule, found)| violation(rule, found))
            .collect())
    }
}

/// One policy of several in a component: its exports.
pub struct Part {
    describe: fn() -> judge::Description,
    explain: fn(u32) -> String,
    check: fn(Vec<u32>, String) -> Result<Vec<judge::Violation>, String>,
}

impl Part {
    /// The exports of a policy.
    #[must_use]
    pub const fn of<P: Policy>() -> Self {
        use judge::Guest as _;
        Part {
            describe: Exported::<P>::describe,
            explain: Exported::<P>::explain,
            check: Exported::<P>::check,
        }
    }
}

/// The policies of a component that holds several.
pub trait Parts {
    /// By their numbers.
    const ALL: &'static [Part];
}

/// Several policies as the component that they are exported as: the host says which of them an instance is.
pub struct Several<P>(PhantomData<P>);

/// The policy that this instance is, if there is it.
fn part<P: Parts>() -> Option<&'static Part> {
    P::ALL.get(usize::try_from(contract::plimsoll::policy::bundle::part()).ok()?)
}

impl<P: Parts> judge::Guest for Several<P> {
    fn describe() -> judge::Description {
        match part::<P>() {
            Some(part) => (part.describe)(),
            // Without a name it is refused.
            None => judge::Description {
                name: String::new(),
                version: String::new(),
                summary: String::new(),
                rules: Vec::new(),
                settings_schema: String::new(),
            },
        }
    }

    fn explain(rule: u32) -> String {
        part::<P>().map_or_else(String::new, |part| (part.explain)(rule))
    }

    fn check(rules: Vec<u32>, settings: String) -> Result<Vec<judge::Violation>, String> {
        let part = part::<P>().ok_or("this component holds no such policy")?;
        (part.check)(rules, settings)
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn severity(severity: crate::Severity) -> judge::Severity {
    match severity {
        crate::Severity::Info => judge::Severity::Info,
        crate::Severity::Warning => judge::Severity::Warning,
        crate::Severity::Error => judge::Severity::Error,
    }
}

fn confidence(confidence: crate::Confidence) -> judge::Confidence {
    match confidence {
        crate::Confidence::Low => judge::Confidence::Low,
        crate::Confidence::Medium => judge::Confidence::Medium,
        crate::Confidence::High => judge::Confidence::High,
        crate::Confidence::Certain => judge::Confidence::Certain,
    }
}

fn place(place: crate::Place) -> judge::Place {
    match place {
        crate::Place::Value(node) => judge::Place::Node(node),
        crate::Place::Key(node) => judge::Place::Key(node),
    }
}

fn edit(edit: crate::Edit) -> judge::Edit {
    match edit {
        crate::Edit::Set { at, value } => judge::Edit::Set(judge::Assignment { at: place(at), value }),
        crate::Edit::Insert { into, key, value } => judge::Edit::Insert(judge::Insertion {
            into: place(into),
            key,
            value,
        }),
        crate::Edit::Rename { at, key } => judge::Edit::Rename(judge::Renaming { at: place(at), key }),
        crate::Edit::Remove(at) => judge::Edit::Remove(place(at)),
    }
}

fn violation(rule: u32, found: crate::Violation) -> judge::Violation {
    judge::Violation {
        rule,
        severity: found.severity.map(severity),
        confidence: confidence(found.confidence),
        message: found.message,
        help: found.help,
        at: place(found.at),
        within: found.within.map(|range| judge::Range {
            start: range.start,
            end: range.end,
        }),
        sensitive: found.sensitive,
        related: found
            .related
            .into_iter()
            .map(|related| judge::Related {
                at: place(related.at),
                message: related.message,
            })
            .collect(),
        fix: found.fix.map(|fix| judge::Fix {
            title: fix.title,
            safe: fix.safe,
            edits: fix.edits.into_iter().map(edit).collect(),
        }),
    }
}
