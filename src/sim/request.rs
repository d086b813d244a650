//! A request's head: bytes come in, and what matters of them goes out, read by httparse. The body is another's matter.

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
    /// What parts the fields of a form.
    pub(super) boundary: Option<String>,
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
        boundary: None,
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
        } else if header.name.eq_ignore_ascii_case("content-type") {
            head.boundary = std::str::from_utf8(value).ok().and_then(boundary);
        }
    }
    Ok(Some(head))
}

/// The boundary that a `multipart/form-data` type names.
fn boundary(kind: &str) -> Option<String> {
    let mut parts = kind.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    });
    value.filter(|boundary| !boundary.is_empty()).map(str::to_owned)
}

#[cfg(test)]
#[path = "request_test.rs"]
mod tests;
