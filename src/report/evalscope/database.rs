//! `benchmark_data.db`: every request of a run as a row of SQLite's table `result`, in the columns of EvalScope. Where EvalScope
//! stores Python's pickles there is JSON, and a request that failed has its times.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use rusqlite::{Connection, Statement, params};
use serde_json::json;

use crate::measure::{e2el, seconds, tpot, ttft};
use crate::record::file::Reader;
use crate::record::own_file::{Readers, own_file};
use crate::record::{Finished, Outcome};
use crate::report::Report;

/// EvalScope's table.
const SCHEMA: &str = "CREATE TABLE result(
    request TEXT, start_time REAL, inter_token_latencies TEXT, success INTEGER, response_messages TEXT,
    completed_time REAL, latency REAL, first_chunk_latency REAL, prompt_tokens INTEGER, completion_tokens INTEGER,
    max_gpu_memory_cost REAL, time_per_output_token REAL, request_id TEXT, is_stream INTEGER
)";

const ROW: &str = "INSERT INTO result VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, ?11, ?12, ?13)";

/// Writes the requests of a run, whose `details` hold them, in the order in which they were planned.
///
/// # Errors
/// If `details` cannot be read, or the database cannot be made or written.
pub(in crate::report) fn write(report: &Report<'_>, details: &mut Reader, out: &mut dyn Write) -> io::Result<()> {
    // The library writes to files alone, and finds its way about in them.
    let (_, path) = own_file(&std::env::temp_dir().join("llmbench-benchmark_data.db"), Readers::Owner)?;
    let written = fill(&path, report, details).and_then(|()| io::copy(&mut File::open(&path)?, out));
    let _ = fs::remove_file(&path);
    written.map(drop)
}

fn fill(path: &Path, report: &Report<'_>, details: &mut Reader) -> io::Result<()> {
    let mut database = Connection::open(path).map_err(io::Error::other)?;
    let rows = database.transaction().map_err(io::Error::other)?;
    rows.execute_batch(SCHEMA).map_err(io::Error::other)?;
    {
        let mut insert = rows.prepare(ROW).map_err(io::Error::other)?;
        for record in &report.run.records {
            let found = details.record(record.id).map_err(|error| io::Error::other(error.to_string()))?;
            // What was counted after the request had ended stands in the run alone.
            let found = Finished { record: record.clone(), ..found.unwrap_or_default() };
            put(&mut insert, &found, report).map_err(io::Error::other)?;
        }
    }
    rows.commit().map_err(io::Error::other)
}

fn put(insert: &mut Statement<'_>, finished: &Finished, report: &Report<'_>) -> rusqlite::Result<()> {
    let Finished { record, chunks, text, request, detail, .. } = finished;
    let done = record.outcome == Outcome::Done;
    let only_done = |value: f64| done.then_some(value);
    let gaps: Vec<f64> = chunks.windows(2).map(|pair| seconds(pair[1], pair[0])).collect();
    let messages = if done {
        json!([{"role": "assistant", "content": text}])
    } else {
        json!([{"role": "assistant", "content": text, "error": detail}])
    };
    insert.execute(params![
        request,
        record.sent.as_secs_f64(),
        serde_json::to_string(&gaps).unwrap_or_default(),
        done,
        messages.to_string(),
        record.end.as_secs_f64(),
        if done { e2el(record) } else { seconds(record.end, record.sent) },
        only_done(ttft(record)),
        done.then_some(record.input_tokens),
        done.then_some(record.output_tokens),
        tpot(record).filter(|_| done),
        record.id.to_string(),
        report.run.setup.streams(),
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{asked, details, told, worked_example};
    use super::*;

    #[test]
    fn every_request_is_a_row_with_its_times_in_seconds() {
        let told = told(worked_example(), asked());
        let report = told.report();
        let mut bytes = Vec::new();
        write(&report, &mut details(), &mut bytes).unwrap();
        let (_, path) = own_file(&std::env::temp_dir().join("llmbench-test.db"), Readers::Owner).unwrap();
        fs::write(&path, &bytes).unwrap();
        let database = Connection::open(&path).unwrap();
        let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM result"), report.run.records.len() as u64);
        assert_eq!(count("SELECT count(*) FROM result WHERE success = 1"), report.metrics.counts.completed);
        assert_eq!(count("SELECT sum(completion_tokens) FROM result"), report.metrics.counts.output_tokens);
        assert_eq!(count("SELECT count(*) FROM result WHERE success = 0 AND latency IS NULL"), 0);
        let mean: f64 =
            database.query_row("SELECT avg(latency) FROM result WHERE success", [], |row| row.get(0)).unwrap();
        assert!((mean - report.metrics.latency.e2el.mean).abs() < 1e-9);
        fs::remove_file(path).unwrap();
    }
}
