//! Recorded conversations of agents, of which only the lengths are known: made-up turns that are as long, with answers as long as
//! the recorded ones. The pauses in which tools ran are not kept.

use std::path::PathBuf;

use serde_json::Value;

use super::draw::Draw;
use super::shaping::Shaping;
use super::talks::only_talks;
use super::usable::repeats;
use super::vocabulary::{Filling, Vocabulary};
use crate::dataset::file::open::{check, from_file};
use crate::dataset::kind::Dataset;
use crate::dataset::made::fit::{Fit, Fitted};
use crate::dataset::rows::{self, Row};
use crate::dataset::sample::{Prompt, Sample, Samples};
use crate::dataset::turns::{Conversations, History, Shape, count};
use crate::error::{Error, Result};
use crate::token::Tokenizer;

/// The settings of `trie_agentic_coding`, `trie_code_qa` and `trie_office_work`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trie {
    /// Which of them it is.
    pub name: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Which conversations are taken, and what their words are drawn from.
    pub draw: Draw,
    /// What turns are sent as; their lengths are recorded.
    pub shaping: Shaping,
}

const FORM: &str = "write an object a line, such as {\"input_prompt_length\": 100, \"num_turns\": 1, \
                    \"assistant_response_length\": [10], \"tool_call_output_length\": [20], \"tool_call_latency\": [0.5], \
                    \"final_assistant_response_length\": 30}";

/// Tokens of a turn, and of its answer.
type Lengths = (u32, u32);

impl Trie {
    /// Ready for conversations: of those with more turns than their shape wants, the first are taken.
    pub fn dataset(self) -> Dataset {
        let check = check(&self.path);
        let dataset = only_talks(self.name, move |shape: &Shape| {
            let (trie, most) = (self.clone(), shape.turns.most.unwrap_or(u32::MAX));
            Ok(Box::new(move |tokenizer, _| {
                from_file(&trie.path, |bytes| trie.read(&bytes, most as usize, tokenizer.clone()))
            }))
        });
        Dataset { check, ..dataset }
    }

    fn read(&self, bytes: &[u8], most: usize, tokenizer: Tokenizer) -> Result<Conversations> {
        let (mut all, mut paused) = (Vec::new(), false);
        for row in rows::lines(bytes, FORM) {
            let (mut turns, pauses) = recorded(&row?)?;
            turns.truncate(most);
            paused |= pauses;
            all.push(turns);
        }
        if all.is_empty() {
            return Err(Error::new("no lines").hint(FORM));
        }
        let (requests, there, first) = (self.draw.requests() as usize, all.len(), self.draw.offset as usize);
        let taken: Vec<Vec<Lengths>> = (0..requests).map(|index| all[(first + index) % there].clone()).collect();
        let turns: Vec<u32> = taken.iter().map(|turns| turns.len() as u32).collect();
        let count = count(&turns)?;
        let vocabulary = Vocabulary::whole(&tokenizer)?;
        // Earlier points drew as many turns at least as they had conversations.
        let mut legacy = self.draw.begin(|requests, legacy| {
            for _ in 0..requests {
                vocabulary.one(legacy);
            }
        });
        let begins = taken.iter().flat_map(|turns| (0..turns.len()).map(|turn| turn == 0)).collect::<Vec<_>>();
        let shaping = self.shaping;
        let iter = taken.into_iter().flatten().zip(begins).map(move |((length, output_tokens), begins)| {
            let place = legacy.up_to(vocabulary.len() - 1);
            let ids: Vec<u32> = vocabulary.ramp(u64::from(place), length).collect();
            let mut filling = Filling(&vocabulary, &mut legacy);
            let fit = Fit::new(ids, length as usize).advance(&tokenizer)?;
            let Fitted { text, ids, .. } = fit.finish(&tokenizer, &mut filling)?;
            let input_tokens = if begins { shaping.tokens(&text, &tokenizer)? } else { ids.len() as u32 };
            Ok(Sample { prompt: Prompt::Text(text), input_tokens, output_tokens, ..Sample::default() })
        });
        let pauses = paused.then(|| "the pauses in which tools ran are not kept: turns follow at once".to_owned());
        let warnings = repeats(requests, there).into_iter().chain(pauses).collect();
        let samples = Samples { warnings, ..Samples::new(count, iter) };
        Ok(Conversations { turns, samples, history: History::Kept })
    }
}

/// The turns of a line, and whether there are pauses between them.
fn recorded(row: &Row) -> Result<(Vec<Lengths>, bool)> {
    let turns = row.tokens("num_turns")? as usize;
    let list = |field: &str| {
        let all: Option<Vec<u32>> = row
            .get(field)
            .and_then(Value::as_array)
            .and_then(|list| list.iter().map(|length| u32::try_from(length.as_u64()?).ok()).collect());
        let all = all.ok_or_else(|| row.without("list of numbers of tokens", field))?;
        match all.len() >= turns {
            true => Ok(all),
            false => Err(row.wrong(format!("{} numbers at `{field}`, and {turns} turns", all.len()))),
        }
    };
    let (answers, outputs) = (list("assistant_response_length")?, list("tool_call_output_length")?);
    let asked = std::iter::once(row.prompt_tokens("input_prompt_length")?).chain(outputs);
    let last = row.tokens("final_assistant_response_length")?;
    let answered = answers.into_iter().take(turns).chain([last]);
    let paused = row
        .get("tool_call_latency")
        .and_then(Value::as_array)
        .is_some_and(|pauses| pauses.iter().filter_map(Value::as_f64).any(|pause| pause > 0.0));
    // A message cannot be empty.
    Ok((asked.zip(answered).map(|(asked, answered)| (asked.max(1), answered.max(1))).collect(), paused))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::evalscope::Form;

    const LINES: &str = "{\"input_prompt_length\": 9, \"num_turns\": 2, \"assistant_response_length\": [3, 4], \
                         \"tool_call_output_length\": [5, 0], \"tool_call_latency\": [0.5, 0], \
                         \"final_assistant_response_length\": 6}\n";

    fn read(content: &str, most: usize) -> Result<Conversations> {
        let trie = Trie {
            name: "trie_code_qa",
            path: PathBuf::new(),
            draw: Draw { seed: 2, earlier: Vec::new(), number: 2, warmups: 0, offset: 0 },
            shaping: Shaping { min_prompt_length: 0, max_prompt_length: 9, form: Form::Text, max_tokens: (7, 7) },
        };
        trie.read(content.as_bytes(), most, Tokenizer::builtin().unwrap())
    }

    #[test]
    fn turns_and_answers_are_as_long_as_recorded() {
        let made = read(LINES, usize::MAX).unwrap();
        assert_eq!((made.turns, made.samples.warnings.len()), (vec![3, 3], 2));
        let samples: Vec<Sample> = made.samples.iter.collect::<Result<_>>().unwrap();
        let lengths: Vec<Lengths> = samples.iter().map(|sample| (sample.input_tokens, sample.output_tokens)).collect();
        assert_eq!(lengths, [(9, 3), (5, 4), (1, 6), (9, 3), (5, 4), (1, 6)]);
        assert_ne!(samples[0].prompt, samples[3].prompt);
        assert_eq!(read(LINES, 2).unwrap().turns, [2, 2]);
    }

    #[test]
    fn lines_that_lack_lengths_are_refused() {
        let why = |content: &str| read(content, 9).err().unwrap().to_string();
        assert_eq!(why("\n"), "no lines");
        let few = LINES.replace("[5, 0]", "[5]");
        assert_eq!(why(&few), "line 1: 1 numbers at `tool_call_output_length`, and 2 turns");
        assert!(
            why("{\"num_turns\": 1}")
                .starts_with("line 1: no list of numbers of tokens at `assistant_response_length`")
        );
    }
}
