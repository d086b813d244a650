//! The timeline of a run as a page that needs nothing but a browser: a bar a request, in pieces coloured by what it waited for.
//! Requests are written as they are read from the record file, so memory does not grow with the answers.

use std::io::{self, Write};

use crate::json::text;
use crate::record::file::Reader;
use crate::record::{Finished, Outcome, Tick};
use crate::report::Report;
use crate::report::details::finished;

/// The page; the data stand where [`DATA`] does.
const PAGE: &str = include_str!("timeline.html");

const DATA: &str = "<!--DATA-->\n";

/// Gaps that a page can hold one by one. Beyond that several make one piece, so that a browser copes with it.
const MOST_PIECES: u64 = 2_000_000;

/// Limits between short, middle and long gaps, in milliseconds; the second is not below the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds(pub f64, pub f64);

impl Thresholds {
    /// Those of whoever names none.
    pub const DEFAULT: Thresholds = Thresholds(25.0, 50.0);
}

/// What the colours of the page mean, in its order.
fn types(Thresholds(low, high): Thresholds) -> [String; 5] {
    let between = format!("{low}ms ≤ ITL < {high}ms");
    ["TTFT".into(), format!("ITL < {low}ms"), between, format!("ITL ≥ {high}ms"), "failed".into()]
}

/// Writes the page.
pub(in crate::report) fn write(
    report: &Report,
    details: &mut Reader,
    thresholds: Thresholds,
    out: &mut dyn Write,
) -> io::Result<()> {
    let gaps: u64 = report.run.records.iter().map(|record| u64::from(record.chunks.saturating_sub(1))).sum();
    let (before, after) = PAGE.split_once(DATA).expect("the page has a place for its data");
    out.write_all(before.as_bytes())?;
    data(report, details, thresholds, (gaps.div_ceil(MOST_PIECES).max(1)) as usize, out)?;
    out.write_all(after.as_bytes())
}

/// Writes `{"head": ..., "rows": [...]}`, with `group` gaps to a piece.
fn data(
    report: &Report,
    details: &mut Reader,
    thresholds: Thresholds,
    group: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let setup = &report.run.setup;
    let types = types(thresholds).map(|name| script(&name)).join(", ");
    let [model, backend] = [&setup.model_id, &setup.backend].map(|name| script(name));
    let date = setup.started.strftime("%Y-%m-%d %H:%M:%S");
    let limits = [thresholds.0, thresholds.1].map(|limit| (limit * 1000.0).to_string()).join(", ");
    write!(out, "{{\"head\": {{\"model\": {model}, \"backend\": {backend}, \"date\": \"{date}\", ")?;
    write!(out, "\"types\": [{types}], \"limits\": [{limits}], \"group\": {group}}},\n\"rows\": [")?;
    let begin = report.run.records.iter().map(|record| record.sent).min().unwrap_or_default();
    for (index, record) in report.run.records.iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        let finished = finished(details, record.id)?;
        let known = Finished { record: record.clone(), ..finished };
        row(&known, begin, group, report.run.errors.of(record.id), out)?;
    }
    out.write_all(b"\n]}\n")
}

/// One request: id, start, TTFT, prompt and output tokens, pieces of output, gaps, end, and the error's text or 0. Times are
/// whole microseconds. Where gaps are grouped, each piece is the sum of its gaps and the longest of them.
fn row(finished: &Finished, begin: Tick, group: usize, error: &str, out: &mut dyn Write) -> io::Result<()> {
    let Finished { record, chunks, .. } = finished;
    let micros = |at: Tick| (at.since(begin) + 500) / 1000;
    let start = micros(record.sent);
    let first = chunks.first().map_or(start, |&first| micros(first)).max(start);
    let (input, output) = (record.input_tokens, record.output_tokens);
    write!(out, "[{}, {start}, {}, {input}, {output}, {}, [", record.id, first - start, chunks.len())?;
    let gaps: Vec<u64> = chunks.windows(2).map(|pair| micros(pair[1]).saturating_sub(micros(pair[0]))).collect();
    for (index, piece) in gaps.chunks(group).enumerate() {
        out.write_all(if index == 0 { b"" } else { b"," })?;
        write!(out, "{}", piece.iter().sum::<u64>())?;
        if group > 1 {
            write!(out, ",{}", piece.iter().max().unwrap_or(&0))?;
        }
    }
    let error = if record.outcome == Outcome::Done { "0".to_owned() } else { script(error) };
    write!(out, "], {}, {error}]", micros(record.end))
}

/// A JSON text that may stand inside a script: nothing in it can end one.
fn script(value: &str) -> String {
    text(value).replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Run;
    use crate::report::tests::{asked, details, told, worked_example};

    fn page(run: &Run, group: usize) -> serde_json::Value {
        let mut out = Vec::new();
        data(&told(run.clone(), asked()).report(), &mut details(), Thresholds(25.5, 100.0), group, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn every_request_is_a_row_with_its_gaps() {
        let page = page(&worked_example(), 1);
        assert_eq!(page["head"]["limits"], serde_json::json!([25500, 100_000]));
        assert_eq!(page["head"]["types"][2], "25.5ms ≤ ITL < 100ms");
        let rows = page["rows"].as_array().unwrap();
        assert_eq!(rows[0], serde_json::json!([0, 0, 200_000, 10, 4, 4, [100_000, 100_000, 100_000], 510_000, 0]));
        assert_eq!(rows[3], serde_json::json!([3, 1_000_000, 0, 16, 0, 0, [], 1_010_000, "Bad Request"]));
    }

    #[test]
    fn of_very_many_gaps_several_make_a_piece_that_knows_its_longest() {
        let page = page(&worked_example(), 2);
        assert_eq!(page["rows"][0][6], serde_json::json!([200_000, 100_000, 100_000, 100_000]));
        assert_eq!(page["rows"][4][6], serde_json::json!([150_000, 100_000]));
    }

    #[test]
    fn no_text_ends_the_script_it_stands_in() {
        let mut run = worked_example();
        run.errors.insert(3, "</script><b>\u{2028}");
        let mut out = Vec::new();
        write(&told(run, asked()).report(), &mut details(), Thresholds::DEFAULT, &mut out).unwrap();
        let html = String::from_utf8(out).unwrap();
        assert_eq!(html.matches("</script>").count(), 2);
        assert!(!html.contains("://") && !html.contains("src="), "a page that needs nothing else");
    }
}
