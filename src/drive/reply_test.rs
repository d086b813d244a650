use super::*;

fn read(pieces: &[&[u8]]) -> (Reply, Result<Progress, Reason>) {
    let mut reply = Reply::new(Backend::named("openai").unwrap(), Delivery::Stream, 1 << 20);
    let mut progress = Ok(Progress::More);
    for (index, piece) in pieces.iter().enumerate() {
        progress = reply.feed(piece, Tick::from_nanos(index as u64));
        if !matches!(progress, Ok(Progress::More)) {
            break;
        }
    }
    (reply, progress)
}

const BODY: &str =
    "data: {\"choices\":[{\"text\":\"a\"}]}\n\n: ping\n\ndata: {\"choices\":[{\"text\":\"b\"}]}\n\ndata: [DONE]\n\n";

fn with_length() -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{BODY}", BODY.len()).into_bytes()
}

fn in_chunks() -> Vec<u8> {
    let head = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let (first, second) = BODY.split_at(11);
    let chunks = [first, second].map(|data| format!("{:X};ext=1\r\n{data}\r\n", data.len())).concat();
    format!("{head}{chunks}0\r\nx-trailer: 1\r\n\r\n").into_bytes()
}

#[test]
fn every_framing_gives_the_same_answer_however_it_is_cut() {
    for bytes in [with_length(), in_chunks()] {
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        for pieces in [&[bytes.as_slice()][..], &single] {
            let (mut reply, progress) = read(pieces);
            assert_eq!(progress, Ok(Progress::Ended));
            assert_eq!((reply.answer.text.as_str(), reply.answer.chunks.len()), ("ab", 2));
            assert_eq!(reply.verdict(), Ok(()));
            assert!(reply.keeps_connection());
        }
    }
}

#[test]
fn a_body_until_close_ends_with_the_connection() {
    let (mut reply, progress) = read(&[b"HTTP/1.0 200 OK\r\n\r\n", BODY.as_bytes()]);
    assert_eq!(progress, Ok(Progress::More));
    assert_eq!(reply.verdict(), Ok(()));
    assert!(!reply.keeps_connection());
}

#[test]
fn a_refusal_keeps_status_and_message() {
    let body = r#"{"error":{"message":"slow down"}}"#;
    let head = format!("HTTP/1.1 429 Too Many Requests\r\ncontent-length: {}\r\n\r\n", body.len());
    let (mut reply, progress) = read(&[head.as_bytes(), body.as_bytes()]);
    assert_eq!(progress, Ok(Progress::Ended));
    assert_eq!(reply.verdict(), Err((Failure::HttpStatus(429), "HTTP 429 Too Many Requests: slow down".into())));
}

#[test]
fn a_success_that_is_no_event_stream_is_malformed() {
    let (mut reply, _) = read(&[b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"]);
    let (why, detail) = reply.verdict().unwrap_err();
    assert_eq!(why, Failure::Malformed);
    assert!(detail.contains("application/json"), "{detail}");
}

#[test]
fn a_document_that_is_called_an_event_stream_keeps_its_words() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let document = r#"{"error":{"message":"no such model"}}"#;
    let marked = format!("\u{feff}{document}");
    for body in
        [document, &marked, &format!("\n  {document}"), &format!("[{document}]"), &format!("\u{feff} \n[{document}]")]
    {
        for size in [1, 1000] {
            let pieces: Vec<&[u8]> = std::iter::once(&head[..]).chain(body.as_bytes().chunks(size)).collect();
            let (why, detail) = read(&pieces).0.verdict().unwrap_err();
            let expected = "expected an event stream, got a document: no such model";
            assert_eq!((why, detail.as_str()), (Failure::Malformed, expected), "{body:?} {size}");
        }
    }
    let refused = format!("HTTP/1.1 400 Bad Request\r\n\r\n{marked}");
    assert_eq!(read(&[refused.as_bytes()]).0.verdict().unwrap_err().1, "HTTP 400 Bad Request: no such model");
}

#[test]
fn an_event_over_the_limit_names_the_flag() {
    let mut reply = Reply::new(Backend::named("openai").unwrap(), Delivery::Stream, 10);
    let (why, detail) = reply.feed(&with_length(), Tick::ZERO).unwrap_err();
    assert_eq!(why, Failure::Malformed);
    assert!(detail.contains("--max-event-bytes"), "{detail}");
}

#[test]
fn a_cut_answer_is_truncated() {
    let bytes = in_chunks();
    let (mut reply, _) = read(&[&bytes[..bytes.len() - 60]]);
    assert_eq!(reply.verdict().unwrap_err().0, Failure::Truncated);
}

#[test]
fn a_connection_that_closes_without_an_answer_was_reset() {
    let (mut reply, _) = read(&[]);
    assert!(reply.is_untouched());
    assert_eq!(reply.verdict().unwrap_err().0, Failure::Reset);
}

#[test]
fn what_is_no_http_is_malformed() {
    let (_, progress) = read(&[b"SSH-2.0-OpenSSH_9.2\r\n\r\n"]);
    assert_eq!(progress.unwrap_err().0, Failure::Malformed);
}

#[test]
fn a_connection_with_bytes_left_over_is_not_used_again() {
    let mut bytes = with_length();
    bytes.extend_from_slice(b"HTTP/1.1");
    let (reply, progress) = read(&[&bytes]);
    assert_eq!(progress, Ok(Progress::Ended));
    assert!(!reply.keeps_connection());
}

#[test]
fn every_field_of_transfer_codings_counts() {
    let chunks = format!("{:X}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    let table: [(&[u8], bool); 6] = [
        (b"transfer-encoding: chunked", true),
        (b"transfer-encoding: identity\r\ntransfer-encoding: chunked", true),
        (b"transfer-encoding: Chunked\r\nTransfer-Encoding: chunked", true),
        (b"transfer-encoding: chunked\r\ntransfer-encoding: gzip", false),
        (b"transfer-encoding: gzip, chunked", false),
        (b"transfer-encoding: chunk\xffed", false),
    ];
    for (field, taken) in table {
        let bytes = [b"HTTP/1.1 200 OK\r\n", field, b"\r\n\r\n", chunks.as_bytes()].concat();
        let (mut reply, progress) = read(&[&bytes]);
        let field = String::from_utf8_lossy(field);
        match progress {
            Ok(progress) => assert!(taken && progress == Progress::Ended && reply.verdict().is_ok(), "{field}"),
            Err((why, detail)) => {
                assert!(!taken && why == Failure::Malformed && detail.contains("is not spoken"), "{field}: {detail}");
            }
        }
    }
}
