//! The tables over several points as the current version has them: an overview, the figures of a request, tokens over time.

use std::io::{self, Write};

use tabled::grid::config::AlignmentHorizontal;

use super::classic::detailed;
use super::grid::{Grid, Lines};
use super::number::{NOTHING, short, short_or};
use super::point::{MILLIS, RATE, SECONDS, Shape, TOKENS, WINDOWS, windows};
use super::rank::Spread;
use super::row::pools;
use super::{Lang, Row};

/// Writes the tables.
pub(super) fn write(rows: &[Row], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if pools(rows) {
        return detailed(rows, lang, WIDTH).write_titled(lang.say("Detailed Performance Metrics"), out);
    }
    overview(rows, lang).write_titled(lang.say("Performance Overview"), out)?;
    requests(rows, lang).write_titled(lang.say("Per-Request Metrics"), out)?;
    if rows.iter().any(|row| row.workload.is_some()) {
        throughput(rows, lang).write_titled(lang.say("Workload Throughput"), out)?;
    }
    Ok(())
}

/// Columns of a table at most.
const WIDTH: usize = 120;

fn says(lang: Lang, labels: &[&'static str]) -> Vec<String> {
    labels.iter().map(|label| lang.say(label).to_owned()).collect()
}

/// The limit and the rate of a point.
fn load(row: &Row) -> [String; 2] {
    let limit = row.concurrency.map_or_else(|| NOTHING.to_owned(), |limit| limit.to_string());
    [limit, short_or(row.rate, 2, NOTHING)]
}

fn overview(rows: &[Row], lang: Lang) -> Grid {
    let head = says(lang, &["Conc.", "Rate", "Num", "RPS", "Gen/s", "Success"]);
    let mut grid = Grid::new(Lines::Heavy, head, 0);
    for row in rows {
        let mut cells = load(row).to_vec();
        let success = row.success_rate().map_or_else(|| NOTHING.to_owned(), |rate| format!("{}%", short(rate, 1)));
        cells.extend([
            row.total.to_string(),
            short_or(row.requests(), RATE.decimals, NOTHING),
            short_or(row.output_throughput(), RATE.decimals, NOTHING),
            success,
        ]);
        grid.rows.push(cells);
    }
    grid
}

/// Labels and values of one point's requests: mean, median, 99th percentile, largest.
fn figures(row: &Row) -> Vec<(&'static str, [String; 4])> {
    let spread = |label, spread: Option<Spread>, shape: Shape| {
        let values = |spread: Spread| [Some(spread.mean), spread.rank(50), spread.rank(99), Some(spread.max)];
        let values = spread.map_or([None; 4], values);
        let scaled = values.map(|value| value.map(|value| value * shape.scale));
        (label, scaled.map(|value| short_or(value, shape.decimals, NOTHING)))
    };
    let alone = |label, value: String| (label, [value, NOTHING.into(), NOTHING.into(), NOTHING.into()]);
    let mut figures = vec![spread("Latency (s)", row.latency, SECONDS)];
    if row.streamed {
        figures.extend([spread("TTFT (ms)", row.ttft, MILLIS), spread("TPOT (ms)", row.tpot, MILLIS)]);
    }
    figures.extend([spread("Input Tokens", row.input, TOKENS), spread("Output Tokens", row.output, TOKENS)]);
    if let Some(tpot) = row.tpot.filter(|tpot| tpot.mean > 0.0) {
        figures.push(alone("Decode toks/s", short(1.0 / tpot.mean, RATE.decimals)));
    }
    if let (true, Some(tokens), Some(share)) = (row.speculates(), row.tokens_a_piece, row.acceptance()) {
        figures.push(alone("Decoded Tok/Iter", short(tokens, RATE.decimals)));
        figures.push(alone("Spec. Accept Rate", format!("{}%", short(share * 100.0, 1))));
    }
    figures
}

/// Adds the lines of a point under one another: its limit and rate stand on the first alone.
fn add(grid: &mut Grid, row: &Row, lines: impl Iterator<Item = Vec<String>>) {
    if !grid.rows.is_empty() {
        grid.above.push(grid.rows.len());
    }
    for (index, line) in lines.enumerate() {
        let mut cells = if index == 0 { load(row).to_vec() } else { vec![String::new(); 2] };
        cells.extend(line);
        grid.rows.push(cells);
    }
}

/// The head of a table with several lines a point, whose third column has names.
fn long(lang: Lang, name: &'static str, labels: &[&'static str]) -> Grid {
    let mut head = says(lang, &["Conc.", "Rate", name]);
    head.extend(says(lang, labels));
    let mut grid = Grid::new(Lines::Heavy, head, 0);
    grid.stand[2] = AlignmentHorizontal::Left;
    grid
}

fn requests(rows: &[Row], lang: Lang) -> Grid {
    let mut grid = long(lang, "Metric", &["avg", "p50", "p99", "max"]);
    for row in rows {
        let line = |(label, values): (&'static str, [String; 4])| {
            std::iter::once(lang.say(label).to_owned()).chain(values).collect()
        };
        add(&mut grid, row, figures(row).into_iter().map(line));
    }
    grid
}

fn throughput(rows: &[Row], lang: Lang) -> Grid {
    let mut grid = long(lang, "Metric (tok/s)", &WINDOWS);
    for (row, workload) in rows.iter().filter_map(|row| Some((row, row.workload?))) {
        let line = |(label, values): (&'static str, [Option<f64>; 3])| {
            let values = values.map(|value| short_or(value, RATE.decimals, NOTHING));
            std::iter::once(lang.say(label).to_owned()).chain(values).collect()
        };
        add(&mut grid, row, windows(workload.windows()).into_iter().map(line));
    }
    grid
}
