use super::super::tests::{asked, example_of, setup, told, worked_example};
use super::*;
use crate::args::Change;
use crate::measure::{Asked, Verdict};
use crate::record::Task;
use crate::study::Swept;

/// A run of 10 requests with these output tokens a second and this mean TTFT, and the goodput where there is a goal.
fn run(output: f64, ttft: f64, goodput: Option<f64>) -> Tried {
    let mean = |metric| Figure::Latency(metric, Statistic::Mean);
    let mut figures = vec![(Figure::Plain(&REQUEST_THROUGHPUT), output / 16.0)];
    figures.extend(goodput.map(|value| (Figure::Plain(&REQUEST_GOODPUT), value)));
    figures.push((Figure::Plain(&OUTPUT_THROUGHPUT), output));
    figures.push((mean(Metric::Ttft), ttft));
    figures.push((mean(Metric::E2el), ttft + 30.0));
    Tried {
        point: Point { name: String::new(), changes: Vec::new(), run: 1 },
        num_prompts: 10,
        figures,
        verdict: Verdict::default(),
        completed: 10,
        failed: 0,
        partial: false,
        files: vec!["a.json".into()],
    }
}

/// A study of request rates, two runs each.
struct Study {
    list: List,
    tried: Vec<Tried>,
}

/// The runs of one rate, in order.
fn at(rate: f64, runs: &[Tried]) -> Vec<Tried> {
    let changes = vec![Change::new("--request-rate", rate)];
    let numbered = |(tried, run): (&Tried, u32)| {
        let point = Point { name: String::new(), changes: changes.clone(), run };
        Tried { point, ..tried.clone() }
    };
    runs.iter().zip(1..).map(numbered).collect()
}

fn study(tried: Vec<Vec<Tried>>) -> Study {
    let tried = tried.concat();
    let points = tried.iter().map(|tried| tried.point.clone()).collect();
    Study { list: List { swept: Some(Swept::RequestRate), runs: 2, points }, tried }
}

impl Study {
    fn summary(&self) -> Summary<'_> {
        Summary { list: &self.list, shown: &[Metric::Ttft], percentiles: &[99.0], tried: &self.tried, room: usize::MAX }
    }

    fn repetition(&self) -> String {
        shown(|out| self.summary().repetition(out))
    }

    fn sweep(&self) -> String {
        shown(|out| self.summary().sweep(out))
    }
}

fn shown(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn repeated_runs_are_shown_with_their_spread() {
    let study = self::study(vec![at(1.0, &[run(100.0, 20.0, None), run(200.0, 22.0, None)])]);
    let table = "\
=============== Summary of 2 Runs ================
                                   Mean    Std     Min     Max  CV (%)  95% CI of the mean
Request throughput (req/s)         9.38   4.42    6.25   12.50   47.14     -30.33 to 49.08
Output token throughput (tok/s)  150.00  70.71  100.00  200.00   47.14   -485.31 to 785.31
Mean TTFT (ms)                    21.00   1.41   20.00   22.00    6.73       8.29 to 33.71
==================================================
";
    assert_eq!(study.repetition(), table);
}

#[test]
fn a_run_that_ended_early_counts_for_nothing() {
    let partial = Tried { partial: true, ..run(900.0, 1.0, None) };
    let alone = study(vec![at(1.0, std::slice::from_ref(&partial))]);
    assert_eq!(alone.repetition(), "");
    assert!(alone.sweep().contains("Best configuration: none"));
    let other = study(vec![at(1.0, &[run(100.0, 20.0, None), partial])]);
    let table = other.repetition();
    assert!(table.contains("Summary of 1 Run ") && table.contains("left out"), "{table}");
    assert!(other.sweep().contains("(highest output throughput in tok/s: 100.00)"));
}

#[test]
fn the_best_has_the_highest_goodput_or_else_the_highest_output_throughput() {
    let by_output = study(vec![at(1.0, &[run(100.0, 20.0, None)]), at(f64::INFINITY, &[run(200.0, 90.0, None)])]);
    assert!(by_output.sweep().contains("Best configuration: request rate inf (highest output throughput"));
    let by_goodput = study(vec![
        at(1.0, &[run(100.0, 20.0, Some(6.0))]),
        at(5.0, &[run(150.0, 20.0, Some(6.0))]),
        at(9.0, &[run(200.0, 90.0, Some(0.5))]),
    ]);
    let table = by_goodput.sweep();
    assert!(table.contains("Best configuration: request rate 1 (highest goodput in req/s: 6.00)"), "{table}");
}

#[test]
fn a_value_that_nothing_succeeded_with_is_shown_and_never_the_best() {
    let failed =
        Tried { completed: 0, failed: 10, figures: run(0.0, 0.0, None).figures[..1].to_vec(), ..run(0.0, 0.0, None) };
    let study = self::study(vec![at(1.0, &[run(100.0, 20.0, None)]), at(2.0, &[failed])]);
    let table = study.sweep();
    let line = table.lines().find(|line| line.starts_with("2 ")).unwrap();
    assert!(line.contains("n/a") && line.ends_with("10"), "{table}");
    assert!(table.contains("Best configuration: request rate 1 "), "{table}");
}

#[test]
fn the_summary_is_json_with_every_run_its_spread_and_the_best() {
    let study = self::study(vec![
        at(10.0, &[run(100.0, 20.0, None), run(200.0, 22.0, None)]),
        at(f64::INFINITY, &[run(90.0, 20.0, None)]),
    ]);
    let line = shown(|out| study.summary().json(&setup(), out));
    assert!(!line.contains('\n'));
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&json["swept"], &json["num_runs"], &json["partial"]),
        (&"request_rate".into(), &2.into(), &false.into())
    );
    assert_eq!((&json["tp"], &json["model_id"]), (&"2".into(), &"org/demo-7b".into()));
    let first = &json["points"][0];
    assert_eq!((&first["request_rate"], &first["runs"][1][OUTPUT_THROUGHPUT.key]), (&10.0.into(), &200.0.into()));
    assert_eq!(first["runs"][0]["files"], serde_json::json!(["a.json"]));
    assert_eq!(first["summary"][OUTPUT_THROUGHPUT.key]["mean"], 150.0);
    assert_eq!(
        (&json["points"][1]["request_rate"], &json["points"][1]["summary"]["mean_ttft_ms"]["std"]),
        (&"inf".into(), &serde_json::Value::Null)
    );
    let best = serde_json::json!({"request_rate": 10.0, "by": OUTPUT_THROUGHPUT.key, "value": 150.0});
    assert_eq!(json["best"], best);
}

#[test]
fn requests_for_vectors_are_held_against_others_by_their_inputs() {
    let run = example_of(Setup { task: Task::Pooling, ..setup() });
    let figures = told(run, Asked { metrics: vec![Metric::E2el], ..asked() }).report().figures();
    let throughputs = [&REQUEST_THROUGHPUT, &INPUT_THROUGHPUT, &TOKEN_THROUGHPUT];
    assert!(figures.iter().map(|(figure, _)| *figure).take(3).eq(throughputs.map(Figure::Plain)));
    assert!(figures[3..].iter().all(|(figure, _)| matches!(figure, Figure::Latency(Metric::E2el, _))), "{figures:?}");
}

#[test]
fn runs_are_held_against_each_other_by_the_latencies_that_are_shown_and_e2el() {
    let told = told(worked_example(), Asked { metrics: vec![Metric::Ttft], ..asked() });
    let keys: Vec<String> = told.report().figures().iter().map(|(figure, _)| figure.key()).collect();
    for key in ["p99.9_ttft_ms", "mean_e2el_ms"] {
        assert!(keys.iter().any(|known| known == key), "{keys:?}");
    }
    assert!(!keys.iter().any(|key| key.contains("itl") || key.starts_with("std")), "{keys:?}");
}
