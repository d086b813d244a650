//! Turns that are too long for a model are dropped, and with each those that follow it: conversations and a length come in,
//! shorter ones go out. As of single requests, all are made here.

use super::{Conversations, History, Sample, Samples};
use crate::error::{Error, Result};

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
