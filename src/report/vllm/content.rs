//! What stands in a result file: text comes in, the keys of the one result in it go out, each with its value as it is written.
//! The value of a key is made only where it is asked for, so that arrays with an item a request take no memory otherwise.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::Path;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::json::Column;
use crate::error::{Error, Result};
use crate::record::input;

/// Numbers that every result has.
const ALWAYS: [&str; 3] = ["duration", "completed", "request_throughput"];

/// What to do about a file that holds no result.
const HINT: &str = "name a file that `--save-result` or `--output-json` has written";

/// The words that Python writes for numbers that JSON does not have; the first may have a minus before it.
const WORDS: [&str; 2] = ["Infinity", "NaN"];

/// What some programs put before a text to say that it is UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// No result has more keys, whatever its metadata are; each is looked for among all.
const MOST_KEYS: usize = 10_000;

/// The keys of a result in the order of its file, and their values as they are written there.
pub(super) struct Content<'a>(Vec<(String, &'a RawValue)>);

/// The text of a result file, without the mark that some programs put before it.
///
/// # Errors
/// If it cannot be read or is no text.
pub(super) fn text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    input::open(path)?.read_to_end(&mut bytes).map_err(|cause| {
        Error::new(format!("cannot read result `{}`: {cause}", path.display())).hint("check the path")
    })?;
    let marked = bytes.starts_with(MARK);
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(|| {
        Error::new(format!("`{}` is neither a result nor the record of a run: it is no text in UTF-8", path.display()))
            .hint("unpack it if it is compressed, or name a file as `--save-result`, `--output-json` or `--record` wrote it")
    })?;
    Ok(if marked { text[MARK.len()..].to_owned() } else { text })
}

impl<'a> Content<'a> {
    /// The one result in `text`, which is [`strict`].
    ///
    /// # Errors
    /// If there is none, or more than one: with the line or the field.
    pub(super) fn of(text: &'a str) -> Result<Self> {
        let not_json = |cause: serde_json::Error| Error::new(format!("not JSON: {cause}")).hint(HINT);
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let first = values.next().ok_or_else(|| Error::new("it is empty").hint(HINT))?.map_err(not_json)?;
        match values.next() {
            None => {}
            Some(Ok(_)) => {
                let what = format!("line {}: a second result", lines(&text[..values.byte_offset()]));
                return Err(Error::new(what).hint("put the line that you mean into a file of its own"));
            }
            Some(Err(cause)) => return Err(not_json(cause)),
        }
        if !first.get().starts_with('{') {
            return Err(Error::new("line 1: not an object").hint(HINT));
        }
        let content: Content<'a> = serde_json::from_str(first.get()).map_err(not_json)?;
        if content.has("points") {
            let what = "it is the summary of several runs";
            return Err(Error::new(what).hint("name the file of one run: the summary lists them as `files`"));
        }
        let is_number = |key: &&str| content.raw(key).is_some_and(|raw| serde_json::from_str::<f64>(raw.get()).is_ok());
        match ALWAYS.into_iter().find(|key| !is_number(key)) {
            Some(key) => Err(Error::new(format!("no number at `{key}`")).hint(HINT)),
            None => Ok(content),
        }
    }

    /// Whether it has a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// What stands at a key; `None` if it is not there or null.
    ///
    /// # Errors
    /// If it is something else: with the key.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let value = self.raw(key).map(|raw| serde_json::from_str::<Option<T>>(raw.get())).transpose();
        value.map(Option::flatten).map_err(|cause| at_field(key, &cause))
    }

    /// The items of the array at a key, as they are written; `None` if it is not there.
    ///
    /// # Errors
    /// If it is no array.
    pub(super) fn items(&self, key: &str) -> Result<Option<Vec<&'a RawValue>>> {
        let items = self.raw(key).map(|raw| serde_json::from_str(raw.get())).transpose();
        items.map_err(|cause| at_field(key, &cause))
    }

    /// All keys with their values, without the arrays that have an item a request, but for those that `with` chooses.
    ///
    /// # Errors
    /// If a value is nested too deeply.
    pub(super) fn entries(&self, with: impl Fn(Column) -> bool) -> Result<Map<String, Value>> {
        let wanted = self.0.iter().filter(|(key, _)| Column::of(key).is_none_or(&with));
        let value = |key: &str, raw: &RawValue| serde_json::from_str(raw.get()).map_err(|cause| at_field(key, &cause));
        wanted.map(|(key, raw)| Ok((key.clone(), value(key, raw)?))).collect()
    }

    /// Of two values of one key the later one holds.
    fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, raw)| *raw)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

/// Takes an object apart.
struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a result")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content<'de>, A::Error> {
        let mut keys = Vec::new();
        while let Some(entry) = map.next_entry()? {
            keys.push(entry);
            if keys.len() > MOST_KEYS {
                return Err(de::Error::custom("more keys than a result has"));
            }
        }
        Ok(Content(keys))
    }
}

/// What is wrong with the value of a key.
pub(super) fn at_field(key: &str, cause: &serde_json::Error) -> Error {
    let text = cause.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    Error::new(format!("`{key}`: {what}")).hint(HINT)
}

/// The number of the line that `before` ends in.
fn lines(before: &str) -> usize {
    before.trim_end().lines().count()
}

/// JSON as it should be: the words that Python writes for numbers that JSON does not have become null.
pub(super) fn strict(text: &str) -> Cow<'_, str> {
    if !WORDS.iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some()) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest, mut quoted) = (String::with_capacity(text.len()), text, false);
    let next = |rest: &str, quoted| match quoted {
        true => memchr::memchr2(b'"', b'\\', rest.as_bytes()),
        false => memchr::memchr3(b'"', b'N', b'I', rest.as_bytes()),
    };
    while let Some(at) = next(rest, quoted) {
        let (before, behind) = rest.split_at(at);
        if let Some(word) = WORDS.into_iter().find(|word| !quoted && behind.starts_with(word)) {
            out.push_str(before.strip_suffix('-').unwrap_or(before));
            out.push_str("null");
            rest = &behind[word.len()..];
            continue;
        }
        quoted ^= behind.starts_with('"');
        let escaped = behind.strip_prefix('\\').and_then(|escaped| escaped.chars().next());
        let (taken, left) = rest.split_at(at + 1 + escaped.map_or(0, char::len_utf8));
        out.push_str(taken);
        rest = left;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn golden(name: &str) -> String {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name)).unwrap()
    }

    #[test]
    fn what_is_no_result_is_refused_by_line_or_field() {
        let table = [
            ("", "it is empty"),
            ("[1]", "line 1: not an object"),
            ("{\n\"a\": }", "not JSON: expected value at line 2 column 6"),
            (r#"{"duration": 1.0, "completed": 1}"#, "no number at `request_throughput`"),
            (r#"{"duration": "1"}"#, "no number at `duration`"),
            (r#"{"duration": null}"#, "no number at `duration`"),
            (r#"{"points": []}"#, "it is the summary of several runs"),
            ("{}\n{}\n", "line 2: a second result"),
        ];
        for (text, message) in table {
            let error = Content::of(text).err().unwrap();
            assert_eq!(error.to_string(), message);
            assert!(error.advice().is_some());
        }
    }

    #[test]
    fn a_result_that_is_cut_short_is_refused_wherever_that_is() {
        let whole = golden("serve_result.json");
        for cut in (0..whole.trim_end().len()).step_by(97).filter(|cut| whole.is_char_boundary(*cut)) {
            assert!(Content::of(&whole[..cut]).err().unwrap().advice().is_some(), "{cut}");
        }
    }

    #[test]
    fn only_words_outside_of_texts_become_null() {
        let json = r#"{"a": NaN, "b": [-Infinity, Infinity], "NaN \" NaN": "Infinity", "N": "\\"}"#;
        let value: Value = serde_json::from_str(&strict(json)).unwrap();
        let expected = serde_json::json!({"a": null, "b": [null, null], "NaN \" NaN": "Infinity", "N": "\\"});
        assert_eq!(value, expected);
    }

    #[test]
    fn arrays_of_every_request_are_no_entries_unless_they_are_asked_for() {
        let whole = golden("reference_result.json");
        let content = Content::of(&whole).unwrap();
        let entries = content.entries(|_| false).unwrap();
        assert!(content.has("ttfts") && !entries.contains_key("ttfts") && !entries.contains_key("latencies"));
        assert!(content.entries(Column::always).unwrap()["latencies"].is_array());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_content_panics_and_json_stays_as_it_is(content in "\\PC{0,40}", text in any::<String>()) {
            let _ = Content::of(&content);
            let json = serde_json::json!({ "a": text }).to_string();
            prop_assert!(strict(&json) == json);
        }
    }
}
