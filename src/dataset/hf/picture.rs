//! Rows about a picture or a video. A row and a tokenizer come in, a draft with the picture as it lies in the file goes out.

use super::cell::{Cell, Row};
use super::class::has_turns;
use super::draft::Draft;
use super::settings::Maker;
use super::source::{DataFile, Source};
use crate::dataset::media;
use crate::error::Result;

impl Maker {
    /// The first turn of a conversation, and the first of its images.
    pub(super) fn vision_arena(&self, row: &mut Row) -> Result<Option<Draft>> {
        let path = if has_turns(&self.hf.name) { "turns.0.0.content" } else { "conversation.0.0.content" };
        let draft = self.with_length(row.text(path)?)?;
        let image = match row.take("images") {
            Some(Cell::List(images)) => images.into_iter().next().filter(|image| *image != Cell::Null),
            _ => return Err(row.wrong("no list at `images`")),
        };
        Ok(Some(draft.with_image(image, &row.place).placed(self.hf.shape.placement)))
    }

    /// A question with its choices in one text, without what says how to answer; and its image.
    pub(super) fn mm_star(&self, row: &mut Row) -> Result<Option<Draft>> {
        let question = row.text("question")?;
        let question = question.split("Options:").next().unwrap_or(question).trim();
        let draft = self.with_length(question)?;
        let image = row.take("image");
        Ok(Some(draft.with_image(image, &row.place).placed(self.hf.shape.placement)))
    }

    /// A question, its choices, and the place of its video on this machine.
    pub(super) fn mmvu(&self, row: &Row) -> Result<Option<Draft>> {
        let choices = row.at("choices").and_then(Cell::fields).ok_or_else(|| row.wrong("no object at `choices`"))?;
        let choices: Vec<String> = choices.iter().map(|(name, choice)| format!("{name}.{}", written(choice))).collect();
        let prompt = format!("{} {}", row.text("question")?, choices.join(" "));
        let mut draft = self.with_length(&prompt)?;
        let video = self.place_of(row.text("video")?)?;
        draft.sample.media.push(media::video_part(media::Source::Place(&video)));
        Ok(Some(draft.placed(self.hf.shape.placement)))
    }

    /// A file of this dataset on the hub is one of its copy here; any other place is left as it is.
    fn place_of(&self, url: &str) -> Result<String> {
        let within = url.strip_prefix("https://huggingface.co/datasets/").and_then(|rest| {
            let rest = rest.strip_prefix(self.hf.name.as_str())?;
            rest.strip_prefix("/resolve/main/")
        });
        let Some(name) = within else { return Ok(url.to_owned()) };
        let path = match &self.source {
            Source::File(file) => file.with_file_name("").join(name),
            source => source.path(&DataFile::own(name))?,
        };
        Ok(std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned())
    }

    fn with_length(&self, prompt: &str) -> Result<Draft> {
        let output_tokens = self.given_length().expect("a class without answers has a length of its own");
        Ok(Draft::text(prompt.to_owned(), self.tokenizer.count(prompt)?, output_tokens))
    }
}

/// A value as Python writes it into a text.
fn written(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Null => "None".into(),
        Cell::Bool(true) => "True".into(),
        Cell::Bool(false) => "False".into(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => serde_json::Value::from(*number).to_string(),
        other => format!("{other:?}"),
    }
}
