//! A walk over JSON that hops over everything it does not need: an object or an array comes in, its keys and values go out as
//! bytes. A body of 300 kB costs some microseconds; in return only its structure is checked, not each value.

use memchr::{memchr2, memmem};

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

/// Calls `visit` with the bytes of each item of a JSON array.
pub(super) fn for_each_item<'a>(array: &'a [u8], mut visit: impl FnMut(&'a [u8])) -> Result<(), &'static str> {
    const BAD: &str = "a list in the body is no JSON";
    let mut rest = array.trim_ascii().strip_prefix(b"[").ok_or(BAD)?.trim_ascii_start();
    if rest == b"]" {
        return Ok(());
    }
    loop {
        let (item, after) = rest.split_at(value_len(rest).ok_or(BAD)?);
        visit(item);
        let after = after.trim_ascii_start();
        match after.split_first() {
            Some((b',', more)) => rest = more.trim_ascii_start(),
            Some((b']', [])) => return Ok(()),
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

/// The text between the quotes, escapes as they are.
pub(super) fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value.strip_prefix(b"\"")?.strip_suffix(b"\"")?).ok()
}
