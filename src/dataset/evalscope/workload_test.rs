use super::*;
use crate::dataset::evalscope::Form;
use crate::dataset::sample::Prompt;
use crate::record::Tick;

fn workload() -> Workload {
    Workload {
        path: PathBuf::new(),
        number: None,
        speed: 2.0,
        renamed: vec![("old".into(), "new".into())],
        model: None,
        full_answers: true,
        shaping: Shaping { min_prompt_length: 0, max_prompt_length: 9, form: Form::Chat, max_tokens: (7, 7) },
    }
}

fn read(workload: &Workload, content: &str) -> Result<Samples> {
    workload.read(content.as_bytes(), Carries { messages: true, ..Carries::default() }, None)
}

fn overrides(sample: &Sample) -> Vec<(&str, &str)> {
    sample.overrides.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn requests_go_out_at_their_times_as_they_were_recorded() {
    let content = r#"{"timestamp": "2026-01-01T00:00:03Z", "body": {"model": "old", "prompt": "b"}, "completion_tokens": 4}
{"timestamp": "2026-01-01T00:00:01", "body": "{\"model\": \"x\", \"messages\": []}", "request_id": "r", "headers": {"a": "b"}}"#;
    let made = read(&workload(), content).unwrap();
    assert_eq!(made.due, Some(vec![Tick::ZERO, Tick::from_secs_f64(1.0)]));
    assert_eq!(made.warnings, ["1 requests of the trace have headers of their own, which are not sent"]);
    let samples: Vec<Sample> = made.iter.collect::<Result<_>>().unwrap();
    assert_eq!((samples[0].request_id.as_deref(), samples[0].output_tokens), (Some("r"), 7));
    assert_eq!(overrides(&samples[0]), [("model", "\"x\"")]);
    assert_eq!((&samples[1].prompt, samples[1].output_tokens), (&Prompt::Text("b".into()), 4));
    assert_eq!(overrides(&samples[1]), [("model", "\"new\""), ("max_tokens", "4"), ("ignore_eos", "true")]);
}

#[test]
fn a_grammar_ends_its_answer_itself() {
    let body = |json: &str| constrained(serde_json::from_str::<Value>(json).unwrap().as_object().unwrap());
    assert!(body(r#"{"response_format": {"type": "json_schema"}}"#));
    assert!(body(r#"{"tools": [{}], "tool_choice": "required"}"#));
    assert!(!body(r#"{"tools": [{}], "tool_choice": "auto", "response_format": {"type": "text"}}"#));
    assert!(!body(r#"{"tool_choice": "required"}"#));
}

#[test]
fn lines_that_are_wrong_are_refused() {
    let why = |content: &str| read(&workload(), content).err().unwrap().to_string();
    assert_eq!(why("\n"), "no lines");
    assert_eq!(why(r#"{"body": {}}"#), "line 1: no number and no date at `timestamp`; it has `body`");
    assert_eq!(why(r#"{"timestamp": 1, "body": 2}"#), "line 1: no object at `body`");
    let slow = Workload { speed: 0.0, ..workload() };
    assert_eq!(read(&slow, "").err().unwrap().to_string(), "a speed of 0");
    let one = Workload { number: Some(1), ..workload() };
    let two = "{\"timestamp\": 1, \"body\": {\"prompt\": \"a\"}}\n{\"timestamp\": 2, \"body\": {\"prompt\": \"b\"}}";
    assert_eq!(read(&one, two).unwrap().count, 1);
}
