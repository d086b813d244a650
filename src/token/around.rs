//! What is put around each text, in the words of a `tokenizer.json`: names and ids of tokens come in, the step goes out.

use serde_json::{Map, Value, json};

/// The step that puts `begin` before a text and `end` behind it; none where there is neither.
pub(super) fn around(begin: Option<(&str, u32)>, end: Option<(&str, u32)>) -> Value {
    if begin.is_none() && end.is_none() {
        return Value::Null;
    }
    let special = |(name, _): (&str, u32)| json!({"SpecialToken": {"id": name, "type_id": 0}});
    let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    let single: Vec<Value> = begin.map(special).into_iter().chain([text("A")]).chain(end.map(special)).collect();
    let token = |(name, id): (&str, u32)| (name.to_owned(), json!({"id": name, "ids": [id], "tokens": [name]}));
    let tokens: Map<String, Value> = begin.into_iter().chain(end).map(token).collect();
    json!({"type": "TemplateProcessing", "single": single, "pair": [text("A"), text("B")], "special_tokens": tokens})
}
