use super::*;
use crate::sim::config::{Detail, Shape, Text};
use crate::sim::event::{Style, Voice};
use crate::sim::fault::Fault;
use crate::sim::wire::Wire;

fn config() -> Config {
    Config { shape: Shape { detail: Detail::Compact, ..Shape::default() }, ..Config::default() }
}

fn order(tokens: u32) -> Order {
    Order { max_tokens: Some(tokens), stream: true, prompt_tokens: 3, inputs: 1, ..Order::default() }
}

fn reply(config: &Config, endpoint: Endpoint, order: &Order, faults: &[&str]) -> Reply {
    let faults: Vec<Kind> = faults.iter().map(|fault| fault.parse::<Fault>().unwrap().kind).collect();
    let style = Style::new(&faults);
    let voice = Voice { endpoint, shape: config.shape, model: "sim".to_owned(), created: 0, style };
    let script = Rc::new(Script::new(voice, Wire::new(&faults)));
    Reply::new(config, script, order, 1, faults.into())
}

/// Each write without the head, and what it waits for.
fn steps(mut reply: Reply) -> Vec<(String, Next)> {
    let mut steps = Vec::new();
    loop {
        let mut out = Vec::new();
        let next = reply.advance(&mut out);
        let text = String::from_utf8(out).unwrap();
        let body =
            text.split_once("\r\n\r\n").filter(|_| text.starts_with("HTTP")).map_or(text.as_str(), |(_, body)| body);
        steps.push((unframed(body), next));
        if matches!(next, Next::Done(_) | Next::Reset | Next::Stall) {
            return steps;
        }
    }
}

/// The chunks' data; a dot for the last chunk.
fn unframed(mut body: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let len = usize::from_str_radix(size, 16).unwrap();
        text += if len == 0 { "." } else { &rest[..len] };
        body = &rest[len + 2..];
    }
    text.replace("data: ", "").replace("\n\n", "|").replace("{\"choices\":[{", "<").replace("}]}", ">")
}

fn completions(tokens: u32, faults: &[&str]) -> Vec<(String, Next)> {
    steps(reply(&config(), Endpoint::Completions, &order(tokens), faults))
}

const KEEP: Next = Next::Done(After::Keep);
const CLOSE: Next = Next::Done(After::Close);
const LAST: &str = "<\"text\":\" bravo\",\"finish_reason\":\"length\">|";

fn step(text: &str, next: Next) -> (String, Next) {
    (text.to_owned(), next)
}

#[test]
fn a_stream_is_a_token_a_step_and_ends_with_the_last() {
    let expected = [
        step("<\"text\":\" alpha\">|", Next::Tokens(1)),
        step("<\"text\":\" bravo\">|", Next::Tokens(1)),
        step("<\"text\":\" delta\",\"finish_reason\":\"length\">|[DONE]|.", KEEP),
    ];
    assert_eq!(completions(3, &[]), expected);
}

#[test]
fn a_chat_begins_with_its_role_and_can_hold_back_the_content() {
    let mut config = config();
    config.pace.content_delay_ns = 300;
    let expected = [
        step("<\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}>|", Next::After(300)),
        step("<\"delta\":{\"content\":\" alpha\"},\"finish_reason\":\"length\">|[DONE]|.", KEEP),
    ];
    assert_eq!(steps(reply(&config, Endpoint::Chat, &order(1), &[])), expected);
}

#[test]
fn usage_stands_where_it_is_told() {
    let end = |usage: Usage, asked: bool| {
        let mut config = config();
        config.shape.usage = usage;
        let order = Order { include_usage: asked, ..order(2) };
        steps(reply(&config, Endpoint::Completions, &order, &[])).into_iter().map(|(text, _)| text).collect::<String>()
    };
    let usage =
        |n| format!("\"usage\":{{\"prompt_tokens\":3,\"total_tokens\":{},\"completion_tokens\":{n}}}}}|", n + 3);
    let alone = format!("<\"text\":\" alpha\">|{LAST}{{\"choices\":[],{}[DONE]|.", usage(2));
    let none = format!("<\"text\":\" alpha\">|{LAST}[DONE]|.");
    assert_eq!(end(Usage::Asked, true), alone);
    assert_eq!(end(Usage::End, false), alone);
    assert_eq!(end(Usage::Asked, false), none);
    assert_eq!(end(Usage::None, true), none);
    let last = LAST.replace(">|", "}],");
    assert_eq!(end(Usage::LastChunk, false), format!("<\"text\":\" alpha\">|{last}{}[DONE]|.", usage(2)));
    let every = end(Usage::EveryChunk, false);
    assert_eq!(
        (every.matches("\"completion_tokens\":1}").count(), every.matches("\"completion_tokens\":2}").count()),
        (1, 2)
    );
}

#[test]
fn several_tokens_make_an_event_and_take_their_time() {
    let mut config = config();
    config.shape.tokens_per_chunk = 4;
    let waits: Vec<Next> =
        steps(reply(&config, Endpoint::Completions, &order(10), &[])).into_iter().map(|(_, next)| next).collect();
    assert_eq!(waits, [Next::Tokens(4), Next::Tokens(2), KEEP]);
}

#[test]
fn an_answer_breaks_off_where_it_is_told() {
    let first = || step("<\"text\":\" alpha\">|", Next::Tokens(1));
    let table = [
        ("reset=1", step("", Next::Reset)),
        ("cut=1", step("", CLOSE)),
        ("stall=1", step("", Next::Stall)),
        ("end-early=1", step(".", KEEP)),
        ("malformed=1", step("<\"ind|.", KEEP)),
    ];
    for (fault, last) in table {
        assert_eq!(completions(3, &[fault]), [first(), last], "{fault}");
    }
    let (error, next) = completions(3, &["error-event=1"]).pop().unwrap();
    assert!(error.starts_with("{\"error\":{\"message\":") && next == KEEP, "{error}");
    assert_eq!(completions(3, &["empty-stream"]), [step(".", KEEP)]);
}

#[test]
fn the_end_can_lack_its_parts_come_late_or_close() {
    let text = |faults: &[&str]| completions(1, faults).into_iter().map(|(text, _)| text).collect::<String>();
    assert_eq!(text(&["no-done"]), "<\"text\":\" alpha\",\"finish_reason\":\"length\">|.");
    assert_eq!(text(&["no-finish"]), "<\"text\":\" alpha\">|[DONE]|.");
    assert_eq!(completions(1, &["usage-late=500"])[0].1, Next::After(500_000_000));
    assert_eq!(completions(1, &["close-after"]).pop().unwrap().1, CLOSE);
}

#[test]
fn a_comment_can_be_a_segment_of_its_own() {
    let expected = [
        step(": ping|", Next::Segment),
        step("<\"text\":\" alpha\">|", Next::Tokens(1)),
        step(": ping|", Next::Segment),
        step("<\"text\":\" bravo\",\"finish_reason\":\"length\">|[DONE]|.", KEEP),
    ];
    assert_eq!(completions(2, &["comments-alone"]), expected);
}

#[test]
fn a_stated_length_is_the_length_of_the_body() {
    for faults in [&["content-length"][..], &["content-length", "bom", "fields", "usage-late=5", "comments-alone"]] {
        for endpoint in [Endpoint::Chat, Endpoint::Completions] {
            let mut reply = reply(&config(), endpoint, &Order { include_usage: true, ..order(5) }, faults);
            let mut out = Vec::new();
            while reply.advance(&mut out) != KEEP {}
            let text = String::from_utf8(out).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head} {}", body.len());
        }
    }
}

#[test]
fn an_answer_that_is_not_streamed_waits_for_all_its_tokens() {
    let order = Order { stream: false, ..order(5) };
    let mut config = config();
    config.shape.text = Text::Mixed;
    let mut plain = reply(&config, Endpoint::Chat, &order, &[]);
    let mut out = Vec::new();
    assert_eq!(plain.begin(&mut out), Next::First);
    assert_eq!((plain.advance(&mut out), out.len()), (Next::Tokens(4), 0));
    assert_eq!((plain.advance(&mut out), plain.sent()), (KEEP, 5));
    let text = String::from_utf8(out).unwrap();
    let json: serde_json::Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(json["choices"][0]["message"]["content"], crate::sim::expected(Text::Mixed, 5));
    assert_eq!(json["usage"]["completion_tokens"], 5);
}

#[test]
fn the_head_can_go_out_when_the_request_arrives() {
    let mut config = config();
    config.pace.head = HeadTime::Arrival;
    let mut early = reply(&config, Endpoint::Chat, &order(1), &[]).closing();
    let mut out = Vec::new();
    early.begin(&mut out);
    let head = String::from_utf8(out).unwrap();
    assert!(head.ends_with("connection: close\r\n\r\n"), "{head}");
    let mut rest = Vec::new();
    assert_eq!(early.advance(&mut rest), CLOSE);
    assert!(!rest.starts_with(b"HTTP"));
}

#[test]
fn several_prompts_are_continued_side_by_side() {
    let texts: Vec<(String, Next)> =
        steps(reply(&config(), Endpoint::Completions, &Order { inputs: 2, ..order(1) }, &[]));
    let expected = "<\"text\":\" alpha\",\"finish_reason\":\"length\">|\
        <\"index\":1,\"text\":\" alpha\",\"finish_reason\":\"length\">|[DONE]|.";
    assert_eq!(texts, [step(expected, KEEP)]);
    let mut both = reply(&config(), Endpoint::Completions, &Order { inputs: 2, ..order(3) }, &[]);
    both.advance(&mut Vec::new());
    assert_eq!(both.sent(), 2);
}

#[test]
fn a_response_breaks_off_and_ends_as_a_stream_does() {
    let names = |faults: &[&str]| {
        let all: String =
            steps(reply(&config(), Endpoint::Responses, &order(2), faults)).into_iter().map(|(text, _)| text).collect();
        let names = all.lines().flat_map(|line| line.split('|')).filter_map(|line| line.split("event: ").nth(1));
        names.map(|name| name.trim_start_matches("response.").to_owned()).collect::<Vec<String>>()
    };
    let whole = names(&[]);
    assert_eq!(whole.iter().filter(|name| *name == "output_text.delta").count(), 2);
    assert_eq!(
        (whole.last().unwrap().as_str(), names(&["no-done"]).last().unwrap().as_str()),
        ("completed", "output_text.delta")
    );
    assert_eq!(names(&["error-event=1"]).last().unwrap(), "error");
    assert_eq!(names(&["empty-stream"]), Vec::<String>::new());
    assert_eq!(names(&["end-early=1"]).len(), 5);
}

#[test]
fn vectors_come_at_the_time_of_the_first_token() {
    let mut reply = reply(&config(), Endpoint::Embeddings, &Order { stream: false, ..order(9) }, &[]);
    let mut out = Vec::new();
    assert_eq!(reply.begin(&mut out), Next::First);
    assert_eq!(reply.advance(&mut out), Next::Tokens(0));
    assert_eq!((reply.advance(&mut out), reply.sent()), (KEEP, 0));
    let text = String::from_utf8(out).unwrap();
    let json: serde_json::Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        (&json["usage"]["prompt_tokens"], json["data"][0]["embedding"].as_array().unwrap().len()),
        (&3.into(), 16)
    );
}
