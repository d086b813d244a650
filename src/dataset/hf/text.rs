//! Rows that become one text: problems, code, single questions. A row and a tokenizer come in, a draft goes out, or nothing
//! where a filter drops the row.

use serde_json::json;

use super::cell::{Cell, Row};
use super::draft::Draft;
use super::gather::MESSAGES;
use super::settings::Maker;
use crate::error::Result;
use crate::token::Special;

/// How long a prompt and its answer may be, in tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) prompt: u32,
    pub(super) total: u32,
}

impl Limits {
    /// The usual ones.
    pub(super) const USUAL: Limits = Limits { prompt: 1024, total: 2048 };

    const LONG: Limits = Limits { prompt: 2048, total: 32_000 };

    /// Whether lengths are within the limits, neither below four tokens.
    pub(super) fn allow(self, input: u32, output: u32) -> bool {
        let shortest = 4;
        let total = u64::from(input) + u64::from(output);
        input >= shortest && output >= shortest && input <= self.prompt && total <= u64::from(self.total)
    }
}

impl Maker {
    /// Code and an instruction.
    pub(super) fn instruct_coder(&self, row: &Row) -> Result<Option<Draft>> {
        let (input, instruction) = (row.text("input")?, row.text("instruction")?);
        self.one_message(format!("{input}\n\n{instruction} Just output the code, do not include any explanation."))
    }

    /// The text at `path`.
    pub(super) fn plain(&self, row: &Row, path: &str) -> Result<Option<Draft>> {
        let first_of_a_user = (path == MESSAGES).then(|| first_of_a_user(row)).flatten();
        self.one_message(row.text(first_of_a_user.as_deref().unwrap_or(path))?.to_owned())
    }

    /// Code and a change to make in it; what changes too little or too much is left out.
    pub(super) fn blazedit(&self, row: &Row) -> Result<Option<Draft>> {
        let (least, most) = self.hf.distances;
        if !(least..=most).contains(&row.number("norm_distance")?) {
            return Ok(None);
        }
        let (code, change) = (row.text("code")?, row.text("change_request")?);
        self.one_message(format!(
            "Make the requested change in this file and write it anew.\n\n\
             Original file:\n```python\n{code}\n```\n\n\
             Change request:\n{change}\n\n\
             Write only the whole new file, in a code block under the heading \"New file\"."
        ))
    }

    /// A problem as it stands; its solution says how long the answer should be.
    pub(super) fn aimo(&self, row: &Row) -> Result<Option<Draft>> {
        let (problem, solution) = (row.text("problem")?, row.text("solution")?);
        self.answered(problem, solution, Limits::LONG)
    }

    /// Edits and the place of the next one. The expected answer begins with the region that may be edited.
    pub(super) fn next_edit(&self, row: &Row) -> Result<Option<Draft>> {
        const REGION: &str = "<|editable_region_start|>";
        let (events, excerpt, output) = (row.text("events")?, row.text("input")?, row.text("output")?);
        let prompt = format!(
            "### Instruction:\nYou complete code in an editor. Below are the latest edits of the user and an excerpt of the \
             file with the position of the cursor in it. Rewrite the excerpt as the user will edit it next.\n\n\
             ### User Edits:\n\n{events}\n\n### User Excerpt:\n\n{excerpt}\n\n### Response:\n"
        );
        let expected = output.find(REGION).map_or(output, |start| &output[start..]);
        let (input_tokens, output_tokens) = (self.tokenizer.count(&prompt)?, self.tokenizer.count(expected)?);
        Ok(Some(Draft::text(prompt, input_tokens, output_tokens)))
    }

    /// A system prompt and a question, always through the chat template.
    pub(super) fn ml_perf(&self, row: &Row) -> Result<Option<Draft>> {
        let messages = json!([
            {"role": "system", "content": row.text("system_prompt")?},
            {"role": "user", "content": row.text("question")?},
        ]);
        let prompt = self.tokenizer.render_messages(messages, None)?;
        let input_tokens = self.tokenizer.count(&prompt)?;
        let output_tokens = match self.given_length() {
            Some(len) => len,
            None => self.tokenizer.encode(row.text("output")?, Special::Skip)?.len() as u32,
        };
        let draft = Draft::text(prompt, input_tokens, output_tokens);
        Ok(Limits::USUAL.allow(input_tokens, output_tokens).then_some(draft))
    }

    /// A text that goes through the chat template where that is wanted.
    fn one_message(&self, text: String) -> Result<Option<Draft>> {
        let prompt = match self.hf.shape.templated {
            true => self
                .tokenizer
                .render_user(&text, &serde_json::Map::new())
                .map_err(|error| error.hint("`--skip-chat-template` sends the prompts as they are"))?,
            false => text,
        };
        let input_tokens = self.tokenizer.count(&prompt)?;
        let output_tokens = self.given_length().expect("a class without answers has a length of its own");
        Ok(Some(Draft::text(prompt, input_tokens, output_tokens)))
    }

    /// A text whose answer is known: it passes the limits, or its length is given.
    pub(super) fn answered(&self, prompt: &str, answer: &str, limits: Limits) -> Result<Option<Draft>> {
        let input_tokens = self.tokenizer.count(prompt)?;
        let output_tokens = match self.given_length() {
            Some(len) => len,
            None => {
                let len = self.tokenizer.count(answer)?;
                if !limits.allow(input_tokens, len) {
                    return Ok(None);
                }
                len
            }
        };
        Ok(Some(Draft::text(prompt.to_owned(), input_tokens, output_tokens)))
    }

    /// Two turns or more of a conversation, of which the first is asked and the second says how long the answer should be.
    pub(super) fn conversation(&self, row: &mut Row) -> Result<Option<Draft>> {
        let turns = row.at("conversations").and_then(Cell::items);
        let turns = turns.ok_or_else(|| row.wrong("no list at `conversations`"))?;
        if turns.len() < 2 {
            return Ok(None);
        }
        let (prompt, answer) = (row.text("conversations.0.value")?, row.text("conversations.1.value")?);
        let Some(draft) = self.answered(prompt, answer, Limits::USUAL)? else { return Ok(None) };
        // A conversation without an image is one about text.
        let image = row.take("image");
        Ok(Some(draft.with_image(image, &row.place).placed(self.hf.shape.placement)))
    }

    /// The length that flag or class give all requests.
    pub(super) fn given_length(&self) -> Option<u32> {
        self.hf.lengths.of_all()
    }
}

/// Where the first message of a user stands: what the model is told before it is the same in many rows.
fn first_of_a_user(row: &Row) -> Option<String> {
    let count = row.at("messages").and_then(Cell::items)?.len();
    let asks =
        |index: &usize| row.text(&format!("messages.{index}.role")).is_ok_and(|role| matches!(role, "user" | "human"));
    (0..count).find(asks).map(|index| format!("messages.{index}.content"))
}
