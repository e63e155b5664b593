//! Settings against the policy's JSON Schema.
//!
//! The schema comes from a guest, so it is hostile: it may not refer out of its document, its patterns run in linear time,
//! its size, depth and work are bounded. Messages name places and what was expected, never the settings' values.

mod work;

use std::thread;

use jsonschema::{Draft, PatternOptions, Validator};
use plimsoll_core::finding::clean_line;
use serde_json::Value;

/// Most bytes of a schema.
const MAX_SCHEMA: usize = 256 << 10;
/// Most bytes of settings.
const MAX_SETTINGS: usize = 1 << 20;
/// Most bytes that one pattern may take when it is compiled.
const MAX_PATTERN: usize = 256 << 10;
/// Bytes of stack for compiling a schema: as many schemas in each other as `work` lets pass.
const STACK: usize = 32 << 20;
/// Most faults that one message tells.
const FAULTS: usize = 5;
/// Most characters of one fault.
const FAULT: usize = 200;

/// A policy's schema, ready.
pub(crate) struct Schema {
    value: Value,
    validator: Validator,
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_SCHEMA {
            return Err(format!("it has {} bytes, and {MAX_SCHEMA} is the most", text.len()));
        }
        let value: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        work::check_schema(&value)?;
        let validator = thread::scope(|scope| {
            let compiling = thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, || compile(&value))
                .map_err(|error| format!("no thread to compile it: {error}"))?;
            compiling
                .join()
                .unwrap_or_else(|_| Err("it cannot be compiled".to_owned()))
        })?;
        Ok(Schema { value, validator })
    }

    /// Checks settings.
    ///
    /// # Errors
    /// Says which places do not fit, and how.
    pub(crate) fn check(&self, settings: &str) -> Result<(), String> {
        let settings = parse(settings)?;
        work::check_work(&self.value, &settings)?;
        let faults: Vec<String> = self
            .validator
            .iter_errors(&settings)
            .take(FAULTS)
            .map(|error| fault(&error.masked().to_string(), &error.instance_path().to_string()))
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.join("; "))
        }
    }
}

fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(MAX_PATTERN)
                .dfa_size_limit(MAX_PATTERN),
        )
        .offline()
        .build(schema)
        .map_err(|error| fault(&error.masked().to_string(), &error.instance_path().to_string()))
}

/// Reads settings as JSON.
///
/// # Errors
/// When they are too large or not JSON.
fn parse(settings: &str) -> Result<Value, String> {
    if settings.len() > MAX_SETTINGS {
        return Err(format!(
            "they have {} bytes, and {MAX_SETTINGS} is the most",
            settings.len()
        ));
    }
    serde_json::from_str(settings).map_err(|error| format!("they are not JSON: {error}"))
}

fn fault(message: &str, path: &str) -> String {
    let at = if path.is_empty() { "the whole" } else { path };
    clean_line(&format!("{at}: {message}"), FAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(schema: &str) -> String {
        Schema::new(schema).err().expect("a refusal")
    }

    #[test]
    fn settings_are_held_to_the_schema() {
        let schema = Schema::new(
            r##"{"type": "object", "additionalProperties": false, "properties": {"most": {"$ref": "#/$defs/count"}},
                "$defs": {"count": {"type": "integer", "minimum": 1}}}"##,
        )
        .expect("a schema");
        assert_eq!(schema.check(r#"{"most": 3}"#), Ok(()));
        let wrong = schema.check(r#"{"most": "hunter2"}"#).expect_err("a fault");
        assert!(wrong.contains("/most") && !wrong.contains("hunter2"), "{wrong}");
        assert!(schema.check(r#"{"other": 3}"#).expect_err("a fault").contains("other"));
        assert!(schema.check("{").expect_err("a fault").contains("not JSON"));
        assert!(schema.check(&" ".repeat(MAX_SETTINGS + 1)).is_err());
    }

    #[test]
    fn references_stay_in_the_document() {
        for reference in [
            "https://example.com/schema.json",
            "file:///etc/passwd",
            "other.json#/x",
            "//example.com/x",
            "#anchor",
        ] {
            let schema = format!(r#"{{"properties": {{"a": {{"$ref": "{reference}"}}}}}}"#);
            assert!(refused(&schema).contains("$ref"), "{reference}");
        }
        assert!(refused(r##"{"$ref": "#/$defs/none"}"##).contains("$ref"));
        assert!(Schema::new(r##"{"properties": {"$ref": {"type": "string"}}}"##).is_ok());
    }

    #[test]
    fn patterns_are_linear_and_small() {
        let schema = Schema::new(r#"{"pattern": "^(a+)+$"}"#).expect("a schema");
        let long = format!("\"{}!\"", "a".repeat(100_000));
        assert!(schema.check(&long).is_err());
        assert!(Schema::new(r#"{"pattern": "(a)\\1"}"#).is_err(), "a back reference");
        assert!(Schema::new(r#"{"pattern": "(?=a)b"}"#).is_err(), "looking ahead");
        assert!(Schema::new(r#"{"pattern": "((a{100}){100}){100}"}"#).is_err(), "a bomb");
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let deep = format!("{}true{}", r#"{"not":"#.repeat(200), "}".repeat(200));
        assert!(Schema::new(&deep).is_err());
        let large = format!(r#"{{"title": "{}"}}"#, "x".repeat(MAX_SCHEMA));
        assert!(refused(&large).contains("bytes"));
        assert!(refused("{").contains("not JSON"));
        assert!(Schema::new(r#"{"type": "nothing"}"#).is_err());
    }

    #[test]
    fn work_is_bounded() {
        // Each definition asks for the next one twice: 2^40 steps.
        let mut definitions = String::new();
        for number in 0..40 {
            let next = format!(r##"{{"$ref": "#/$defs/d{}"}}"##, number + 1);
            definitions += &format!(r#""d{number}": {{"allOf": [{next}, {next}]}},"#);
        }
        let schema = format!(r##"{{"$ref": "#/$defs/d0", "$defs": {{{definitions} "d40": {{"type": "integer"}}}}}}"##);
        let schema = Schema::new(&schema).expect("a schema");
        assert!(schema.check("1").expect_err("too much").contains("steps"));
        // Never gets further in the settings.
        let endless = Schema::new(r##"{"anyOf": [{"$ref": "#"}]}"##);
        assert!(endless.is_err() || endless.is_ok_and(|schema| schema.check("1").is_err()));
    }

    #[test]
    fn long_ways_by_reference_do_not_end_the_process() {
        for reversed in [false, true] {
            for length in [1_500, 3_000] {
                let mut definitions: Vec<String> = (0..length)
                    .map(|number| format!(r##""d{number}": {{"$ref": "#/$defs/d{}"}}"##, number + 1))
                    .collect();
                definitions.push(format!(r#""d{length}": {{}}"#));
                if reversed {
                    definitions.reverse();
                }
                let schema = format!(r##"{{"$ref": "#/$defs/d0", "$defs": {{{}}}}}"##, definitions.join(","));
                if let Ok(schema) = Schema::new(&schema) {
                    assert!(schema.check("1").is_err());
                }
            }
        }
    }

    #[test]
    fn what_refers_to_itself_further_down_is_fine() {
        let schema = Schema::new(
            r##"{"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": false}"##,
        )
        .expect("a schema");
        assert_eq!(schema.check(r#"{"next": {"next": {}}}"#), Ok(()));
        assert!(schema.check(r#"{"next": {"last": {}}}"#).is_err());
    }
}
