//! Charts of a run for a terminal: output tokens a second and requests in flight over time, in columns of characters.

use std::io::{self, Write};

use crate::record::{Flow, Outcome, Part, Record, Run, Task, Tick};
use crate::report::Report;

/// Columns of a screen that is not known.
const USUAL: usize = 80;

/// Lines of a chart, without its title and its scale.
const LINES: usize = 8;

/// Characters that the scale takes at the left.
const SCALE: usize = 8;

/// When charts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Charts {
    /// Where the report goes to a terminal.
    #[default]
    Auto,
    /// In every report.
    Always,
    /// In none.
    Never,
}

impl Charts {
    /// What the charts of a report are drawn with, if there are any, where the report goes to a terminal or not and the
    /// environment holds these variables: blocks where the locale can show them.
    pub fn glyphs(self, terminal: bool, env: impl Fn(&str) -> Option<String>) -> Option<Glyphs> {
        (self == Charts::Always || (self == Charts::Auto && terminal)).then(|| Glyphs::of(env))
    }
}

/// The characters that charts are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// Blocks in eighths of a line.
    Blocks,
    /// Plain ASCII.
    Ascii,
}

impl Glyphs {
    /// What can be shown where the environment holds these variables.
    pub fn of(env: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(&env).find(|value| !value.is_empty());
        let unicode = locale.is_some_and(|locale| locale.to_lowercase().replace('-', "").contains("utf8"));
        let dumb = env("TERM").is_some_and(|name| name == "dumb");
        if unicode && !dumb { Glyphs::Blocks } else { Glyphs::Ascii }
    }

    /// What stands before what went well, and before what did not.
    pub(in crate::report) fn marks(self) -> (&'static str, &'static str) {
        match self {
            Glyphs::Blocks => ("✓", "✗"),
            Glyphs::Ascii => ("ok:", "!!"),
        }
    }

    /// What a column looks like in a line that it fills up to `part`.
    fn cell(self, part: f64) -> char {
        const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        match self {
            Glyphs::Blocks => EIGHTHS[(part.clamp(0.0, 1.0) * 8.0).round() as usize],
            Glyphs::Ascii if part >= 0.75 => '#',
            Glyphs::Ascii if part >= 0.25 => '.',
            Glyphs::Ascii => ' ',
        }
    }

    /// Tick, line, corner and floor of the axes.
    fn axes(self) -> [char; 4] {
        match self {
            Glyphs::Blocks => ['┤', '│', '└', '─'],
            Glyphs::Ascii => ['+', '|', '+', '-'],
        }
    }
}

/// Draws the charts of a run in which something succeeded, as far as its course is known.
pub(super) fn write(report: &Report, glyphs: Glyphs, out: &mut dyn Write) -> io::Result<()> {
    let run = report.run;
    let sent = || run.records.iter().filter(|record| record.end > record.sent);
    let span = sent().map(|record| record.sent).min().zip(sent().map(|record| record.end).max());
    let Some((start, end)) =
        span.filter(|_| run.knows(Part::Sent) && run.records.iter().any(|record| record.outcome == Outcome::Done))
    else {
        return Ok(());
    };
    let columns = report.screen.width.unwrap_or(USUAL) - SCALE - 2;
    let span = Span { start: start.nanos() as f64, column: end.since(start) as f64 / columns as f64, columns };
    if report.run.setup.task == Task::Generation {
        span.draw("Output tokens per second", &span.tokens(&run.flow), glyphs, out)?;
    }
    if run.knows(Part::Ends) { span.draw("Requests in flight", &span.in_flight(run), glyphs, out) } else { Ok(()) }
}

/// The time that a chart shows, in nanoseconds: where it begins, and how much a column stands for.
struct Span {
    start: f64,
    column: f64,
    /// How many there are.
    columns: usize,
}

impl Span {
    /// Where a moment lies, in columns.
    fn place(&self, nanos: f64) -> f64 {
        ((nanos - self.start) / self.column).clamp(0.0, self.columns as f64)
    }

    /// Tokens a second in each column. A bin counts in each column by the share of it that lies there.
    fn tokens(&self, flow: &Flow) -> Vec<f64> {
        let mut columns = vec![0.0; self.columns];
        for (time, bin) in flow.bins() {
            let (from, to) = (self.place(time.start as f64), self.place(time.end as f64));
            let rate = bin.tokens() / (to - from).max(f64::MIN_POSITIVE) / self.column * 1e9;
            spread(&mut columns, from, to, rate);
        }
        columns
    }

    /// Requests in flight in each column, on average.
    fn in_flight(&self, run: &Run) -> Vec<f64> {
        // What changes at a moment lasts to the end: its own column takes a part of it, all later ones take it whole.
        let (mut parts, mut steps) = (vec![0.0; self.columns], vec![0.0; self.columns + 1]);
        let mut change = |at: Tick, by: f64| {
            let place = self.place(at.nanos() as f64);
            let column = (place as usize).min(self.columns - 1);
            parts[column] += by * ((column + 1) as f64 - place);
            steps[column + 1] += by;
        };
        for Record { sent, end, .. } in &run.records {
            change(*sent, 1.0);
            change(*end, -1.0);
        }
        let mut level = 0.0;
        let column = |(part, step): (&f64, &f64)| {
            level += step;
            (level + part).max(0.0)
        };
        parts.iter().zip(&steps).map(column).collect()
    }

    fn draw(&self, title: &str, columns: &[f64], glyphs: Glyphs, out: &mut dyn Write) -> io::Result<()> {
        let top = ceiling(columns.iter().copied().fold(0.0, f64::max));
        let [tick, line, corner, floor] = glyphs.axes();
        writeln!(out, "{:SCALE$}  {title}", "")?;
        for row in (0..LINES).rev() {
            let (label, mark) = match row {
                _ if row == LINES - 1 => (number(top), tick),
                _ if row == LINES / 2 - 1 => (number(top / 2.0), tick),
                _ => (String::new(), line),
            };
            let cells: String =
                columns.iter().map(|value| glyphs.cell(value / top * LINES as f64 - row as f64)).collect();
            writeln!(out, "{label:>SCALE$} {mark}{}", cells.trim_end())?;
        }
        let ground: String = std::iter::repeat_n(floor, self.columns).collect();
        writeln!(out, "{:>SCALE$} {corner}{ground}", "0")?;
        let seconds = format!("{:.1} s", self.column * self.columns as f64 / 1e9);
        writeln!(out, "{:SCALE$}  0 s{seconds:>width$}", "", width = self.columns - 3)
    }
}

/// Adds `rate` to the columns from `from` to `to`, to those at the edges in part.
fn spread(columns: &mut [f64], from: f64, to: f64, rate: f64) {
    for (index, column) in columns.iter_mut().enumerate().skip(from as usize) {
        let share = to.min((index + 1) as f64) - from.max(index as f64);
        if share <= 0.0 {
            break;
        }
        *column += rate * share;
    }
}

/// The next number of two digits (of one below ten) at or above `value`, and 1 at least.
fn ceiling(value: f64) -> f64 {
    let unit = 10_f64.powf((value.max(1.0).log10().floor() - 1.0).max(0.0));
    ((value / unit).ceil() * unit).max(1.0)
}

/// A number for the scale: at most seven characters.
fn number(value: f64) -> String {
    match value {
        _ if value >= 1e6 => format!("{:.1} M", value / 1e6),
        _ if value >= 1e4 => format!("{:.0} k", value / 1e3),
        _ if value >= 10.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn span() -> Span {
        Span { start: SECOND as f64, column: SECOND as f64 / 10.0, columns: 70 }
    }

    #[test]
    fn the_area_under_the_tokens_is_their_number() {
        let mut flow = Flow::default();
        [1.0, 1.2345, 3.0999, 7.999].iter().for_each(|&at| flow.add(Tick::from_secs_f64(at), 3));
        let columns = span().tokens(&flow);
        assert!((columns.iter().sum::<f64>() / 10.0 - 12.0).abs() < 1e-3, "{columns:?}");
        assert!((columns[2] - 30.0).abs() < 1e-9 && columns[5] == 0.0);
    }

    #[test]
    fn a_column_has_the_mean_of_what_was_in_flight_in_it() {
        let at = Tick::from_secs_f64;
        let request = |sent: f64, end: f64| Record { sent: at(sent), end: at(end), ..Record::default() };
        let records = vec![request(1.0, 8.0), request(1.25, 1.45), request(2.0, 2.0)];
        let columns = span().in_flight(&Run { records, ..Run::default() });
        for (column, value) in [1.0, 1.0, 1.5, 2.0, 1.5, 1.0].into_iter().enumerate() {
            assert!((columns[column] - value).abs() < 1e-9, "{columns:?}");
        }
    }

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!([0.0, 0.3, 3.2, 20.0, 2266.0, 9801.0].map(ceiling), [1.0, 1.0, 4.0, 20.0, 2300.0, 9900.0]);
        assert_eq!([2.5, 20.0, 2300.0, 23_400.0, 9.65e6].map(number), ["2.5", "20", "2300", "23 k", "9.7 M"]);
    }

    #[test]
    fn ascii_charts_are_ascii() {
        let mut out = Vec::new();
        let columns: Vec<f64> = (0..70).map(f64::from).collect();
        span().draw("Ramp", &columns, Glyphs::Ascii, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 80), "{text}");
        assert_eq!(text.lines().count(), LINES + 3);
        assert!(text.lines().nth(1).unwrap().ends_with('#') && text.contains("69 +"), "{text}");
    }

    #[test]
    fn charts_go_to_terminals_in_characters_they_can_show() {
        let glyphs = |when: Charts, terminal: bool, set: &str| {
            when.glyphs(terminal, |name| set.strip_prefix(name)?.strip_prefix('=').map(String::from))
        };
        assert_eq!(glyphs(Charts::Auto, true, "LANG=de_DE.UTF-8"), Some(Glyphs::Blocks));
        assert_eq!(glyphs(Charts::Auto, true, "LANG=C"), Some(Glyphs::Ascii));
        assert_eq!(glyphs(Charts::Auto, true, "TERM=dumb"), Some(Glyphs::Ascii));
        assert_eq!(glyphs(Charts::Auto, false, "LC_ALL=C.utf8"), None);
        assert_eq!(glyphs(Charts::Always, false, "LC_ALL=C.utf8"), Some(Glyphs::Blocks));
        assert_eq!(glyphs(Charts::Never, true, "LC_ALL=C.utf8"), None);
    }
}
