//! The tables over several points as the versions up to 1.6 have them: all figures, the best of them, and what they recommend by
//! their own rules.

use std::io::{self, Write};

use tabled::grid::util::string::get_text_width;

use super::fit::{centred, padded, shrunk, wrapped};
use super::grid::{Grid, Lines};
use super::number::{fixed, rounded};
use super::row::pools;
use super::{Lang, Row};

/// Columns of the table of all figures at most, and of the best of them.
const WIDTH: usize = 100;
const BEST: usize = 60;

/// Columns for what is best, and for which point it is.
const WHAT: usize = 18;
const WHICH: usize = 38;

/// Below this many percent of successes the load is held to be too much.
const FEW: f64 = 95.0;

/// Writes the tables, the best and what is recommended.
pub(super) fn write(rows: &[Row], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    detailed(rows, lang, WIDTH).write_titled(lang.say("Detailed Performance Metrics"), out)?;
    let (fastest, quickest) = (best(rows), soonest(rows));
    write!(out, "\n\n{}\n", centred(lang.say("Best Performance Configuration"), BEST))?;
    let mut line = |what, row: &Row, value: String, unit| {
        let (load, size) = load(row, lang);
        let which = format!("{load} {size} ({value} {})", lang.say(unit));
        writeln!(out, " {}  {} ", padded(lang.say(what), WHAT), padded(&which, WHICH))
    };
    line("Highest RPS", &rows[fastest], requests(&rows[fastest]), "req/sec")?;
    line("Lowest Latency", &rows[quickest], latency(&rows[quickest]), "seconds")?;
    writeln!(out, "\n{}", lang.say("Performance Recommendations:"))?;
    recommended(rows, fastest, lang).iter().try_for_each(|advice| writeln!(out, "• {advice}"))
}

/// Requests a second as the table shows them.
fn requests(row: &Row) -> String {
    fixed(row.requests().map(rounded), 2)
}

/// The average latency as the table shows it.
fn latency(row: &Row) -> String {
    fixed(row.latency.map(|latency| rounded(latency.mean)), 3)
}

/// The first of the points with most requests a second, as they are shown.
fn best(rows: &[Row]) -> usize {
    let shown = |row: &Row| requests(row).parse().unwrap_or(-1.0);
    first(rows, |row, other| shown(row) > shown(other))
}

/// The first of the points with the lowest average latency, as it is shown.
fn soonest(rows: &[Row]) -> usize {
    let shown = |row: &Row| latency(row).parse().unwrap_or(f64::INFINITY);
    first(rows, |row, other| shown(row) < shown(other))
}

/// The place of the first row that no other is better than.
fn first(rows: &[Row], better: impl Fn(&Row, &Row) -> bool) -> usize {
    (1..rows.len()).fold(0, |best, next| if better(&rows[next], &rows[best]) { next } else { best })
}

/// What the load of a point is called, and how large it is: its limit, or its rate where there is none.
fn load(row: &Row, lang: Lang) -> (&'static str, String) {
    match (row.concurrency, row.rate) {
        (None, Some(rate)) => (lang.say("Rate"), format!("{rate:.2}")),
        (limit, _) => (lang.say("Concurrency"), limit.map_or_else(|| "INF".to_owned(), |limit| limit.to_string())),
    }
}

/// What the older versions recommend.
fn recommended(rows: &[Row], best: usize, lang: Lang) -> Vec<String> {
    let zh = lang == Lang::Zh;
    let last = &rows[rows.len() - 1];
    let first = match best {
        best if best + 1 == rows.len() && zh => "系统似乎尚未达到性能瓶颈，可尝试更高的并发".to_owned(),
        best if best + 1 == rows.len() => {
            "The system seems not to have reached its performance bottleneck, try higher concurrency".to_owned()
        }
        0 if zh => "建议降低并发，当前负载可能过高".to_owned(),
        0 => "Consider lowering concurrency, current load may be too high".to_owned(),
        best if zh => format!("最佳并发在 {} 附近", load(&rows[best], lang).1),
        best => format!("Optimal concurrency range is around {}", load(&rows[best], lang).1),
    };
    let few = last.success_rate().is_some_and(|rate| rate < FEW);
    let second = match zh {
        true => "高并发下成功率偏低，请检查系统资源或降低并发",
        false => "Success rate is low at high concurrency, check system resources or reduce concurrency",
    };
    std::iter::once(first).chain(few.then(|| second.to_owned())).collect()
}

/// A heading and the cell of a point under it.
type Column = (&'static str, fn(&Row) -> String);

/// The columns of the table: those of vectors and scores, or of answers.
fn columns(rows: &[Row]) -> Vec<Column> {
    let conc: Column = ("Conc.", |row| row.concurrency.map_or_else(|| "INF".into(), |limit| limit.to_string()));
    let rate: Column = ("Rate", |row| row.rate.map_or_else(|| "INF".into(), |rate| format!("{rate:.2}")));
    let mut columns = vec![conc];
    columns.extend(rows.iter().any(|row| row.rate.is_some()).then_some(rate));
    columns.extend([
        ("RPS", requests as fn(&Row) -> String),
        ("Avg Lat.(s)", latency),
        ("P99 Lat.(s)", |row| fixed(row.latency.map(|spread| rounded(spread.classic_p99())), 3)),
    ]);
    if pools(rows) {
        columns.extend([
            ("Avg Inp.TPS", (|row| fixed(row.input_throughput().map(rounded), 2)) as fn(&Row) -> String),
            ("P99 Inp.TPS", |row| fixed(row.input_rate.map(|spread| rounded(spread.classic_p99())), 2)),
            ("Avg Inp.Tok", |row| fixed(row.input.map(|spread| rounded(spread.mean)), 1)),
        ]);
    } else {
        columns.extend([
            ("Gen. toks/s", (|row| fixed(row.output_throughput().map(rounded), 2)) as fn(&Row) -> String),
            ("Avg TTFT(s)", |row| fixed(row.ttft.map(|spread| rounded(spread.mean)), 3)),
            ("P99 TTFT(s)", |row| fixed(row.ttft.map(|spread| rounded(spread.classic_p99())), 3)),
            ("Avg TPOT(s)", |row| fixed(row.tpot.map(|spread| rounded(spread.mean)), 3)),
            ("P99 TPOT(s)", |row| fixed(row.tpot.map(|spread| rounded(spread.classic_p99())), 3)),
        ]);
    }
    columns.push(("Success Rate", |row| row.success_rate().map_or_else(|| "N/A".into(), |rate| format!("{rate:.1}%"))));
    columns
}

/// The table of all figures, in so many columns of a terminal at most.
pub(super) fn detailed(rows: &[Row], lang: Lang, width: usize) -> Grid {
    let columns = columns(rows);
    let head: Vec<&str> = columns.iter().map(|(label, _)| lang.say(label)).collect();
    let cells: Vec<Vec<String>> = rows.iter().map(|row| columns.iter().map(|(_, cell)| cell(row)).collect()).collect();
    let last = columns.len() - 1;
    let blanks = |column: usize| usize::from(column > 0) + usize::from(column < last);
    let natural = |column: usize| {
        let cells = cells.iter().map(|row| get_text_width(&row[column])).chain([get_text_width(head[column])]);
        cells.max().unwrap_or(0) + blanks(column)
    };
    let widths = shrunk((0..columns.len()).map(natural).collect(), width - columns.len() - 1);
    let room = |column: usize| widths[column] - blanks(column);
    // A column keeps its width where no word of its heading takes it.
    let heading = |column: usize| {
        let text = wrapped(head[column], room(column));
        text.lines()
            .map(|line| " ".repeat(room(column).saturating_sub(get_text_width(line))) + line)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let mut grid = Grid::new(Lines::Heavy, (0..columns.len()).map(heading).collect(), 0);
    grid.rows = cells;
    grid
}
