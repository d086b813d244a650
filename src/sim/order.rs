//! What a request asks for, from its body: how many tokens, streamed or whole, and how large its prompt is. JSON is walked over,
//! forms are taken apart by their boundary; the prompt itself is measured and not kept.

use super::endpoint::Endpoint;
use super::prompt::Meter;
use super::walk::{for_each_field, text};

/// What a request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// The model's name, as it stands between the quotes.
    pub(super) model: Option<String>,
    /// `max_completion_tokens`, `max_output_tokens` or `max_tokens`.
    pub(super) max_tokens: Option<u32>,
    pub(super) stream: bool,
    /// `stream_options.include_usage`, or `stream_include_usage` of a form.
    pub(super) include_usage: bool,
    /// `stream_options.continuous_usage_stats`, or `stream_continuous_usage_stats` of a form.
    pub(super) continuous_usage: bool,
    pub(super) ignore_eos: bool,
    /// Tokens of the prompts: see [`Meter`].
    pub(super) prompt_tokens: u32,
    /// Prompts, or documents where there are some.
    pub(super) inputs: u32,
    /// How embeddings are written.
    pub(super) encoding: Encoding,
    /// The length of an embedding, where the request says.
    pub(super) dimensions: Option<u32>,
    /// The prompt's blocks as a prefix cache knows them.
    pub(super) blocks: Vec<u64>,
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    #[default]
    Float,
    Base64,
    /// As bytes, with what JSON would say in the header `metadata`.
    Bytes,
    /// As bytes alone.
    BytesOnly,
}

/// The length of an embedding where the request says none.
pub(super) const DIMENSIONS: u32 = 16;
/// The longest context that the simulator claims to have.
pub(super) const MAX_MODEL_LEN: u32 = 1_048_576;
/// Prompts of one request that are continued.
const MOST_PROMPTS: u32 = 1024;
/// Tokens of all answers to one request: some 100 MB of text.
const MOST_TOKENS: u64 = 1 << 24;
/// Numbers of an answer: some 32 MB of text.
const MOST_ELEMENTS: u64 = 1 << 22;
/// Bytes of a sound file that are a token: 20 ms at 16,000 samples a second of two bytes each.
const SOUND_BYTES: usize = 640;

/// Reads a request of `endpoint` from its JSON, its prompts by `meter`. The error is a text for the client.
pub(super) fn order(endpoint: Endpoint, body: &[u8], mut meter: Meter<'_>) -> Result<Order, String> {
    let mut order = Order::default();
    let (mut prompt, mut documents): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    for_each_field(body, |key, value| {
        let is = |names: &[&str]| names.iter().any(|name| name.as_bytes() == key);
        match key {
            b"model" => order.model = text(value).map(str::to_owned),
            b"max_completion_tokens" | b"max_output_tokens" => order.max_tokens = limit(value)?,
            b"max_tokens" if order.max_tokens.is_none() => order.max_tokens = limit(value)?,
            b"stream" => order.stream = flag(value)?,
            b"ignore_eos" => order.ignore_eos = flag(value)?,
            b"n" if value != b"1" && value != b"null" => return Err("`n` must be 1"),
            b"stream_options" if value != b"null" => for_each_field(value, |key, value| {
                match key {
                    b"include_usage" => order.include_usage = flag(value)?,
                    b"continuous_usage_stats" => order.continuous_usage = flag(value)?,
                    _ => {}
                }
                Ok(())
            })?,
            b"encoding_format" => order.encoding = encoding(value)?,
            b"dimensions" => order.dimensions = limit(value)?,
            _ if is(endpoint.prompts()) => prompt = Some(value),
            _ if is(endpoint.documents()) => documents = Some(value),
            _ => {}
        }
        Ok(())
    })?;
    let missing = |names: &[&str]| format!("the body has no `{}`", names.join("` and no `"));
    let prompt = prompt.ok_or_else(|| missing(endpoint.prompts()))?;
    if documents.is_none() && !endpoint.documents().is_empty() {
        return Err(missing(endpoint.documents()));
    }
    let mut size = meter.prompt(prompt);
    if let Some(documents) = documents {
        size = size.compared_with(meter.list(documents));
    }
    (order.prompt_tokens, order.inputs, order.blocks) = (size.tokens, size.inputs, meter.blocks());
    order.stream &= !endpoint.pools();
    if !endpoint.pools() {
        fits(&order)?;
    }
    let elements = u64::from(order.inputs) * u64::from(order.dimensions.unwrap_or(DIMENSIONS));
    if endpoint.pools() && elements > MOST_ELEMENTS {
        return Err(format!("the answer would have {elements} numbers, and no more than {MOST_ELEMENTS} are made"));
    }
    Ok(order)
}

/// Refuses texts that would fill the memory: longer ones than the context, or too many side by side.
fn fits(order: &Order) -> Result<(), String> {
    let tokens = order.max_tokens.unwrap_or_default();
    if tokens > MAX_MODEL_LEN {
        return Err(format!("`max_tokens` is {tokens}, and the context is {MAX_MODEL_LEN} tokens long"));
    }
    let all = u64::from(order.inputs) * u64::from(tokens);
    if order.inputs > MOST_PROMPTS || all > MOST_TOKENS {
        let prompts = order.inputs;
        return Err(format!(
            "{prompts} prompts would be continued by {all} tokens, and no more than {MOST_PROMPTS} are, by {MOST_TOKENS}"
        ));
    }
    Ok(())
}

/// Reads a form that brings a file. The error is a text for the client.
pub(super) fn form(fields: &[super::form::Field<'_>]) -> Result<Order, String> {
    let mut order = Order { inputs: 1, ..Order::default() };
    let mut file = None;
    for field in fields {
        let value = field.value.trim_ascii();
        let number = || std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).filter(|&n: &u32| n > 0);
        match field.name {
            "file" => file = Some(field.value.len()),
            "model" => order.model = std::str::from_utf8(value).ok().map(str::to_owned),
            "max_completion_tokens" | "max_tokens" => {
                order.max_tokens = Some(number().ok_or("the limit of output tokens is no positive number")?);
            }
            "stream" => order.stream = truth(value)?,
            "stream_include_usage" => order.include_usage = truth(value)?,
            "stream_continuous_usage_stats" => order.continuous_usage = truth(value)?,
            "ignore_eos" => order.ignore_eos = truth(value)?,
            _ => {}
        }
    }
    let file = file.ok_or("the form has no `file`")?;
    order.prompt_tokens = u32::try_from(file.div_ceil(SOUND_BYTES)).unwrap_or(u32::MAX);
    fits(&order)?;
    Ok(order)
}

fn flag(value: &[u8]) -> Result<bool, &'static str> {
    match value {
        b"true" => Ok(true),
        b"false" | b"null" => Ok(false),
        _ => Err("a flag is neither true nor false"),
    }
}

/// A flag of a form, in the words of JSON or of Python.
fn truth(value: &[u8]) -> Result<bool, &'static str> {
    match value {
        b"True" | b"true" | b"1" => Ok(true),
        b"False" | b"false" | b"0" | b"None" => Ok(false),
        _ => Err("a flag is neither true nor false"),
    }
}

fn encoding(value: &[u8]) -> Result<Encoding, &'static str> {
    match value {
        b"\"float\"" | b"null" => Ok(Encoding::Float),
        b"\"base64\"" => Ok(Encoding::Base64),
        b"\"bytes\"" => Ok(Encoding::Bytes),
        b"\"bytes_only\"" => Ok(Encoding::BytesOnly),
        _ => Err("`encoding_format` is none of float, base64, bytes, bytes_only"),
    }
}

fn limit(value: &[u8]) -> Result<Option<u32>, &'static str> {
    if value == b"null" {
        return Ok(None);
    }
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).filter(|&n: &u32| n > 0);
    number.map(Some).ok_or("the limit of output tokens is no positive number")
}

#[cfg(test)]
#[path = "order_test.rs"]
mod tests;
