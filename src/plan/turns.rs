//! Conversations become chains of requests: the turns of each come in, with when it begins; the request of its first turn goes
//! out, and carries along how the others follow: with what was said until then, after a time to think.

use std::sync::Arc;
use std::vec;

use serde_json::{Value, json};

use super::hash::{ALONE, hash};
use super::request::Encoder;
use super::{Job, Load, Then};
use crate::dataset::{Conversations, History, Json, Prompt, Sample, Samples};
use crate::error::Result;
use crate::record::{Finished, Outcome, Partition, Tick};

/// Counts the tokens of a text.
pub type Count = dyn Fn(&str) -> u32 + Send + Sync;

/// How the samples of a run belong together.
pub struct Turns {
    lengths: Vec<u32>,
    history: History,
    count: Box<Count>,
}

impl Turns {
    /// Takes conversations apart: their turns, and how these belong together.
    pub fn of(conversations: Conversations, count: Box<Count>) -> (Samples, Self) {
        let Conversations { turns, samples, history } = conversations;
        (samples, Turns { lengths: turns, history, count })
    }

    /// How many conversations there are.
    pub fn conversations(&self) -> usize {
        self.lengths.len()
    }

    /// The id of the first request of each conversation.
    pub fn first_ids(&self) -> Vec<u32> {
        let next = |id: &mut u32, turns: &u32| {
            let first = *id;
            *id += turns;
            Some(first)
        };
        self.lengths.iter().scan(0, next).collect()
    }

    /// Where each request goes when its conversation goes as `assigned` says; without `turns` each request stands alone.
    pub fn spread(turns: Option<&Self>, assigned: Partition) -> Partition {
        let Some(turns) = turns else { return assigned };
        let turns = turns.lengths.iter().zip(&assigned.of);
        let of = turns.flat_map(|(&length, &place)| std::iter::repeat_n(place, length as usize)).collect();
        Partition { of, ..assigned }
    }

    /// How they go under `load`, when they begin at `due`.
    pub fn course(self, load: &Load, due: Vec<Tick>) -> Course {
        let think_nanos = u64::try_from(load.think_time.as_nanos()).unwrap_or(u64::MAX);
        Course { turns: self.lengths, due, think_nanos, history: self.history, count: self.count }
    }
}

/// How conversations go.
pub struct Course {
    /// How many turns each has.
    pub turns: Vec<u32>,
    /// When each begins.
    pub due: Vec<Tick>,
    /// Nanoseconds from the end of an answer to the next turn.
    pub think_nanos: u64,
    /// Whether a turn brings along what was said before it.
    pub history: History,
    /// Counts an answer that the server did not count.
    pub count: Box<Count>,
}

/// The requests that begin the conversations whose turns are `samples`, one after the other. The requests of a conversation
/// have consecutive ids, in the order of `samples`.
pub fn jobs(
    encoder: Encoder,
    mut samples: impl Iterator<Item = Result<Sample>> + Send + 'static,
    course: Course,
) -> Box<dyn Iterator<Item = Result<Job>> + Send> {
    let Course { turns, due, think_nanos, history, count } = course;
    let manner = Arc::new(Manner { encoder, think_nanos, history, count });
    let mut next_id = 0;
    Box::new(turns.into_iter().zip(due).map(move |(turns, due)| {
        let turns = samples.by_ref().take(turns as usize).collect::<Result<Vec<Sample>>>()?;
        let (manner, turns) = (Arc::clone(&manner), turns.into_iter());
        let talk = Talk { manner, next_id, turns, planned: due, before: ALONE, messages: Vec::new() };
        next_id += talk.turns.len() as u32;
        Ok(talk.turn(due, 0).expect("a conversation has a turn"))
    }))
}

/// What is the same for all conversations.
struct Manner {
    encoder: Encoder,
    think_nanos: u64,
    history: History,
    count: Box<Count>,
}

/// A conversation from some turn on.
struct Talk {
    manner: Arc<Manner>,
    next_id: u32,
    turns: vec::IntoIter<Sample>,
    /// When the next turn would be due if answers took no time.
    planned: Tick,
    /// The hash of the turn before it, where it brings that along.
    before: u64,
    /// What was said until then, as far as it goes into the next turn.
    messages: Vec<Value>,
}

impl Talk {
    /// The request of the next turn, after so many tokens of history.
    fn turn(mut self, due: Tick, history_tokens: u32) -> Option<Job> {
        let sample = self.turns.next()?;
        let id = self.next_id;
        self.next_id += 1;
        let workload = self.workload(id, &sample);
        let sample = self.after_history(sample, history_tokens);
        let manner = Arc::clone(&self.manner);
        let mut job = Job { workload, ..manner.encoder.job(id, due, &sample) };
        if self.turns.len() > 0 {
            job.then = Some(Then::new(self.size(), |finished| self.follow(finished)));
        }
        Some(job)
    }

    /// What the next turn adds to the hash of the workload: its own words, due as if answers took no time, on top of the turn
    /// before it where it brings that along.
    fn workload(&mut self, id: u32, sample: &Sample) -> u64 {
        let Manner { encoder, think_nanos, history, .. } = &*self.manner;
        let hash = hash(&encoder.job(id, self.planned, sample), self.before);
        self.planned = Tick::from_nanos(self.planned.nanos().saturating_add(*think_nanos));
        self.before = if *history == History::Kept { hash } else { ALONE };
        hash
    }

    /// Puts a turn behind what was said before it.
    fn after_history(&mut self, sample: Sample, history_tokens: u32) -> Sample {
        let Prompt::Text(text) = &sample.prompt else { return sample };
        if self.manner.history == History::Dropped {
            return sample;
        }
        let begins = self.messages.is_empty();
        // The server sees each message as it did when it was new, so that its prefix cache can hold.
        self.messages.push(json!({"role": "user", "content": [{"type": "text", "text": text}]}));
        if begins {
            return sample;
        }
        let input_tokens = history_tokens.saturating_add(sample.input_tokens);
        let prompt = Prompt::Messages(Json::of(&Value::from(self.messages.as_slice())));
        Sample { prompt, input_tokens, ..sample }
    }

    /// The turn after one that went as `finished` says; a failure ends the conversation.
    fn follow(mut self, finished: &Finished) -> Option<Job> {
        let record = &finished.record;
        if record.outcome != Outcome::Done {
            return None;
        }
        let mut history_tokens = 0;
        if self.manner.history == History::Kept {
            let answer_tokens = match finished.counted_by_server {
                true => record.output_tokens,
                false => (self.manner.count)(&finished.text),
            };
            history_tokens = record.input_tokens.saturating_add(answer_tokens);
            self.messages.push(json!({"role": "assistant", "content": finished.text}));
        }
        let due = Tick::from_nanos(record.end.nanos().saturating_add(self.manner.think_nanos));
        self.turn(due, history_tokens)
    }

    fn size(&self) -> usize {
        let text = |sample: &Sample| if let Prompt::Text(text) = &sample.prompt { text.len() } else { 0 };
        self.turns.as_slice().iter().map(text).sum()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::backend::template::Fixed;
    use crate::backend::{Backend, Delivery};
    use crate::plan::request::Start;
    use crate::record::{Failure, Record};

    fn sample(text: &str) -> Sample {
        Sample { prompt: Prompt::Text(text.into()), input_tokens: 10, output_tokens: 4, ..Sample::default() }
    }

    fn encoder() -> Encoder {
        let overlay = Map::new();
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
        Encoder::new(&[Start::default()], &[], Backend::named("openai-chat").unwrap(), &fixed)
    }

    /// The first requests of two conversations, of three turns and one.
    fn begin(history: History) -> Vec<Job> {
        let course = Course {
            turns: vec![3, 1],
            due: vec![Tick::ZERO, Tick::from_nanos(7)],
            think_nanos: 1_000,
            history,
            count: Box::new(|text| text.len() as u32),
        };
        let samples = ["one", "two", "three", "other"].map(|text| Ok(sample(text)));
        jobs(encoder(), samples.into_iter(), course).collect::<Result<_>>().unwrap()
    }

    fn messages(job: &Job) -> Value {
        let text = String::from_utf8(job.bytes.clone()).unwrap();
        let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        body["messages"].clone()
    }

    fn asked(text: &str) -> Value {
        json!({"role": "user", "content": [{"type": "text", "text": text}]})
    }

    fn answered(text: &str) -> Finished {
        let record = Record { input_tokens: 12, output_tokens: 4, end: Tick::from_nanos(500), ..Record::default() };
        Finished { record, text: text.into(), counted_by_server: true, ..Finished::default() }
    }

    #[test]
    fn a_turn_has_all_that_was_said_before_it() {
        let mut first = begin(History::Kept).remove(0);
        assert_eq!((first.id, messages(&first)), (0, json!([asked("one")])));
        let mut second = first.then.take().unwrap().job(&answered("yes")).unwrap();
        assert_eq!((second.id, second.due.nanos(), second.input_tokens), (1, 1_500, 12 + 4 + 10));
        let yes = json!({"role": "assistant", "content": "yes"});
        assert_eq!(messages(&second), json!([asked("one"), yes, asked("two")]));
        let uncounted = Finished { counted_by_server: false, ..answered("no, no") };
        let third = second.then.take().unwrap().job(&uncounted).unwrap();
        let no = json!({"role": "assistant", "content": "no, no"});
        assert_eq!(messages(&third), json!([asked("one"), yes, asked("two"), no, asked("three")]));
        assert_eq!((third.id, third.input_tokens), (2, 12 + 6 + 10));
        assert!(third.then.is_none(), "the last turn is the end");
    }

    #[test]
    fn the_requests_of_a_conversation_follow_each_other_in_the_plan() {
        let begun = begin(History::Kept);
        let starts: Vec<_> = begun.iter().map(|job| (job.id, job.due.nanos(), job.then.is_some())).collect();
        assert_eq!(starts, [(0, 0, true), (3, 7, false)]);
        let turns = Turns { lengths: vec![3, 1, 2], history: History::Kept, count: Box::new(|_| 0) };
        assert_eq!(turns.first_ids(), [0, 3, 4]);
        assert_eq!(begun[0].size(), begun[0].bytes.len() + "twothree".len());
    }

    /// What each turn of the first conversation adds to the workload, if each is answered as `answers` say.
    fn shares(history: History, answers: [&Finished; 2]) -> [u64; 3] {
        let mut first = begin(history).remove(0);
        let mut second = first.then.take().unwrap().job(answers[0]).unwrap();
        let third = second.then.take().unwrap().job(answers[1]).unwrap();
        [first.workload, second.workload, third.workload]
    }

    #[test]
    fn a_workload_is_what_is_asked_and_not_what_is_answered() {
        let (yes, mut late) = (answered("yes"), answered("no, no"));
        late.record.end = Tick::from_nanos(900);
        let kept = shares(History::Kept, [&yes, &yes]);
        assert_eq!(kept, shares(History::Kept, [&late, &late]));
        let dropped = shares(History::Dropped, [&yes, &yes]);
        assert_eq!(kept[0], dropped[0], "the first turn has no history");
        assert!(kept[1] != dropped[1] && kept[2] != dropped[2], "history is sent again");
        assert_eq!(dropped, shares(History::Dropped, [&late, &yes]));
    }

    #[test]
    fn each_turn_counts_by_itself_once_it_is_sent() {
        let [first, second, third] = shares(History::Dropped, [&answered("yes"), &answered("yes")]);
        let alone = |id, due, text| hash(&encoder().job(id, Tick::from_nanos(due), &sample(text)), ALONE);
        assert_eq!([first, second, third], [alone(0, 0, "one"), alone(1, 1_000, "two"), alone(2, 2_000, "three")]);
    }

    #[test]
    fn a_turn_without_history_stands_alone() {
        let first = begin(History::Dropped).remove(0);
        let second = first.then.unwrap().job(&answered("yes")).unwrap();
        assert_eq!((messages(&second), second.input_tokens), (json!([asked("two")]), 10));
    }

    #[test]
    fn a_turn_that_fails_ends_its_conversation() {
        let mut failed = answered("ye");
        failed.record.outcome = Outcome::Failed(Failure::Reset);
        let first = begin(History::Kept).remove(0);
        assert!(first.then.unwrap().job(&failed).is_none());
    }
}
