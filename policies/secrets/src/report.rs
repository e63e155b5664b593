//! What all rules report, found in one walk. The one place that decides which rule speaks of a value.

use std::ops::Range;

use plimsoll_sdk::{Bundle, Confidence, Context, Node, Object, Severity, Violation, word};

use crate::connection::{self, Carrier, Credential};
use crate::credential::{self, Named, Setting};
use crate::encoding;
use crate::look::Look;
use crate::name::{self, Class};
use crate::surface::{Part, Place, Surfaces, is_open_choreo, is_patch};
use crate::token;
use crate::{base64, command, file, pem, secret, stage, value, weak};

mod hint;
mod say;

use hint::{is_sample, short_default};
use say::{
    COMMAND_HELP, CONFIGMAP_HELP, beside, configmap_message, connection_help, connection_message, holder, line_label,
    patched, private_key, variable_help,
};
pub(crate) use say::{SECRET_HELP, known_token, unescaped_letter};

/// The rules. Of several that could speak of one value, the first does; the last two speak of other faults than that a
/// credential stands there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// `private-key`.
    PrivateKey,
    /// `known-token-format`.
    KnownToken,
    /// `configmap-credential`.
    ConfigMap,
    /// `command-line-credential`.
    CommandLine,
    /// `embedded-file-credential`.
    EmbeddedFile,
    /// `connection-string-password`.
    ConnectionString,
    /// `plaintext-env`.
    PlaintextEnv,
    /// `placeholder-value`.
    Placeholder,
    /// `url-encoding`.
    UrlEncoding,
    /// `secret-manifest-in-git`.
    SecretManifest,
}

/// Number of [`Rule`]s.
const RULES: usize = Rule::SecretManifest as usize + 1;

/// What each rule reports, in the order of the bundle.
struct Reports([Vec<Violation>; RULES]);

/// Adds what a rule reports. The first rule that asks has all of them found.
pub fn of(rule: Rule, context: &Context<'_, ()>, violations: &mut Vec<Violation>) {
    let reports = context.memo(|| Search::new(&context.bundle).run());
    if let Some(found) = reports.0.get(rule as usize) {
        violations.extend(found.iter().cloned());
    }
}

/// A finding that may yet lose its value to another rule.
struct Candidate {
    rule: Rule,
    range: Range<usize>,
    violation: Violation,
}

/// The search, on its way.
pub(crate) struct Search<'b, 't> {
    pub(crate) bundle: &'b Bundle<'t>,
    reports: Reports,
}

impl<'b, 't> Search<'b, 't> {
    fn new(bundle: &'b Bundle<'t>) -> Self {
        Search {
            bundle,
            reports: Reports(std::array::from_fn(|_| Vec::new())),
        }
    }

    fn run(mut self) -> Reports {
        let mut surfaces = Surfaces::new(self.bundle);
        let secrets = std::cell::RefCell::new(Vec::new());
        let search = std::cell::RefCell::new(&mut self);
        surfaces.walk(
            |place| search.borrow_mut().place(place),
            |object| {
                if object.kind() == word!("Secret") && object.group_text().is_empty() {
                    secrets.borrow_mut().push(object);
                }
            },
        );
        for object in secrets.into_inner() {
            secret::judge(&mut self, object);
        }
        self.reports
    }

    pub(crate) fn push(&mut self, rule: Rule, violation: Violation) {
        if let Some(list) = self.reports.0.get_mut(rule as usize) {
            list.push(violation);
        }
    }

    fn place(&mut self, place: &Place<'_, 't>) {
        match place.part {
            Part::Words => self.words(place),
            Part::Binary => self.binary(place),
            _ => {
                if let Some(text) = place.node.raw_text() {
                    self.text(place, text);
                }
            }
        }
    }

    /// One text, whatever it is for.
    fn text(&mut self, place: &Place<'_, 't>, text: &str) {
        let mut all = Vec::new();
        self.shapes(place, place.look, text, &mut all);
        self.names(place, text, &mut all);
        self.decide(place.node, all);
    }

    /// What is known by its own form.
    fn shapes(&mut self, place: &Place<'_, 't>, look: Look, text: &str, all: &mut Vec<Candidate>) {
        if !look.is_any() {
            return;
        }
        if look.has(Look::KEY) {
            all.extend(pem::find(text).into_iter().map(|key| private_key(place, text, key)));
        }
        if look.has(Look::TOKEN) {
            let what = || place.label();
            all.extend(token::find(text).into_iter().map(|token| {
                let name = holder(place);
                let (range, violation) = known_token(place.node, &what(), name, token);
                Candidate {
                    rule: Rule::KnownToken,
                    range,
                    violation: patched(place, violation),
                }
            }));
        }
        if look.has(Look::CONNECTION) {
            for credential in connection::find(text) {
                all.extend(self.connection(place, text, &credential));
            }
            for unescaped in encoding::find(text) {
                let violation = unescaped_letter(place.node, &place.label(), &unescaped);
                self.push(Rule::UrlEncoding, violation);
            }
        }
    }

    /// What is known by the name it stands under.
    fn names(&mut self, place: &Place<'_, 't>, text: &str, all: &mut Vec<Candidate>) {
        match place.part {
            Part::Variable => {
                let Some((item, list)) = place.variable() else { return };
                let name = Place::variable_name(item);
                let Some(named) = credential::judge(name, text, Setting::Variable) else {
                    return;
                };
                let container = place.container(list.saturating_sub(1));
                let message = format!(
                    "{container} sets {name} to a literal credential ({} characters, redacted)",
                    value::length(text)
                );
                let help = variable_help(place, name, named.class);
                all.extend(self.named(
                    place,
                    Rule::PlaintextEnv,
                    name,
                    text,
                    0..text.len(),
                    named,
                    message,
                    help,
                ));
            }
            Part::Data => {
                let key = place.node.key_text();
                let promises = name::may_promise(key) && name::judge(key) != name::Promise::None;
                if !promises || text.trim().contains('\n') {
                    return self.file(place, key, text, all);
                }
                let Some(named) = credential::judge(key, text, Setting::Variable) else {
                    return;
                };
                let message = configmap_message(place);
                all.extend(self.named(
                    place,
                    Rule::ConfigMap,
                    key,
                    text,
                    0..text.len(),
                    named,
                    message,
                    CONFIGMAP_HELP.to_owned(),
                ));
            }
            Part::File => {
                let name = place.above.last().map_or("", |item| Place::variable_name(*item));
                let name = if name.is_empty() { place.node.key_text() } else { name };
                self.file(place, name, text, all);
            }
            Part::Setting | Part::Schema => self.setting(place, text, all),
            Part::Literal => self.literal(place, text, all),
            Part::Script => {
                for passed in command::script(text) {
                    all.extend(self.passed(place, place.object_name(), text, passed));
                }
            }
            Part::Words | Part::Binary | Part::Other => {}
        }
    }

    /// A file in a ConfigMap or a workload.
    fn file(&mut self, place: &Place<'_, 't>, name: &str, text: &str, all: &mut Vec<Candidate>) {
        for found in file::find(name, text) {
            let at = format!("{}/{name}:{}", place.object_name(), found.line);
            let value = text.get(found.range.clone()).unwrap_or("");
            let named = Named {
                class: Class::Password,
                guessed: false,
                placeholder: found.placeholder,
            };
            let message = format!("{at} sets {} to a literal credential", found.key);
            let help = if is_open_choreo(place.object) {
                "OpenChoreo renders literals into a ConfigMap: keep the whole file under a key of a SecretReference and refer to \
                 it with `valueFrom.secretKeyRef`; rotate the credential, for the history keeps it"
            } else {
                "make the file from a Secret, whole or by a template that is filled in when it starts, and rotate the \
                 credential, for the history keeps it"
            };
            all.extend(self.named(
                place,
                Rule::EmbeddedFile,
                found.key,
                value,
                found.range,
                named,
                message,
                help.to_owned(),
            ));
        }
    }

    /// A setting by name that is no variable.
    fn setting(&mut self, place: &Place<'_, 't>, text: &str, all: &mut Vec<Candidate>) {
        let key = place.node.key_text();
        let (name, value, what) = match place.part {
            Part::Schema if key == "default" => (
                place.above.last().map_or("", |node| node.key_text()),
                text,
                "default of parameter",
            ),
            // `string | default="…"`, a schema in one line.
            Part::Schema => match short_default(text) {
                Some(value) => (key, value, "default of parameter"),
                None => return,
            },
            _ if key == "value" => (
                place.above.last().map_or("", |item| Place::variable_name(*item)),
                text,
                "parameter",
            ),
            _ => (key, text, "parameter"),
        };
        let open_choreo = is_open_choreo(place.object);
        let setting = if open_choreo { Setting::Variable } else { Setting::Key };
        let Some(named) = credential::judge(name, value, setting) else {
            return;
        };
        let start = text.find(value).unwrap_or(0);
        let range = start..start + value.len();
        if open_choreo {
            let message = format!(
                "{} {}: {what} {name} is a literal credential ({} characters, redacted)",
                place.object.kind_text(),
                place.object_name(),
                value::length(value)
            );
            let help = format!(
                "OpenChoreo renders literals into a ConfigMap: put {} into a SecretReference and refer to it with \
                 `valueFrom.secretKeyRef`; rotate it, for the history keeps it",
                named.class.with_article()
            );
            all.extend(self.named(place, Rule::PlaintextEnv, name, value, range, named, message, help));
        } else {
            let message = format!("{} sets {name} to a literal credential", place.label());
            let help = "keep it in a Secret that the chart or the connector refers to, and rotate it, for the history keeps it";
            all.extend(self.named(
                place,
                Rule::EmbeddedFile,
                name,
                value,
                range,
                named,
                message,
                help.to_owned(),
            ));
        }
    }

    /// `NAME=value` of a kustomization's generator.
    fn literal(&mut self, place: &Place<'_, 't>, text: &str, all: &mut Vec<Candidate>) {
        let Some((name, literal)) = text.split_once('=') else {
            return;
        };
        let Some(named) = credential::judge(name, literal.trim_matches(['"', '\'']), Setting::Variable) else {
            return;
        };
        let secret = place.above.iter().any(|node| node.key_text() == "secretGenerator");
        let of = place
            .above
            .iter()
            .rev()
            .find_map(|node| node.text_of(word!("name")).known())
            .unwrap_or(place.object_name());
        let (rule, message, help) = if secret {
            let message = format!("Secret {of} key {name} is committed in clear, as a literal of its generator");
            (Rule::SecretManifest, message, SECRET_HELP)
        } else {
            let message = format!(
                "ConfigMap {of} key {name} holds a credential; ConfigMaps are not access-controlled as secrets"
            );
            (Rule::ConfigMap, message, CONFIGMAP_HELP)
        };
        let range = name.len() + 1..text.len();
        all.extend(self.named(place, rule, name, literal, range, named, message, help.to_owned()));
    }

    /// The words of a container's command line.
    fn words(&mut self, place: &Place<'_, 't>) {
        let Some(container) = place.above.last() else { return };
        let (command, args) = (
            container.get(word!("command")).known(),
            container.get(word!("args")).known(),
        );
        // Both at once, when the first of them comes.
        let first = match (command, args) {
            (Some(command), Some(args)) if command.index() > args.index() => args,
            (Some(command), _) => command,
            (None, Some(args)) => args,
            (None, None) => return,
        };
        if first != place.node {
            return;
        }
        let items: Vec<Node<'t>> = command
            .into_iter()
            .chain(args)
            .flat_map(Node::items)
            .filter(|item| item.raw_text().is_some())
            .collect();
        let texts: Vec<&str> = items.iter().map(|item| item.raw_text().unwrap_or("")).collect();
        let title = place.container(place.above.len().saturating_sub(1));
        let mut found = command::find(&texts).into_iter().peekable();
        for (number, (item, text)) in items.iter().zip(&texts).enumerate() {
            let at = Place {
                object: place.object,
                node: *item,
                above: place.above,
                part: Part::Words,
                look: Look::at(text.as_bytes()),
            };
            let mut all = Vec::new();
            self.shapes(&at, at.look, text, &mut all);
            while let Some(passed) = found.next_if(|passed| passed.word <= number) {
                all.extend(self.passed(&at, &title, text, passed));
            }
            let mut statements = Vec::new();
            file::sql::find(text, &mut statements);
            for statement in statements {
                let passed = command::Passed {
                    word: number,
                    range: statement.range,
                    flag: statement.key,
                    placeholder: statement.placeholder,
                    guessed: false,
                };
                all.extend(self.passed(&at, &title, text, passed));
            }
            self.decide(*item, all);
        }
    }

    fn passed(
        &mut self,
        place: &Place<'_, 't>,
        container: &str,
        text: &str,
        passed: command::Passed<'_>,
    ) -> Option<Candidate> {
        let message = format!("{container} passes a credential on the command line ({})", passed.flag);
        let value = text.get(passed.range.clone()).unwrap_or("");
        let named = Named {
            class: Class::Password,
            guessed: passed.guessed,
            placeholder: passed.placeholder,
        };
        self.named(
            place,
            Rule::CommandLine,
            passed.flag,
            value,
            passed.range,
            named,
            message,
            COMMAND_HELP.to_owned(),
        )
    }

    /// A credential under a name, or the stand-in for one.
    #[allow(clippy::too_many_arguments, reason = "what a finding is made of, from five places")]
    fn named(
        &mut self,
        place: &Place<'_, 't>,
        rule: Rule,
        name: &str,
        text: &str,
        range: Range<usize>,
        named: Named,
        message: String,
        help: String,
    ) -> Option<Candidate> {
        if named.placeholder {
            return self.placeholder(place.object, place.node, &place.label(), name, range);
        }
        let whole = place.node.raw_text().map_or(0, str::len);
        let mut violation = Violation::new(place.node, message).sensitive().help(help);
        if range.len() < whole {
            violation = violation.within(range.clone());
        }
        if named.class == Class::Salt {
            violation = violation.severity(Severity::Info);
        } else if stage::is_dev(self.bundle, place.object) && weak::is_weak(text, &beside(place, name)) {
            violation = violation.severity(Severity::Warning);
        }
        if named.guessed {
            violation = violation.confidence(Confidence::Medium);
        }
        Some(Candidate {
            rule,
            range,
            violation: patched(place, violation),
        })
    }

    /// A password in a connection string.
    fn connection(&mut self, place: &Place<'_, 't>, text: &str, credential: &Credential<'_>) -> Option<Candidate> {
        let range = credential.secret.clone();
        if credential.placeholder {
            return self.placeholder(
                place.object,
                place.node,
                &line_label(place, credential.line),
                holder(place),
                range,
            );
        }
        if credential.user_only {
            // Often a public identifier (an error tracker's DSN), sometimes a token: advice, but masked.
            let violation = Violation::new(place.node, connection_message(place, credential))
                .within(range.clone())
                .severity(Severity::Info)
                .confidence(Confidence::Low)
                .sensitive()
                .help("if the user's name is a token, keep the whole value in a Secret and rotate it");
            return Some(Candidate {
                rule: Rule::ConnectionString,
                range,
                violation,
            });
        }
        let (rule, message, help) = match place.part {
            Part::Words | Part::Script => {
                let what = match credential.carrier {
                    Carrier::Address(scheme) => format!("{scheme} URL"),
                    Carrier::Dsn(_) => "connection string".to_owned(),
                };
                let container = match place.part {
                    Part::Words => place.container(place.above.len().saturating_sub(1)),
                    _ => place.object_name().to_owned(),
                };
                let message = format!("{container} passes a credential on the command line ({what})");
                (Rule::CommandLine, message, COMMAND_HELP)
            }
            Part::Data if !text.trim().contains('\n') && !text.trim_start().starts_with('{') => {
                (Rule::ConfigMap, configmap_message(place), CONFIGMAP_HELP)
            }
            _ => (
                Rule::ConnectionString,
                connection_message(place, credential),
                connection_help(place),
            ),
        };
        let mut violation = Violation::new(place.node, message)
            .within(range.clone())
            .sensitive()
            .help(help);
        let password = text.get(range.clone()).unwrap_or("");
        let mut words = beside(place, "");
        words.push(credential.user);
        words.extend(credential.host);
        if stage::is_dev(self.bundle, place.object) && weak::is_weak(password, &words) {
            violation = violation.severity(Severity::Warning);
        }
        // A text that is composed of references is here to stay.
        if !value::is_reference(text) {
            violation = patched(place, violation);
        }
        Some(Candidate { rule, range, violation })
    }

    /// A stand-in where a credential belongs; none where it stands for one in a sample, or is put in later.
    pub(crate) fn placeholder_violation(
        &mut self,
        object: Object<'t>,
        node: Node<'t>,
        label: &str,
        name: &str,
    ) -> Option<Violation> {
        if !node.is_final() || is_patch(object) || is_sample(object.file()) {
            return None;
        }
        let severity = match stage::is_prod(self.bundle, object) {
            true if name::signs(name) => Severity::Error,
            true => Severity::Warning,
            false => Severity::Info,
        };
        let help = "what stands here until a real value is put in is known to everybody who can read the source: have it put \
                    in when it is deployed, from a Secret, and let the process refuse to start without one";
        Some(
            Violation::new(node, format!("{label} still holds a placeholder"))
                .severity(severity)
                .help(help),
        )
    }

    fn placeholder(
        &mut self,
        object: Object<'t>,
        node: Node<'t>,
        label: &str,
        name: &str,
        range: Range<usize>,
    ) -> Option<Candidate> {
        let violation = self.placeholder_violation(object, node, label, name)?;
        Some(Candidate {
            rule: Rule::Placeholder,
            range: range.clone(),
            violation: violation.within(range),
        })
    }

    /// A text kept as Base64; places in it are no places of the source.
    fn binary(&mut self, place: &Place<'_, 't>) {
        let bytes = place.node.raw_text().and_then(base64::decode);
        let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return;
        };
        let mut all = Vec::new();
        self.shapes(place, Look::at(text.as_bytes()), &text, &mut all);
        self.file(place, place.node.key_text(), &text, &mut all);
        for candidate in &mut all {
            candidate.violation.within = None;
        }
        self.decide(place.node, all);
    }

    /// One finding for each value: where several claim the same bytes, the first of the rules has it.
    fn decide(&mut self, _node: Node<'t>, mut all: Vec<Candidate>) {
        all.sort_by_key(|candidate| (candidate.rule, candidate.range.start));
        let mut taken: Vec<Range<usize>> = Vec::new();
        for candidate in all {
            let range = &candidate.range;
            // In order and apart, so one look at the neighbours is enough.
            let next = taken.partition_point(|one| one.end <= range.start);
            if taken.get(next).is_some_and(|one| one.start < range.end) {
                continue;
            }
            taken.insert(next, candidate.range);
            self.push(candidate.rule, candidate.violation);
        }
    }
}
