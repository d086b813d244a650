//! Requests that are too long for a model are dropped: samples and a length come in, the samples that are left go out.
//!
//! How many are left is known once all are made, so all are made here.

use super::Samples;
use crate::error::{Error, Result};

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

#[cfg(test)]
mod tests {
    use crate::dataset::Sample;
    use crate::record::Tick;

    use super::*;

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
}
