use proptest::prelude::*;

use super::*;

#[test]
fn a_head_is_read_once_its_end_has_come() {
    let bytes = b"POST /v1/completions?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n{";
    for cut in 0..bytes.len() - 1 {
        assert_eq!(head(&bytes[..cut]).unwrap(), None, "cut at {cut}");
    }
    let read = head(bytes).unwrap().unwrap();
    assert_eq!((read.len, read.method, read.path.as_str()), (bytes.len() - 1, Method::Post, "/v1/completions"));
    assert_eq!((read.body, read.keep_alive, read.expects), (Some(12), true, true));
}

#[test]
fn a_head_says_whether_the_connection_stays() {
    let keeps = |bytes: &[u8]| head(bytes).unwrap().unwrap().keep_alive;
    assert!(keeps(b"GET / HTTP/1.1\r\n\r\n"));
    assert!(!keeps(b"GET / HTTP/1.1\r\nconnection: Close\r\n\r\n"));
    assert!(!keeps(b"GET / HTTP/1.0\r\n\r\n"));
    assert!(head(b"nonsense\r\n\r\n").is_err());
    assert_eq!(head(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").unwrap().unwrap().body, None);
}

#[test]
fn a_form_names_its_boundary() {
    let named = |kind: &str| {
        head(format!("POST / HTTP/1.1\r\ncontent-type: {kind}\r\n\r\n").as_bytes()).unwrap().unwrap().boundary
    };
    assert_eq!(named("multipart/form-data; boundary=x1-_").as_deref(), Some("x1-_"));
    assert_eq!(named("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"").as_deref(), Some("a b"));
    assert_eq!(named("application/json"), None);
    assert_eq!(named("multipart/form-data"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = head(&bytes);
    }
}
