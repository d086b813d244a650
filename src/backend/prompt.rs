//! A sample's prompt as JSON: as the bare input of completions and embeddings, and as the messages of a chat.

use super::text::write_text;
use crate::dataset::{Part, Prompt, Sample};

/// Writes a prompt as it is: a text, ids, or a list of either; parts and messages as the lists that they are.
pub(super) fn write_input(sample: &Sample, out: &mut Vec<u8>) {
    write_prompt(&sample.prompt, out);
}

fn write_prompt(prompt: &Prompt, out: &mut Vec<u8>) {
    match prompt {
        Prompt::Text(text) => write_text(text, out),
        Prompt::Batch(texts) => write_list(texts, out, |text, out| write_text(text, out)),
        Prompt::Ids(ids) => write_ids(ids, out),
        Prompt::IdBatch(prompts) => write_list(prompts, out, |ids, out| write_ids(ids, out)),
        Prompt::Parts(parts) => write_list(parts, out, write_part),
        Prompt::Messages(json) | Prompt::Fields(json) => out.extend_from_slice(json.as_str().as_bytes()),
    }
}

/// Writes the field `input` behind others, or the fields that a prompt has in its place.
pub(super) fn write_input_or_fields(sample: &Sample, out: &mut Vec<u8>) {
    match &sample.prompt {
        Prompt::Fields(fields) => {
            let within = fields.as_str().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
            if !within.is_empty() {
                out.push(b',');
                out.extend_from_slice(within.as_bytes());
            }
        }
        prompt => {
            out.extend_from_slice(br#","input":"#);
            write_prompt(prompt, out);
        }
    }
}

/// Writes the messages of a chat: those of the sample, else one user message of its prompt and then its media.
pub(super) fn write_messages(sample: &Sample, out: &mut Vec<u8>) {
    if let Prompt::Messages(messages) = &sample.prompt {
        return out.extend_from_slice(messages.as_str().as_bytes());
    }
    write_user_message(out, |out| {
        write_prompt_parts(&sample.prompt, out);
        write_media(&sample.media, out);
    });
}

/// Writes the messages of a chat as [`write_messages`] does, but a text that stands alone as the content itself.
pub(super) fn write_plain_messages(sample: &Sample, out: &mut Vec<u8>) {
    match &sample.prompt {
        Prompt::Text(text) if sample.media.is_empty() => {
            out.extend_from_slice(br#"[{"role":"user","content":"#);
            write_text(text, out);
            out.extend_from_slice(b"}]");
        }
        _ => write_messages(sample, out),
    }
}

/// Writes a list of one message, with `content` writing its parts.
pub(super) fn write_user_message(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(br#"[{"role":"user","content":["#);
    content(out);
    out.extend_from_slice(b"]}]");
}

/// Writes media as content parts behind those that are there.
pub(super) fn write_media(media: &[Part], out: &mut Vec<u8>) {
    for part in media {
        comma(out);
        write_part(part, out);
    }
}

/// Writes the first text of a batch: what the others are ranked by.
pub(super) fn write_query(sample: &Sample, out: &mut Vec<u8>) {
    match &sample.prompt {
        Prompt::Batch(texts) => write_text(texts.first().map_or("", String::as_str), out),
        Prompt::IdBatch(prompts) => write_ids(prompts.first().map_or(&[], Vec::as_slice), out),
        other => write_prompt(other, out),
    }
}

/// Writes the texts of a batch behind its first.
pub(super) fn write_documents(sample: &Sample, out: &mut Vec<u8>) {
    match &sample.prompt {
        Prompt::Batch(texts) => write_list(texts.get(1..).unwrap_or_default(), out, |text, out| write_text(text, out)),
        Prompt::IdBatch(prompts) => {
            write_list(prompts.get(1..).unwrap_or_default(), out, |ids, out| write_ids(ids, out))
        }
        _ => out.extend_from_slice(b"[]"),
    }
}

/// Whether a prompt has nothing in it.
pub(super) fn is_empty(prompt: &Prompt) -> bool {
    match prompt {
        Prompt::Text(text) => text.is_empty(),
        Prompt::Batch(texts) => texts.is_empty(),
        Prompt::Ids(ids) => ids.is_empty(),
        Prompt::IdBatch(prompts) => prompts.is_empty(),
        Prompt::Parts(parts) => parts.is_empty(),
        Prompt::Messages(_) | Prompt::Fields(_) => false,
    }
}

/// The prompt as content parts, separated by commas: its own parts, else a text part of each text.
fn write_prompt_parts(prompt: &Prompt, out: &mut Vec<u8>) {
    match prompt {
        Prompt::Parts(parts) => write_items(parts, out, write_part),
        Prompt::Batch(texts) => write_items(texts, out, |text, out| write_text_part(text, out)),
        Prompt::Text(text) => write_text_part(text, out),
        Prompt::Ids(_) | Prompt::IdBatch(_) | Prompt::Messages(_) | Prompt::Fields(_) => {
            out.extend_from_slice(br#"{"type":"text","text":"#);
            write_prompt(prompt, out);
            out.push(b'}');
        }
    }
}

/// Writes one content part.
pub(super) fn write_part(part: &Part, out: &mut Vec<u8>) {
    match part {
        Part::Text(text) => write_text_part(text, out),
        Part::Lead(text) => {
            out.extend_from_slice(br#"{"text":"#);
            write_text(text, out);
            out.extend_from_slice(br#","type":"text"}"#);
        }
        Part::Image { url, more } => {
            out.extend_from_slice(br#"{"type":"image_url","image_url":{"url":"#);
            write_text(url, out);
            if !more.is_empty() {
                out.push(b',');
                out.extend_from_slice(more.as_bytes());
            }
            out.extend_from_slice(b"}}");
        }
        Part::Video { url } => {
            out.extend_from_slice(br#"{"type":"video_url","video_url":{"url":"#);
            write_text(url, out);
            out.extend_from_slice(b"}}");
        }
        Part::Audio { data, format } => {
            out.extend_from_slice(br#"{"type":"input_audio","input_audio":{"data":"#);
            write_text(data, out);
            out.extend_from_slice(br#","format":"#);
            write_text(format, out);
            out.extend_from_slice(b"}}");
        }
    }
}

/// Writes a text as a content part.
pub(super) fn write_text_part(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"text","text":"#);
    write_text(text, out);
    out.push(b'}');
}

fn write_ids(ids: &[u32], out: &mut Vec<u8>) {
    write_list(ids, out, |id, out| out.extend_from_slice(id.to_string().as_bytes()));
}

fn write_list<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    write_items(items, out, write);
    out.push(b']');
}

fn write_items<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
}

/// Separates what follows from an item that stands before it, if one does.
pub(super) fn comma(out: &mut Vec<u8>) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
}

/// About how many bytes the prompt and the media of a sample take.
pub(super) fn size_hint(sample: &Sample) -> usize {
    let prompt = match &sample.prompt {
        Prompt::Text(text) => text_size(text),
        Prompt::Batch(texts) => texts.iter().map(|text| text_size(text)).sum(),
        Prompt::Ids(ids) => ids.len() * 7,
        Prompt::IdBatch(prompts) => prompts.iter().map(|ids| ids.len() * 7).sum(),
        Prompt::Parts(parts) => parts.iter().map(part_size).sum(),
        Prompt::Messages(json) | Prompt::Fields(json) => json.as_str().len(),
    };
    prompt + sample.media.iter().map(part_size).sum::<usize>()
}

fn text_size(text: &str) -> usize {
    text.len() + text.len() / 16
}

fn part_size(part: &Part) -> usize {
    let data = match part {
        Part::Text(text) | Part::Lead(text) => text_size(text),
        Part::Image { url, more } => url.len() + more.len(),
        Part::Video { url } => url.len(),
        Part::Audio { data, .. } => data.len(),
    };
    data + 64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::dataset::Json;

    fn messages(prompt: Prompt, media: Vec<Part>) -> Value {
        let mut out = Vec::new();
        write_messages(&Sample { prompt, media, ..Sample::default() }, &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    fn image(more: &str) -> Part {
        Part::Image { url: "data:x".into(), more: more.into() }
    }

    #[test]
    fn media_follow_the_prompt_in_one_user_message() {
        let video = Part::Video { url: "file://v".into() };
        let sound = Part::Audio { data: "QQ==".into(), format: "wav".into() };
        let content = json!([
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}},
            {"type": "video_url", "video_url": {"url": "file://v"}},
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
        ]);
        let media = vec![image(r#""detail": "low""#), video, sound];
        let expected = json!([{"role": "user", "content": content}]);
        assert_eq!(messages(Prompt::Text("look".into()), media.clone()), expected);
        let parts = [vec![Part::Text("look".into())], media].concat();
        assert_eq!(messages(Prompt::Parts(parts), Vec::new()), expected);
    }

    #[test]
    fn whole_messages_go_out_as_they_are_and_without_media() {
        let own = json!([{"role": "system", "content": "x"}]);
        assert_eq!(messages(Prompt::Messages(Json::of(&own)), vec![image("")]), own);
    }

    #[test]
    fn ids_are_a_list_of_numbers() {
        let mut out = Vec::new();
        write_prompt(&Prompt::IdBatch(vec![vec![1, 20], vec![]]), &mut out);
        assert_eq!(out, b"[[1,20],[]]");
    }
}
