use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;

use super::*;

fn events(pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = Decoder::new(1 << 20);
    let mut found = Vec::new();
    for piece in pieces {
        let event = |event: Event<'_>| found.push(String::from_utf8_lossy(event.data).into_owned());
        decoder.feed(piece, event).expect("no event is that large");
    }
    found
}

#[test]
fn every_kind_of_line_end_ends_a_line() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = format!("data: a{end}{end}data: b{end}{end}");
        assert_eq!(events(&[stream.as_bytes()]), ["a", "b"], "line end {end:?}");
    }
}

#[test]
fn comments_and_other_fields_carry_no_data() {
    let stream = b": ping\n\nevent: x\nid: 7\nretry: 10\ndata: a\n\ndatax: b\n\n: ping\n\n";
    assert_eq!(events(&[stream]), ["a"]);
}

#[test]
fn data_lines_of_one_event_are_joined() {
    assert_eq!(events(&[b"data:a\ndata: b\ndata\ndata:c\n\n"]), ["a\nb\n\nc"]);
}

#[test]
fn a_byte_order_mark_may_lead() {
    assert_eq!(events(&[b"\xEF\xBB\xBFdata: a\n\n"]), ["a"]);
    assert_eq!(events(&[b"\xEF", b"\xBB", b"\xBFdata: a\n\n"]), ["a"]);
}

#[test]
fn the_first_line_is_known_until_it_ends() {
    let table: [(&str, Option<&str>); 7] = [
        ("", Some("")),
        ("\n \r\n", Some("")),
        ("\n {", Some(" {")),
        ("\u{feff}\n", Some("")),
        ("\u{feff}x", Some("\u{feff}x")),
        (":\n", None),
        ("\ndata: a\n\n", None),
    ];
    for (stream, expected) in table {
        let mut decoder = Decoder::new(100);
        decoder.feed(stream.as_bytes(), |_| ()).unwrap();
        assert_eq!(decoder.first_line(), expected.map(str::as_bytes), "{stream:?}");
    }
}

#[test]
fn an_event_without_its_blank_line_is_none() {
    assert!(events(&[b"data: a\n"]).is_empty());
}

#[test]
fn what_came_without_its_end_is_the_rest() {
    let rest = |stream: &str| {
        let mut decoder = Decoder::new(1 << 20);
        decoder.feed(stream.as_bytes(), |_| ()).unwrap();
        let mut rest = Vec::new();
        let told = |event: Event<'_>| {
            let mark = if event.name == Name::Error { "! " } else { "" };
            rest.push(format!("{mark}{}", String::from_utf8_lossy(event.data)));
        };
        decoder.end(told);
        decoder.end(|event| panic!("{event:?} comes twice"));
        rest
    };
    let table: [(&str, &[&str]); 14] = [
        ("data: a\n\n", &[]),
        ("", &[]),
        (": x", &[]),
        ("data: a", &["a"]),
        ("data: a\r", &["a"]),
        ("data: a\ndata: b", &["a\nb"]),
        ("data: a\nid: 4", &["a"]),
        ("event: error\ndata: a\n", &["! a"]),
        ("data: a\nevent: error", &["! a"]),
        ("\u{feff}data: a", &["a"]),
        ("data: x\n\ndata: a\n", &["a"]),
        ("error: boom", &["! boom"]),
        ("data: a\n\nerror: {\"message\":\"boom\"}", &["! {\"message\":\"boom\"}"]),
        ("error: none", &[]),
    ];
    for (stream, expected) in table {
        assert_eq!(rest(stream), expected, "{stream:?}");
    }
}

#[test]
fn a_line_of_an_error_is_none_where_it_says_nothing() {
    for nothing in ["", "none", "None", "null", "{}", r#"{"code":null,"message":""}"#] {
        assert!(events(&[format!("error: {nothing}\n\ndata: a\n\n").as_bytes()]) == ["a"], "{nothing}");
    }
    assert_eq!(events(&[b"error: boom\n\n"]), ["boom"]);
}

#[test]
fn an_event_is_told_by_its_name() {
    let mut named = Vec::new();
    let stream = b"event: error\ndata: a\n\ndata: b\n\nevent:error\ndata: c\ndata: d\n\nevent: error\n\ndata: e\n\nevent: x\ndata: f\n\nevent: ping\ndata: g\n\nerror: {\"a\":1}\n\ndata: h\n\n";
    for piece in [1, 1000] {
        named.clear();
        let mut decoder = Decoder::new(1 << 20);
        for bytes in stream.chunks(piece) {
            decoder.feed(bytes, |event| named.push(event.name)).unwrap();
        }
        let (error, other, ping) = (Name::Error, Name::Other, Name::Ping);
        assert_eq!(named, [error, other, error, other, other, ping, error, other], "{piece}");
    }
}

#[test]
fn an_event_without_data_is_none() {
    assert!(events(&[b"data:\n\nevent: x\n\n"]).is_empty());
}

#[test]
fn an_event_over_the_limit_is_refused() {
    let mut decoder = Decoder::new(16);
    assert_eq!(decoder.feed(b"data: 0123456789", |_| ()), Ok(()));
    assert_eq!(decoder.feed(b"0123456789", |_| ()), Err(Oversize));
}

/// Pieces of event streams, some of them awkward.
fn stream_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "data: ?[a-z \u{e9}\u{20ac}]{0,6}",
        1 => "data:  [a-z]{0,3}",
        1 => ": ?[a-z]{0,4}",
        1 => "(event|id|retry|dat|dataa): ?[a-z]{1,3}",
        3 => Just(String::new()),
    ];
    let end = prop_oneof![4 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
    let mark = prop_oneof![9 => Just(""), 1 => Just("\u{feff}")];
    (mark, prop::collection::vec((line, end), 0..24)).prop_map(|(mark, lines)| {
        // eventsource-stream holds a last CR back until it sees what follows, so a comment follows.
        lines.iter().fold(mark.to_string(), |text, (line, end)| text + line + end) + ":\n"
    })
}

/// Cuts `bytes` at the given places.
fn cut<'a>(bytes: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// The data of each event as eventsource-stream reads the text; it takes a byte-order mark before a comment for an error.
fn oracle(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(text.as_bytes().to_vec())]);
    let events = eventsource_stream::EventStream::new(whole);
    let found = events.map(|event| event.expect("the text is UTF-8").data).collect::<Vec<_>>().now_or_never();
    found.expect("an iterator never waits")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_events_of_eventsource_stream(
        text in stream_text(), places in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let expected: Vec<String> = oracle(&text).into_iter().filter(|data| !data.is_empty()).collect();
        prop_assert_eq!(events(&cut(text.as_bytes(), &places)), expected);
    }

    #[test]
    fn one_byte_at_a_time_gives_the_same_events(text in stream_text()) {
        let bytes = text.as_bytes();
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(events(&single), events(&[bytes]));
    }

    #[test]
    fn no_bytes_panic_the_decoder(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = Decoder::new(100);
        if decoder.feed(&bytes, |_| ()).is_ok() {
            decoder.end(|_| ());
        }
    }
}
