//! What a config decides of admission.

use super::keys;
use super::section::Entry;

/// What is done about a finding at admission. The greater is the stricter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Logged, counted and written to the audit log.
    Audit,
    /// Said to whoever sends the request.
    Warn,
    /// Refused.
    Deny,
}

/// What is answered where a policy gives no verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnFailure {
    /// Refuse.
    #[default]
    Deny,
    /// Let it pass, and say so.
    Warn,
    /// Let it pass.
    Allow,
}

/// Which findings of an updated object may deny.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnUpdate {
    /// Those that the object did not have before.
    #[default]
    New,
    /// All.
    All,
}

/// What is done with what a controller makes of an object that is judged itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OwnedPods {
    /// Not judged a second time.
    #[default]
    Skip,
    /// Judged.
    Judge,
}

/// The section `admission`. The default is what holds without one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admission {
    /// What is done about errors where no namespace's label says otherwise.
    pub mode: Mode,
    /// Which findings of an updated object may deny.
    pub on_update: OnUpdate,
    /// Whether a controller's Pods are judged.
    pub owned_pods: OwnedPods,
    /// Globs of rules that annotations may waive; none: all but those of `secrets`.
    pub waivable: Option<Vec<String>>,
    /// Whether an annotation may turn denials into warnings.
    pub break_glass: bool,
    /// Bytes of a request's body that are accepted.
    pub body_limit: u64,
    /// What is not judged.
    pub exempt: Exempt,
}

/// Requests that are not judged.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Exempt {
    /// Globs of namespaces; none: `kube-system` and the webhook's own.
    pub namespaces: Option<Vec<String>>,
    /// Globs of users.
    pub users: Vec<String>,
    /// Globs of groups.
    pub groups: Vec<String>,
}

/// Bytes of the largest legal review and some room: an update of 17.4 MB was taken by Kubernetes 1.34.
const BODY_LIMIT: u64 = 20 << 20;
/// The least that a body limit may be.
const LEAST_BODY_LIMIT: u64 = 64 << 10;
/// The most that a body limit may be.
const MOST_BODY_LIMIT: u64 = 256 << 20;

impl Default for Admission {
    fn default() -> Self {
        Admission {
            mode: Mode::Deny,
            on_update: OnUpdate::default(),
            owned_pods: OwnedPods::default(),
            waivable: None,
            break_glass: false,
            body_limit: BODY_LIMIT,
            exempt: Exempt::default(),
        }
    }
}

pub(super) const MODES: &[(&str, Mode)] = &[("deny", Mode::Deny), ("warn", Mode::Warn), ("audit", Mode::Audit)];

pub(super) const ON_FAILURE: &[(&str, OnFailure)] = &[
    ("deny", OnFailure::Deny),
    ("warn", OnFailure::Warn),
    ("allow", OnFailure::Allow),
];

pub(super) const ON_UPDATE: &[(&str, OnUpdate)] = &[("new", OnUpdate::New), ("all", OnUpdate::All)];

pub(super) const OWNED_PODS: &[(&str, OwnedPods)] = &[("skip", OwnedPods::Skip), ("judge", OwnedPods::Judge)];

/// The word for a value.
pub(super) fn word<T: PartialEq>(words: &[(&'static str, T)], wanted: &T) -> &'static str {
    let mut words = words.iter();
    words.find(|(_, value)| value == wanted).map_or("", |(word, _)| word)
}

impl Mode {
    /// The mode that a word names, such as a namespace's label.
    #[must_use]
    pub fn of(word: &str) -> Option<Mode> {
        MODES.iter().find(|(name, _)| *name == word).map(|(_, mode)| *mode)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        word(MODES, &self)
    }
}

/// Reads the section.
pub(super) fn admission(entry: Entry<'_>) -> Admission {
    let mut admission = Admission::default();
    for (key, value) in entry.members() {
        match key {
            "mode" => admission.mode = value.one_of(MODES).unwrap_or(Mode::Deny),
            "on-update" => admission.on_update = value.one_of(ON_UPDATE).unwrap_or_default(),
            "owned-pods" => admission.owned_pods = value.one_of(OWNED_PODS).unwrap_or_default(),
            "waivable" => admission.waivable = Some(value.texts()),
            "break-glass" => admission.break_glass = value.flag().unwrap_or(false),
            "body-limit" => admission.body_limit = bytes(value).unwrap_or(BODY_LIMIT),
            "exempt" => admission.exempt = exempt(value),
            _ => value.unknown(key, keys::ADMISSION),
        }
    }
    admission
}

fn exempt(entry: Entry<'_>) -> Exempt {
    let mut exempt = Exempt::default();
    for (key, value) in entry.members() {
        match key {
            "namespaces" => exempt.namespaces = Some(value.texts()),
            "users" => exempt.users = value.texts(),
            "groups" => exempt.groups = value.texts(),
            _ => value.unknown(key, keys::EXEMPT),
        }
    }
    exempt
}

/// A number of bytes: `20Mi`, `8192Ki`, `1048576`.
fn bytes(entry: Entry<'_>) -> Option<u64> {
    let text = entry.text_or_number()?;
    let (digits, factor) = [("Ki", 1_u64 << 10), ("Mi", 1 << 20)]
        .into_iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|digits| (digits, factor)))
        .unwrap_or((text, 1));
    let number = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse::<u64>().ok());
    let bytes = number.flatten().and_then(|number| number.checked_mul(factor));
    let bytes = bytes.filter(|bytes| (LEAST_BODY_LIMIT..=MOST_BODY_LIMIT).contains(bytes));
    if bytes.is_none() {
        entry.complain("must be a number of bytes such as 20Mi, from 64Ki to 256Mi");
    }
    bytes
}
