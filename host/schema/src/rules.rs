//! The rules, as policies describe theirs.

use plimsoll_core::policy::{Confidence, Description, Place, Rule, Severity, Violation};

/// A rule by its position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Found {
    DuplicateKey,
    DuplicateObject,
    Enum,
    LenientYaml,
    MissingRequired,
    UnknownField,
    UnrenderedTemplate,
    ValueNotString,
    WrongType,
    YamlSyntax,
}

/// The rules that are asked for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rules(u32);

impl Rules {
    pub fn of(numbers: &[u32]) -> Self {
        let known = numbers.iter().filter(|number| (**number as usize) < ALL.len());
        Rules(known.fold(0, |rules, number| rules | 1 << number))
    }

    pub fn has(self, rule: Found) -> bool {
        self.0 >> (rule as u32) & 1 == 1
    }

    /// Whether any of them looks at objects.
    pub fn of_objects(self) -> bool {
        let rules = [
            Found::Enum,
            Found::MissingRequired,
            Found::UnknownField,
            Found::ValueNotString,
            Found::WrongType,
        ];
        rules.iter().any(|rule| self.has(*rule))
    }
}

impl Found {
    /// A violation of the rule.
    pub fn violation(self, at: Place, message: String) -> Violation {
        Violation {
            rule: u32::from(self as u8),
            severity: None,
            confidence: Confidence::Certain,
            message,
            help: None,
            at,
            within: None,
            sensitive: false,
            related: Vec::new(),
            fix: None,
        }
    }
}

/// Id, title, severity and page, in the order of [`Found`].
pub(crate) const ALL: [(&str, &str, Severity, &str); 10] = [
    (
        "duplicate-key",
        "A key comes twice in a map, and the first value is lost",
        Severity::Error,
        include_str!("duplicate_key/README.md"),
    ),
    (
        "duplicate-object",
        "Two objects of one identity differ",
        Severity::Warning,
        include_str!("duplicate_object/README.md"),
    ),
    (
        "enum",
        "A value is not one of those that the API server takes",
        Severity::Error,
        include_str!("enum/README.md"),
    ),
    (
        "lenient-yaml",
        "A document that strict parsers of YAML refuse",
        Severity::Info,
        include_str!("lenient_yaml/README.md"),
    ),
    (
        "missing-required",
        "A field that the API server insists on is missing or empty",
        Severity::Error,
        include_str!("missing_required/README.md"),
    ),
    (
        "unknown-field",
        "A field that the kind does not have",
        Severity::Error,
        include_str!("unknown_field/README.md"),
    ),
    (
        "unrendered-template",
        "A template that must be rendered before it can be judged",
        Severity::Info,
        include_str!("unrendered_template/README.md"),
    ),
    (
        "value-not-string",
        "A number or boolean where the API wants a string",
        Severity::Error,
        include_str!("value_not_string/README.md"),
    ),
    (
        "wrong-type",
        "A value that the API server cannot decode",
        Severity::Error,
        include_str!("wrong_type/README.md"),
    ),
    (
        "yaml-syntax",
        "A document that cannot be read",
        Severity::Error,
        include_str!("yaml_syntax/README.md"),
    ),
];

/// The policy in its own words.
pub(crate) fn description() -> Description {
    let rule = |(id, title, severity, _): &(&str, &str, Severity, &str)| Rule {
        id: (*id).to_owned(),
        title: (*title).to_owned(),
        severity: *severity,
        kinds: Vec::new(),
        context: Vec::new(),
        previous: false,
    };
    Description {
        name: "schema".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "Finds what the API server would refuse to decode or take.".to_owned(),
        rules: ALL.iter().map(rule).collect(),
        settings_schema: String::new(),
    }
}
