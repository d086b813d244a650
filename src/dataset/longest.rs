//! What is too long for a model is dropped: requests, or turns and with each those that follow it. Samples or conversations
//! and a length come in, those that are left go out.
//!
//! How many are left is known once all are made, so all are made here.

use super::lengths::length;
use super::sample::{Sample, Samples};
use super::turns::{Conversations, History};
use crate::args;
use crate::error::{Error, Result};

/// The flag that says what is too long.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Dataset")]
pub(super) struct LongestArgs {
    /// Drop requests whose prompt and answer together have more than N tokens.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = args::int)]
    max_model_len: Option<i64>,
}

impl LongestArgs {
    /// The longest prompt and answer together that a model takes, where it is given.
    pub(super) fn resolve(&self) -> Result<Option<u32>> {
        self.max_model_len.map(|len| length("--max-model-len", len)).transpose()
    }
}

impl Samples {
    /// Drops the samples whose prompt and answer together have more than `longest` tokens, and warns of how many that were.
    ///
    /// # Errors
    ///
    /// Where a sample cannot be made, or none is left.
    pub fn within(self, longest: u32) -> Result<Self> {
        let mut due = self.due.map(Vec::into_iter);
        let (mut kept, mut kept_due) = (Vec::new(), due.is_some().then(Vec::new));
        for sample in self.iter {
            let sample = sample?;
            let tick = due.as_mut().and_then(Iterator::next);
            if u64::from(sample.input_tokens) + u64::from(sample.output_tokens) <= u64::from(longest) {
                kept.push(sample);
                if let Some(due) = &mut kept_due {
                    due.extend(tick);
                }
            }
        }
        let (count, all) = (kept.len(), self.count);
        if count == 0 {
            return Err(Error::new(format!("`--max-model-len {longest}`: each of {all} requests has more tokens"))
                .hint("raise it, or lower the lengths of input and output"));
        }
        let mut warnings = self.warnings;
        if count < all {
            let dropped = all - count;
            warnings.push(format!("{dropped} of {all} requests dropped, because they have more than {longest} tokens"));
        }
        let iter = Box::new(kept.into_iter().map(Ok));
        Ok(Samples { count, iter, warnings, due: kept_due, ..self })
    }
}

impl Conversations {
    /// Cuts each conversation off before the first turn that has more than `longest` tokens: its own, its answer's, and where
    /// history is kept those of all turns and answers before it. Conversations without a turn are dropped; warns of what went.
    ///
    /// # Errors
    ///
    /// Where a turn cannot be made, or none is left.
    pub fn within(self, longest: u32) -> Result<Self> {
        let Conversations { turns, mut samples, history } = self;
        let (mut kept, mut lengths) = (Vec::<Sample>::new(), Vec::new());
        for &length in &turns {
            let all = samples.iter.by_ref().take(length as usize).collect::<Result<Vec<Sample>>>()?;
            let fitting = fitting(&all, longest, history);
            kept.extend(all.into_iter().take(fitting));
            lengths.extend((fitting > 0).then_some(fitting as u32));
        }
        // What is known only at their end is told there.
        samples.iter.next().transpose()?;
        let (count, all) = (kept.len(), samples.count);
        if count == 0 {
            return Err(Error::new(format!(
                "`--max-model-len {longest}`: each of {} conversations has more tokens",
                turns.len()
            ))
            .hint("raise it, or lower the lengths of input and output"));
        }
        let mut warnings = samples.warnings;
        if count < all {
            warnings.push(format!(
                "{} of {all} turns and {} of {} conversations dropped, because they have more than {longest} tokens",
                all - count,
                turns.len() - lengths.len(),
                turns.len()
            ));
        }
        let iter = Box::new(kept.into_iter().map(Ok));
        Ok(Conversations { turns: lengths, samples: Samples { count, iter, warnings, ..samples }, history })
    }
}

/// How many of the first turns fit.
fn fitting(turns: &[Sample], longest: u32, history: History) -> usize {
    let mut before = 0_u64;
    let fits = |turn: &&Sample| {
        let after = before + u64::from(turn.input_tokens) + u64::from(turn.output_tokens);
        if history == History::Kept {
            before = after;
        }
        after <= u64::from(longest)
    };
    turns.iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Tick;

    fn samples() -> Samples {
        let sample = |tokens| Ok(Sample { input_tokens: tokens, output_tokens: 3, ..Sample::default() });
        let due = Some([1, 2, 3, 4].map(Tick::from_nanos).to_vec());
        Samples { due, ..Samples::new(4, [7, 8, 2, 9].into_iter().map(sample)) }
    }

    #[test]
    fn what_is_too_long_is_dropped_with_its_time_and_told() {
        let left = samples().within(10).unwrap();
        assert_eq!((left.count, left.due), (2, Some(vec![Tick::from_nanos(1), Tick::from_nanos(3)])));
        let tokens: Vec<u32> = left.iter.map(|sample| sample.unwrap().input_tokens).collect();
        assert_eq!((tokens, left.warnings.len()), (vec![7, 2], 1));
        assert!(left.warnings[0].starts_with("2 of 4 requests dropped"));
    }

    #[test]
    fn nothing_is_told_where_all_fit_and_nothing_left_is_an_error() {
        assert!(samples().within(12).unwrap().warnings.is_empty());
        let error = samples().within(4).err().unwrap();
        assert_eq!(error.to_string(), "`--max-model-len 4`: each of 4 requests has more tokens");
    }

    fn conversations(history: History) -> Conversations {
        let sample = |tokens| Ok(Sample { input_tokens: tokens, output_tokens: 2, ..Sample::default() });
        let samples = Samples::new(6, [3, 3, 3, 9, 2, 2].into_iter().map(sample));
        Conversations { turns: vec![3, 1, 2], samples, history }
    }

    #[test]
    fn a_conversation_is_cut_off_where_its_history_is_too_long() {
        let left = conversations(History::Kept).within(10).unwrap();
        assert_eq!((left.turns, left.samples.count), (vec![2, 2], 4));
        let tokens: Vec<u32> = left.samples.iter.map(|sample| sample.unwrap().input_tokens).collect();
        assert_eq!(tokens, [3, 3, 2, 2]);
        let what = "2 of 6 turns and 1 of 3 conversations dropped, because they have more than 10 tokens";
        assert_eq!(left.samples.warnings, [what]);
    }

    #[test]
    fn turns_without_history_count_alone() {
        assert_eq!(conversations(History::Dropped).within(10).unwrap().turns, [3, 2]);
        assert_eq!(conversations(History::Dropped).within(11).unwrap().turns, [3, 1, 2]);
        assert!(conversations(History::Kept).within(3).is_err());
    }
}
