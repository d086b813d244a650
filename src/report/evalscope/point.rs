//! What the current version says after a point: its figures come in, three tables go out.

use std::io::{self, Write};

use super::grid::{Grid, Lines};
use super::number::{MISSING, short, short_or};
use super::rank::{RANKS, Spread};
use super::workload::Rates;
use super::{Lang, Row};
use crate::record::Task;

/// How a figure is shown: what one of it is worth, and with how many decimals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// What a value is multiplied by.
    pub(super) scale: f64,
    /// Its decimals.
    pub(super) decimals: usize,
}

/// Seconds.
pub(super) const SECONDS: Shape = Shape { scale: 1.0, decimals: 3 };
/// Seconds as milliseconds.
pub(super) const MILLIS: Shape = Shape { scale: 1000.0, decimals: 2 };
/// Tokens of one request.
pub(super) const TOKENS: Shape = Shape { scale: 1.0, decimals: 0 };
/// Anything by the second.
pub(super) const RATE: Shape = Shape { scale: 1.0, decimals: 2 };

/// The spreads of a point by their labels, with the keys of its file, as far as it has them.
pub(super) fn spreads(row: &Row) -> Vec<(&'static str, Spread, Shape)> {
    let all = [
        ("Latency (s)", row.latency, SECONDS),
        ("TTFT (ms)", row.ttft, MILLIS),
        ("ITL (ms)", row.itl, MILLIS),
        ("TPOT (ms)", row.tpot, MILLIS),
        ("Input tokens", row.input, TOKENS),
        ("Output tokens", row.output, TOKENS),
        ("Output (tok/s)", row.output_rate, RATE),
        ("Input (tok/s)", row.input_rate, RATE),
        ("Total (tok/s)", row.total_rate, RATE),
        ("Decode (tok/s)", row.decode_rate, RATE),
    ];
    all.into_iter().filter_map(|(label, spread, shape)| Some((label, spread?, shape))).collect()
}

/// The rows of a point's workload by their labels, each over all of it, its end and its steady part.
pub(super) fn windows(rates: [Rates; 3]) -> [(&'static str, [Option<f64>; 3]); 4] {
    [
        ("Total Prompt tok/s", rates.map(|rates| Some(rates.prompt))),
        ("New Prompt tok/s", rates.map(|rates| rates.fresh())),
        ("Cached Prompt tok/s", rates.map(|rates| rates.cached)),
        ("Completion tok/s", rates.map(|rates| Some(rates.completion))),
    ]
}

/// The labels of percentiles.
pub(super) fn ranks() -> Vec<String> {
    let inner = RANKS.iter().map(|p| format!("{p}%"));
    std::iter::once("min".to_owned()).chain(inner).chain(["max".to_owned()]).collect()
}

/// Writes the tables.
pub(super) fn write(row: &Row, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", lang.say("Benchmarking summary:"))?;
    write!(out, "{}", summary(row, lang).text())?;
    let spreads = spreads(row);
    if !spreads.is_empty() {
        writeln!(out, "\n{}", lang.say("Percentile results:"))?;
        write!(out, "{}", percentiles(&spreads, lang).text())?;
    }
    if let Some(workload) = row.workload {
        let (what, samples) = (lang.say("Workload throughput"), lang.say("samples):"));
        writeln!(out, "\n{what} ({} {samples}", workload.samples)?;
        write!(out, "{}", throughput(workload.windows(), lang).text())?;
    }
    Ok(())
}

/// A heading with the blanks that its column has at least.
fn heading(text: &str, before: bool) -> String {
    if before { format!("  {text}") } else { format!("{text}  ") }
}

fn summary(row: &Row, lang: Lang) -> Grid {
    let head = vec![heading(lang.say("Metric"), false), heading(lang.say("Value"), true)];
    let mut grid = Grid::new(Lines::Thin, head, 1);
    let mut put = |label, value: String| grid.rows.push(vec![lang.say(label).to_owned(), value]);
    let mean = |spread: Option<Spread>, shape: Shape, decimals| {
        short_or(spread.map(|spread| spread.mean * shape.scale), decimals, MISSING)
    };
    let rate = |value| short_or(value, RATE.decimals, MISSING);
    put("── General ──", String::new());
    put("Test Duration (s)", short(row.duration, 2));
    put("Concurrency", row.concurrency.map_or_else(|| "-1".to_owned(), |limit| limit.to_string()));
    put("Request Rate (req/s)", short(row.rate.unwrap_or(-1.0), 2));
    put("Total / Success / Failed", format!("{} / {} / {}", row.total, row.success, row.failed()));
    let generates = row.task == Task::Generation;
    if generates && !row.streamed {
        put("Stream / Non-Stream", format!("0 / {}", row.total));
    }
    put("Req Throughput (req/s)", rate(row.requests()));
    put("── Latency ──", String::new());
    put("Avg Latency (s)", mean(row.latency, SECONDS, 3));
    if row.streamed {
        put("Avg TTFT (ms)", mean(row.ttft, MILLIS, 2));
        put("Avg TPOT (ms)", mean(row.tpot, MILLIS, 2));
        put("Avg ITL (ms)", mean(row.itl, MILLIS, 2));
    }
    put("── Tokens ──", String::new());
    put("Avg Input Tokens", mean(row.input, TOKENS, 1));
    if generates {
        put("Avg Output Tokens", mean(row.output, TOKENS, 1));
        put("Output Throughput (tok/s)", rate(row.output_throughput()));
        put("Total Throughput (tok/s)", rate(row.total_throughput()));
    } else {
        put("Input Throughput (tok/s)", rate(row.input_throughput()));
    }
    if row.speculates() {
        put("── Speculative Decoding ──", String::new());
        put("Avg Decoded Tok/Iter", rate(row.tokens_a_piece));
        put("Spec. Accept Rate", short_or(row.acceptance().map(|share| share * 100.0), 1, MISSING));
    }
    grid
}

fn percentiles(spreads: &[(&'static str, Spread, Shape)], lang: Lang) -> Grid {
    let ranks = ranks();
    let say = |rank: &String| {
        match rank.as_str() {
            "min" => lang.say("min"),
            "max" => lang.say("max"),
            _ => rank,
        }
        .to_owned()
    };
    let mut head = vec![heading(lang.say("Metric"), false)];
    head.extend(ranks.iter().map(|rank| heading(&say(rank), true)));
    let mut grid = Grid::new(Lines::Thin, head, 1);
    for (label, spread, shape) in spreads {
        let mut cells = vec![lang.say(label).to_owned()];
        cells.extend(spread.listed().map(|value| short(value * shape.scale, shape.decimals)));
        grid.rows.push(cells);
    }
    grid
}

fn throughput(rates: [Rates; 3], lang: Lang) -> Grid {
    let mut head = vec![heading(lang.say("Metric (tok/s)"), false)];
    head.extend(WINDOWS.map(|label| heading(lang.say(label), true)));
    let mut grid = Grid::new(Lines::Thin, head, 1);
    for (label, values) in windows(rates) {
        let mut cells = vec![lang.say(label).to_owned()];
        cells.extend(values.map(|value| short_or(value, RATE.decimals, MISSING)));
        grid.rows.push(cells);
    }
    grid
}

/// The headings of a workload's windows.
pub(super) const WINDOWS: [&str; 3] = ["Overall", "Last 30s", "Steady (drop 20%)"];
