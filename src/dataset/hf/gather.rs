//! Rows become requests: settings and a tokenizer come in, rows are read in their order until as many as wanted have become
//! drafts, and the samples of those go out.

use std::sync::{Arc, Mutex, PoisonError};

use super::cell::Row;
use super::class::Class;
use super::draft::Draft;
use super::names::Wanted;
use super::settings::{Hf, Maker};
use super::source::Source;
use super::table::Table;
use super::{ids, tools};
use crate::dataset::ahead::ahead;
use crate::dataset::sample::Samples;
use crate::dataset::selection::Order;
use crate::error::{Error, Result};
use crate::rng::{Draws, Generator};
use crate::token::Tokenizer;

/// Rows that are read at once at most.
const BATCH: usize = 4096;

/// Rows that are read at once at least after the first time: more than are missing, since a filter has dropped some.
const SMALL_BATCH: usize = 64;

/// A conversation whose first message is asked, or the first that is a user's.
pub(super) const MESSAGES: &str = "messages.0.content";

/// The columns that may hold prompts where none is named, the likeliest first.
const TEXT_COLUMNS: [&str; 10] =
    ["prompt", "text", "question", "instruction", "input", "problem", "query", "content", "turns.0", MESSAGES];

impl Hf {
    /// Looks whether the path exists, or else could be a name on the hub.
    pub(super) fn check(&self) -> Result<()> {
        Source::open(&self.path).map(drop).map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: Error) -> Error {
        error.context(format!("cannot read dataset `{}`", self.path))
    }

    pub(super) fn samples(self, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let path = self.path.clone();
        self.samples_of(tokenizer, draws).map_err(|error| error.context(format!("cannot read dataset `{path}`")))
    }

    fn samples_of(self, tokenizer: Tokenizer, draws: &mut Draws) -> Result<Samples> {
        let (hf, source) = (self.clone(), Source::open(&self.path)?);
        let mut maker = Maker { hf, tokenizer, source: source.clone(), text: String::new() };
        let mut warnings = Vec::new();
        let drafts = if self.class == Class::Bfcl {
            let calls = self.calls(&source)?;
            let (drafts, fallbacks) = self.gather_calls(maker, calls)?;
            warnings.extend(tools::doubts(&fallbacks, drafts.len()));
            drafts
        } else {
            let mut table = self.table(&source)?;
            if self.class == Class::Text {
                maker.text = self.text_column(&mut table)?;
                warnings.extend(self.guess(&maker.text, &mut table)?);
            }
            let (columns, maker) = (maker.columns(), Arc::new(maker));
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let (drafts, dropped) = self.gather(&mut table, &columns, |rows| maker.drafts(rows))?;
            if self.class == Class::Asr && dropped > 0 {
                warnings.push(format!("{dropped} recordings are shorter or longer than asked for, and left out"));
            }
            let number = |index, position| if self.class == Class::Blazedit { position } else { index };
            let numbered = drafts.into_iter().enumerate();
            numbered.map(|(index, (position, draft))| draft.numbered(number(index, position))).collect()
        };
        self.ordered(drafts, warnings, draws)
    }

    /// The drafts as requests, repeated where there are too few.
    fn ordered(self, drafts: Vec<Draft>, mut warnings: Vec<String>, draws: &mut Draws) -> Result<Samples> {
        let taken = drafts.len();
        if taken == 0 {
            return Err(Error::new("no row can be used")
                .hint("check the split (`--hf-split`), the lengths and the filters of this dataset"));
        }
        // Only the repeats come from this generator: rows are shuffled by another one.
        let repeats = self.selection.repeats(taken, &mut draws.python);
        warnings.extend(self.selection.warning(taken, repeats.len()));
        let numbers: Vec<usize> = drafts.iter().map(|draft| draft.number).collect();
        let copies = ids::of_copies(&numbers, repeats.len());
        let count = taken + repeats.len();
        let iter = ahead(count, move |index| {
            let (source, number) = match index.checked_sub(taken) {
                None => (index, numbers[index]),
                Some(copy) => (repeats[copy] as usize, copies[copy]),
            };
            drafts[source].finish(self.selection.request_id(number))
        });
        Ok(Samples { warnings, ..Samples::new(count, iter) })
    }

    /// The rows of the split that is asked for.
    pub(super) fn table(&self, source: &Source) -> Result<Table> {
        let wanted = Wanted { subset: self.subset.as_deref(), split: &self.split };
        Ok(Table::new(source.clone(), source.split(wanted)?))
    }

    /// Reads rows in their order until `make` has made something of as many as wanted, each with its position; also, how many
    /// were dropped on the way.
    pub(super) fn gather<T, I: Iterator<Item = Result<Option<T>>>>(
        &self,
        table: &mut Table,
        columns: &[&str],
        make: impl Fn(Vec<Row>) -> I,
    ) -> Result<(Vec<(usize, T)>, usize)> {
        let wanted = self.selection.num_prompts as usize;
        let order = match self.selection.order {
            Order::File => None,
            Order::Shuffled => {
                let rows = u32::try_from(table.count()?).map_err(|_| Error::new("more rows than can be shuffled"))?;
                Some(Generator::new(u64::from(self.selection.seed)).permutation(rows))
            }
        };
        let (mut made, mut at) = (Vec::new(), 0);
        while made.len() < wanted {
            // At first no more than are wanted, so that no file is fetched in vain.
            let least = if at == 0 { 1 } else { SMALL_BATCH };
            let batch = (wanted - made.len()).clamp(least, BATCH);
            let positions: Vec<u64> = match &order {
                None => (at..at + batch).map(|row| row as u64).collect(),
                Some(order) => order.iter().skip(at).take(batch).copied().map(u64::from).collect(),
            };
            let rows = table.read(&positions, columns)?;
            let ended = rows.len() < batch;
            for (offset, one) in make(rows).enumerate() {
                let Some(one) = one? else { continue };
                made.push((at + offset, one));
                if made.len() == wanted {
                    return Ok((made, at + offset + 1 - wanted));
                }
            }
            at += batch;
            if ended {
                break;
            }
        }
        let dropped = at.min(table.count()? as usize) - made.len();
        Ok((made, dropped))
    }

    /// The drafts of as many calls as are wanted, and of which not messages with tools were counted.
    fn gather_calls(&self, maker: Maker, calls: Vec<tools::Call>) -> Result<(Vec<Draft>, Vec<tools::Fallback>)> {
        let calls: Vec<_> = calls.into_iter().take(self.selection.num_prompts as usize).collect();
        let made = ahead(calls.len(), move |index| maker.tools(&calls[index])).collect::<Result<Vec<_>>>()?;
        let (drafts, fallbacks): (Vec<Draft>, Vec<_>) = made.into_iter().unzip();
        let numbered = drafts.into_iter().enumerate().map(|(number, draft)| draft.numbered(number)).collect();
        Ok((numbered, fallbacks.into_iter().flatten().collect()))
    }

    /// What is said of a column that nobody named: which it is, and what others there are.
    fn guess(&self, column: &str, table: &mut Table) -> Result<Option<String>> {
        let top = column.split('.').next().unwrap_or(column);
        let others: Vec<String> = table.columns()?.into_iter().filter(|other| other != top).collect();
        let others = if others.is_empty() { "no other".to_owned() } else { format!("`{}` too", others.join("`, `")) };
        let what = if column == MESSAGES {
            "the first message of a user in `messages`".to_owned()
        } else {
            format!("column `{column}`")
        };
        let told = format!("prompts are {what}: there is {others}; `--hf-text-column` names another");
        Ok(self.text_column.is_none().then_some(told))
    }

    /// Where prompts are in a dataset that is not known: in the named column, or the likeliest one.
    fn text_column(&self, table: &mut Table) -> Result<String> {
        let columns = table.columns()?;
        let top = |path: &str| path.split('.').next().unwrap_or(path).to_owned();
        let has = |path: &str| columns.iter().any(|column| column == path) || columns.contains(&top(path));
        let found = match &self.text_column {
            Some(column) => has(column).then(|| column.clone()),
            None => TEXT_COLUMNS.iter().find(|path| has(path)).map(|path| (*path).to_owned()),
        };
        found.ok_or_else(|| {
            let what = match &self.text_column {
                Some(column) => format!("no column `{column}`"),
                None => "no column that is known to hold prompts".to_owned(),
            };
            let hint = "name the column of the prompts with `--hf-text-column`, or the dataset that this is a copy of with \
                        `--hf-name`";
            Error::new(what).hint(format!("its columns: `{}`; {hint}", columns.join("`, `")))
        })
    }
}

impl Maker {
    /// The columns to read.
    fn columns(&self) -> Vec<String> {
        match self.hf.class {
            Class::Text => {
                let top = self.text.split('.').next().unwrap_or_default();
                vec![self.text.clone(), top.to_owned()]
            }
            _ => self.hf.columns.clone(),
        }
    }

    /// Drafts of rows, made on all cores; none for a row that a filter drops.
    fn drafts(self: &Arc<Self>, rows: Vec<Row>) -> impl Iterator<Item = Result<Option<Draft>>> + use<> {
        let maker = Arc::clone(self);
        let rows: Vec<Mutex<Option<Row>>> = rows.into_iter().map(|row| Mutex::new(Some(row))).collect();
        ahead(rows.len(), move |index| {
            let row = rows[index].lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut row = row.expect("each row is asked for once");
            maker.draft(&mut row)
        })
    }

    /// What becomes of a row.
    fn draft(&self, row: &mut Row) -> Result<Option<Draft>> {
        match self.hf.class {
            Class::VisionArena => self.vision_arena(row),
            Class::Mmvu => self.mmvu(row),
            Class::InstructCoder => self.instruct_coder(row),
            Class::MtBench => self.plain(row, "turns.0"),
            Class::HumanEval => self.plain(row, "prompt"),
            Class::Gsm8k => self.plain(row, "question"),
            Class::MultiModalConversation | Class::Conversation => self.conversation(row),
            Class::Aimo => self.aimo(row),
            Class::NextEdit => self.next_edit(row),
            Class::Asr => self.speech(row),
            Class::Blazedit => self.blazedit(row),
            Class::MlPerf => self.ml_perf(row),
            Class::MmStar => self.mm_star(row),
            Class::Text => self.plain(row, &self.text),
            Class::Bfcl => unreachable!("its rows are read as calls"),
        }
    }
}

#[cfg(test)]
#[path = "gather_test.rs"]
pub(super) mod tests;
