//! The body of a run's requests, JSON or a form, with places for what differs from request to request.

use serde_json::{Map, Value};

use super::reading::Delivery;
use super::text::write_text;
use super::{form, prompt};
use crate::dataset::{Json, Sample};

/// What is the same in every body of a run.
#[derive(Debug, Clone)]
pub struct Fixed<'a> {
    /// The `model` field.
    pub model: &'a str,
    /// The `logprobs` field of completions.
    pub logprobs: Option<i64>,
    /// Whether `ignore_eos` is sent.
    pub ignore_eos: bool,
    /// Whether generated answers come as streams or as documents; vectors are documents in any case.
    pub delivery: Delivery,
    /// Sampling flags and extra body: merged over the protocol's own fields, key by key, values replaced whole.
    pub overlay: &'a Map<String, Value>,
    /// Fields that are left out, whoever has put them there: keys, and within objects keys joined by dots.
    pub dropped: &'a [String],
    /// A body of the user's own that the protocol's fields go into, where the protocol takes one.
    pub base: Option<&'a Map<String, Value>>,
}

/// A body in pieces: what is fixed is encoded once.
#[derive(Debug, Clone)]
pub struct Template {
    kind: Body,
    model: String,
    fields: Vec<(String, Field)>,
    pieces: Vec<Piece>,
}

/// What bodies are, and what they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// JSON that asks for an answer.
    Generation,
    /// A form that asks for an answer.
    Form,
    /// JSON that asks for vectors or scores.
    Pooling,
}

#[derive(Debug, Clone)]
enum Piece {
    Bytes(Vec<u8>),
    File,
    Place(Place),
}

/// A field of a body.
#[derive(Debug, Clone)]
pub(super) enum Field {
    Value(Value),
    Json(Json),
    Place(Place),
}

/// Appends what a sample has for a place.
pub(super) type Write = fn(&Sample, &mut Vec<u8>);

/// A value that differs from request to request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The model's name.
    Model,
    /// Output tokens to ask for.
    OutputTokens,
    /// What the protocol makes of the prompt.
    Of(Write),
    /// A whole field, which is there only for some samples: it comes with its comma and its key, and never first.
    Field(Write),
}

impl From<Place> for Field {
    fn from(place: Place) -> Self {
        Field::Place(place)
    }
}

impl From<Value> for Field {
    fn from(value: Value) -> Self {
        Field::Value(value)
    }
}

impl Template {
    /// Merges `fixed.overlay` over `fields`: a key that is there keeps its place, a new one goes to the end.
    pub(super) fn new(kind: Body, fields: Vec<(&str, Field)>, fixed: &Fixed<'_>) -> Self {
        let mut fields: Vec<(String, Field)> = fields.into_iter().map(|(key, field)| (key.to_owned(), field)).collect();
        if fixed.ignore_eos {
            fields.push(("ignore_eos".into(), Field::Value(Value::Bool(true))));
        }
        for (key, value) in fixed.overlay {
            put(&mut fields, key, Field::Value(value.clone()));
        }
        fixed.dropped.iter().for_each(|path| drop_field(&mut fields, path));
        let pieces = kind.pieces(&fields);
        Template { kind, model: fixed.model.to_owned(), fields, pieces }
    }

    /// The media type of bodies.
    pub fn media_type(&self) -> &'static str {
        if self.kind == Body::Form { form::MEDIA_TYPE } else { "application/json" }
    }

    /// How answers come: what the body asks for, wherever it was set.
    pub fn delivery(&self) -> Delivery {
        let value = |name: &str| {
            self.fields.iter().find_map(|(key, field)| match field {
                Field::Value(value) if key == name => Some(value),
                _ => None,
            })
        };
        match self.kind {
            Body::Pooling => match value("encoding_format").and_then(Value::as_str) {
                Some("bytes") => Delivery::Bytes,
                Some("bytes_only") => Delivery::BareBytes,
                _ => Delivery::Document,
            },
            _ if value("stream") == Some(&Value::Bool(true)) => Delivery::Stream,
            _ => Delivery::Document,
        }
    }

    /// About how many bytes the body of `sample` has.
    pub fn size_hint(&self, sample: &Sample) -> usize {
        let fixed: usize =
            self.pieces.iter().map(|piece| if let Piece::Bytes(bytes) = piece { bytes.len() } else { 64 }).sum();
        fixed + prompt::size_hint(sample) + sample.audio.as_ref().map_or(0, |audio| audio.bytes.len())
    }

    /// Appends the body of `sample` to `out`, for `model` instead of the run's own where one is given.
    pub fn write(&self, sample: &Sample, model: Option<&str>, out: &mut Vec<u8>) {
        let model = model.unwrap_or(&self.model);
        if sample.overrides.is_empty() {
            return self.write_pieces(&self.pieces, (sample, model), out);
        }
        let mut fields = self.fields.clone();
        for (key, value) in &sample.overrides {
            put(&mut fields, key, Field::Json(value.clone()));
        }
        self.write_pieces(&self.kind.pieces(&fields), (sample, model), out);
    }

    fn write_pieces(&self, pieces: &[Piece], (sample, model): (&Sample, &str), out: &mut Vec<u8>) {
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => out.extend_from_slice(bytes),
                Piece::File => form::write_file(sample, out),
                Piece::Place(Place::Model) if self.kind == Body::Form => out.extend_from_slice(model.as_bytes()),
                Piece::Place(Place::Model) => write_text(model, out),
                Piece::Place(Place::OutputTokens) => out.extend_from_slice(sample.output_tokens.to_string().as_bytes()),
                Piece::Place(Place::Of(write) | Place::Field(write)) => write(sample, out),
            }
        }
    }
}

/// Takes the field at `path` out, wherever it is a plain value.
fn drop_field(fields: &mut Vec<(String, Field)>, path: &str) {
    let Some((key, inner)) = path.split_once('.') else { return fields.retain(|(name, _)| name != path) };
    let values = fields.iter_mut().filter(|(name, _)| name == key);
    let objects = values.filter_map(|(_, field)| match field {
        Field::Value(value) => Some(value),
        Field::Json(_) | Field::Place(_) => None,
    });
    for value in objects {
        let (above, last) = inner.rsplit_once('.').unwrap_or(("", inner));
        let mut above = above.split('.').filter(|key| !key.is_empty());
        let object = above.try_fold(value, |value, key| value.get_mut(key)).and_then(Value::as_object_mut);
        object.map(|object| object.shift_remove(last));
    }
}

impl Body {
    fn pieces(self, fields: &[(String, Field)]) -> Vec<Piece> {
        if self == Body::Form { form_pieces(fields) } else { json_pieces(fields) }
    }
}

/// Sets a field where it stands; a new one goes to the end.
fn put(fields: &mut Vec<(String, Field)>, key: &str, field: Field) {
    match fields.iter_mut().find(|(name, _)| name == key) {
        Some((_, old)) => *old = field,
        None => fields.push((key.to_owned(), field)),
    }
}

/// An object of `fields`, with what never differs joined together.
fn json_pieces(fields: &[(String, Field)]) -> Vec<Piece> {
    let mut pieces = vec![Piece::Bytes(b"{".to_vec())];
    for (index, (key, field)) in fields.iter().enumerate() {
        if let Field::Place(place @ Place::Field(_)) = field {
            pieces.push(Piece::Place(*place));
            continue;
        }
        let comma = if index == 0 { "" } else { "," };
        push_bytes(&mut pieces, format!("{comma}{}:", Value::from(key.as_str())).as_bytes());
        match field {
            Field::Value(value) => push_bytes(&mut pieces, value.to_string().as_bytes()),
            Field::Json(json) => push_bytes(&mut pieces, json.as_str().as_bytes()),
            Field::Place(place) => pieces.push(Piece::Place(*place)),
        }
    }
    push_bytes(&mut pieces, b"}");
    pieces
}

/// A form of a file and then `fields`.
fn form_pieces(fields: &[(String, Field)]) -> Vec<Piece> {
    let mut pieces = vec![Piece::File];
    for (key, field) in fields {
        push_bytes(&mut pieces, form::field_head(key).as_bytes());
        match field {
            Field::Value(value) => push_bytes(&mut pieces, form::python_text(value).as_bytes()),
            Field::Json(json) => {
                let value = serde_json::from_str(json.as_str()).unwrap_or_else(|_| Value::from(json.as_str()));
                push_bytes(&mut pieces, form::python_text(&value).as_bytes());
            }
            Field::Place(place) => pieces.push(Piece::Place(*place)),
        }
        push_bytes(&mut pieces, b"\r\n");
    }
    push_bytes(&mut pieces, form::end().as_bytes());
    pieces
}

fn push_bytes(pieces: &mut Vec<Piece>, bytes: &[u8]) {
    match pieces.last_mut() {
        Some(Piece::Bytes(last)) => last.extend_from_slice(bytes),
        _ => pieces.push(Piece::Bytes(bytes.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sample_overrides_goes_over_everything_else() {
        let overlay = serde_json::Map::from_iter([("tools".to_owned(), Value::from(1))]);
        let delivery = Delivery::Stream;
        let fixed = Fixed {
            model: "m",
            logprobs: None,
            ignore_eos: false,
            delivery,
            overlay: &overlay,
            dropped: &[],
            base: None,
        };
        let overrides = ["tools", "tool_choice"].map(|key| (key.to_owned(), Json::of(&Value::from("auto"))));
        let sample = Sample { overrides: overrides.to_vec(), ..Sample::default() };
        let mut out = Vec::new();
        let fields = vec![("messages", Place::Of(prompt::write_messages).into())];
        Template::new(Body::Generation, fields, &fixed).write(&sample, None, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with(r#","tools":"auto","tool_choice":"auto"}"#), "{text}");
    }

    #[test]
    fn fields_are_left_out_whoever_has_put_them_there() {
        let overlay = serde_json::Map::from_iter([("top_k".to_owned(), Value::from(1))]);
        let dropped = ["ignore_eos", "top_k", "stream_options.include_usage", "nothing", "model.of"].map(str::to_owned);
        let delivery = Delivery::Stream;
        let fixed = Fixed {
            model: "m",
            logprobs: None,
            ignore_eos: true,
            delivery,
            overlay: &overlay,
            dropped: &dropped,
            base: None,
        };
        let options = serde_json::json!({"include_usage": true, "more": 2});
        let fields = vec![
            ("model", Place::Model.into()),
            ("messages", Place::Of(prompt::write_messages).into()),
            ("stream_options", options.into()),
        ];
        let mut out = Vec::new();
        Template::new(Body::Generation, fields, &fixed).write(&Sample::default(), None, &mut out);
        let body: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["model", "messages", "stream_options"]);
        assert_eq!(body["stream_options"], serde_json::json!({"more": 2}));
    }
}
