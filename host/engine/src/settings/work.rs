//! How much work a schema is, found before anything works by it: the walk that a validator would take, without judging.

use std::collections::HashSet;

use serde_json::Value;

/// Deepest nesting of a schema's JSON.
const MAX_DEPTH: usize = 64;
/// Most schemas of a document. Who compiles them goes from one to the next by `$ref`, so this bounds its stack.
const MAX_SCHEMAS: usize = 2_000;
/// Most schemas that lie in each other, by nesting and by `$ref`.
const MAX_CHAIN: usize = 200;
/// Most times that any schema meets any part of the settings.
const MAX_STEPS: u32 = 500_000;

/// What a schema inside another applies to.
#[derive(Clone, Copy)]
enum Reach<'a> {
    /// The same value.
    Same,
    /// One member.
    Member(&'a str),
    /// Some or all members or items.
    Children,
}

/// Refuses a schema that refers out of its document, names another dialect, or is too deep.
///
/// # Errors
/// Says what is wrong.
pub(super) fn check_schema(schema: &Value) -> Result<(), String> {
    if depth(schema) > MAX_DEPTH {
        return Err(format!("it is nested deeper than {MAX_DEPTH}"));
    }
    if let Some(dialect) = schema.get("$schema")
        && dialect.as_str().map(|text| text.trim_end_matches('#'))
            != Some("https://json-schema.org/draft/2020-12/schema")
    {
        return Err("its $schema is not the dialect 2020-12".to_owned());
    }
    visit(schema, schema, 0, &mut HashSet::new())
}

fn visit(root: &Value, schema: &Value, chain: usize, seen: &mut HashSet<*const Value>) -> Result<(), String> {
    if chain > MAX_CHAIN {
        return Err(format!("more than {MAX_CHAIN} schemas lie in each other"));
    }
    // Known, by whichever way: references back are circles, and fine where they get further in the settings.
    if !seen.insert(std::ptr::from_ref(schema)) {
        return Ok(());
    }
    if seen.len() > MAX_SCHEMAS {
        return Err(format!("it has more than {MAX_SCHEMAS} schemas"));
    }
    if let Some(map) = schema.as_object() {
        for refused in ["$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"] {
            if map.contains_key(refused) {
                return Err(format!("it uses {refused}"));
            }
        }
        if chain > 0 && map.contains_key("$id") {
            return Err("it uses $id inside".to_owned());
        }
        for keyword in ["$defs", "definitions"] {
            if let Some(Value::Object(definitions)) = map.get(keyword) {
                for definition in definitions.values() {
                    visit(root, definition, chain + 1, seen)?;
                }
            }
        }
    }
    let mut inner = Vec::new();
    each(root, schema, &mut |_, schema| inner.push(schema))?;
    for schema in inner {
        visit(root, schema, chain + 1, seen)?;
    }
    Ok(())
}

/// Counts the steps that checking would take at most.
///
/// # Errors
/// When they are too many, or never end.
pub(super) fn check_work(schema: &Value, settings: &Value) -> Result<(), String> {
    let mut steps = 0;
    walk(schema, schema, settings, 0, &mut steps)
}

fn walk(root: &Value, schema: &Value, value: &Value, chain: usize, steps: &mut u32) -> Result<(), String> {
    *steps += 1;
    if *steps > MAX_STEPS || chain > MAX_CHAIN {
        return Err("checking them against the policy's schema takes too many steps".to_owned());
    }
    let mut inner = Vec::new();
    each(root, schema, &mut |reach, schema| inner.push((reach, schema)))?;
    for (reach, schema) in inner {
        match (reach, value) {
            (Reach::Same, _) => walk(root, schema, value, chain + 1, steps)?,
            (Reach::Member(name), Value::Object(map)) => {
                if let Some(member) = map.get(name) {
                    walk(root, schema, member, chain + 1, steps)?;
                }
            }
            (Reach::Children, Value::Object(map)) => {
                for member in map.values() {
                    walk(root, schema, member, chain + 1, steps)?;
                }
            }
            (Reach::Children, Value::Array(list)) => {
                for item in list {
                    walk(root, schema, item, chain + 1, steps)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Gives every schema that a schema applies, and to what.
fn each<'a>(root: &'a Value, schema: &'a Value, found: &mut impl FnMut(Reach<'a>, &'a Value)) -> Result<(), String> {
    let Some(map) = schema.as_object() else { return Ok(()) };
    for (keyword, value) in map {
        match (keyword.as_str(), value) {
            ("$ref", _) => found(Reach::Same, target(root, value)?),
            ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                list.iter().for_each(|schema| found(Reach::Same, schema));
            }
            ("not" | "if" | "then" | "else", _) => found(Reach::Same, value),
            ("dependentSchemas" | "dependencies", Value::Object(map)) => {
                map.values().for_each(|schema| found(Reach::Same, schema));
            }
            ("properties", Value::Object(map)) => {
                map.iter().for_each(|(name, schema)| found(Reach::Member(name), schema));
            }
            ("patternProperties", Value::Object(map)) => {
                map.values().for_each(|schema| found(Reach::Children, schema));
            }
            ("prefixItems" | "items", Value::Array(list)) => {
                list.iter().for_each(|schema| found(Reach::Children, schema));
            }
            (
                "additionalProperties"
                | "unevaluatedProperties"
                | "propertyNames"
                | "items"
                | "additionalItems"
                | "unevaluatedItems"
                | "contains"
                | "contentSchema",
                _,
            ) => found(Reach::Children, value),
            _ => {}
        }
    }
    Ok(())
}

/// What a `$ref` names: the document, or a JSON pointer into it.
fn target<'a>(root: &'a Value, reference: &Value) -> Result<&'a Value, String> {
    let reference = reference.as_str().ok_or("a $ref is not a text")?;
    reference
        .strip_prefix('#')
        .filter(|pointer| !pointer.contains('%'))
        .and_then(|pointer| root.pointer(pointer))
        .ok_or_else(|| "a $ref does not name a place in the document itself, as `#/$defs/name` does".to_owned())
}

/// Levels of nesting. `serde_json` reads no deeper than 128, so recursion is safe.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
