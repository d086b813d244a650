use super::super::scratch::Scratch;
use super::super::tests::{asked, details, example_of, setup, told, worked_example};
use super::super::{Mode, Thresholds};
use super::*;
use crate::record::{Run, Task};

/// What goes to a result and beside it, and beside it alone.
fn wanted(scratch: &Scratch, name: Option<&str>, mode: Option<Mode>) -> Vec<(Format, Place)> {
    let (dir, name) = (Some(scratch.0.clone()), name.map(PathBuf::from));
    let beside = Place::Beside { dir: dir.clone(), name: name.clone() };
    let mut files = vec![(Format::Timeline(Thresholds::DEFAULT), beside.clone()), (Format::Lengths, beside.clone())];
    if let Some(mode) = mode {
        files.insert(0, (Format::VllmJson, Place::Saved { dir, name, mode }));
        files.push((Format::PyTorch, beside));
    }
    files
}

/// Writes what is wanted of a run; gives what became of each file beside the result.
fn write(wanted: &[(Format, Place)], run: &Run) -> Vec<(Format, Result<PathBuf>)> {
    let told = told(run.clone(), asked());
    let mut files = Files::open(wanted, &run.setup).unwrap();
    files.write(&told.report(), Some(&mut details())).beside
}

#[test]
fn files_stand_beside_a_result_of_any_name() {
    let scratch = Scratch::new("named");
    let written = write(&wanted(&scratch, Some("a.json"), Some(Mode::Replace)), &worked_example());
    assert!(written.iter().all(|(_, result)| result.is_ok()), "{written:?}");
    assert_eq!(scratch.names(), ["a.dataset_stats.png", "a.json", "a.pytorch.json", "a.timeline.html"]);
    let generated = Scratch::new("generated");
    write(&wanted(&generated, None, Some(Mode::Replace)), &worked_example());
    write(&wanted(&generated, None, Some(Mode::Replace)), &worked_example());
    let stem = "openai-4.0qps-concurrency2-demo-7b-20250314-150926";
    assert!(generated.names().contains(&format!("{stem}.timeline.html")), "{:?}", generated.names());
    assert!(generated.names().contains(&format!("{stem}-2.timeline.html")), "{:?}", generated.names());
}

#[test]
fn files_follow_a_result_to_the_name_that_was_free() {
    let scratch = Scratch::new("numbered");
    let numbered = wanted(&scratch, Some("a-run1.json"), Some(Mode::Number));
    write(&numbered, &worked_example());
    write(&numbered, &worked_example());
    for name in ["a-run1.json", "a-run1.timeline.html", "a-run1-2.json", "a-run1-2.timeline.html"] {
        assert!(scratch.names().contains(&name.to_owned()), "{name}: {:?}", scratch.names());
    }
}

#[test]
fn plots_without_a_result_have_a_name_that_nobody_had() {
    let scratch = Scratch::new("alone");
    let wanted = wanted(&scratch, None, None);
    write(&wanted, &worked_example());
    write(&wanted, &worked_example());
    let stem = "openai-4.0qps-concurrency2-demo-7b-20250314-150926";
    let ends = ["-2.dataset_stats.png", "-2.timeline.html", ".dataset_stats.png", ".timeline.html"];
    assert_eq!(scratch.names(), ends.map(|end| format!("{stem}{end}")));
}

#[test]
fn a_run_that_has_nothing_to_show_leaves_no_file() {
    let scratch = Scratch::new("nothing");
    let pooling = Setup { task: Task::Pooling, ..setup() };
    for run in [example_of(pooling), Run { setup: setup(), ..Run::default() }] {
        let written = write(&wanted(&scratch, None, None), &run);
        assert!(written.iter().all(|(_, result)| result.is_err()), "{written:?}");
    }
    assert_eq!(scratch.names(), Vec::<String>::new());
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_run() {
    let scratch = Scratch::new("refused");
    let error = Files::open(&wanted(&scratch, Some("missing/a.json"), None), &setup()).unwrap_err();
    assert!(error.to_string().contains("missing/a.timeline.html"), "{error}");
}
