use jiff::civil::DateTime;

use super::*;
use crate::json::Value;
use crate::record::Task;

const START: DateTime = DateTime::constant(2026, 1, 2, 3, 4, 5, 0);

fn setup() -> Setup {
    let options = vec![("seed".to_owned(), Value::Int(0)), ("record".to_owned(), Value::Text("a.jsonl".into()))];
    Setup { model_id: "m".into(), backend: "openai".into(), started: START, options, ..Setup::default() }
}

/// What is said of two files whose first lines differ by `change`.
fn refused(change: impl FnOnce(&mut Setup)) -> Option<String> {
    let mut other = setup();
    change(&mut other);
    let begin = |setup| Begin { planned: 4, setup: std::borrow::Cow::Owned(setup), ..Begin::default() };
    let mut plans = Plans::default();
    plans.add(Path::new("a"), begin(setup()), None).unwrap();
    let error = plans.add(Path::new("b"), begin(other), None).err()?;
    assert_eq!(error.advice(), Some(OF_ONE_RUN));
    Some(error.to_string())
}

#[test]
fn parts_of_other_runs_are_refused_with_the_setting_that_differs() {
    type Change = fn(&mut Setup);
    let table: [(&str, Change); 6] = [
        ("the model", |setup| setup.model_id = "n".into()),
        ("the backend", |setup| setup.backend = "openai-chat".into()),
        ("what requests ask for", |setup| setup.task = Task::Pooling),
        ("`seed`", |setup| setup.options[0].1 = Value::Int(1)),
        ("`seed`", |setup| drop(setup.options.remove(0))),
        ("the start (2026-01-02T03:04:05 and 2026-01-02T03:05:05)", |setup| {
            setup.started = START.saturating_add(SignedDuration::from_secs(60));
        }),
    ];
    for (name, change) in table {
        let expected = format!("it is of another run than `a`: {name} differs");
        assert_eq!(refused(change), Some(expected));
    }
}

#[test]
fn parts_that_were_sent_apart_begin_and_write_each_for_itself() {
    let own: [fn(&mut Setup); 3] = [
        |setup| setup.started = START.saturating_add(SignedDuration::from_secs(1)),
        |setup| setup.options[1].1 = Value::Text("b.jsonl".into()),
        |setup| setup.cores = 8,
    ];
    for change in own {
        assert_eq!(refused(change), None);
    }
}

#[test]
fn a_plan_ends_once() {
    let mut plans = Plans::default();
    let end = |probes| End {
        records: Some(0),
        health: Health { merged_chunks: probes, ..Health::default() },
        ..End::default()
    };
    for (name, end) in [("a", None), ("b", Some(end(3))), ("c", Some(end(3)))] {
        assert_eq!(plans.add(Path::new(name), Begin::default(), end).unwrap(), 0);
    }
    let error = plans.add(Path::new("d"), Begin::default(), Some(end(4))).unwrap_err();
    assert_eq!(error.to_string(), "it begins like `a` and ends otherwise");
    let run = plans.run(Collector::new(0)).unwrap();
    assert_eq!((run.health.merged_chunks, run.knows(Part::Health)), (3, true));
}
