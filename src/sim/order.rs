//! What a request asks for, from its body: how many tokens, streamed or whole, and how large its prompt is. JSON is walked over,
//! forms are taken apart by their boundary; the prompt itself is measured and not kept.

use memchr::{memchr, memchr_iter, memmem};

use super::endpoint::Endpoint;
use super::prefix;
use super::walk::{for_each_field, for_each_item, text};

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
    /// Tokens of the prompts: see [`Size`].
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

/// Whether a prompt's blocks are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    Wanted,
    Unwanted,
}

/// How large a prompt is: ids count one each, a text a quarter of its bytes, messages a quarter of the bytes of their JSON,
/// rounded up. An image, a video or a sound inside counts [`MEDIUM_TOKENS`], whatever its size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    tokens: u32,
    inputs: u32,
}

/// Lists of ids lie in a list of prompts; what lies deeper is one text.
const DEEPEST: u32 = 3;
/// The length of an embedding where the request says none.
pub(super) const DIMENSIONS: u32 = 16;
/// Numbers of an answer: some 32 MB of text.
const MOST_ELEMENTS: u64 = 1 << 22;
/// Tokens of an image, a video or a sound in a message.
const MEDIUM_TOKENS: u32 = 256;
/// Bytes of a sound file that are a token: 20 ms at 16,000 samples a second of two bytes each.
const SOUND_BYTES: usize = 640;

/// Reads a request of `endpoint` from its JSON. The error is a text for the client.
pub(super) fn order(endpoint: Endpoint, body: &[u8], blocks: Blocks) -> Result<Order, String> {
    let mut order = Order::default();
    let (mut prompt, mut documents): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    for_each_field(body, |key, value| {
        let is = |names: &[&str]| names.iter().any(|name| name.as_bytes() == key);
        match key {
            b"model" => order.model = text(value).map(str::to_owned),
            b"max_completion_tokens" | b"max_output_tokens" => order.max_tokens = tokens(value)?,
            b"max_tokens" if order.max_tokens.is_none() => order.max_tokens = tokens(value)?,
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
            b"dimensions" => order.dimensions = tokens(value)?,
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
    let mut size = Size::of(prompt);
    if let Some(documents) = documents {
        size = size.compared_with(Size::of_list(documents));
    }
    (order.prompt_tokens, order.inputs) = (size.tokens, size.inputs);
    if blocks == Blocks::Wanted {
        order.blocks = prefix::blocks(prompt);
    }
    order.stream &= !endpoint.pools();
    let elements = u64::from(order.inputs) * u64::from(order.dimensions.unwrap_or(DIMENSIONS));
    if endpoint.pools() && elements > MOST_ELEMENTS {
        return Err(format!("the answer would have {elements} numbers, and no more than {MOST_ELEMENTS} are made"));
    }
    Ok(order)
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
    Ok(order)
}

impl Size {
    fn one(tokens: usize) -> Self {
        Size { tokens: u32::try_from(tokens).unwrap_or(u32::MAX), inputs: 1 }
    }

    /// The size of a prompt of any shape. A list of texts or of lists of ids is a prompt an item.
    fn of(value: &[u8]) -> Self {
        Size::within(value, DEEPEST)
    }

    /// As [`Size::of`], where lists may lie in lists so many times.
    fn within(value: &[u8], depth: u32) -> Self {
        let first = value.get(1..).and_then(|rest| rest.trim_ascii_start().first());
        match (value.first(), first) {
            (Some(b'['), Some(digit)) if digit.is_ascii_digit() => Size::one(memchr_iter(b',', value).count() + 1),
            (Some(b'['), Some(b'"' | b'[')) if depth > 0 => Size::of_items(value, depth - 1),
            (Some(b'"'), _) => Size::one(text_tokens(&value[1..value.len() - 1])),
            _ => Size::one(text_tokens(value)),
        }
    }

    /// The size of a list, an input an item; of anything else, as of one.
    fn of_list(value: &[u8]) -> Self {
        Size::of_items(value, DEEPEST)
    }

    fn of_items(value: &[u8], depth: u32) -> Self {
        let mut sum = Size::default();
        let add = |item: &[u8]| {
            sum.tokens = sum.tokens.saturating_add(Size::within(item, depth).tokens);
            sum.inputs += 1;
        };
        if for_each_item(value, add).is_ok() && sum.inputs > 0 { sum } else { Size::one(text_tokens(value)) }
    }

    /// A query goes in with each of the documents; several go in with one each.
    fn compared_with(self, documents: Size) -> Size {
        let queries = if self.inputs == 1 { self.tokens.saturating_mul(documents.inputs) } else { self.tokens };
        Size { tokens: documents.tokens.saturating_add(queries), inputs: documents.inputs.max(self.inputs) }
    }
}

/// A quarter of the bytes; data within counts as a medium.
fn text_tokens(json: &[u8]) -> usize {
    let (mut media, mut bytes) = (0, json.len());
    for opening in [&b"\"data:"[..], b"\"data\": \"", b"\"data\":\""] {
        for at in memmem::find_iter(json, opening) {
            let from = at + opening.len();
            // A quote after a backslash stands inside a text.
            if at > 0 && json[at - 1] == b'\\' {
                continue;
            }
            media += 1;
            bytes -= memchr(b'"', &json[from..]).unwrap_or(0);
        }
    }
    bytes.div_ceil(4) + media * MEDIUM_TOKENS as usize
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

fn tokens(value: &[u8]) -> Result<Option<u32>, &'static str> {
    if value == b"null" {
        return Ok(None);
    }
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).filter(|&n: &u32| n > 0);
    number.map(Some).ok_or("the limit of output tokens is no positive number")
}

#[cfg(test)]
#[path = "order_test.rs"]
mod tests;
