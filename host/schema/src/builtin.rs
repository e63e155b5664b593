//! The schemas of Kubernetes' own kinds: texts, of which only the types that occur are read.

use std::sync::OnceLock;

use hashbrown::HashMap;

use crate::model::{Body, Field, Model, Need, Shape, ShapeId};
use crate::schemas::{KINDS, MINORS, PACKAGES};

/// Kinds by group, version and kind: the type, and the bits of the versions that serve it.
type Kinds = HashMap<(&'static str, &'static str, &'static str), (&'static str, u8)>;

/// The bit of a version of Kubernetes such as `1.34`, `v1.34.2`: the nearest that there are schemas of, the newest where
/// none is said.
pub(crate) fn bit(version: Option<&str>) -> u8 {
    let minor = version.and_then(|text| {
        let mut parts = text.trim_start_matches('v').split('.');
        let minor = parts.nth(1)?;
        let digits = minor.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u32>().ok()
    });
    let position = match minor {
        None => MINORS.len() - 1,
        Some(minor) => MINORS.iter().rposition(|&known| known <= minor).unwrap_or(0),
    };
    1 << position
}

/// The versions of these bits, as people write them.
pub(crate) fn versions(bits: u8) -> Vec<String> {
    let minors = MINORS.iter().enumerate();
    let named = minors.filter(|(position, _)| bits >> position & 1 == 1);
    named.map(|(_, minor)| format!("1.{minor}")).collect()
}

/// The type of a kind in a version, by its full name.
pub(crate) fn kind(bit: u8, group: &str, version: &str, kind: &str) -> Option<&'static str> {
    static INDEX: OnceLock<Kinds> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let mut kinds = HashMap::new();
        for line in KINDS.lines() {
            let mut words = line.split(' ');
            if let (Some(group), Some(version), Some(kind), Some(name)) =
                (words.next(), words.next(), words.next(), words.next())
            {
                let group = if group == "-" { "" } else { group };
                kinds.insert((group, version, kind), (name, bits(words.next())));
            }
        }
        kinds
    });
    let (name, bits) = index.get(&(group, version, kind))?;
    (bits & bit != 0).then_some(name)
}

/// ` @33,34` as bits; all where nothing is said.
fn bits(suffix: Option<&str>) -> u8 {
    let Some(minors) = suffix.and_then(|suffix| suffix.strip_prefix('@')) else {
        return u8::MAX;
    };
    let positions = minors
        .split(',')
        .filter_map(|minor| MINORS.iter().position(|known| minor.parse() == Ok(*known)));
    positions.fold(0, |bits, position| bits | 1 << position)
}

/// The lines of a type, by its full name.
fn lines(name: &str) -> Option<(&'static str, &'static str)> {
    static INDEXES: [OnceLock<HashMap<&'static str, &'static str>>; PACKAGES.len()] =
        [const { OnceLock::new() }; PACKAGES.len()];
    let (package, short) = name.rsplit_once('.')?;
    let position = PACKAGES.binary_search_by_key(&package, |(name, _)| name).ok()?;
    let (_, text) = PACKAGES.get(position)?;
    let index = INDEXES.get(position)?.get_or_init(|| {
        let paragraphs = text.split("\n\n");
        paragraphs
            .filter_map(|paragraph| paragraph.split_once('\n').or(Some((paragraph, ""))))
            .collect()
    });
    index.get_key_value(short).map(|(name, lines)| (*name, *lines))
}

/// Reads a type.
pub(crate) fn load(model: &mut Model, name: &'static str) -> Body {
    let Some((short, lines)) = lines(name) else {
        // A name that no file has: nothing is known of it.
        return Body {
            open: true,
            ..Body::default()
        };
    };
    let mut body = Body {
        // Most types have no conditions, and are not asked about any.
        name: if crate::conditions::concern(short) { short } else { "" },
        ..Body::default()
    };
    for line in lines.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(key), Some(value)) = (words.next(), words.next()) else {
            continue;
        };
        let (key, lax) = key.strip_suffix('~').map_or((key, false), |key| (key, true));
        let (key, need) = match (key.strip_suffix('!'), key.strip_suffix('?')) {
            (Some(key), _) => (key, Need::Filled),
            (_, Some("metadata")) => ("metadata", Need::No),
            (_, Some(key)) => (key, Need::Declared),
            _ => (key, Need::No),
        };
        let (mut values, mut of) = (None, u8::MAX);
        for word in words {
            match word.strip_prefix('=') {
                Some(listed) => values = Some(listed),
                None => of = bits(Some(word)),
            }
        }
        let field = model.intern(key);
        if of & model.bit == 0 {
            body.elsewhere.push((field, of));
            continue;
        }
        body.fields.push(Field {
            name: field,
            shape: shape(model, value),
            need,
            lax,
            values: values.map_or_else(Box::default, |listed| listed.split('|').map(Into::into).collect()),
        });
    }
    body
}

/// A shape as the files spell it.
fn shape(model: &mut Model, text: &'static str) -> ShapeId {
    let inner = |open, close| text.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    let shape = if let Some((first, second)) = text.split_once('|') {
        Shape::Either(shape(model, first), shape(model, second))
    } else if let Some(item) = inner('[', ']') {
        Shape::List(shape(model, item))
    } else if let Some(item) = inner('{', '}') {
        Shape::Map(shape(model, item))
    } else {
        match text {
            "any" => Shape::Any,
            "string" => Shape::String,
            "bytes" => Shape::Bytes,
            "bool" => Shape::Bool,
            "int32" => Shape::Int32,
            "int64" => Shape::Int64,
            "number" => Shape::Number,
            "quantity" => Shape::Quantity,
            "int-or-string" => Shape::IntOrString,
            "time" => Shape::Time,
            "micro-time" => Shape::MicroTime,
            name => Shape::Struct(model.built_in_type(name)),
        }
    };
    model.add_shape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_the_nearest_there_is() {
        let newest = 1 << (MINORS.len() - 1);
        assert_eq!(bit(None), newest);
        assert_eq!(bit(Some("1.99")), newest);
        assert_eq!(bit(Some("1.2")), 1);
        let second = format!("v1.{}.3+k3s1", MINORS[1]);
        assert_eq!(bit(Some(&second)), 2);
        assert_eq!(bit(Some("1.x")), newest);
        assert_eq!(versions(3), [format!("1.{}", MINORS[0]), format!("1.{}", MINORS[1])]);
    }

    #[test]
    fn every_kind_and_type_is_there_in_every_version() {
        for position in 0..MINORS.len() {
            let mut model = Model::built_in(1 << position);
            let mut names: Vec<&'static str> = KINDS.lines().filter_map(|line| line.split(' ').nth(3)).collect();
            let mut count = 0;
            while let Some(name) = names.pop() {
                let (short, lines) = lines(name).unwrap_or_else(|| panic!("{name} is in no file"));
                assert!(name.ends_with(short));
                let words = lines.lines().filter_map(|line| line.split_ascii_whitespace().nth(1));
                for word in words {
                    for part in word.split(['[', ']', '{', '}', '|']).filter(|part| part.contains('.')) {
                        if model.find(part).is_none() {
                            model.intern(part);
                            names.push(part);
                        }
                    }
                }
                let body = load(&mut model, name);
                assert!(!body.open, "{name}");
                count += body.fields.len();
            }
            assert!(count > 3000, "{count} fields");
        }
    }

    #[test]
    fn fields_come_with_their_versions() {
        let mut old = Model::built_in(1);
        let body = load(&mut old, "core.v1.Container");
        let rules = old.find("restartPolicyRules").expect("a name");
        assert!(body.fields.iter().all(|field| field.name != rules));
        assert!(body.elsewhere.iter().any(|(name, _)| *name == rules));
        assert_eq!(kind(1, "resource.k8s.io", "v1", "DeviceClass"), None);
        assert_eq!(
            kind(2, "resource.k8s.io", "v1", "DeviceClass"),
            Some("resource.v1.DeviceClass")
        );
        assert_eq!(kind(2, "", "v1", "Pod"), Some("core.v1.Pod"));
        assert_eq!(kind(2, "", "v1", "Pods"), None);
    }
}
