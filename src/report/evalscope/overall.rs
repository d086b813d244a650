//! What EvalScope says at the end of a command, of all its points: their figures come in; what was run, tables, and what to make
//! of them go out, as wide as EvalScope writes them whatever the terminal.

use std::io::{self, Write};

use super::fit::{folded, padded};
use super::grid::{Grid, Lines};
use super::number::{NOTHING, rounded, short, thousands};
use super::row::pools;
use super::{Lang, Profile, Row, classic, current};
use crate::legible::legible;

/// Columns of the frame around the title, and of what was run.
const FRAME: usize = 80;

/// Columns for the names of what was run, and for the values.
const NAME: usize = 21;
const VALUE: usize = 52;

/// All points of a command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overall<'a> {
    /// Which version's form it has.
    pub profile: Profile,
    /// The language of labels.
    pub lang: Lang,
    /// The model by the name that it is reported under.
    pub model: &'a str,
    /// The dataset by name.
    pub dataset: &'a str,
    /// The kind of interface by name.
    pub api: &'a str,
    /// The server, without its path.
    pub endpoint: &'a str,
    /// The directory that the files go to, if there is one.
    pub output_path: Option<&'a str>,
    /// The points in order.
    pub rows: &'a [Row],
}

impl Overall<'_> {
    /// Writes the summary; nothing where there is no point.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.title(out)?;
        writeln!(out, "\n{}", self.lang.say("Basic Information:"))?;
        write!(out, "{}", self.basic_information())?;
        match self.profile {
            Profile::Current => current::write(self.rows, self.lang, out),
            Profile::Classic => classic::write(self.rows, self.lang, out),
        }
    }

    fn title(&self, out: &mut dyn Write) -> io::Result<()> {
        let title = if pools(self.rows) {
            "Embedding/Rerank Performance Test Summary"
        } else {
            "Performance Test Summary Report"
        };
        let line = "─".repeat(FRAME - 2);
        writeln!(out, "╭{line}╮\n│ {} │\n╰{line}╯", padded(self.lang.say(title), FRAME - 4))
    }

    /// The tokens of all points: of answers, or of inputs where there are none; `None` where nobody counted them.
    fn tokens(&self) -> Option<u64> {
        let of = |row: &Row| match (pools(self.rows), row.output) {
            (true, _) => Some(row.input_tokens),
            (false, None) if row.success > 0 => None,
            (false, _) => Some(row.output_tokens),
        };
        self.rows.iter().map(of).sum()
    }

    /// Names and values of what was run.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let current = self.profile == Profile::Current;
        let total = self.tokens();
        // The reference adds what its files have.
        let time: f64 = self.rows.iter().map(|row| rounded(row.duration)).sum();
        let say = |text| self.lang.say(text);
        let rate = match total.filter(|_| time > 0.0).map(|total| total as f64 / time) {
            Some(rate) if current => format!("{} {}", short(rate, 2), say("tok/s")),
            Some(rate) => format!("{rate:.2} {}", say("tokens/sec")),
            None => NOTHING.to_owned(),
        };
        let time = match current {
            true => format!("{} {}", short(time, 2), say("s")),
            false => format!("{time:.2} {}", say("seconds")),
        };
        let (amount, speed, point) = match pools(self.rows) {
            true => ("Total Input Tokens", "Avg Input Rate", ""),
            false => ("Total Generated", "Avg Output Rate", ".0"),
        };
        let tokens = |total| format!("{}{point} {}", thousands(total), say("tokens"));
        let amount = (amount, total.map_or_else(|| NOTHING.to_owned(), tokens));
        let mut facts =
            vec![("Model", legible(self.model).into_owned()), ("Test Dataset", legible(self.dataset).into_owned())];
        if current {
            facts.extend([
                ("API Type", legible(self.api).into_owned()),
                ("Endpoint", legible(self.endpoint).into_owned()),
                amount,
            ]);
            facts.extend([(speed, rate), ("Total Test Time", time)]);
        } else {
            facts.extend([amount, ("Total Test Time", time), (speed, rate)]);
        }
        facts.extend(self.output_path.map(|path| ("Output Path", legible(path).into_owned())));
        facts
    }

    fn basic_information(&self) -> String {
        let mut grid = Grid::new(Lines::Open, vec![String::new(); 2], 2);
        for (name, value) in self.facts() {
            for (index, part) in folded(&value, VALUE).into_iter().enumerate() {
                let name = if index == 0 { self.lang.say(name) } else { "" };
                grid.rows.push(vec![padded(name, NAME), padded(&part, VALUE)]);
            }
        }
        grid.text()
    }
}
