//! The bodies that EvalScope's `perf` sends: the same protocols, their fields under its names and in its order.

use serde_json::json;

use super::prompt;
use super::reading::Delivery;
use super::template::{Body, Field, Fixed, Place, Template, Write};

/// What stands before `stream`, where it is given.
const BEFORE: [&str; 7] = ["min_tokens", "frequency_penalty", "repetition_penalty", "logprobs", "n", "seed", "stop"];
/// What stands behind it.
const BEHIND: [&str; 4] = ["stop_token_ids", "temperature", "top_p", "top_k"];

/// `/v1/chat/completions`.
pub(super) fn chat(fixed: &Fixed<'_>) -> Template {
    generation(("messages", prompt::write_plain_messages), "max_tokens", fixed)
}

/// `/v1/completions`.
pub(super) fn completions(fixed: &Fixed<'_>) -> Template {
    generation(("prompt", prompt::write_input), "max_tokens", fixed)
}

/// `/v1/responses`, whose streams report their usage unasked.
pub(super) fn responses(fixed: &Fixed<'_>) -> Template {
    generation(("input", prompt::write_input), "max_output_tokens", fixed)
}

/// `/v1/embeddings`.
pub(super) fn embeddings(fixed: &Fixed<'_>) -> Template {
    pooling(vec![("input", Place::Of(prompt::write_input).into())], fixed)
}

/// `/v1/rerank`.
pub(super) fn rerank(fixed: &Fixed<'_>) -> Template {
    let query = ("query", Place::Of(prompt::write_query).into());
    pooling(vec![query, ("documents", Place::Of(prompt::write_documents).into())], fixed)
}

fn pooling(fields: Vec<(&str, Field)>, fixed: &Fixed<'_>) -> Template {
    let fields = [fields, vec![("model", Place::Model.into())]].concat();
    Template::new(Body::Pooling, fields, fixed)
}

/// A body that asks for an answer: the prompt takes its place in the user's own body, if there is one, and every other field
/// goes over that.
fn generation((input, write): (&str, Write), longest: &str, fixed: &Fixed<'_>) -> Template {
    let stream = fixed.delivery == Delivery::Stream;
    let given = |key: &&'static str| Some((*key, Field::from(fixed.overlay.get(*key)?.clone())));
    let mut fields = vec![(input, Field::from(Place::Of(write))), ("model", Place::Model.into())];
    fields.push((longest, Place::OutputTokens.into()));
    fields.extend(BEFORE.iter().filter_map(given));
    fields.push(("stream", json!(stream).into()));
    if stream && longest == "max_tokens" {
        fields.push(("stream_options", json!({"include_usage": true}).into()));
    }
    fields.extend(BEHIND.iter().filter_map(given));
    Template::new(Body::Generation, over(fixed, fields), fixed)
}

/// The fields of the user's own body with `fields` over them: a key that is there keeps its place.
fn over<'a>(fixed: &Fixed<'a>, fields: Vec<(&'a str, Field)>) -> Vec<(&'a str, Field)> {
    let own = fixed.base.into_iter().flatten().map(|(key, value)| (key.as_str(), Field::from(value.clone())));
    let mut merged: Vec<(&str, Field)> = own.collect();
    for (key, field) in fields {
        match merged.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = field,
            None => merged.push((key, field)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::dataset::{Prompt, Sample};

    fn body(template: fn(&Fixed<'_>) -> Template, overlay: Value, base: Value, delivery: Delivery) -> String {
        let (Value::Object(overlay), Value::Object(base)) = (overlay, base) else { panic!("objects") };
        let overlay = &overlay;
        let fixed =
            Fixed { model: "m", logprobs: None, ignore_eos: false, delivery, overlay, dropped: &[], base: Some(&base) };
        let sample = Sample { prompt: Prompt::Text("hi\n".into()), output_tokens: 7, ..Sample::default() };
        let mut out = Vec::new();
        template(&fixed).write(&sample, None, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_stand_in_evalscope_s_order_whatever_the_order_of_the_flags() {
        let overlay = json!({
            "top_k": 4, "temperature": 0.0, "stop": ["x"], "seed": 7, "min_tokens": 7, "ignore_eos": true,
        });
        assert_eq!(
            body(chat, overlay, json!({}), Delivery::Stream),
            "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\\n\"}],\"model\":\"m\",\"max_tokens\":7,\"min_tokens\":7,\
             \"seed\":7,\"stop\":[\"x\"],\"stream\":true,\"stream_options\":{\"include_usage\":true},\"temperature\":0.0,\
             \"top_k\":4,\"ignore_eos\":true}"
        );
    }

    #[test]
    fn each_protocol_has_the_prompt_where_it_belongs() {
        let of = |template| body(template, json!({}), json!({}), Delivery::Document);
        assert_eq!(of(completions), r#"{"prompt":"hi\n","model":"m","max_tokens":7,"stream":false}"#);
        assert_eq!(of(responses), r#"{"input":"hi\n","model":"m","max_output_tokens":7,"stream":false}"#);
        assert_eq!(of(embeddings), r#"{"input":"hi\n","model":"m"}"#);
        assert_eq!(of(rerank), r#"{"query":"hi\n","documents":[],"model":"m"}"#);
    }

    #[test]
    fn a_body_of_the_user_s_own_keeps_its_fields_and_their_places() {
        let base = json!({"model": "other", "think": false, "messages": [], "stream": true});
        assert_eq!(
            body(chat, json!({}), base, Delivery::Document),
            "{\"model\":\"m\",\"think\":false,\"messages\":[{\"role\":\"user\",\"content\":\"hi\\n\"}],\"stream\":false,\
             \"max_tokens\":7}"
        );
    }
}
