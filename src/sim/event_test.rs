use serde_json::Value;

use super::*;
use crate::sim::config::Text;

fn voice(endpoint: Endpoint, detail: Detail, faults: &[Kind]) -> Voice {
    let shape = Shape { detail, ..Shape::default() };
    Voice { endpoint, shape, model: "sim".to_owned(), created: 1_700_000_000, style: Style::new(faults) }
}

fn first(finish: Option<&'static str>, usage: Option<Counts>) -> Piece {
    Piece { index: 0, from: 0, to: 1, finish, usage }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

const COUNTS: Counts = Counts { prompt: 3, output: 1, times: None };
const CHAT: &str = r#"{"id":"chatcmpl-000000000000002a","object":"chat.completion.chunk","created":1700000000,"model":"sim","choices":["#;

#[test]
fn a_full_chat_event_says_what_vllm_says() {
    let voice = voice(Endpoint::Chat, Detail::Full, &[]);
    let choice = r#"{"index":0,"delta":{"content":" alpha"},"logprobs":null,"finish_reason":null}"#;
    assert_eq!(written(|out| voice.tokens(out, 42, first(None, None))), format!("data: {CHAT}{choice}]}}\n\n"));
    let role = r#"{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}"#;
    assert_eq!(written(|out| voice.role(out, 42, None)), format!("data: {CHAT}{role}]}}\n\n"));
    let usage = r#""usage":{"prompt_tokens":3,"total_tokens":4,"completion_tokens":1}"#;
    assert_eq!(written(|out| voice.usage(out, 42, COUNTS)), format!("data: {CHAT}],{usage}}}\n\n"));
    assert_eq!(written(|out| voice.done(out)), "data: [DONE]\n\n");
}

#[test]
fn a_compact_event_says_the_delta_alone() {
    let chat = voice(Endpoint::Chat, Detail::Compact, &[]);
    let event = written(|out| chat.tokens(out, 1, first(None, None)));
    assert_eq!(event, "data: {\"choices\":[{\"delta\":{\"content\":\" alpha\"}}]}\n\n");
    let completions = voice(Endpoint::Completions, Detail::Compact, &[]);
    let event = written(|out| completions.tokens(out, 1, first(Some("length"), None)));
    assert_eq!(event, "data: {\"choices\":[{\"text\":\" alpha\",\"finish_reason\":\"length\"}]}\n\n");
}

#[test]
fn every_event_is_json_whatever_it_carries() {
    for endpoint in [Endpoint::Chat, Endpoint::Completions] {
        for delta in [Delta::Content, Delta::ToolCall, Delta::FunctionCall] {
            let mut voice = voice(endpoint, Detail::Full, &[Kind::BigEvent(70_000)]);
            voice.shape = Shape { delta, text: Text::Mixed, reasoning: 1, ..voice.shape };
            for from in 0..4 {
                let piece = Piece { index: 0, from, to: from + 4, finish: Some("stop"), usage: Some(COUNTS) };
                let event = written(|out| voice.tokens(out, 1, piece));
                let json: Value = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
                assert_eq!(json["choices"][0]["finish_reason"], "stop");
                assert_eq!(json["usage"]["completion_tokens"], 1);
                assert_eq!(json["padding"].as_str().map_or(0, str::len), if from == 0 { 70_000 } else { 0 });
            }
        }
    }
}

#[test]
fn lines_can_be_odd_in_every_way_at_once() {
    let odd = [Kind::Crlf, Kind::NoSpace, Kind::MultiLine, Kind::Fields, Kind::Comments, Kind::Bom];
    let voice = voice(Endpoint::Completions, Detail::Compact, &odd);
    assert_eq!(
        written(|out| voice.tokens(out, 1, first(None, None))),
        ": ping\r\n\r\nevent: message\r\nid: 7\r\nretry: 3000\r\n\
         data:{\r\ndata:\"choices\":[{\"text\":\" alpha\"}]\r\ndata:}\r\n\r\n"
    );
    assert_eq!(written(|out| voice.opening(out)), "\u{feff}");
    let cr = Voice { style: Style::new(&[Kind::Cr, Kind::Silent]), ..voice };
    assert_eq!(written(|out| cr.done(out)), "data: [DONE]\r\r");
}

#[test]
fn an_error_event_is_an_object_and_a_malformed_one_is_not() {
    let voice = voice(Endpoint::Chat, Detail::Full, &[]);
    let error = written(|out| voice.error(out, "out of memory"));
    let json: Value = serde_json::from_str(&error["data: ".len()..]).unwrap();
    assert_eq!(json["error"]["message"], "out of memory");
    let malformed = written(|out| voice.malformed(out));
    assert!(serde_json::from_str::<Value>(&malformed["data: ".len()..]).is_err());
}

#[test]
fn a_usage_can_tell_the_servers_times() {
    let voice = voice(Endpoint::Chat, Detail::Compact, &[]);
    let times = Some(Times { queue_ns: 1_500_000, first_ns: 40_000_000 });
    let event = written(|out| voice.usage(out, 1, Counts { times, ..COUNTS }));
    let json: Value = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(json["metrics"], serde_json::json!({"queue_time_ms": 1.5, "time_to_first_token_ms": 40.0}));
}

#[test]
fn sound_is_told_as_content_and_a_later_prompt_by_its_number() {
    let mut voice = voice(Endpoint::Transcription, Detail::Compact, &[]);
    voice.shape = Shape { delta: Delta::ToolCall, reasoning: 3, ..voice.shape };
    let event = written(|out| voice.tokens(out, 1, first(None, None)));
    assert_eq!(event, "data: {\"choices\":[{\"delta\":{\"content\":\" alpha\"}}]}\n\n");
    voice.endpoint = Endpoint::Completions;
    let event = written(|out| voice.tokens(out, 1, Piece { index: 2, ..first(None, None) }));
    assert_eq!(event, "data: {\"choices\":[{\"index\":2,\"text\":\" alpha\"}]}\n\n");
}
