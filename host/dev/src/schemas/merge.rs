//! From the schemas of each version to one set of types whose fields say in which versions they exist.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value};

/// Versions by position, as bits.
pub(super) type Versions = u8;

/// All types by name, such as `core.v1.PodSpec`.
#[derive(Default)]
pub(super) struct Types {
    pub types: BTreeMap<String, Type>,
    /// Kinds of objects: group, version, kind; and the type's name.
    pub kinds: BTreeMap<(String, String, String), (String, Versions)>,
}

/// A map with known keys.
#[derive(Default)]
pub(super) struct Type {
    pub versions: Versions,
    /// By name; several where its type has changed.
    pub fields: BTreeMap<String, Vec<Field>>,
}

/// A key of a type.
pub(super) struct Field {
    /// As the files spell it.
    pub value: String,
    pub versions: Versions,
    /// Where it is declared as required.
    pub declared: Versions,
    /// What the facts say.
    pub facts: Facts,
}

/// What the API server does that no schema says.
#[derive(Clone, Default)]
pub(super) struct Facts {
    /// Refused when it is absent or empty.
    pub required: bool,
    /// Never refused, whatever is declared.
    pub optional: bool,
    /// What lies in it is decoded, but not validated.
    pub lax: bool,
    /// The values that are taken.
    pub values: Vec<String>,
}

/// Types that are no maps with known keys, by name.
const SCALARS: [(&str, &str); 10] = [
    ("resource.Quantity", "quantity"),
    ("intstr.IntOrString", "int-or-string"),
    ("meta.v1.Time", "time"),
    ("meta.v1.MicroTime", "micro-time"),
    ("meta.v1.FieldsV1", "any"),
    ("runtime.RawExtension", "any"),
    ("apiextensions.v1.JSON", "any"),
    (
        "apiextensions.v1.JSONSchemaPropsOrBool",
        "apiextensions.v1.JSONSchemaProps|bool",
    ),
    (
        "apiextensions.v1.JSONSchemaPropsOrArray",
        "apiextensions.v1.JSONSchemaProps|[apiextensions.v1.JSONSchemaProps]",
    ),
    (
        "apiextensions.v1.JSONSchemaPropsOrStringArray",
        "apiextensions.v1.JSONSchemaProps|[string]",
    ),
];

/// Merges the versions; their positions become bits.
pub(super) fn merge(versions: &[(u32, Value)]) -> Result<Types> {
    let mut all = Types::default();
    for (position, (minor, source)) in versions.iter().enumerate() {
        let bit: Versions = 1 << position;
        let definitions = source["definitions"].as_object().context("no definitions")?;
        for (name, schema) in definitions {
            add(&mut all, bit, name, schema).with_context(|| format!("1.{minor}: {name}"))?;
        }
        for kind in source["kinds"].as_array().context("no kinds")? {
            let part = |index: usize| kind[index].as_str().map(str::to_owned).context("a kind has four parts");
            let entry = all.kinds.entry((part(0)?, part(1)?, part(2)?));
            entry.or_insert((short(&part(3)?), 0)).1 |= bit;
        }
    }
    Ok(all)
}

fn add(all: &mut Types, bit: Versions, name: &str, schema: &Value) -> Result<()> {
    let name = short(name);
    if SCALARS.iter().any(|(scalar, _)| *scalar == name) {
        return Ok(());
    }
    let Some(properties) = schema["properties"].as_object() else {
        ensure!(
            schema["type"] == "object",
            "neither a map with known keys nor a known scalar"
        );
        // A type without fields.
        all.types.entry(name).or_default().versions |= bit;
        return Ok(());
    };
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = all.types.entry(name).or_default();
    of.versions |= bit;
    for (key, property) in properties {
        let value = value(property).with_context(|| key.clone())?;
        let declared = if required.iter().any(|name| name == key) {
            bit
        } else {
            0
        };
        let variants = of.fields.entry(key.clone()).or_default();
        match variants.iter_mut().find(|field| field.value == value) {
            Some(field) => {
                field.versions |= bit;
                field.declared |= declared;
            }
            None => variants.push(Field {
                value,
                versions: bit,
                declared,
                facts: Facts::default(),
            }),
        }
    }
    Ok(())
}

/// A schema as the files spell it.
fn value(schema: &Value) -> Result<String> {
    let fields = schema.as_object().context("a schema is a map")?;
    let reference = fields.get("$ref").or_else(|| fields.get("allOf")?.get(0)?.get("$ref"));
    if let Some(reference) = reference.and_then(Value::as_str) {
        let name = short(reference.rsplit('/').next().unwrap_or(reference));
        let scalar = SCALARS.iter().find(|(scalar, _)| *scalar == name);
        return Ok(scalar.map_or(name, |(_, value)| (*value).to_owned()));
    }
    let format = fields.get("format").and_then(Value::as_str);
    Ok(match (fields.get("type").and_then(Value::as_str), format) {
        (Some("array"), _) => format!("[{}]", value(inner(fields, "items")?)?),
        (Some("object"), _) if fields.contains_key("additionalProperties") => {
            format!("{{{}}}", value(inner(fields, "additionalProperties")?)?)
        }
        (Some("string"), None) => "string".to_owned(),
        (Some("string"), Some("byte")) => "bytes".to_owned(),
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some("integer"), Some("int32")) => "int32".to_owned(),
        (Some("integer"), _) => "int64".to_owned(),
        (Some("number"), _) => "number".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        _ => bail!("a schema of a shape that is not known: {schema}"),
    })
}

fn inner<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<&'a Value> {
    fields.get(key).with_context(|| format!("no {key}"))
}

/// `io.k8s.api.core.v1.PodSpec` → `core.v1.PodSpec`: the last words that tell types apart.
fn short(name: &str) -> String {
    let words: Vec<&str> = name.split('.').collect();
    let versioned = words.len() > 2 && words[words.len() - 2].starts_with('v');
    let kept = if versioned { 3 } else { 2 };
    words[words.len().saturating_sub(kept)..].join(".")
}

/// Adds the facts: lines of `TYPE.FIELD FACT`, in which FACT is `required`, `optional`, `lax`, or the values that are taken,
/// joined by `|`. Several may stand on a line.
pub(super) fn apply(all: &mut Types, facts: &str) -> Result<()> {
    for (number, line) in facts.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let mut words = line.split_whitespace();
        let place = words.next().unwrap_or("");
        let variants = place
            .rsplit_once('.')
            .and_then(|(name, field)| all.types.get_mut(name)?.fields.get_mut(field))
            .with_context(|| format!("facts.txt:{}: there is no {place}", number + 1))?;
        for word in words {
            for field in variants.iter_mut() {
                match word {
                    "required" => field.facts.required = true,
                    "optional" => field.facts.optional = true,
                    "lax" => field.facts.lax = true,
                    values => field.facts.values = values.split('|').map(str::to_owned).collect(),
                }
            }
        }
    }
    Ok(())
}
