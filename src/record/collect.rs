//! The reducer of a run: finished requests come in one at a time, in any order; a [`Run`] goes out. It holds a small record
//! a request, the pooled gaps and the flow; never an answer's text or chunks, except of answers whose tokens the server did
//! not count, which wait here for a tokenizer.

use std::collections::BTreeMap;

use super::{Answers, Errors, Finished, Flow, Gaps, Health, Outcome, Record, Run, ServerTimes, Tick};

/// Output tokens of an answer that neither the server nor a tokenizer counted.
const UNCOUNTED_TOKENS: u32 = 1;

/// What is known of a run so far.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    planned: u64,
    records: Vec<Record>,
    errors: Errors,
    gaps: Gaps,
    flow: Flow,
    sound_nanos: u64,
    server_times: bool,
    workload: u64,
    answers: Answers,
    /// Answers that wait for their count.
    uncounted: BTreeMap<u32, Uncounted>,
    /// The bytes that these take.
    waiting: usize,
    /// Answers that nobody will count.
    assumed: u64,
}

/// A successful answer that still has to be counted.
#[derive(Debug, Clone)]
struct Uncounted {
    position: usize,
    text: String,
    chunks: Vec<Tick>,
}

impl Uncounted {
    /// The bytes that it takes.
    fn size(&self) -> usize {
        self.text.len() + self.chunks.len() * size_of::<Tick>() + size_of::<Self>()
    }
}

/// Room is made beforehand for so many records at most, however many are planned.
const MOST_AT_ONCE: u64 = 1 << 20;

impl Collector {
    /// An empty run of `planned` requests.
    pub fn new(planned: u64) -> Self {
        // Room for all at once: a million records that move while they grow take twice their memory.
        let records = Vec::with_capacity(planned.min(MOST_AT_ONCE) as usize);
        Collector { planned, records, ..Collector::default() }
    }

    /// Takes in one finished request.
    pub fn push(&mut self, finished: Finished) {
        let Finished { mut record, chunks, tokens, text, counted_by_server, detail, .. } = finished;
        let Finished { audio_seconds, server, workload, said, .. } = finished;
        self.workload = self.workload.wrapping_add(workload);
        self.server_times |= server != ServerTimes::default();
        record.chunks = chunks.len() as u32;
        match record.outcome {
            Outcome::Failed(failure) => {
                record.output_tokens = 0;
                let detail = if detail.is_empty() { failure.to_string() } else { detail };
                self.errors.insert(record.id, &detail);
            }
            Outcome::Done => {
                self.answers.add(said);
                let sound = Tick::from_secs_f64(audio_seconds).nanos();
                self.sound_nanos = self.sound_nanos.saturating_add(sound);
                chunks.windows(2).for_each(|pair| self.gaps.push(pair[1].since(pair[0])));
                if counted_by_server {
                    self.pour(&chunks, &tokens, record.output_tokens);
                } else {
                    let position = self.records.len();
                    let waits = Uncounted { position, text, chunks };
                    self.waiting += waits.size();
                    let replaced = self.uncounted.insert(record.id, waits);
                    self.waiting -= replaced.map_or(0, |replaced| replaced.size());
                }
            }
        }
        self.records.push(record);
    }

    /// How many requests have finished so far.
    pub fn finished(&self) -> usize {
        self.records.len()
    }

    /// The answers whose tokens nobody has counted yet, in order of id.
    pub fn uncounted(&self) -> impl Iterator<Item = (u32, &str)> {
        self.uncounted.iter().map(|(&id, waiting)| (id, waiting.text.as_str()))
    }

    /// How many bytes the answers take that nobody has counted yet.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Says that the text of the answer to request `id` has `tokens` tokens. Nothing happens if it is not among
    /// [`Collector::uncounted`]. Each piece of output is a token at least: reasoning and tool calls leave no text, and
    /// tokens that make no sense together are fewer when their text is encoded again.
    pub fn count(&mut self, id: u32, tokens: u32) {
        if let Some(waiting) = self.take(id) {
            let tokens = tokens.max(waiting.chunks.len() as u32);
            self.settle(&waiting, tokens);
        }
    }

    /// Says that nobody will count the answer to request `id`, if it waits for that: it gets one token, as the reference has it.
    pub fn assume(&mut self, id: u32) {
        if let Some(waiting) = self.take(id) {
            self.settle(&waiting, UNCOUNTED_TOKENS);
            self.assumed += 1;
        }
    }

    fn take(&mut self, id: u32) -> Option<Uncounted> {
        let taken = self.uncounted.remove(&id)?;
        self.waiting -= taken.size();
        Some(taken)
    }

    fn settle(&mut self, waiting: &Uncounted, tokens: u32) {
        self.records[waiting.position].output_tokens = tokens;
        self.pour(&waiting.chunks, &[], tokens);
    }

    /// The run as far as requests tell it: without its setup, its conversations, what happened beside it, and whether it was
    /// interrupted. Answers that are still uncounted get one token each and are counted in [`Run::uncounted`].
    pub fn finish(mut self, duration: Tick, health: Health) -> Run {
        let waiting: Vec<u32> = self.uncounted.keys().copied().collect();
        waiting.into_iter().for_each(|id| self.assume(id));
        let (mut records, mut gaps) = (self.records, self.gaps);
        in_order(&mut records, &mut gaps);
        Run {
            records,
            errors: self.errors,
            gaps,
            flow: self.flow,
            sound_nanos: self.sound_nanos,
            server_times: self.server_times,
            answers: self.answers,
            duration,
            planned: self.planned,
            workload: self.workload,
            uncounted: self.assumed,
            health,
            ..Run::default()
        }
    }

    /// Adds an answer to the flow: by what the server said of each chunk, else its tokens spread evenly over its chunks.
    fn pour(&mut self, chunks: &[Tick], tokens: &[u32], total: u32) {
        if tokens.len() == chunks.len() {
            chunks.iter().zip(tokens).for_each(|(&at, &tokens)| self.flow.add(at, tokens));
        } else {
            self.flow.spread(chunks, total);
        }
    }
}

/// Brings records into the order of their ids, and with them their gaps, which stand in the order of the records.
pub(super) fn in_order(records: &mut [Record], gaps: &mut Gaps) {
    // The same request may have run several times.
    let key = |record: &Record| (record.id, record.sent, record.end);
    if records.is_sorted_by_key(key) {
        return;
    }
    let gaps_of = |record: &Record| if record.outcome == Outcome::Done { record.chunks.saturating_sub(1) } else { 0 };
    let ends = records.iter().scan(0, |end, record| {
        *end += gaps_of(record) as usize;
        Some(*end)
    });
    let bounds: Vec<usize> = std::iter::once(0).chain(ends).collect();
    let mut order: Vec<u32> = (0..records.len() as u32).collect();
    order.sort_unstable_by_key(|&position| key(&records[position as usize]));
    gaps.arrange(order.into_iter().map(|position| bounds[position as usize]..bounds[position as usize + 1]));
    records.sort_unstable_by_key(key);
}

#[cfg(test)]
mod tests {
    use super::super::{Failure, flow, gaps};
    use super::*;

    const MS: u64 = 1_000_000;

    fn answer(id: u32, millis: &[u64], output_tokens: u32) -> Finished {
        let chunks: Vec<Tick> = millis.iter().map(|ms| Tick::from_nanos(ms * MS)).collect();
        let (first, last) = (chunks[0], chunks[chunks.len() - 1]);
        let record = Record {
            id,
            input_tokens: 8,
            output_tokens,
            chunks: chunks.len() as u32,
            inputs: 1,
            due: Tick::ZERO,
            sent: Tick::ZERO,
            first,
            last,
            end: last,
            outcome: Outcome::Done,
        };
        let counted_by_server = output_tokens > 0;
        Finished {
            record,
            connected: Tick::ZERO,
            chunks,
            tokens: Vec::new(),
            text: "a b c d".into(),
            counted_by_server,
            detail: String::new(),
            ..Finished::default()
        }
    }

    fn finish(collector: Collector) -> Run {
        collector.finish(Tick::from_nanos(MS), Health::default())
    }

    fn tokens(run: &Run) -> Vec<f64> {
        run.flow.bins().map(|(_, bin)| bin.tokens()).collect()
    }

    /// By what grows: records, the flow, gaps that are exact or, beyond a limit, a histogram.
    #[test]
    fn a_day_at_a_thousand_tokens_a_second_takes_less_than_150_megabytes() {
        const A_SECOND: u64 = 1_000;
        const ANSWER: u64 = 128;
        // What a run of a few requests takes, threads and the built-in tokenizer included.
        const PROCESS: usize = 35_000_000;
        let taken = |hours: u64| {
            let tokens = hours * 3600 * A_SECOND;
            let records = (tokens / ANSWER) as usize * size_of::<Record>();
            let exact = tokens as usize <= gaps::EXACT_LIMIT;
            let of_histogram = gaps::precise().distinct_values() * size_of::<u64>();
            let gaps = if exact { tokens as usize * size_of::<u32>() } else { of_histogram };
            PROCESS + records + gaps + flow::MOST_BYTES
        };
        let most = (1..=24).map(taken).max().unwrap();
        assert!(most < 150_000_000, "{most}");
    }

    #[test]
    fn records_are_sorted_by_id_whatever_order_they_finished_in() {
        let mut collector = Collector::new(3);
        for id in [2, 0, 1] {
            collector.push(answer(id, &[5, 7], 2));
        }
        let run = finish(collector);
        assert_eq!(run.records.iter().map(|record| record.id).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((run.planned, run.gaps.len()), (3, 3));
    }

    #[test]
    fn the_workload_is_a_sum_that_may_overflow() {
        let mut collector = Collector::new(3);
        let mut sent = [answer(0, &[5], 1), answer(1, &[6], 1)];
        (sent[0].workload, sent[1].workload) = (u64::MAX, 8);
        sent[1].record.outcome = Outcome::Failed(Failure::Reset);
        sent.into_iter().for_each(|finished| collector.push(finished));
        assert_eq!(finish(collector).workload, 7, "what failed was sent too");
    }

    #[test]
    fn a_failed_request_leaves_its_cause_and_no_gaps() {
        let mut collector = Collector::new(2);
        let mut failed = answer(0, &[5, 7], 2);
        failed.record.outcome = Outcome::Failed(Failure::Reset);
        collector.push(failed.clone());
        failed.record.id = 1;
        failed.detail = "connection reset".into();
        collector.push(failed);
        let run = collector.finish(Tick::ZERO, Health::default());
        assert_eq!((run.errors.of(0), run.errors.of(1)), ("reset", "connection reset"));
        assert!(run.gaps.is_empty() && run.flow.bins().next().is_none());
        assert_eq!(run.records[0].output_tokens, 0);
    }

    #[test]
    fn tokens_are_spread_over_chunks_unless_the_server_says_how_many_each_has() {
        let mut collector = Collector::new(2);
        collector.push(answer(0, &[0, 1], 6));
        let mut told = answer(1, &[2, 3], 6);
        told.tokens = vec![1, 5];
        collector.push(told);
        assert_eq!(tokens(&finish(collector)), [3.0, 3.0, 1.0, 5.0]);
    }

    #[test]
    fn an_answer_that_the_server_did_not_count_waits_for_a_tokenizer() {
        let mut collector = Collector::new(2);
        collector.push(answer(7, &[0, 1], 0));
        collector.push(answer(4, &[2, 3], 0));
        assert_eq!(collector.uncounted().collect::<Vec<_>>(), [(4, "a b c d"), (7, "a b c d")]);
        collector.count(7, 4);
        assert_eq!(collector.uncounted().count(), 1);
        assert!(collector.waiting() > 0);
        let run = finish(collector);
        assert_eq!(run.records.iter().map(|record| record.output_tokens).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(run.uncounted, 1);
        assert_eq!(tokens(&run), [2.0, 2.0, 0.5, 0.5]);
    }
}
