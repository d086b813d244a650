use proptest::prelude::*;

use super::super::Failure;
use super::super::scratch::Scratch;
use super::*;

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Done),
        any::<u16>().prop_map(|code| Outcome::Failed(Failure::HttpStatus(code))),
        prop::sample::select(vec![
            Failure::Connect,
            Failure::Tls,
            Failure::Timeout,
            Failure::Reset,
            Failure::Truncated,
            Failure::ErrorEvent,
            Failure::Malformed,
            Failure::NoOutput,
            Failure::Cancelled,
            Failure::Other,
        ])
        .prop_map(Outcome::Failed),
    ]
}

prop_compose! {
    fn any_finished()(
        times in prop::array::uniform6(any::<u64>()),
        chunks in prop::collection::vec(any::<u64>(), 0..20),
        tokens in prop::collection::vec(any::<u32>(), 0..20),
        texts in (any::<String>(), any::<String>()),
        counts in (any::<u32>(), any::<u32>(), any::<bool>()),
        outcome in any_outcome(),
    ) -> Finished {
        let [due, connected, sent, first, last, end] = times.map(Tick::from_nanos);
        Finished {
            said: crate::record::Said { reason: Some("length".into()), short: true, ..Default::default() },
            record: Record {
                id: 0,
                input_tokens: counts.0,
                output_tokens: counts.1,
                chunks: chunks.len() as u32,
                inputs: 1,
                due, sent, first, last, end,
                outcome,
        },
            connected,
            chunks: chunks.into_iter().map(Tick::from_nanos).collect(),
            tokens,
            request: texts.0.clone(),
            text: texts.0,
            counted_by_server: counts.2,
            detail: texts.1,
            audio_seconds: 0.5,
            server: ServerTimes { queue: None, ttft: Some(0.25) },
            workload: times[0],
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_survive_the_file_in_any_order(
        all in prop::collection::vec(any_finished(), 0..12).prop_map(|mut all| {
            // Every second id, so that there are gaps between them.
            all.iter_mut().zip(0_u32..).for_each(|(finished, index)| finished.record.id = index * 2);
            all
        }),
        reversed in any::<bool>(),
    ) {
        let scratch = Scratch::new("any");
        let mut writer = Writer::create(&scratch.0, Existing::Replaced).unwrap();
        writer.begin(&Setup::default(), 12, &[]).unwrap();
        let mut order: Vec<&Finished> = all.iter().collect();
        if reversed {
            order.reverse();
        }
        order.into_iter().for_each(|finished| writer.append(finished).unwrap());
        let mut reader = writer.into_reader().unwrap();
        prop_assert_eq!(reader.ids().collect::<Vec<_>>(), all.iter().map(|one| one.record.id).collect::<Vec<_>>());
        for finished in &all {
            prop_assert_eq!(&reader.record(finished.record.id).unwrap().unwrap(), finished);
            prop_assert!(reader.record(finished.record.id + 1).unwrap().is_none());
        }
    }
}

const HEADER: &str = "{\"format\":\"llmbench records\",\"version\":1}\n";
const RECORD: &str = concat!(
    r#"{"id":3,"input_tokens":1,"output_tokens":2,"counted_by_server":true,"outcome":"done","detail":"","due":0,"#,
    r#""connected":0,"sent":1,"first":2,"last":3,"end":4,"chunks":[2,3],"tokens":[],"text":"hi"}"#,
    "\n"
);

#[test]
fn a_line_that_a_kill_cut_short_is_left_out() {
    let scratch = Scratch::with("cut", format!("{HEADER}{RECORD}{}", &RECORD[..40]));
    let mut reader = Reader::open(&scratch.0).unwrap();
    assert_eq!(reader.ids().collect::<Vec<_>>(), [3]);
    assert_eq!(reader.record(3).unwrap().unwrap().text, "hi");
}

#[test]
fn a_newer_version_is_refused_with_a_way_out() {
    let scratch = Scratch::with("newer", HEADER.replace('1', "3"));
    let error = Reader::open(&scratch.0).unwrap_err();
    assert!(error.to_string().contains("it has version 3, this program reads up to 2"), "{error}");
    assert!(error.advice().is_some());
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_be_written_over() {
    let scratch = Scratch::with("there", "mine");
    let error = Writer::create(&scratch.0, Existing::Kept).unwrap_err();
    assert!(error.to_string().ends_with("is there already") && error.advice().is_some(), "{error}");
    assert_eq!(std::fs::read(&scratch.0).unwrap(), b"mine");
    let mut writer = Writer::create(&scratch.0, Existing::Replaced).unwrap();
    assert_eq!(std::fs::read(&scratch.0).unwrap(), b"mine", "it is kept until a run begins");
    writer.begin(&Setup::default(), 1, &[]).unwrap();
    assert!(std::fs::read(&scratch.0).unwrap().starts_with(b"{\"format\":"));
}

#[test]
fn ids_may_be_far_apart() {
    let far = RECORD.replace("\"id\":3", "\"id\":4294967295");
    let scratch = Scratch::with("far", format!("{HEADER}{far}{RECORD}"));
    let mut reader = Reader::open(&scratch.0).unwrap();
    assert_eq!(reader.ids().collect::<Vec<_>>(), [3, u32::MAX]);
    assert!(reader.record(u32::MAX).unwrap().is_some() && reader.record(4).unwrap().is_none());
}

#[test]
fn a_second_record_of_a_request_is_refused() {
    let scratch = Scratch::with("twice", format!("{HEADER}{RECORD}{RECORD}"));
    let error = Reader::open(&scratch.0).unwrap_err();
    assert!(error.to_string().ends_with("line 3 is no record: request 3 is on a line before it too"), "{error}");
    assert!(error.advice().is_some());
}

#[test]
fn the_end_of_a_run_is_no_record() {
    let scratch = Scratch::new("ended");
    let mut writer = Writer::create(&scratch.0, Existing::Kept).unwrap();
    writer.begin(&Setup::default(), 1, &[]).unwrap();
    writer.append(&Finished::default()).unwrap();
    writer.end(&Run::default()).unwrap();
    assert_eq!(writer.into_reader().unwrap().ids().collect::<Vec<_>>(), [0]);
}

#[test]
fn fields_that_a_later_program_adds_are_passed_over() {
    let scratch = Scratch::with("added", format!("{HEADER}{}", RECORD.replace("\"id\"", "\"new\":[1],\"id\"")));
    assert_eq!(Reader::open(&scratch.0).unwrap().record(3).unwrap().unwrap().record.output_tokens, 2);
}
