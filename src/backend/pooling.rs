//! The protocols that ask for vectors and scores, all at once: `/v1/embeddings` in vLLM's, OpenAI's and Infinity's words,
//! vLLM's `/pooling` and `/rerank`.

use serde_json::{Value, json};

use super::prompt;
use super::template::{Body, Field, Fixed, Place, Template};
use super::text::write_text;
use crate::dataset::{Part, Prompt, Sample};
use crate::error::{Error, Result};

/// An instruction of VLM2Vec: what to make of an image alone.
const IMAGE_ALONE: &str = "Represent the given image.";
/// An instruction of VLM2Vec: what to make of an image with a prompt, which follows.
const IMAGE_AND: &str = "Represent the given image with the following question: ";

/// The body of `fields` behind the model's name.
fn body(fields: Vec<(&str, Field)>, fixed: &Fixed<'_>) -> Template {
    let model = ("model", Field::from(Place::Model));
    Template::new(Body::Pooling, [vec![model], fields].concat(), fixed)
}

/// Many of these models have a short context: too long a prompt is cut instead of refused.
fn cut() -> (&'static str, Field) {
    ("truncate_prompt_tokens", json!(-1).into())
}

/// `/v1/embeddings` of texts or token ids.
pub(super) fn embeddings(fixed: &Fixed<'_>) -> Template {
    body(vec![("input", Place::Of(prompt::write_input).into()), cut()], fixed)
}

/// `/v1/embeddings` of a chat.
pub(super) fn chat(fixed: &Fixed<'_>) -> Template {
    body(vec![("messages", Place::Of(prompt::write_messages).into()), cut()], fixed)
}

/// `/v1/embeddings` of a chat, for CLIP.
pub(super) fn clip(fixed: &Fixed<'_>) -> Template {
    body(vec![("messages", Place::Of(write_clip).into()), cut()], fixed)
}

/// `/v1/embeddings` of a chat, for VLM2Vec.
pub(super) fn vlm2vec(fixed: &Fixed<'_>) -> Template {
    body(vec![("messages", Place::Of(write_vlm2vec).into()), cut()], fixed)
}

/// Infinity's `/v1/embeddings`.
pub(super) fn infinity(fixed: &Fixed<'_>) -> Template {
    let input = |sample: &Sample, out: &mut Vec<u8>| write_either(sample, media_without_prompt(sample), out);
    let modality = |sample: &Sample, out: &mut Vec<u8>| write_modality(media_without_prompt(sample), out);
    body(vec![("input", Place::Of(input).into()), ("modality", Place::Field(modality).into())], fixed)
}

/// Infinity's `/v1/embeddings`, for CLIP.
pub(super) fn infinity_clip(fixed: &Fixed<'_>) -> Template {
    let input = |sample: &Sample, out: &mut Vec<u8>| write_either(sample, media(sample), out);
    let modality = |sample: &Sample, out: &mut Vec<u8>| write_modality(media(sample), out);
    body(vec![("input", Place::Of(input).into()), ("modality", Place::Field(modality).into())], fixed)
}

/// vLLM's `/pooling`.
pub(super) fn pooling(fixed: &Fixed<'_>) -> Template {
    body(vec![cut(), ("input", Place::Field(prompt::write_input_or_fields).into())], fixed)
}

/// vLLM's `/rerank`. The reference puts nothing over the body of a ranking. What the user asks for is sent here; there is no
/// end of sequence to ignore.
pub(super) fn rerank(fixed: &Fixed<'_>) -> Template {
    let query = ("query", Place::Of(prompt::write_query).into());
    let documents = ("documents", Place::Of(prompt::write_documents).into());
    body(vec![query, documents, cut()], &Fixed { ignore_eos: false, ..fixed.clone() })
}

/// An image or a text: beside an image the prompt is emptied, and its part stays.
fn write_clip(sample: &Sample, out: &mut Vec<u8>) {
    if sample.media.is_empty() {
        return prompt::write_messages(sample, out);
    }
    prompt::write_user_message(out, |out| {
        prompt::write_text_part("", out);
        prompt::write_media(&sample.media, out);
    });
}

/// An image comes before what VLM2Vec is told of it.
fn write_vlm2vec(sample: &Sample, out: &mut Vec<u8>) {
    if sample.media.is_empty() {
        return prompt::write_messages(sample, out);
    }
    prompt::write_user_message(out, |out| {
        prompt::write_media(&sample.media, out);
        out.push(b',');
        prompt::write_text_part(&instruction(sample), out);
    });
}

/// What VLM2Vec is told of an image: requests of an odd number ask a question of it.
fn instruction(sample: &Sample) -> String {
    let id = sample.request_id.as_deref().unwrap_or_default();
    let odd = id.bytes().next_back().is_some_and(|digit| digit.is_ascii_digit() && digit % 2 == 1);
    match &sample.prompt {
        Prompt::Text(prompt) if odd => format!("{IMAGE_AND}{prompt}"),
        _ => IMAGE_ALONE.into(),
    }
}

/// Writes the image or video that is the input in place of the prompt, else the prompt.
fn write_either(sample: &Sample, media: Option<(&'static str, &str)>, out: &mut Vec<u8>) {
    match media {
        Some((_, url)) => write_text(url, out),
        None => prompt::write_input(sample, out),
    }
}

/// Writes the field `modality`, where the input is no text.
fn write_modality(media: Option<(&'static str, &str)>, out: &mut Vec<u8>) {
    if let Some((kind, _)) = media {
        out.extend_from_slice(format!(",\"modality\":{}", Value::from(kind)).as_bytes());
    }
}

/// The one image or video of a sample: what it is called, and where it is.
fn media(sample: &Sample) -> Option<(&'static str, &str)> {
    match sample.media.as_slice() {
        [Part::Image { url, .. }] => Some(("image", url)),
        [Part::Video { url }] => Some(("video", url)),
        _ => None,
    }
}

/// The same, where there is no prompt.
fn media_without_prompt(sample: &Sample) -> Option<(&'static str, &str)> {
    media(sample).filter(|_| prompt::is_empty(&sample.prompt))
}

/// How many inputs a request of a prompt holds.
pub(super) fn inputs(sample: &Sample) -> usize {
    sample.prompt.inputs().max(1)
}

/// How many inputs Infinity's requests hold.
pub(super) fn infinity_inputs(sample: &Sample) -> usize {
    if media_without_prompt(sample).is_some() { 1 } else { inputs(sample) }
}

/// How many inputs Infinity's requests for CLIP hold.
pub(super) fn infinity_clip_inputs(sample: &Sample) -> usize {
    if media(sample).is_some() { 1 } else { inputs(sample) }
}

/// How many documents a request holds.
pub(super) fn documents(sample: &Sample) -> usize {
    sample.prompt.inputs().saturating_sub(1)
}

/// Whether there is something to rank.
pub(super) fn check_rerank(sample: &Sample) -> Result<()> {
    if sample.prompt.inputs() < 2 {
        return Err(Error::new("a ranking needs a query and documents, and the prompt is one text")
            .hint("use `--dataset-name random-rerank`"));
    }
    Ok(())
}

/// Whether there is a prompt, or something in its place.
pub(super) fn check_infinity(sample: &Sample) -> Result<()> {
    check_media(sample, prompt::is_empty(&sample.prompt))
}

/// Whether there is a prompt, or something in its place, which for CLIP goes before it.
pub(super) fn check_infinity_clip(sample: &Sample) -> Result<()> {
    check_media(sample, prompt::is_empty(&sample.prompt) || !sample.media.is_empty())
}

fn check_media(sample: &Sample, wanted: bool) -> Result<()> {
    if wanted && media(sample).is_none() {
        return Err(Error::new("there is neither a prompt nor one image or video to embed")
            .hint("use a dataset of prompts, or of one image or video a request"));
    }
    Ok(())
}

#[cfg(test)]
#[path = "pooling_test.rs"]
mod tests;
