//! The dialects that ask for vectors and scores, all at once: `/v1/embeddings` in vLLM's, OpenAI's and Infinity's words, vLLM's
//! `/pooling` and `/rerank`.

use serde_json::{Value, json};

use super::template::{Field, Fixed, Place, Template, write_text};
use super::{Backend, prompt};
use crate::dataset::{Part, Prompt, Sample};
use crate::error::{Error, Result};

/// An instruction of VLM2Vec: what to make of an image alone.
const IMAGE_ALONE: &str = "Represent the given image.";
/// An instruction of VLM2Vec: what to make of an image with a prompt, which follows.
const IMAGE_AND: &str = "Represent the given image with the following question: ";

pub(super) fn template(backend: Backend, fixed: &Fixed<'_>) -> Template {
    let model = ("model", Field::from(Place::Model));
    // Many of these models have a short context: too long a prompt is cut instead of refused.
    let cut = ("truncate_prompt_tokens", Field::from(json!(-1)));
    let input = ("input", Place::Prompt.into());
    let fields = match backend {
        Backend::InfinityEmbeddings | Backend::InfinityEmbeddingsClip => {
            vec![model, input, ("modality", Place::Modality.into())]
        }
        Backend::VllmPooling => vec![model, cut, input],
        Backend::VllmRerank => {
            vec![model, ("query", Place::Query.into()), ("documents", Place::Documents.into()), cut]
        }
        Backend::OpenaiEmbeddingsChat | Backend::OpenaiEmbeddingsClip | Backend::OpenaiEmbeddingsVlm2vec => {
            vec![model, ("messages", Place::Prompt.into()), cut]
        }
        _ => vec![model, input, cut],
    };
    // The reference puts nothing over the body of a ranking. What the user asks for is sent here; there is no end of
    // sequence to ignore.
    let ignore_eos = fixed.ignore_eos && backend != Backend::VllmRerank;
    Template::new(backend, fields, &Fixed { ignore_eos, ..fixed.clone() })
}

/// Writes the prompt as `backend` has it.
pub(super) fn write_prompt(backend: Backend, sample: &Sample, out: &mut Vec<u8>) {
    match backend {
        Backend::OpenaiEmbeddingsClip if !sample.media.is_empty() => prompt::write_user_message(out, |out| {
            // An image or a text: the prompt is emptied, and its part stays.
            prompt::write_text_part("", out);
            prompt::write_media(&sample.media, out);
        }),
        Backend::OpenaiEmbeddingsVlm2vec if !sample.media.is_empty() => prompt::write_user_message(out, |out| {
            prompt::write_media(&sample.media, out);
            out.push(b',');
            prompt::write_text_part(&instruction(sample), out);
        }),
        Backend::OpenaiEmbeddingsChat | Backend::OpenaiEmbeddingsClip | Backend::OpenaiEmbeddingsVlm2vec => {
            prompt::write_messages(sample, out);
        }
        _ => match media(backend, sample) {
            Some((_, url)) => write_text(url, out),
            None => prompt::write_input(&sample.prompt, out),
        },
    }
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

/// Writes the field `modality`, where the input is no text.
pub(super) fn write_modality(backend: Backend, sample: &Sample, out: &mut Vec<u8>) {
    if let Some((kind, _)) = media(backend, sample) {
        out.extend_from_slice(format!(",\"modality\":{}", Value::from(kind)).as_bytes());
    }
}

/// The one image or video that is the input in place of the prompt: what it is called, and where it is.
fn media(backend: Backend, sample: &Sample) -> Option<(&'static str, &str)> {
    let instead = match backend {
        Backend::InfinityEmbeddings => prompt::is_empty(&sample.prompt),
        Backend::InfinityEmbeddingsClip => true,
        _ => false,
    };
    match sample.media.as_slice() {
        [Part::Image { url, .. }] if instead => Some(("image", url)),
        [Part::Video { url }] if instead => Some(("video", url)),
        _ => None,
    }
}

/// How many inputs a request of `sample` holds.
pub(super) fn inputs(backend: Backend, sample: &Sample) -> usize {
    match backend {
        Backend::OpenaiEmbeddingsChat | Backend::OpenaiEmbeddingsClip | Backend::OpenaiEmbeddingsVlm2vec => 1,
        Backend::VllmRerank => sample.prompt.inputs().saturating_sub(1),
        _ if media(backend, sample).is_some() => 1,
        _ => sample.prompt.inputs().max(1),
    }
}

/// Whether `backend` can ask for `sample`.
pub(super) fn check(backend: Backend, sample: &Sample) -> Result<()> {
    match backend {
        Backend::VllmRerank if sample.prompt.inputs() < 2 => {
            Err(Error::new("a ranking needs a query and documents, and the prompt is one text")
                .hint("use `--dataset-name random-rerank`"))
        }
        Backend::InfinityEmbeddings | Backend::InfinityEmbeddingsClip => {
            let wants_media = prompt::is_empty(&sample.prompt)
                || backend == Backend::InfinityEmbeddingsClip && !sample.media.is_empty();
            if wants_media && media(backend, sample).is_none() {
                return Err(Error::new("there is neither a prompt nor one image or video to embed")
                    .hint("use a dataset of prompts, or of one image or video a request"));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "pooling_test.rs"]
mod tests;
