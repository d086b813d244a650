//! What a request asks for: the head by httparse, the body by a walk over its top-level keys that hops over everything it does
//! not need. A body of 300 kB costs some microseconds; in return only its structure is checked, not each value.

use memchr::{memchr_iter, memchr2, memmem};

/// A request's head: how long it is, and what matters of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes up to and including the empty line.
    pub(super) len: usize,
    pub(super) method: Method,
    /// Without the query.
    pub(super) path: String,
    /// Bytes of the body; none when the length is not stated beforehand.
    pub(super) body: Option<usize>,
    pub(super) keep_alive: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects: bool,
}

/// The methods that the simulator tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Other,
}

/// The longest head that is read before it is refused.
const HEAD_LIMIT: usize = 64 * 1024;

/// Reads a head; `None` while its end has not come. The error is a text for the client.
pub(super) fn head(bytes: &[u8]) -> Result<Option<Head>, &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let len = match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_LIMIT => return Ok(None),
        _ => return Err("the request's head is no HTTP/1.1"),
    };
    let path = request.path.unwrap_or("/");
    let mut head = Head {
        len,
        method: match request.method {
            Some("GET") => Method::Get,
            Some("POST") => Method::Post,
            _ => Method::Other,
        },
        path: path.split(['?', '#']).next().unwrap_or(path).to_owned(),
        body: Some(0),
        keep_alive: request.version == Some(1),
        expects: false,
    };
    for header in request.headers.iter() {
        let value = header.value.trim_ascii();
        if header.name.eq_ignore_ascii_case("content-length") {
            let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            head.body = Some(number.ok_or("the `content-length` is no number")?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            head.body = None;
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.keep_alive = !value.eq_ignore_ascii_case(b"close");
        } else if header.name.eq_ignore_ascii_case("expect") {
            head.expects = true;
        }
    }
    Ok(Some(head))
}

/// What a generation request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// The model's name, as it stands between the quotes.
    pub(super) model: Option<String>,
    /// `max_completion_tokens`, or `max_tokens`.
    pub(super) max_tokens: Option<u32>,
    pub(super) stream: bool,
    /// `stream_options.include_usage`.
    pub(super) include_usage: bool,
    /// `stream_options.continuous_usage_stats`.
    pub(super) continuous_usage: bool,
    pub(super) ignore_eos: bool,
    /// Tokens of the prompt: the length of an array of ids, else a quarter of the bytes of the text (or of the whole
    /// `messages` value), rounded up.
    pub(super) prompt_tokens: u32,
    /// A `prompt` or `messages` was there.
    pub(super) has_prompt: bool,
}

/// Reads a generation request. The error is a text for the client.
pub(super) fn order(body: &[u8]) -> Result<Order, &'static str> {
    let mut order = Order::default();
    for_each_field(body, |key, value| {
        match key {
            b"model" => order.model = text(value).map(str::to_owned),
            b"max_completion_tokens" => order.max_tokens = tokens(value)?,
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
            b"prompt" | b"messages" => {
                order.has_prompt = true;
                order.prompt_tokens = prompt_tokens(value);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(order)
}

/// Calls `visit` with each key and the bytes of each value of a JSON object.
pub(super) fn for_each_field<'a>(
    object: &'a [u8],
    mut visit: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    const BAD: &str = "the body is no JSON object";
    let mut rest = object.trim_ascii().strip_prefix(b"{").ok_or(BAD)?.trim_ascii_start();
    if let Some(after) = rest.strip_prefix(b"}") {
        return if after.is_empty() { Ok(()) } else { Err(BAD) };
    }
    loop {
        let (key, after) = rest.split_at(value_len(rest).ok_or(BAD)?);
        let key = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).ok_or(BAD)?;
        let after = after.trim_ascii_start().strip_prefix(b":").ok_or(BAD)?.trim_ascii_start();
        let (value, after) = after.split_at(value_len(after).ok_or(BAD)?);
        visit(key, value)?;
        let after = after.trim_ascii_start();
        match after.split_first() {
            Some((b',', more)) => rest = more.trim_ascii_start(),
            Some((b'}', [])) => return Ok(()),
            _ => return Err(BAD),
        }
    }
}

/// How many bytes the JSON value at the start takes.
fn value_len(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' => string_len(bytes),
        b'{' | b'[' => nested_len(bytes),
        _ => {
            let len = bytes.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))?;
            serde_json::from_slice::<serde::de::IgnoredAny>(&bytes[..len]).ok().map(|_| len)
        }
    }
}

fn string_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn nested_len(bytes: &[u8]) -> Option<usize> {
    // An array of numbers, as token ids are, has no string and no bracket before its end.
    let first = bytes[1..].trim_ascii_start().first()?;
    if bytes[0] == b'[' && first.is_ascii_digit() {
        return memmem::find(bytes, b"]").map(|end| end + 1);
    }
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at += string_len(&bytes[at..])?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

fn prompt_tokens(value: &[u8]) -> u32 {
    let first = value.get(1..).and_then(|rest| rest.trim_ascii_start().first());
    let count = match (value.first(), first) {
        (Some(b'['), Some(digit)) if digit.is_ascii_digit() => memchr_iter(b',', value).count() + 1,
        (Some(b'"'), _) => (value.len() - 2).div_ceil(4),
        _ => value.len().div_ceil(4),
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The text between the quotes, escapes as they are.
pub(super) fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value.strip_prefix(b"\"")?.strip_suffix(b"\"")?).ok()
}

fn flag(value: &[u8]) -> Result<bool, &'static str> {
    match value {
        b"true" => Ok(true),
        b"false" | b"null" => Ok(false),
        _ => Err("a flag is neither true nor false"),
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
#[path = "request_test.rs"]
mod tests;
