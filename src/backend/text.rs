//! Texts as JSON strings. A text comes in, it is appended to the bytes of a body.

/// Appends `text` as a JSON string. Prompts can be long and seldom need an escape, so clean stretches are copied whole.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (clean, dirty) = rest.split_at(clean_length(rest));
        out.extend_from_slice(clean);
        let Some((&byte, after)) = dirty.split_first() else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = after;
    }
    out.push(b'"');
}

/// How many bytes come before the first that must be escaped (RFC 8259, section 7).
fn clean_length(bytes: &[u8]) -> usize {
    let is_dirty = |&byte: &u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Whole blocks without an early exit, so that the compiler can look at many bytes at once.
    let mut clean = 0;
    for block in bytes.chunks(64) {
        if block.iter().fold(false, |dirty, byte| dirty | is_dirty(byte)) {
            return clean + block.iter().position(is_dirty).expect("a byte of this block is dirty");
        }
        clean += block.len();
    }
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_text_reads_back_as_it_was(text in "(\\PC|[\x00-\x1f\"\\\\]|[a-z ]{60,70}){0,8}") {
            let mut out = Vec::new();
            write_text(&text, &mut out);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
