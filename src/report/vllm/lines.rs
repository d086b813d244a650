//! What the console and the result are made of: sections of rows, each with a key, a label, or both. Rows come in, lines go out.

use std::io::{self, Write};

use super::labels::label;
use crate::json::Value;
use crate::measure::{Figure, Metrics};

/// Whoever has the values of figures.
pub(super) trait Figures {
    /// The value of a figure in its unit; `None` where there is none, or one that means nothing.
    fn value(&self, figure: Figure) -> Option<f64>;
}

impl Figures for Metrics {
    fn value(&self, figure: Figure) -> Option<f64> {
        figure.of(self)
    }
}

/// Columns of the console report.
const WIDTH: usize = 50;

/// Rows under one heading.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

/// One thing that is told.
pub(super) struct Row {
    /// Its key in the result file; `None` if the file has it in another form.
    pub(super) key: Option<String>,
    /// Its label on the console; `None` if the console leaves it out.
    pub(super) label: Option<String>,
    pub(super) value: Value,
}

impl Section {
    /// A section of figures; `None` where the run has none of them.
    pub(super) fn of(title: &'static str, keys: &[&str], known: &impl Figures) -> Option<Self> {
        let rows = figures(keys, known);
        rows.iter().any(|row| row.value != Value::Null).then_some(Section { title, rows })
    }

    /// Writes its heading and its rows.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", banner(self.title, '-'))?;
        self.rows.iter().try_for_each(|row| row.write(out))
    }
}

impl Row {
    /// A figure of a run; null where it has none.
    pub(super) fn figure(figure: Figure, known: &impl Figures) -> Self {
        let value = match known.value(figure) {
            None => Value::Null,
            Some(value) if figure.unit().is_whole() => Value::Int(value as u64),
            Some(value) => Value::Float(value),
        };
        Row { key: Some(figure.key()), label: Some(label(figure)), value }
    }

    /// What is told to people only.
    pub(super) fn labelled(label: impl Into<String>, value: Value) -> Self {
        Row { key: None, label: Some(label.into()), value }
    }

    /// What is told in the result file only.
    pub(super) fn keyed(key: &str, value: Value) -> Self {
        Row { key: Some(key.to_owned()), label: None, value }
    }

    /// The same without a label.
    pub(super) fn unlabelled(self) -> Self {
        Row { label: None, ..self }
    }

    /// Writes its line, if it has a label: that in 40 columns and the value in 10; floats with two decimals, `n/a` for what there
    /// is none of.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(label) = self.label.as_ref().map(|label| format!("{label}:")) else { return Ok(()) };
        match &self.value {
            Value::Float(value) => writeln!(out, "{label:<40} {value:<10.2}"),
            Value::Int(value) => writeln!(out, "{label:<40} {value:<10}"),
            Value::Bool(value) => writeln!(out, "{label:<40} {value:<10}"),
            Value::Text(value) => writeln!(out, "{label:<40} {value:<10}"),
            Value::Null | Value::List(_) | Value::Object(_) => writeln!(out, "{label:<40} {:<10}", "n/a"),
        }
    }
}

/// A row for each of these figures.
pub(super) fn figures(keys: &[&str], known: &impl Figures) -> Vec<Row> {
    keys.iter().filter_map(|key| key.parse().ok()).map(|figure| Row::figure(figure, known)).collect()
}

/// `title` in the middle of a line of `fill`; an odd one goes to the right.
pub(in crate::report) fn banner(title: &str, fill: char) -> String {
    let space = WIDTH.saturating_sub(title.chars().count());
    let side = |count: usize| fill.to_string().repeat(count);
    format!("{}{title}{}", side(space / 2), side(space - space / 2))
}
