//! The probe stream: a chain of one small request, sent again and again, one at a time, beside a run.

use std::sync::Arc;

use super::request::Encoder;
use super::{Job, Then};
use crate::dataset::{Prompt, Sample};
use crate::error::Result;
use crate::record::{Finished, Tick};

/// The first of the probes, of which `rate` a second are due; the others follow it without end. They carry what `first`, the
/// first sample of the run, overrides. One that takes longer than the time between two delays the next until it has ended.
///
/// # Errors
/// If the protocol has no requests of a text.
pub fn probes(encoder: &Encoder, first: &Sample, rate: f64) -> Result<Job> {
    let overrides = first.overrides.clone();
    let hi =
        Sample { prompt: Prompt::Text("Hi".into()), input_tokens: 1, output_tokens: 1, overrides, ..Sample::default() };
    encoder.check(&hi).map_err(|error| error.context("`--probe-request-rate`"))?;
    let Job { bytes, input_tokens, .. } = encoder.job(0, Tick::ZERO, &hi);
    let probe = Arc::new(Probe { bytes, input_tokens, gap_nanos: Tick::from_secs_f64(1.0 / rate).nanos() });
    Ok(job(probe, 0, Tick::ZERO))
}

/// What is the same for all probes.
struct Probe {
    bytes: Vec<u8>,
    input_tokens: u32,
    gap_nanos: u64,
}

fn job(probe: Arc<Probe>, id: u32, due: Tick) -> Job {
    let (bytes, input_tokens) = (probe.bytes.clone(), probe.input_tokens);
    let again = move |finished: &Finished| {
        let next = Tick::from_nanos(due.nanos().saturating_add(probe.gap_nanos)).max(finished.record.end);
        Some(job(probe, id.wrapping_add(1), next))
    };
    let then = Some(Then::new(0, again));
    Job { id, server: 0, due, bytes, input_tokens, output_tokens: 1, inputs: 1, audio_seconds: 0.0, workload: 0, then }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::backend::template::Fixed;
    use crate::backend::{Backend, Delivery};
    use crate::dataset::Json;
    use crate::plan::request::Start;
    use crate::record::Record;

    fn first() -> Job {
        let overlay = Map::from_iter([("temperature".to_owned(), json!(0))]);
        let delivery = Delivery::Stream;
        let fixed = Fixed {
            model: "m",
            logprobs: None,
            ignore_eos: false,
            delivery,
            overlay: &overlay,
            dropped: &[],
            base: None,
        };
        let encoder = Encoder::new(&[Start::default()], &[], Backend::named("openai").unwrap(), &fixed);
        let overrides = vec![("tools".to_owned(), Json::of(&json!([])))];
        let sample = Sample { request_id: Some("r-0".into()), output_tokens: 99, overrides, ..Sample::default() };
        probes(&encoder, &sample, 2.0).unwrap()
    }

    fn ended(millis: u64) -> Finished {
        let record = Record { end: Tick::from_nanos(millis * 1_000_000), ..Record::default() };
        Finished { record, ..Finished::default() }
    }

    #[test]
    fn a_probe_asks_for_one_token_with_the_fields_of_the_run() {
        let text = String::from_utf8(first().bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("x-request-id"), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["prompt"], &body["max_tokens"]), (&json!("Hi"), &json!(1)));
        assert_eq!((&body["temperature"], &body["tools"]), (&json!(0), &json!([])));
    }

    #[test]
    fn probes_keep_their_rate_and_wait_for_each_other() {
        let mut first = first();
        let bytes = first.bytes.clone();
        let mut second = first.then.take().unwrap().job(&ended(20)).unwrap();
        assert_eq!((second.id, second.due.nanos(), &second.bytes), (1, 500_000_000, &bytes));
        let third = second.then.take().unwrap().job(&ended(1_300)).unwrap();
        assert_eq!((third.id, third.due.nanos()), (2, 1_300_000_000));
    }
}
