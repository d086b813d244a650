//! Whole conversations from the rows of a table: lists of messages, or of what a user says one after the other.

use std::sync::Arc;

use super::cell::{Cell, Row};
use super::class::Class;
use super::settings::{Hf, Lengths};
use super::source::Source;
use super::table::Table;
use crate::dataset::ahead::ahead;
use crate::dataset::dialogue::{self, Message, Turn, Wanted};
use crate::dataset::kind::Talk;
use crate::dataset::rows::listed;
use crate::dataset::turns::{Conversations, Shape};
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

/// The columns that may hold conversations where none is named, the likeliest first.
const COLUMNS: [&str; 4] = ["conversations", "conversation", "messages", "turns"];

const HINT: &str = "a row has a list of messages such as {\"role\": \"user\", \"content\": \"Hello\"}, or of the texts that a \
                    user says one after the other; `--hf-text-column` names its column";

impl Hf {
    /// What makes conversations of this shape.
    ///
    /// # Errors
    /// Where there can be none.
    pub(super) fn talk(&self, shape: &Shape) -> Result<Talk> {
        if !matches!(self.class, Class::Text | Class::Conversation | Class::MtBench) {
            return Err(Error::new(format!("dataset `{}` has no conversations of texts", self.name))
                .hint("leave out `--multi-turn`, or name a dataset with a column of messages"));
        }
        let output_len = match self.lengths {
            Lengths::Given(len) => Some(len),
            Lengths::Usual(_) | Lengths::Answer => None,
        };
        let wanted = Wanted::of(shape, &self.name, output_len)?;
        let hf = self.clone();
        Ok(Box::new(move |tokenizer, draws| {
            let made = hf.conversations(wanted, tokenizer, draws);
            made.map_err(|error| error.context(format!("cannot read dataset `{}`", hf.path)))
        }))
    }

    fn conversations(&self, wanted: Wanted, tokenizer: &Tokenizer, draws: &mut Draws) -> Result<Conversations> {
        let mut table = self.table(&Source::open(&self.path)?)?;
        let column = self.column_of_conversations(&mut table)?;
        let told = (self.class == Class::Text && self.text_column.is_none())
            .then(|| format!("conversations are column `{column}`: `--hf-text-column` names another"));
        let reader = Arc::new(Reader {
            column: column.clone(),
            wanted,
            usual: self.lengths.of_all(),
            tokenizer: tokenizer.clone(),
        });
        let (accepted, _) = self.gather(&mut table, &[&column], |rows| reader.turns(rows))?;
        if accepted.is_empty() {
            return Err(wanted.too_short(&format!(" in column `{column}`"), HINT));
        }
        let accepted = accepted.into_iter().map(|(_, turns)| turns).collect();
        dialogue::conversations(accepted, self.selection.clone(), told.into_iter().collect(), draws)
    }

    /// The column that is named, or else the likeliest one.
    fn column_of_conversations(&self, table: &mut Table) -> Result<String> {
        let columns = table.columns()?;
        let has = |name: &&str| columns.iter().any(|column| column == name);
        let (found, what) = match &self.text_column {
            Some(named) => (Some(named.as_str()).filter(has), format!("no column `{named}`")),
            None => (COLUMNS.into_iter().find(has), "no column that is known to hold conversations".to_owned()),
        };
        found
            .map(str::to_owned)
            .ok_or_else(|| Error::new(what).hint(format!("the columns are {}; {HINT}", listed(columns.iter()))))
    }
}

/// Makes turns of rows.
struct Reader {
    column: String,
    wanted: Wanted,
    /// The output tokens of a turn whose answer is not known.
    usual: Option<u32>,
    tokenizer: Tokenizer,
}

impl Reader {
    /// The turns of each row, made on all cores; none where they are too few.
    fn turns(self: &Arc<Self>, rows: Vec<Row>) -> impl Iterator<Item = Result<Option<Vec<Turn>>>> + use<> {
        let reader = Arc::clone(self);
        ahead(rows.len(), move |index| {
            let turns = reader.turns_of(&rows[index])?;
            Ok(Some(turns).filter(|turns| reader.wanted.suffice(turns)))
        })
    }

    fn turns_of(&self, row: &Row) -> Result<Vec<Turn>> {
        let column = &self.column;
        let said =
            row.at(column).and_then(Cell::items).ok_or_else(|| row.wrong(format_args!("no list at `{column}`")))?;
        let asked: Option<Vec<&str>> = said.iter().map(Cell::text).collect();
        if let (Some(asked), Some(usual)) = (asked, self.usual) {
            return asked.into_iter().take(self.wanted.most as usize).map(|text| self.turn(text, usual)).collect();
        }
        let said: Vec<Message<'_>> = said
            .iter()
            .map(|cell| Message { from: text(cell, ["from", "role"]), text: text(cell, ["value", "content"]) })
            .collect();
        let missing = |index| row.wrong(format_args!("no text at `{column}.{index}.content`"));
        self.wanted.turns(&said, &self.tokenizer, missing)
    }

    fn turn(&self, asked: &str, output_tokens: u32) -> Result<Turn> {
        Ok(Turn { asked: asked.to_owned(), input_tokens: self.tokenizer.count(asked)?, output_tokens })
    }
}

/// The text under the first of these names that has one.
fn text<'a>(cell: &'a Cell, names: [&str; 2]) -> Option<&'a str> {
    names.iter().find_map(|name| cell.at(name)?.text())
}

#[cfg(test)]
mod tests {
    use super::super::gather::tests::hf;
    use super::super::testing::Folder;
    use super::*;
    use crate::dataset::turns::TurnRange;

    const CHATS: &str = r#"{"id": 1, "messages": [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "One"}, {"role": "assistant", "content": "a b c"}, {"role": "user", "content": "Two"}, {"role": "assistant", "content": ""}]}
{"id": 2, "messages": [{"role": "user", "content": "Alone"}, {"role": "assistant", "content": "x"}]}
{"id": 3, "messages": [{"role": "user", "content": "Three"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "Four"}, {"role": "assistant", "content": "b c d e"}, {"role": "user", "content": "Five"}]}
"#;

    /// How long the conversations are, what is asked, and how long answers are to be.
    type Asked = (Vec<u32>, Vec<(String, u32)>);

    fn talk(name: &str, content: &str, line: &str, most: Option<u32>) -> Result<(Asked, Vec<String>)> {
        let folder = Folder::new(name, &[("train.jsonl", content)]);
        let line = format!("--disable-shuffle {line}");
        let turns = TurnRange { usual: 2, fewest: None, most };
        let shape = Shape { turns, later_input_len: None, prefixes: None };
        let talk = hf(folder.path().to_str().unwrap(), &line)?.talk(&shape)?;
        let Conversations { turns, samples, .. } = talk(&Tokenizer::builtin().unwrap(), &mut Draws::new(0))?;
        let asked = samples.iter.map(|sample| {
            let sample = sample.unwrap();
            let crate::dataset::Prompt::Text(text) = sample.prompt else { panic!("no text") };
            (text, sample.output_tokens)
        });
        Ok(((turns, asked.collect()), samples.warnings))
    }

    fn owned(asked: &[(&str, u32)]) -> Vec<(String, u32)> {
        asked.iter().map(|(text, tokens)| ((*text).to_owned(), *tokens)).collect()
    }

    #[test]
    fn rows_of_messages_are_conversations() {
        let ((turns, asked), warnings) = talk("chats", CHATS, "--num-prompts 2", None).unwrap();
        assert_eq!(turns, [2, 2], "one of a single turn is left out");
        assert_eq!(asked.iter().map(|turn| turn.0.as_str()).collect::<Vec<_>>(), ["One", "Two", "Three", "Four"]);
        let lengths: Vec<u32> = asked.iter().map(|turn| turn.1).collect();
        assert!(lengths[0] > lengths[2] && lengths[1] == 1, "as long as the answers, and 1 at least: {lengths:?}");
        assert_eq!(warnings, ["conversations are column `messages`: `--hf-text-column` names another"]);
        let ((turns, asked), warnings) =
            talk("given", CHATS, "--num-prompts 1 --hf-output-len 7 --hf-text-column messages", None).unwrap();
        assert_eq!((turns, asked), (vec![2], owned(&[("One", 7), ("Two", 7)])));
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn texts_without_answers_are_turns_of_the_usual_length() {
        let rows = "{\"turns\": [\"One\", \"Two\", \"Three\"]}\n";
        let known = "--num-prompts 1 --hf-name philschmid/mt-bench";
        let ((turns, asked), warnings) = talk("texts", rows, known, Some(2)).unwrap();
        assert_eq!((turns, asked, warnings), (vec![2], owned(&[("One", 256), ("Two", 256)]), vec![]));
    }

    #[test]
    fn what_has_no_conversations_is_refused() {
        let why = |name: &str, content: &str, line: &str| {
            let error = talk(name, content, &format!("--num-prompts 1 {line}"), None).err().unwrap();
            assert!(error.advice().is_some());
            error.to_string()
        };
        assert_eq!(
            why("class", CHATS, "--hf-name openai/gsm8k"),
            "dataset `openai/gsm8k` has no conversations of texts"
        );
        let table = [
            ("column", "{\"text\": \"x\"}\n", "", "no column that is known to hold conversations"),
            ("named", CHATS, "--hf-text-column said", "no column `said`"),
            ("list", "{\"messages\": \"x\"}\n", "", "`train.jsonl`: line 1: no list at `messages`"),
            ("short", "{\"messages\": []}\n", "", "no conversation has 2 turns in column `messages`"),
            (
                "parts",
                "{\"messages\": [{\"role\": \"user\", \"content\": [1]}, {\"role\": \"assistant\", \"content\": \"x\"}]}\n",
                "",
                "`train.jsonl`: line 1: no text at `messages.0.content`",
            ),
        ];
        for (name, content, line, wanted) in table {
            let error = why(name, content, line);
            assert!(error.ends_with(wanted), "{error}");
        }
    }
}
