use super::*;

fn answer(events: &[&str]) -> (Answer, Option<Reason>) {
    answer_of(Backend::named("openai").unwrap(), events)
}

fn answer_of(backend: Backend, events: &[&str]) -> (Answer, Option<Reason>) {
    let mut answer = Answer::new(backend);
    for (index, data) in events.iter().enumerate() {
        let at = Tick::from_nanos(index as u64);
        if let Err(reason) = answer.event(Event { data: data.as_bytes(), name: Name::Other }, at) {
            return (answer, Some(reason));
        }
    }
    (answer, None)
}

const TOKEN: &str = r#"{"choices":[{"text":"a","finish_reason":null}]}"#;

#[test]
fn any_proper_end_makes_a_success() {
    let finish = r#"{"choices":[{"text":"b","finish_reason":"stop"}]}"#;
    let usage = r#"{"choices":[],"usage":{"completion_tokens":1}}"#;
    for end in ["[DONE]", finish, usage] {
        let (answer, _) = answer(&[TOKEN, end]);
        assert_eq!(answer.verdict(Ending::Proper), Ok(()), "{end}");
        assert_eq!(answer.verdict(Ending::Cut), Ok(()), "{end}");
    }
}

#[test]
fn a_stream_without_an_end_is_truncated() {
    let (answer, _) = answer(&[TOKEN]);
    for ending in [Ending::Proper, Ending::Cut] {
        assert_eq!(answer.verdict(ending).unwrap_err().0, Failure::Truncated);
    }
}

#[test]
fn an_answer_without_output_is_none() {
    for events in [&["[DONE]"][..], &[]] {
        assert_eq!(answer(events).0.verdict(Ending::Proper).unwrap_err().0, Failure::NoOutput);
    }
    assert_eq!(answer(&[]).0.verdict(Ending::Cut).unwrap_err().0, Failure::Truncated);
}

#[test]
fn an_error_event_fails_with_the_servers_message() {
    let (answer, reason) = answer(&[TOKEN, r#"{"error":{"message":"boom"}}"#]);
    assert_eq!(reason, Some((Failure::ErrorEvent, "boom".into())));
    assert_eq!(answer.chunks.len(), 1);
}

#[test]
fn usage_on_every_chunk_counts_its_tokens() {
    let chunk = |tokens| format!(r#"{{"choices":[{{"text":"a"}}],"usage":{{"completion_tokens":{tokens}}}}}"#);
    let (answer, _) = answer(&[&chunk(4), &chunk(8), &chunk(9), "[DONE]"]);
    assert_eq!(answer.tokens, [4, 4, 1]);
    assert_eq!(answer.output_tokens(), Some(9));
}

#[test]
fn a_finish_chunk_that_the_server_does_not_count_is_no_output() {
    let end = |tokens| {
        format!(r#"{{"choices":[{{"text":"","finish_reason":"length"}}],"usage":{{"completion_tokens":{tokens}}}}}"#)
    };
    assert_eq!(answer(&[TOKEN, TOKEN, &end(2)]).0.chunks.len(), 2);
    assert_eq!(answer(&[TOKEN, TOKEN, &end(3)]).0.chunks.len(), 3);
}

#[test]
fn a_protocol_with_an_event_for_its_end_ends_with_nothing_else() {
    let token = r#"{"type":"response.output_text.delta","delta":"a"}"#;
    let end = r#"{"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":2}}}"#;
    let (cut, _) = answer_of(Backend::named("openai-responses").unwrap(), &[token, "[DONE]"]);
    let (why, detail) = cut.verdict(Ending::Proper).unwrap_err();
    assert_eq!((why, detail.contains("completes the response")), (Failure::Truncated, true), "{detail}");
    let (whole, _) = answer_of(Backend::named("openai-responses").unwrap(), &[token, end]);
    assert_eq!((whole.verdict(Ending::Cut), whole.output_tokens(), whole.is_done()), (Ok(()), Some(2), true));
    let (empty, _) = answer_of(Backend::named("openai-responses").unwrap(), &[end]);
    assert_eq!(empty.verdict(Ending::Proper).unwrap_err().0, Failure::NoOutput);
}

#[test]
fn more_output_says_that_what_seemed_the_end_was_none() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":4}}"#;
    let finish = r#"{"choices":[{"index":0,"text":"","finish_reason":"stop"}]}"#;
    for seeming in [usage, finish] {
        let (cut, _) = answer(&[TOKEN, seeming, TOKEN]);
        assert_eq!(cut.verdict(Ending::Cut).unwrap_err().0, Failure::Truncated, "{seeming}");
        let (whole, _) = answer(&[TOKEN, seeming, TOKEN, finish]);
        assert_eq!(whole.verdict(Ending::Cut), Ok(()), "{seeming}");
    }
    // After its mark of the end nothing counts any more, for it or against it.
    let (whole, _) = answer(&[TOKEN, "[DONE]", TOKEN, r#"{"error":{"message":"late"}}"#]);
    assert_eq!((whole.verdict(Ending::Cut), whole.chunks.len()), (Ok(()), 1));
}

#[test]
fn counts_behind_the_reason_alone_say_that_all_was_said() {
    let chat = Backend::named("openai-chat").unwrap();
    let thought = r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#;
    let usage = r#"{"choices":[],"usage":{"completion_tokens":4}}"#;
    let finish = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let whole = |events: &[&str]| answer_of(chat, events).0.is_whole();
    assert!(whole(&[thought, finish, usage]) && whole(&[thought, finish, usage, usage]));
    assert!(!whole(&[thought, finish]) && !whole(&[usage, thought, usage, usage, thought]));
    assert!(!whole(&[thought, finish, usage, thought]), "another choice goes on");
    let ended = |events: &[&str]| answer_of(chat, events).0.verdict(Ending::Cut).is_ok();
    let empty = r#"{"choices":[{"delta":{"content":""}}]}"#;
    assert!(ended(&[thought, usage]) && ended(&[thought, finish, empty]));
    assert!(!ended(&[usage, thought]) && !ended(&[thought, usage, thought]));
}

#[test]
fn an_event_that_is_called_an_error_is_one_whatever_it_says() {
    for (data, words) in [("boom", "boom"), (r#"{"code":7}"#, r#"{"code":7}"#), (r#"{"error":{"message":"no"}}"#, "no")]
    {
        let mut answer = Answer::new(Backend::named("openai-chat").unwrap());
        let failed = answer.event(Event { data: data.as_bytes(), name: Name::Error }, Tick::ZERO);
        assert_eq!(failed, Err((Failure::ErrorEvent, words.to_owned())));
    }
}

#[test]
fn a_last_event_without_its_end_counts_where_it_is_one() {
    let rest = |data: &str| {
        let (mut answer, _) = answer(&[TOKEN]);
        answer.rest(Event { data: data.as_bytes(), name: Name::Other }, Tick::ZERO).unwrap();
        (answer.verdict(Ending::Proper).is_ok(), answer.chunks.len())
    };
    assert_eq!(rest("[DONE]"), (true, 1));
    assert_eq!(rest(r#"{"choices":[{"text":"b","finish_reason":"stop"}]}"#), (true, 2));
    assert_eq!(rest(r#"{"choices":[{"text":"b","finish_rea"#), (false, 1));
}

#[test]
fn the_servers_own_times_are_kept() {
    let usage = r#"{"choices":[],"usage":{"completion_tokens":1},"metrics":{"queue_time_ms":250.0}}"#;
    let (answer, _) = answer(&[TOKEN, usage]);
    assert_eq!(answer.server, ServerTimes { queue: Some(0.25), ttft: None });
}

#[test]
fn running_counts_end_nothing() {
    let chat = Backend::named("openai-chat").unwrap();
    let role = r#"{"choices":[{"delta":{"role":"assistant","content":""}}],"usage":{"completion_tokens":0}}"#;
    let token = r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"completion_tokens":1}}"#;
    let (cut, _) = answer_of(chat, &[role, token]);
    for ending in [Ending::Proper, Ending::Cut] {
        assert_eq!(cut.verdict(ending).unwrap_err().0, Failure::Truncated);
    }
}

#[test]
fn a_piece_without_output_counts_where_the_server_counts_on() {
    let chat = Backend::named("openai-chat").unwrap();
    let piece = |tokens| format!(r#"{{"choices":[{{"delta":{{}}}}],"usage":{{"completion_tokens":{tokens}}}}}"#);
    let (answer, _) = answer_of(chat, &[&piece(1), &piece(2), &piece(2), &piece(4), "[DONE]"]);
    assert_eq!((answer.chunks.len(), answer.tokens), (3, vec![1, 1, 2]));
}

#[test]
fn reasons_that_name_a_failure_fail_with_the_servers_words() {
    for backend in ["openai", "openai-chat"] {
        let backend = Backend::named(backend).unwrap();
        for reason in ["error", "abort", "cancelled"] {
            let end = |more| format!(r#"{{"choices":[{{"text":"","delta":{{}},"finish_reason":"{reason}"{more}}}]}}"#);
            let reason_of = |event: String| answer_of(backend, &[&event]).1.unwrap();
            assert_eq!(reason_of(end(r#","error":{"message":"upstream broke"}"#)).1, "upstream broke");
            assert!(reason_of(end("")).1.contains(reason));
        }
    }
}

#[test]
fn the_servers_words_are_told_where_there_is_no_output() {
    let (answer, _) = answer(&[r#"{"detail":"Model not loaded"}"#]);
    assert!(answer.verdict(Ending::Proper).unwrap_err().1.contains("Model not loaded"));
}

#[test]
fn a_count_of_zero_is_none() {
    let (answer, _) = answer(&[TOKEN, r#"{"choices":[],"usage":{"completion_tokens":0}}"#]);
    assert_eq!(answer.output_tokens(), None);
}
