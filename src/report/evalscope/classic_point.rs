//! What the versions up to 1.6 say after a point: its figures come in, two tables go out. Times are in seconds and everything is
//! kept to four decimals, as in their tables.

use std::io::{self, Write};

use tabled::grid::config::AlignmentHorizontal;

use super::grid::{Grid, Lines};
use super::number::{MISSING, general, rounded};
use super::rank::{CLASSIC_RANKS, Spread};
use super::{Lang, Row};
use crate::json::{Value, float};
use crate::record::Task;

/// The figures of a point by the keys of its file, in order. What was not measured is null.
pub(super) fn figures(row: &Row) -> Vec<(&'static str, Value)> {
    let maybe = |value: Option<f64>| Value::maybe(value.map(rounded));
    let mean = |spread: Option<Spread>| maybe(spread.map(|spread| spread.mean));
    let limit = row.concurrency.map_or(Value::Float(-1.0), |limit| Value::Int(limit.into()));
    let mut figures =
        vec![("Time taken for tests (s)", Value::Float(rounded(row.duration))), ("Number of concurrency", limit)];
    if let Some(rate) = row.rate {
        figures.push(("Request rate (req/s)", Value::Float(rounded(rate))));
    }
    figures.extend([
        ("Total requests", Value::Int(row.total)),
        ("Succeed requests", Value::Int(row.success)),
        ("Failed requests", Value::Int(row.failed())),
    ]);
    let requests = ("Request throughput (req/s)", maybe(row.requests()));
    let latency = ("Average latency (s)", mean(row.latency));
    let input = ("Average input tokens per request", mean(row.input));
    if row.task == Task::Pooling {
        figures.extend([("Input token throughput (tok/s)", maybe(row.input_throughput())), requests, latency, input]);
        return figures;
    }
    figures.extend([
        ("Output token throughput (tok/s)", maybe(row.output_throughput())),
        ("Total token throughput (tok/s)", maybe(row.total_throughput())),
        requests,
        latency,
    ]);
    if row.streamed {
        figures.extend([
            ("Average time to first token (s)", mean(row.ttft)),
            ("Average time per output token (s)", mean(row.tpot)),
            ("Average inter-token latency (s)", mean(row.itl)),
        ]);
    }
    figures.extend([input, ("Average output tokens per request", mean(row.output))]);
    figures
}

/// The percentiles of a point by the keys of its file: one row a rank.
pub(super) fn percentiles(row: &Row) -> Vec<Vec<(&'static str, Value)>> {
    let columns = [
        ("TTFT (s)", row.ttft),
        ("ITL (s)", row.itl),
        ("TPOT (s)", row.tpot),
        ("Latency (s)", row.latency),
        ("Input tokens", row.input),
        ("Output tokens", row.output),
        ("Output (tok/s)", row.output_rate),
        ("Input (tok/s)", row.input_rate),
        ("Total (tok/s)", row.total_rate),
    ];
    let at = |place: usize| {
        let label = ("Percentiles", Value::Text(format!("{}%", CLASSIC_RANKS[place])));
        let values = columns.into_iter().filter_map(|(key, spread)| {
            let value = spread?.classic[place];
            let tokens = key.ends_with("tokens");
            Some((key, if tokens { Value::Int(value as u64) } else { Value::Float(rounded(value)) }))
        });
        std::iter::once(label).chain(values).collect()
    };
    (0..CLASSIC_RANKS.len()).map(at).collect()
}

/// Writes the tables.
pub(super) fn write(row: &Row, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", lang.say("Benchmarking summary:"))?;
    write!(out, "{}", summary(row, lang).text())?;
    if row.latency.is_some() {
        writeln!(out, "\n{}", lang.say("Percentile results:"))?;
        write!(out, "{}", table(row, lang).text())?;
    }
    Ok(())
}

fn summary(row: &Row, lang: Lang) -> Grid {
    let figures = figures(row);
    let texts: Vec<String> = figures.iter().map(|(_, value)| cell(value)).collect();
    let after = |text: &String| text.split_once('.').map_or(0, |(_, decimals)| decimals.len() + 1);
    let most = texts.iter().map(after).max().unwrap_or(0);
    let head = vec![format!("{}  ", lang.say("Key")), format!("  {}", lang.say("Value"))];
    let mut grid = Grid::new(Lines::Rows, head, 1);
    for ((label, value), text) in figures.iter().zip(texts) {
        let blanks = if *value == Value::Null { 0 } else { most - after(&text) };
        grid.rows.push(vec![lang.say(label).to_owned(), format!("{text}{}", " ".repeat(blanks))]);
    }
    grid
}

fn cell(value: &Value) -> String {
    match value {
        Value::Int(count) => count.to_string(),
        Value::Float(number) => general(*number),
        _ => MISSING.to_owned(),
    }
}

fn table(row: &Row, lang: Lang) -> Grid {
    let rows = percentiles(row);
    let head: Vec<String> = rows[0].iter().map(|(key, _)| lang.say(key).to_owned()).collect();
    let mut grid = Grid::new(Lines::Plain, head, 0);
    grid.stand.fill(AlignmentHorizontal::Center);
    let text = |(_, value): &(&str, Value)| match value {
        Value::Text(text) => text.clone(),
        Value::Float(number) => float(*number),
        value => cell(value),
    };
    grid.rows = rows.iter().map(|row| row.iter().map(text).collect()).collect();
    grid
}
