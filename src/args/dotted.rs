//! Dotted keys of JSON flags: `--extra-body.a.b 1` stands for `--extra-body '{"a":{"b":1}}'`. In come keys and values in
//! their order, out comes one object.
//!
//! Objects merge deeply and lists are joined; of two other values at the same place the later one counts. A `+` at the end
//! of the keys (`--extra-body.stop+ a,b`) splits the value at its commas into a list of texts.

use serde_json::{Map, Value};

/// One dotted use of a flag.
pub(super) struct Entry {
    keys: Vec<String>,
    value: Value,
}

impl Entry {
    /// The entry for what stands between the flag's first dot and its value, such as `a.b` or `stop+`.
    pub(super) fn new(keys: &str, text: &str) -> Self {
        let (keys, value) = match keys.strip_suffix('+') {
            Some(keys) => (keys, text.split(',').map(Value::from).collect()),
            None => (keys, super::dotted_value(text)),
        };
        Entry { keys: keys.split('.').map(String::from).collect(), value }
    }
}

/// The object that entries build, and the keys at which a value was replaced.
#[derive(Default)]
pub(super) struct Dotted {
    pub(super) object: Map<String, Value>,
    pub(super) replaced: Vec<String>,
}

impl Dotted {
    /// Adds an entry on top of those before it.
    pub(super) fn add(&mut self, entry: Entry) {
        let mut nested = entry.value;
        for key in entry.keys.into_iter().rev() {
            nested = Value::Object(Map::from_iter([(key, nested)]));
        }
        if let Value::Object(nested) = nested {
            merge(&mut self.object, nested, "", &mut self.replaced);
        }
    }
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>, path: &str, replaced: &mut Vec<String>) {
    for (key, value) in from {
        let here = format!("{path}.{key}");
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new, &here, replaced),
            (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (Some(old), new) => {
                replaced.push(here);
                *old = new;
            }
            (None, new) => {
                into.insert(key, new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn build(entries: &[(&str, &str)]) -> (Value, Vec<String>) {
        let mut dotted = Dotted::default();
        for (keys, text) in entries {
            dotted.add(Entry::new(keys, text));
        }
        (Value::Object(dotted.object), dotted.replaced)
    }

    #[test]
    fn entries_merge_deeply_and_lists_are_joined() {
        let table: [(&[(&str, &str)], Value); 7] = [
            (&[("a.b", "1"), ("a.c", "2k")], json!({"a": {"b": 1, "c": 2000}})),
            (&[("stop+", "1,2k"), ("stop+", "c")], json!({"stop": ["1", "2k", "c"]})),
            (&[("stop", r#"["z"]"#), ("stop+", "c")], json!({"stop": ["z", "c"]})),
            (&[("a", "[1]"), ("a", "[2]")], json!({"a": [1, 2]})),
            (&[("a", r#"{"x":1}"#), ("a", r#"{"y":2}"#)], json!({"a": {"x": 1, "y": 2}})),
            (&[("a", "[1,2]")], json!({"a": [1, 2]})),
            (&[("a+.b", "1")], json!({"a+": {"b": 1}})),
        ];
        for (entries, object) in table {
            assert_eq!(build(entries), (object, vec![]), "{entries:?}");
        }
    }

    #[test]
    fn a_replaced_value_is_told() {
        assert_eq!(build(&[("a", "1"), ("a", "2")]), (json!({"a": 2}), vec![".a".into()]));
        assert_eq!(build(&[("a", "1"), ("a.b", "2")]), (json!({"a": {"b": 2}}), vec![".a".into()]));
        assert_eq!(build(&[("a.b+", "1"), ("a.b", "2")]), (json!({"a": {"b": 2}}), vec![".a.b".into()]));
    }
}
