//! Which rows of a file are asked: those whose length is wanted, from an offset on, and again from the first where there are too
//! few. Rows come in, the requests of a point go out.

use std::sync::Arc;

use super::asked::Asked;
use super::draw::Draw;
use super::shaping::Shaping;
use crate::dataset::ahead::relay;
use crate::dataset::needs::Carries;
use crate::dataset::sample::{Sample, Samples};
use crate::error::{Error, Result};
use crate::token::Tokenizer;

/// Rows that are counted at once in each thread.
const DEPTH: usize = 8;

/// What the requests of a point are made for.
pub(super) struct Point<'a> {
    pub(super) draw: &'a Draw,
    pub(super) shaping: &'a Shaping,
    pub(super) carries: &'a Carries,
    pub(super) tokenizer: Option<&'a Tokenizer>,
}

/// The rows of a file that can be used, as far as they were needed, and the lengths of those that cannot.
struct Usable {
    rows: Vec<(Asked, Option<u32>)>,
    others: u64,
    shortest: u32,
    longest: u32,
}

impl Point<'_> {
    /// The requests of this point, of `rows` which were `looked_for`.
    ///
    /// # Errors
    /// Where a row is wrong, or none can be used.
    pub(super) fn samples(&self, rows: impl Iterator<Item = Result<Asked>>, looked_for: &str) -> Result<Samples> {
        self.shaping.check()?;
        let Point { draw, shaping, carries, tokenizer } = *self;
        let usable = self.usable(rows)?;
        if usable.rows.is_empty() {
            return Err(self.none(&usable, looked_for));
        }
        let (count, there) = (draw.requests() as usize, usable.rows.len());
        let first = draw.offset as usize % there;
        let outputs = shaping.outputs(draw.seed, draw.earlier_requests(), draw.requests());
        let (shaping, carries, tokenizer, rows) = (*shaping, *carries, tokenizer.cloned(), Arc::new(usable.rows));
        let iter = outputs.into_iter().enumerate().map(move |(index, drawn)| {
            let (asked, length) = &rows[(first + index) % there];
            let sample = asked.sample(&shaping, *length, &carries, tokenizer.as_ref())?;
            Ok(Sample { output_tokens: asked.output_tokens().unwrap_or(drawn), ..sample })
        });
        let warnings = repeats(count, there).into_iter().collect();
        Ok(Samples { warnings, ..Samples::new(count, iter) })
    }

    /// Counts rows on all cores until there are enough.
    fn usable(&self, rows: impl Iterator<Item = Result<Asked>>) -> Result<Usable> {
        let enough = self.draw.offset as usize + self.draw.requests() as usize;
        let (shaping, tokenizer) = (*self.shaping, self.tokenizer.cloned());
        let counted = relay(rows, DEPTH, move |asked: Result<Asked>| {
            let asked = asked?;
            let length = asked.length(&shaping, tokenizer.as_ref())?;
            Ok((asked, length))
        });
        let mut usable = Usable { rows: Vec::new(), others: 0, shortest: u32::MAX, longest: 0 };
        for row in counted {
            let row: (Asked, Option<u32>) = row?;
            match row.1 {
                Some(length) if !self.shaping.takes(length) => {
                    usable.others += 1;
                    usable.shortest = usable.shortest.min(length);
                    usable.longest = usable.longest.max(length);
                }
                _ => usable.rows.push(row),
            }
            if usable.rows.len() == enough {
                break;
            }
        }
        Ok(usable)
    }

    fn none(&self, usable: &Usable, looked_for: &str) -> Error {
        let Usable { others, shortest, longest, .. } = usable;
        if *others == 0 {
            return Error::new(format!("no {looked_for} in it"))
                .hint("give a file that is not empty with `--dataset-path`");
        }
        let unit = if self.tokenizer.is_some() { "tokens" } else { "characters" };
        let Shaping { min_prompt_length: low, max_prompt_length: high, .. } = self.shaping;
        Error::new(format!(
            "no {looked_for} has {low} to {high} {unit}: the {others} in it have {shortest} to {longest}"
        ))
        .hint("set `--min-prompt-length` and `--max-prompt-length`")
    }
}

/// What to warn of where `count` requests are made of `there` rows.
pub(super) fn repeats(count: usize, there: usize) -> Option<String> {
    (count > there).then(|| {
        format!(
            "{} of {count} requests repeat another one, because the dataset has only {there} usable: a prefix cache may \
             serve them",
            count - there
        )
    })
}
