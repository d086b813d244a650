//! What is said of points of our own runs, of points without a success, of other kinds and in the other language.

use std::collections::BTreeSet;

use tabled::grid::util::string::get_text_width;

use super::super::tests::{asked, example_of, failed_run, setup, told, worked_example};
use super::tests::{classic_row, current_row, golden, json, sweep};
use super::*;
use crate::json::Value;
use crate::record::{Part, Run, Setup, Task};

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn row(run: Run) -> Row {
    Row::of(&told(run, asked()).report())
}

fn file(file: File, row: &Row) -> String {
    text(|out| file.write(row, &worked_example(), out))
}

fn overall(profile: Profile, lang: Lang, rows: &[Row]) -> String {
    let all = Overall {
        profile,
        lang,
        model: "通义千问-8B",
        dataset: "random",
        api: "openai",
        endpoint: "http://127.0.0.1:8000",
        output_path: Some("结果/20261125_222731/一个很长很长的目录名字/又一个很长很长的目录名字"),
        rows,
    };
    text(|out| all.write(out))
}

/// Every text that one language has of everything.
fn everything(lang: Lang) -> String {
    let pooled = row(example_of(Setup { task: Task::Pooling, ..setup() }));
    let plain = Setup { options: vec![("stream".into(), Value::Bool(false))], ..setup() };
    let mut shown = String::new();
    for row in
        [current_row("vllm_10"), row(worked_example()), row(failed_run()), pooled.clone(), row(example_of(plain))]
    {
        for profile in [Profile::Current, Profile::Classic] {
            shown += &text(|out| point(&row, profile, lang, out));
            shown += &overall(profile, lang, &[row.clone(), pooled.clone()]);
            shown += &overall(profile, lang, std::slice::from_ref(&pooled));
        }
    }
    shown
}

#[test]
fn the_figures_of_a_run_are_those_of_its_requests() {
    let row = row(worked_example());
    let close = |value: Option<f64>, expected: f64| {
        assert!(value.is_some_and(|value| (value - expected).abs() < 1e-6), "{value:?} for {expected}");
    };
    assert_eq!((row.total, row.success, row.failed(), row.concurrency, row.rate), (5, 4, 1, Some(2), Some(4.0)));
    // From the start of the first to the end of the third: 100 to 102.06 s.
    close(Some(row.duration), 2.06);
    close(row.requests(), 4.0 / 2.06);
    close(row.latency.map(|spread| spread.mean), (0.5 + 0.3 + 1.15 + 0.4) / 4.0);
    close(row.latency.and_then(|spread| spread.rank(50)), 0.4);
    close(row.ttft.map(|spread| spread.max), 0.3);
    // The answer of one token says nothing of the time that a token takes.
    close(row.tpot.map(|spread| spread.mean), (0.1 + 0.5 + 0.03) / 3.0);
    close(row.decode_rate.map(|spread| spread.max), 1.0 / 0.03);
    close(row.itl.map(|spread| spread.max), 0.5);
    close(row.output_rate.map(|spread| spread.max), 6.0 / 0.4);
    close(row.total_rate.map(|spread| spread.min), (3.0 + 14.0) / 1.15);
    close(row.workload.map(|workload| workload.overall.completion), 14.0 / 2.06);
    assert_eq!((row.input_tokens, row.output_tokens, &row.causes[..]), (54, 14, &[("http_status", 1)][..]));
    assert_eq!(row.input_rate, None);
}

#[test]
fn what_was_not_measured_is_said_to_be_missing() {
    let row = row(failed_run());
    assert_eq!((row.success, row.latency, row.requests(), row.output_throughput()), (0, None, None, None));
    let shown = text(|out| point(&row, Profile::Current, Lang::En, out));
    assert!(shown.contains("│ Avg TTFT (ms)             │       n/a │") && !shown.contains("Percentile"), "{shown}");
    let classic = overall(Profile::Classic, Lang::En, std::slice::from_ref(&row));
    assert!(classic.contains("N/A") && classic.contains(" Concurrency 2 (N/A req/sec)"), "{classic}");
    let summary: serde_json::Value = serde_json::from_str(&file(File::Summary(Profile::Current), &row)).unwrap();
    assert!(summary["Avg TTFT (ms)"].is_null() && summary["Req Throughput (req/s)"].is_null(), "{summary}");
    for profile in [Profile::Current, Profile::Classic] {
        assert_eq!(file(File::Percentile(profile), &row), "[]");
    }
    assert!(file(File::Throughput, &row).contains("\"n_samples\": 0"));
}

#[test]
fn vectors_and_whole_answers_have_the_figures_that_they_have() {
    let pooled = row(example_of(Setup { task: Task::Pooling, ..setup() }));
    assert_eq!((pooled.ttft, pooled.output, pooled.tpot, pooled.output_throughput()), (None, None, None, None));
    let shown = text(|out| point(&pooled, Profile::Current, Lang::En, out));
    assert!(shown.contains("Input (tok/s)") && shown.contains("Input Throughput (tok/s)"), "{shown}");
    assert!(!shown.contains("TTFT") && !shown.contains("Output"), "{shown}");
    let many = overall(Profile::Current, Lang::En, &[pooled]);
    for label in ["Embedding/Rerank Performance Test Summary", "Total Input Tokens", "Avg Input Rate", "Inp.TPS"] {
        assert!(many.contains(label), "{label}: {many}");
    }
    let plain = Setup { options: vec![("stream".into(), Value::Bool(false))], ..setup() };
    let shown = text(|out| point(&row(example_of(plain)), Profile::Current, Lang::En, out));
    assert!(shown.contains("Stream / Non-Stream") && !shown.contains("TTFT") && !shown.contains("Decode"), "{shown}");
}

#[test]
fn files_have_the_keys_of_the_reference_in_its_order_and_all_their_digits() {
    for name in ["sweep_1", "vllm_10", "open_5"] {
        let row = current_row(name);
        for (kind, golden) in
            [(File::Summary(Profile::Current), "summary"), (File::Percentile(Profile::Current), "percentile")]
        {
            let (ours, theirs) = (file(kind, &row), golden_text(name, golden));
            let keys =
                |text: &str| text.lines().map(|line| line.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>();
            assert_eq!(keys(&ours), keys(&theirs), "{name}");
        }
        assert_eq!(file(File::Throughput, &row), golden_text(name, "throughput"), "{name}");
        let summary: serde_json::Value = serde_json::from_str(&file(File::Summary(Profile::Current), &row)).unwrap();
        let theirs = json(&format!("{name}.summary.json"));
        // The reference has a zero there for whatever it does not compute.
        for (key, value) in theirs.as_object().unwrap().iter().filter(|(key, _)| *key != "Input Throughput (tok/s)") {
            let (ours, value) = (summary[key].as_f64().unwrap(), value.as_f64().unwrap());
            assert!((ours - value).abs() <= 1e-4 + value.abs() * 1e-4, "{name}: {key}: {ours} for {value}");
        }
    }
    let duration = Row { duration: 2.000_012_345_678, ..current_row("sweep_1") };
    assert!(file(File::Summary(Profile::Current), &duration).contains("\"Test Duration (s)\": 2.000012345678,"));
}

fn golden_text(name: &str, kind: &str) -> String {
    golden(&format!("{name}.{kind}.json"))
}

#[test]
fn files_of_the_older_versions_are_theirs_to_the_byte() {
    for name in ["classic_failing_1", "classic_failing_10", "classic_sweep_50"] {
        let row = classic_row(name);
        assert_eq!(file(File::Summary(Profile::Classic), &row), golden_text(name, "summary"), "{name}");
        assert_eq!(file(File::Percentile(Profile::Classic), &row), golden_text(name, "percentile"), "{name}");
    }
}

#[test]
fn the_options_and_the_timeline_are_written_as_the_reference_does() {
    let Value::Object(options) = Value::of_json(json("open_5.args.json")) else { panic!("options are an object") };
    let run = example_of(Setup { options, ..setup() });
    let made = row(run.clone());
    assert_eq!(text(|out| File::Args.write(&made, &run, out)), golden_text("open_5", "args"));
    let written = text(|out| File::Timeline.write(&made, &run, out));
    let theirs = golden("sweep_10.timeline.json");
    let shape =
        |text: &str| text.lines().take(7).map(|line| line.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(shape(&written), shape(&theirs));
    let points = super::tests::points_of(&serde_json::from_str(&written).unwrap());
    assert_eq!(
        points.iter().map(|point| (point.prompt, point.completion)).collect::<Vec<_>>(),
        [(10, 4), (22, 5), (40, 11), (54, 14)]
    );
    let mut empty = failed_run();
    empty.missing = vec![Part::Sent];
    assert_eq!(
        text(|out| File::Timeline.write(&made, &empty, out)),
        "{\n    \"wall_start\": 0.0,\n    \"points\": []\n}"
    );
}

#[test]
fn tables_stay_aligned_whatever_is_in_them() {
    for lang in Lang::ALL {
        let shown = everything(lang);
        let mut width = 0;
        for line in
            shown.lines().filter(|line| line.starts_with(['┌', '├', '│', '└', '┏', '┃', '┡', '╭', '╰', '+', '|']))
        {
            if line.starts_with(['┌', '┏', '╭', '+']) {
                width = get_text_width(line);
            }
            assert_eq!(get_text_width(line), width, "{line}\n{shown}");
        }
    }
}

#[test]
fn every_label_has_a_chinese_form() {
    let cells = |text: &str| -> BTreeSet<String> {
        text.split(['│', '┃', '|', '\n']).map(|cell| cell.trim().to_owned()).collect()
    };
    let english = cells(&everything(Lang::En));
    let told = ["random", "openai", "http://127.0.0.1:8000", "N/A", "n/a", "TTFT(s)", "INF", "p50", "p99", "P99"];
    for cell in cells(&everything(Lang::Zh)) {
        // A unit that is no word is the same in both.
        let words = cell.trim_end_matches("tok/s").trim_end_matches(" tokens");
        let has_words = words.chars().any(char::is_alphabetic) && words.is_ascii();
        assert!(!has_words || !english.contains(&cell) || told.contains(&cell.as_str()), "{cell}");
    }
    let rows = sweep("sweep", &["1", "10"]);
    let shown = overall(Profile::Classic, Lang::Zh, &rows);
    for part in
        ["性能测试汇总报告", "基本信息：", "最佳性能配置", "性能建议：", "通义千问-8B", "系统似乎尚未达到性能瓶颈"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(advice(&rows, Lang::Zh).starts_with("吞吐量在并发 10 处仍在增长"));
    assert_eq!(Lang::ALL.map(|lang| lang.name().parse::<Lang>().unwrap()), Lang::ALL);
    assert!("de".parse::<Lang>().is_err());
}

#[test]
fn the_older_recommendations_follow_their_own_rules() {
    let point = |limit, duration| Row { concurrency: Some(limit), duration, ..classic_row("classic_sweep_10") };
    let said =
        |rows: &[Row]| overall(Profile::Classic, Lang::En, rows).split_once("Recommendations:\n").unwrap().1.to_owned();
    let last = "• The system seems not to have reached its performance bottleneck, try higher concurrency\n";
    assert_eq!(said(&[point(1, 1.0)]), last);
    assert_eq!(said(&[point(1, 2.0), point(4, 1.0)]), last);
    // Rounded to two decimals, the two are as fast, and the first counts.
    assert_eq!(
        said(&[point(1, 1.0), point(4, 0.999_99)]),
        "• Consider lowering concurrency, current load may be too high\n"
    );
    let middle = [point(1, 2.0), point(4, 1.0), Row { success: 10, ..point(8, 2.0) }];
    let shown = "• Optimal concurrency range is around 4\n• Success rate is low at high concurrency, check system resources or reduce concurrency\n";
    assert_eq!(said(&middle), shown);
    let open = Row { concurrency: None, rate: Some(5.0), ..point(1, 1.0) };
    let shown = overall(Profile::Classic, Lang::En, &[open]);
    assert!(
        shown.contains(" Rate 5.00 (20.00 req/sec)") && shown.contains("INF ┃") | shown.contains("INF │"),
        "{shown}"
    );
}
