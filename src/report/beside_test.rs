use super::super::scratch::Scratch;
use super::super::tests::{asked, details, example_of, setup, told, worked_example};
use super::super::{Mode, Output, Save};
use super::*;
use crate::record::Run;

const EVERY: [Kind; 3] = [Kind::Timeline(Thresholds(25.0, 50.0)), Kind::DatasetStats, Kind::PyTorch];

fn output(scratch: &Scratch, name: Option<&str>, save: bool) -> Output {
    let (dir, name) = (Some(scratch.0.clone()), name.map(PathBuf::from));
    let save = save.then(|| Save { dir: dir.clone(), name: name.clone(), mode: Mode::Replace });
    let kinds = if save.is_some() { EVERY.to_vec() } else { EVERY[..2].to_vec() };
    Output { save, beside: Beside { kinds, dir, name }, ..Output::default() }
}

/// Saves a run and what stands beside it; gives what became of each.
fn save(output: &Output, run: &Run) -> Vec<(Kind, Result<PathBuf>)> {
    let told = told(run.clone(), asked());
    let (report, setup) = (told.report(), &run.setup);
    let saved = output.open(setup).unwrap().save(setup, |out| report.json(None, out)).unwrap();
    saved.write_beside(&report, Some(&mut details()))
}

#[test]
fn the_last_suffix_makes_room_for_another() {
    let table = [("a.json", "a.x"), ("run-1.5qps", "run-1.x"), ("plain", "plain.x"), ("d.d/a", "d.d/a.x")];
    for (path, expected) in table {
        assert_eq!(beside(Path::new(path), "x"), Path::new(expected));
    }
}

#[test]
fn files_stand_beside_a_result_of_any_name() {
    let scratch = Scratch::new("named");
    let written = save(&output(&scratch, Some("a.json"), true), &worked_example());
    assert!(written.iter().all(|(_, result)| result.is_ok()), "{written:?}");
    assert_eq!(scratch.names(), ["a.dataset_stats.png", "a.json", "a.pytorch.json", "a.timeline.html"]);
    let generated = Scratch::new("generated");
    save(&output(&generated, None, true), &worked_example());
    save(&output(&generated, None, true), &worked_example());
    let stem = "openai-4.0qps-concurrency2-demo-7b-20250314-150926";
    assert!(generated.names().contains(&format!("{stem}.timeline.html")), "{:?}", generated.names());
    assert!(generated.names().contains(&format!("{stem}-2.timeline.html")), "{:?}", generated.names());
}

#[test]
fn files_follow_a_result_to_the_name_that_was_free() {
    let scratch = Scratch::new("numbered");
    let mut numbered = output(&scratch, Some("a-run1.json"), true);
    numbered.save.as_mut().unwrap().mode = Mode::Number;
    save(&numbered, &worked_example());
    save(&numbered, &worked_example());
    for name in ["a-run1.json", "a-run1.timeline.html", "a-run1-2.json", "a-run1-2.timeline.html"] {
        assert!(scratch.names().contains(&name.to_owned()), "{name}: {:?}", scratch.names());
    }
}

#[test]
fn plots_without_a_result_have_a_name_that_nobody_had() {
    let scratch = Scratch::new("alone");
    let output = output(&scratch, None, false);
    save(&output, &worked_example());
    save(&output, &worked_example());
    let stem = "openai-4.0qps-concurrency2-demo-7b-20250314-150926";
    let ends = ["-2.dataset_stats.png", "-2.timeline.html", ".dataset_stats.png", ".timeline.html"];
    assert_eq!(scratch.names(), ends.map(|end| format!("{stem}{end}")));
}

#[test]
fn a_run_that_has_nothing_to_show_leaves_no_file() {
    let scratch = Scratch::new("nothing");
    let pooling = Setup { task: Task::Pooling, ..setup() };
    for run in [example_of(pooling), Run { setup: setup(), ..Run::default() }] {
        let written = save(&output(&scratch, None, false), &run);
        assert!(written.iter().all(|(_, result)| result.is_err()), "{written:?}");
    }
    assert_eq!(scratch.names(), Vec::<String>::new());
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_run() {
    let scratch = Scratch::new("refused");
    let error = output(&scratch, Some("missing/a.json"), false).open(&setup()).unwrap_err();
    assert!(error.to_string().contains("missing/a.timeline.html"), "{error}");
}
