use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::rt::{Read, ReadBufCursor, Write};
use proptest::prelude::*;

use super::*;

/// What a body gives for bytes cut in pieces: its data and whether it ended, or that its framing is broken.
fn read(mut body: Body, pieces: &[&[u8]]) -> Result<(Vec<u8>, bool), BadFraming> {
    let mut data = Vec::new();
    for piece in pieces {
        let mut bytes = *piece;
        loop {
            match body.next(&mut bytes)? {
                Piece::Data(piece) => data.extend_from_slice(piece),
                Piece::More => break,
                Piece::End => return Ok((data, true)),
            }
        }
    }
    Ok((data, body.is_done()))
}

fn chunked(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool), BadFraming> {
    read(Body::chunked(), pieces)
}

#[test]
fn chunks_extensions_and_trailers_are_read() {
    let bytes = b"3;name=\"v\"\r\nabc\r\n02 ; x\r\nde\r\n0\r\nx-trailer: 1\r\n\r\nleft over";
    assert_eq!(chunked(&[bytes]), Ok((b"abcde".to_vec(), true)));
}

#[test]
fn a_body_of_a_length_ends_there() {
    assert_eq!(read(Body::of_length(3), &[b"ab", b"cd"]), Ok((b"abc".to_vec(), true)));
    assert!(Body::of_length(0).is_done());
}

#[test]
fn a_body_until_close_has_no_end_of_its_own() {
    assert_eq!(read(Body::until_close(), &[b"ab", b"cd"]), Ok((b"abcd".to_vec(), false)));
    assert!(Body::until_close().ends_with_connection());
}

#[test]
fn broken_framing_is_refused() {
    for bytes in [&b"x\r\n"[..], b"\r\n", b"1\nab", b"1\r\nabc", b"1\r\na\n", b"fffffffffffffffff\r\n", b"0\r\na\n\r\n"]
    {
        assert_eq!(chunked(&[bytes]), Err(BadFraming), "{:?}", String::from_utf8_lossy(bytes));
    }
}

/// One response that is all there: hyper reads it as a server's answer would come.
struct Answer {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Answer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let length = buf.remaining().min(self.bytes.len() - self.at);
        buf.put_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        Poll::Ready(Ok(()))
    }
}

impl Write for Answer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The body as hyper reads it; `None` where hyper finds it broken or cut short.
fn oracle(body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    bytes.extend_from_slice(body);
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(Answer { bytes, at: 0 }).await.ok()?;
        let request = hyper::Request::get("/").body(http_body_util::Empty::<&[u8]>::new()).expect("a plain request");
        let answer = async { sender.send_request(request).await.ok()?.into_body().collect().await.ok() };
        let (_, answer) = futures_util::future::join(connection, answer).await;
        answer.map(|body| body.to_bytes().to_vec())
    };
    exchange.now_or_never().expect("all bytes are there")
}

/// Chunked bodies, some of them with a byte gone wrong.
fn chunked_body() -> impl Strategy<Value = Vec<u8>> {
    let extension = prop_oneof![3 => Just(""), 1 => Just(";a"), 1 => Just(";a=\"b\"")];
    let chunk = (prop::collection::vec(any::<u8>(), 1..40), extension);
    let trailers = prop_oneof![3 => Just(""), 1 => Just("x-a: 1\r\n"), 1 => Just("a: b\r\nc: d\r\n")];
    let slip = prop_oneof![4 => Just(None), 1 => any::<(prop::sample::Index, u8)>().prop_map(Some)];
    (prop::collection::vec(chunk, 0..5), trailers, slip).prop_map(|(chunks, trailers, slip)| {
        let mut bytes = Vec::new();
        for (data, extension) in chunks {
            bytes.extend_from_slice(format!("{:x}{extension}\r\n", data.len()).as_bytes());
            bytes.extend_from_slice(&data);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
        if let Some((place, byte)) = slip {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_body_that_hyper_reads(
        bytes in chunked_body(), places in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let ours = chunked(&pieces);
        prop_assert_eq!(&ours, &chunked(&[&bytes]));
        if let Some(theirs) = oracle(&bytes) {
            prop_assert_eq!(ours, Ok((theirs, true)));
        }
    }

    #[test]
    fn no_bytes_panic_the_body_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = chunked(&[&bytes]);
    }
}
