//! JSON that stays text until somebody needs it: where the members of a map lie.
//!
//! Most of an admission review's body is objects, which are read where they are judged. Here their ends are found and no
//! more: what lies between is for whoever reads it to refuse.

use std::borrow::Cow;

use super::json::plain_bytes;

/// A text is no JSON map, as far as was looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The byte at which that shows.
    pub at: usize,
}

/// The members of a map in their order, each as it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Members<'t>(Vec<(Cow<'t, str>, &'t str)>);

impl<'t> Members<'t> {
    /// The value of this name; of several the last, as everybody takes it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'t str> {
        let mut members = self.0.iter().rev();
        members.find(|(one, _)| one == name).map(|&(_, value)| value)
    }

    /// Names and values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'t str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }
}

/// The members of the map that a text is.
///
/// # Errors
/// When it is no map, or something follows it.
pub fn members(text: &str) -> Result<Members<'_>, Broken> {
    Ok(members_along(text, &[])?.pop().unwrap_or_default())
}

/// The members of the map that a text is; behind them those of its member of the path's first name, of that one's member of
/// the second, and so on as long as these are maps. The text is gone through once.
///
/// # Errors
/// When it is no map, or something follows it.
pub fn members_along<'t>(text: &'t str, path: &[&str]) -> Result<Vec<Members<'t>>, Broken> {
    let mut scan = Scan { text, at: 0 };
    let mut maps = Vec::with_capacity(path.len() + 1);
    scan.blanks();
    scan.map(path, &mut maps)?;
    scan.blanks();
    if scan.at < text.len() {
        return Err(scan.broken());
    }
    maps.reverse();
    Ok(maps)
}

/// What a string that is no value's stands for.
fn unquoted(string: &str) -> Option<Cow<'_, str>> {
    if string.contains('\\') {
        return serde_json::from_str(string).ok().map(Cow::Owned);
    }
    string.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn is(&self, byte: u8) -> bool {
        self.rest().first() == Some(&byte)
    }

    fn broken(&self) -> Broken {
        Broken { at: self.at }
    }

    fn blanks(&mut self) {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().iter().take_while(blank).count();
    }

    fn take(&mut self, byte: u8) -> Result<(), Broken> {
        if !self.is(byte) {
            return Err(self.broken());
        }
        self.at += 1;
        Ok(())
    }

    /// What `skip` goes past.
    fn value(&mut self, skip: impl FnOnce(&mut Self) -> Result<(), Broken>) -> Result<&'t str, Broken> {
        let start = self.at;
        skip(self)?;
        // Both ends lie at bytes that are characters.
        self.text.get(start..self.at).ok_or(Broken { at: start })
    }

    /// Past a map. Its members, and first of all those along the path, become the last of `maps`.
    fn map(&mut self, path: &[&str], maps: &mut Vec<Members<'t>>) -> Result<(), Broken> {
        let before = maps.len();
        let mut members = Vec::with_capacity(16);
        self.take(b'{')?;
        self.blanks();
        if !self.is(b'}') {
            loop {
                self.blanks();
                let name = self.value(Scan::string)?;
                let name = unquoted(name).ok_or(self.broken())?;
                self.blanks();
                self.take(b':')?;
                self.blanks();
                let value = match path.split_first() {
                    Some((first, rest)) if name == *first => {
                        maps.truncate(before);
                        if self.is(b'{') {
                            self.value(|scan| scan.map(rest, maps))?
                        } else {
                            self.value(Scan::any)?
                        }
                    }
                    _ => self.value(Scan::any)?,
                };
                members.push((name, value));
                self.blanks();
                if !self.is(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.take(b'}')?;
        maps.push(Members(members));
        Ok(())
    }

    /// Past a string.
    fn string(&mut self) -> Result<(), Broken> {
        self.take(b'"')?;
        loop {
            let rest = self.rest();
            let end = plain_bytes(rest);
            self.at += end + 1;
            match rest.get(end) {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.at += 1,
                _ => return Err(Broken { at: self.at - 1 }),
            }
        }
    }

    /// Past any value.
    fn any(&mut self) -> Result<(), Broken> {
        match self.rest().first() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.nested(),
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                let rest = self.rest();
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                if length == 0 {
                    return Err(self.broken());
                }
                self.at += length;
                Ok(())
            }
        }
    }

    /// Past a map or sequence, however deep.
    fn nested(&mut self) -> Result<(), Broken> {
        let mut depth = 0_usize;
        loop {
            match self.rest().first() {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
                None => return Err(self.broken()),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    /// What a library makes of the same text.
    fn by_serde(text: &str) -> Option<BTreeMap<String, String>> {
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
        Some(
            members
                .into_iter()
                .map(|(name, value)| (name, value.get().to_owned()))
                .collect(),
        )
    }

    fn found(text: &str) -> Option<BTreeMap<String, String>> {
        let members = members(text).ok()?;
        Some(
            members
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    #[test]
    fn members_lie_where_a_library_finds_them() {
        for text in [
            "{}",
            " { } ",
            r#"{"a":1}"#,
            r#"{"a" : -1.5e3 , "b":"x","c":null}"#,
            r#"{"a":{"b":["}",{"c":"\"]"}]},"d":"\\"}"#,
            r#"{"\u0061\n":[[],{}],"a":true}"#,
            r#"{"a":1,"a":2}"#,
            "{\"ä\":\"ö\\u00e9\"}\n",
        ] {
            assert_eq!(found(text), by_serde(text), "{text}");
            assert!(found(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_map_is_refused() {
        for text in [
            "",
            "{",
            "}",
            "[]",
            "1",
            "null",
            "\"{}\"",
            "{}{}",
            "{} x",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{\"a\":[}",
            "{\"a\":{\"b\":1}",
            "{,}",
            "{\"\\x\":1}",
        ] {
            assert_eq!(found(text), None, "{text}");
            assert_eq!(by_serde(text), None, "{text}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
        assert_eq!(
            members(&deep).map(|members| members.get("a").map(str::len)),
            Ok(Some(2 << 20))
        );
    }

    #[test]
    fn maps_along_a_path_are_opened_on_the_way() {
        let names = |text, path: &[&str]| -> Vec<Vec<String>> {
            let maps = members_along(text, path).expect("maps");
            let names = |members: &Members<'_>| members.iter().map(|(name, _)| name.to_owned()).collect();
            maps.iter().map(names).collect()
        };
        let text = r#"{"x":{"b":0},"a":{"y":1,"b":{"c":{}},"z":[]}}"#;
        assert_eq!(
            names(text, &["a", "b"]),
            [vec!["x", "a"], vec!["y", "b", "z"], vec!["c"]]
        );
        assert_eq!(names(text, &["a", "y"]), [vec!["x", "a"], vec!["y", "b", "z"]]);
        assert_eq!(names(text, &["b"]), [vec!["x", "a"]]);
        // The last of two counts, here as elsewhere.
        assert_eq!(
            names(r#"{"a":{"b":{}},"a":{"c":1}}"#, &["a", "b"]),
            [vec!["a", "a"], vec!["c"]]
        );
        assert_eq!(names(r#"{"a":{"b":{}},"a":null}"#, &["a", "b"]), [vec!["a", "a"]]);
        let whole = members(text).expect("a map");
        assert_eq!(whole.get("a"), Some(r#"{"y":1,"b":{"c":{}},"z":[]}"#));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_found(value in value(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.expect("text");
            prop_assert_eq!(found(&text), by_serde(&text));
        }

        #[test]
        fn nothing_breaks_it(text in r#"[{}\[\]",:\\ a1é]{0,24}"#) {
            // What a library takes is found the same; more may be taken, for values are not looked into.
            if let Some(expected) = by_serde(&text) {
                prop_assert_eq!(found(&text), Some(expected));
            }
        }
    }
}
