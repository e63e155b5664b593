//! What a policy author uses: the bundle as a cursor that knows its place, violations, settings, the export macro, and a
//! test harness that runs natively.
//!
//! # A policy, step by step
//!
//! A policy is a crate (`crate-type = ["cdylib", "rlib"]`) that compiles to a WebAssembly component. It is lent a
//! [`Bundle`], the objects that are judged together, and answers with [`Violation`]s. It can do nothing else.
//!
//! **Reading.** An [`Object`] has a kind, a name, a namespace and a root [`Node`]. A node is a cursor: it goes to its
//! members, and it knows its place, so that the finding gets file, line and column without any of the author's doing. Keys
//! of the API are [`word!`]s, which compare as numbers; other keys go by [`Node::get_text`].
//!
//! What a node gives is a [`Value`], and there are three: known, absent, and *unknown*, for manifests hold templates and
//! values that are decided later. Unknown never matches and never mismatches; a rule that concludes from absence asks for
//! [`Value::Absent`], not for "not known".
//!
//! ```
//! use plimsoll_sdk::{Node, Value, word};
//!
//! /// Whether a container is started with more rights than its parent process, as far as can be seen.
//! fn escalates(container: Node<'_>) -> bool {
//!     let context = container.get_text("securityContext");
//!     let allowed = context.and_then(|context| context.get_text("allowPrivilegeEscalation"));
//!     // The API's default is true.
//!     allowed.and_then(Node::boolean).or_default(true) == Value::Known(true)
//! }
//!
//! /// The images of a pod.
//! fn images<'t>(pod: Node<'t>) -> Vec<&'t str> {
//!     pod.items_of(word!("containers"))
//!         .filter_map(|container| container.text_of(word!("image")).known())
//!         .collect()
//! }
//! ```
//!
//! What Kubernetes means by its objects (workloads and their containers, selectors, Services, network policies) is in
//! [`kube`], once for all policies. References between objects go by [`Bundle::nearest`]; a violation that rests on one
//! says so with [`Violation::through`].
//!
//! **Saying.** A [`Violation`] starts from a node. Its message says what is wrong, starts in lower case unless it names a
//! kind, has no full stop and never shows a secret's value. Its [`Confidence`] says how sure the rule is: the host shows an
//! error below [`Confidence::High`] as a warning. Nothing else can fail: a missing field is an answer, not an error.
//!
//! **Declaring.** A [`Rule`] is a static with its id, title, severity, kinds, page and check; a [`Policy`] lists its rules
//! and names its settings; [`policy!`] exports it. Each rule has a folder with its code, its page (`README.md`) and its
//! cases. `plimsoll explain` prints the page, and its examples are tests: they say in comments what the rule must find.
//!
//! **Settings** are a struct with `Default` and `Deserialize` that refuses unknown fields, and a JSON Schema that the host
//! checks first. What a schema cannot say is [`Policy::validate`]'s.
//!
//! **Testing.** With the feature `testing`, the module `testing` runs policies natively over marked YAML.
//!
//! All together, a complete policy:
//!
//! ```
//! use plimsoll_sdk::{Confidence, Context, Node, Policy, Rule, Severity, Value, Violation, word};
//!
//! #[derive(Default, serde::Deserialize)]
//! #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
//! pub struct Settings {
//!     allow_latest: bool,
//! }
//!
//! pub struct Images;
//!
//! impl Policy for Images {
//!     const NAME: &'static str = "images";
//!     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
//!     const SUMMARY: &'static str = "Images are named so that they mean the same tomorrow.";
//!     const SETTINGS_SCHEMA: &'static str =
//!         r#"{"type": "object", "properties": {"allow-latest": {"type": "boolean"}}, "additionalProperties": false}"#;
//!     type Settings = Settings;
//!
//!     fn rules() -> &'static [&'static Rule<Settings>] {
//!         static ALL: &[&Rule<Settings>] = &[&MOVING_TAG];
//!         ALL
//!     }
//! }
//!
//! plimsoll_sdk::policy!(Images);
//!
//! static MOVING_TAG: Rule<Settings> = Rule {
//!     id: "moving-tag",
//!     title: "image tag means something else tomorrow",
//!     severity: Severity::Warning,
//!     kinds: &["Pod"],
//!     context: &[],
//!     previous: false,
//!     page: "", // include_str!("README.md")
//!     check,
//! };
//!
//! fn check(context: &Context<'_, Settings>, violations: &mut Vec<Violation>) {
//!     let pods = context.subjects_of(&MOVING_TAG).filter_map(|pod| pod.root().get(word!("spec")).known());
//!     for container in pods.flat_map(|pod| pod.items_of(word!("containers"))) {
//!         let Value::Known(image) = container.get(word!("image")) else { continue };
//!         let moves = image.text().map(|text| text.ends_with(":latest") && !context.settings.allow_latest);
//!         if moves == Value::Known(true) {
//!             violations.push(
//!                 Violation::new(image, "the tag `latest` moves")
//!                     .confidence(Confidence::Certain)
//!                     .help("Name a version, or better a digest."),
//!             );
//!         }
//!     }
//! }
//! # #[cfg(feature = "testing")]
//! # fn main() {
//!
//! // In a test:
//! plimsoll_sdk::testing::expect::<Images>(
//!     "moving-tag",
//!     "
//! apiVersion: v1
//! kind: Pod
//! metadata:
//!   name: web
//! spec:
//!   containers:
//!     - name: web
//!       image: registry.example/web:latest # warning: moving-tag
//!     - name: log
//!       image: registry.example/log:1.4.2
//! ",
//! );
//! # }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! Built with `cargo build --release --target wasm32-unknown-unknown`, it runs as `plimsoll check --policy FILE.wasm`.

// The generated exports name this crate as the policies do.
#[cfg(target_arch = "wasm32")]
extern crate self as plimsoll_sdk;

pub use plimsoll_kube as kube;
pub use plimsoll_kube::{Bundle, Flags, Join, Kind, Node, Object, ObjectFlags, Role, Symbol, Value, word};

#[cfg(any(test, target_arch = "wasm32"))]
mod allocator;
mod copies;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod export;
mod memo;
mod policy;
pub mod run;
#[cfg(feature = "testing")]
pub mod testing;
mod violation;

pub use policy::{Context, Policy, Rule};
pub use violation::{Confidence, Edit, Fix, Place, Range, Related, Severity, Violation};

/// Exports a [`Policy`] as the component that the crate compiles to.
///
/// Expands to nothing but on wasm32: the names that a component exports do not link natively, where the same crate is
/// tested and measured.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! policy {
    ($policy:ty) => {};
}

/// Exports a [`Policy`] as the component that the crate compiles to.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! policy {
    ($policy:ty) => {
        const _: () = {
            type Exported = $crate::export::Exported<$policy>;
    $crate::export::export_policy!(Exported with_types_in $crate::export::contract);
        };
    };
}

#[doc(hidden)]
pub const fn is_policy<P: Policy>() {}

/// Exports several [`Policy`]s as one component, in which they share their code; their numbers are their positions here.
///
/// Exports nothing but on wasm32, as [`policy!`].
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! policies {
    ($($policy:ty),+ $(,)?) => {
        $(const _: () = $crate::is_policy::<$policy>();)+
    };
}

/// Exports several [`Policy`]s as one component, in which they share their code; their numbers are their positions here.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! policies {
    ($($policy:ty),+ $(,)?) => {
        const _: () = {
            struct All;
            impl $crate::export::Parts for All {
                const ALL: &'static [$crate::export::Part] = &[$($crate::export::Part::of::<$policy>()),+];
            }
            type Exported = $crate::export::Several<All>;
            $crate::export::export_policy!(Exported with_types_in $crate::export::contract);
        };
    };
}
