//! One call of `check`, the same natively and as a component.

use plimsoll_kube::openchoreo::Copies;
use plimsoll_tree::Tree;

use crate::{Bundle, Context, Policy, Rule, Violation, copies};

/// What every error that is about the settings starts with.
pub const SETTINGS_ERROR: &str = "settings: ";

/// Reads the settings: empty text (or `null`) gives the defaults.
///
/// # Errors
/// Says what is wrong with them, after [`SETTINGS_ERROR`].
pub fn settings<P: Policy>(text: &str) -> Result<P::Settings, String> {
    let text = text.trim();
    let none = P::SETTINGS_SCHEMA.is_empty() && text == "{}";
    let settings = if text.is_empty() || text == "null" || none {
        P::Settings::default()
    } else {
        serde_json::from_str(text).map_err(|error| format!("{SETTINGS_ERROR}{error}"))?
    };
    P::validate(&settings).map_err(|reason| format!("{SETTINGS_ERROR}{reason}"))?;
    Ok(settings)
}

/// A rule that is asked for, with its number.
type Chosen<S> = (u32, &'static Rule<S>);

/// Finds the rules that are asked for: in the policy's order, each once. The error says which does not exist.
fn chosen<P: Policy>(numbers: &[u32]) -> Result<Vec<Chosen<P::Settings>>, String> {
    let rules = P::rules();
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
        .into_iter()
        .map(|number| {
            usize::try_from(number)
                .ok()
                .and_then(|position| rules.get(position))
                .map(|rule| (number, *rule))
                .ok_or_else(|| format!("there is no rule {number}: {} has {}", P::NAME, rules.len()))
        })
        .collect()
}

/// Judges a tree by these rules: settings first, so that an empty bundle tests them. The answer is in the order of the
/// rules, and within a rule as it reports; each violation comes with its rule's number.
///
/// # Errors
/// When the settings are wrong, a rule does not exist, or the tree cannot be read.
pub fn check<P: Policy>(
    tree: impl FnOnce() -> Vec<u32>,
    rules: &[u32],
    settings: &str,
) -> Result<Vec<(u32, Violation)>, String> {
    let settings = self::settings::<P>(settings)?;
    let chosen = chosen::<P>(rules)?;
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let words = tree();
    judge::<P>(&words, &chosen, settings)
}

/// As [`check`], over a tree that is already at hand.
///
/// # Errors
/// As [`check`].
pub fn check_words<P: Policy>(words: &[u32], rules: &[u32], settings: &str) -> Result<Vec<(u32, Violation)>, String> {
    let settings = self::settings::<P>(settings)?;
    let chosen = chosen::<P>(rules)?;
    judge::<P>(words, &chosen, settings)
}

fn judge<P: Policy>(
    words: &[u32],
    chosen: &[Chosen<P::Settings>],
    settings: P::Settings,
) -> Result<Vec<(u32, Violation)>, String> {
    let tree = Tree::read(words).map_err(|error| error.to_string())?;
    let context = Context::new(Bundle::new(&tree), settings);
    let copies = Copies::new(&context.bundle);
    let mut answer = Vec::new();
    let mut violations = Vec::new();
    for &(number, rule) in chosen {
        (rule.check)(&context, &mut violations);
        copies::fold(&copies, &mut violations);
        answer.extend(violations.drain(..).map(|violation| (number, violation)));
    }
    Ok(answer)
}
