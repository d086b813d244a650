//! Forms with files, `multipart/form-data` (RFC 7578): a body and its boundary come in, names and bytes of the fields go out,
//! borrowed from the body.

use memchr::memmem;

/// One field of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a [u8],
}

const BAD: &str = "the form is not `multipart/form-data` with the boundary of its head";

/// Takes a form apart. The error is a text for the client.
pub(super) fn fields<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Field<'a>>, &'static str> {
    let opening = format!("--{boundary}");
    // Every later boundary is preceded by a line end, which belongs to it and not to the value.
    let between = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(between.as_bytes());
    let mut rest = body.strip_prefix(opening.as_bytes()).ok_or(BAD)?;
    let mut fields = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n").ok_or(BAD)?;
        let end = finder.find(rest).ok_or(BAD)?;
        fields.push(field(&rest[..end]).ok_or("a field of the form has no name")?);
        rest = &rest[end + between.len()..];
    }
    Ok(fields)
}

/// A field from its headers and its value.
fn field(part: &[u8]) -> Option<Field<'_>> {
    let end = memmem::find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..end]).ok()?;
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name = disposition.split(';').find_map(|parameter| parameter.trim().strip_prefix("name="))?;
    Some(Field { name: name.trim_matches('"'), value: &part[end + 4..] })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORM: &str = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\
        \r\nRI\r\nFF\r\n--xyz\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--xyz--\r\n";

    #[test]
    fn a_form_is_its_fields() {
        let expected = [Field { name: "file", value: b"RI\r\nFF" }, Field { name: "model", value: b"whisper" }];
        assert_eq!(fields(FORM.as_bytes(), "xyz").unwrap(), expected);
        assert_eq!(fields(b"--xyz--\r\n", "xyz").unwrap(), []);
    }

    #[test]
    fn a_form_that_breaks_off_is_refused() {
        for cut in 0..FORM.len() - 4 {
            assert!(fields(&FORM.as_bytes()[..cut], "xyz").is_err(), "{cut}");
        }
        assert!(fields(FORM.as_bytes(), "other").is_err());
        assert!(fields(b"--xyz\r\n\r\nvalue\r\n--xyz--", "xyz").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_survive_a_form(value in proptest::collection::vec(any::<u8>(), 0..64), name in "[a-z_]{1,12}") {
            let mut body = format!("--b0und\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").into_bytes();
            body.extend_from_slice(&value);
            body.extend_from_slice(b"\r\n--b0und--\r\n");
            prop_assert_eq!(fields(&body, "b0und").unwrap(), vec![Field { name: &name, value: &value }]);
        }

        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = fields(&body, "a");
            let _ = fields(&[b"--a\r\n", &body[..]].concat(), "a");
        }
    }
}
