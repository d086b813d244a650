//! What a body is by its first bytes, where its media type says something else.

use super::sse::BYTE_ORDER_MARK;

/// How an event stream begins.
const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];

/// Within so many bytes a body has begun: a mark of the byte order and the longest name of a field.
pub(super) const LONGEST: usize = 9;

/// Whether these are the first bytes of an event stream.
pub(super) fn is_stream(bytes: &[u8]) -> bool {
    FIELDS.iter().any(|field| unmarked(bytes).starts_with(field))
}

/// Whether these few bytes may become the first of an event stream.
pub(super) fn may_be_stream(bytes: &[u8]) -> bool {
    BYTE_ORDER_MARK.starts_with(bytes) || FIELDS.iter().any(|field| field.starts_with(unmarked(bytes)))
}

/// Whether these are the first bytes of a JSON document.
pub(super) fn is_document(bytes: &[u8]) -> bool {
    matches!(unmarked(bytes).trim_ascii_start().first(), Some(b'{' | b'['))
}

/// The first bytes of what is called an event stream and is a document, JSON or a web page, if `data` behind `before` shows that.
pub(super) fn of_mistaken(before: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let is_mark = BYTE_ORDER_MARK.starts_with(before);
    if !is_mark && !unmarked(before).trim_ascii().is_empty() {
        return None;
    }
    // Blanks are no words.
    let begun = [if is_mark { before } else { b"" }, data].concat();
    let is_page = unmarked(&begun).trim_ascii_start().starts_with(b"<");
    (is_page || is_document(&begun)).then_some(begun)
}

fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_by_their_first_bytes() {
        let table: [(&str, bool, bool, bool); 9] = [
            ("data: x", true, false, false),
            ("\u{feff}event: x", true, false, false),
            (": ping", true, false, false),
            ("dat", false, true, false),
            ("", false, true, false),
            ("\u{feff}i", false, true, false),
            ("\u{feff} {", false, false, true),
            ("[1]", false, false, true),
            ("<p>", false, false, false),
        ];
        for (text, stream, may_be_stream_yet, document) in table {
            let bytes = text.as_bytes();
            let found = (is_stream(bytes), may_be_stream(bytes), is_document(bytes));
            assert_eq!(found, (stream, may_be_stream_yet, document), "{text:?}");
        }
        for (before, data, is_mistaken) in [
            ("", "{", true),
            ("", " <p>", true),
            ("", "\u{feff}[", true),
            (" ", "{", true),
            ("\u{feff} ", "{", true),
            ("", " ", false),
            ("data: ", "{", false),
            ("", "data: {", false),
        ] {
            let begun = of_mistaken(before.as_bytes(), data.as_bytes());
            assert_eq!(begun.as_deref(), is_mistaken.then_some(data.as_bytes()), "{before:?} {data:?}");
        }
        assert_eq!(of_mistaken(&BYTE_ORDER_MARK[..1], b"\xBB\xBF{").unwrap(), "\u{feff}{".as_bytes());
        assert!(may_be_stream(&BYTE_ORDER_MARK[..2]) && !is_stream(&BYTE_ORDER_MARK[..2]));
    }
}
