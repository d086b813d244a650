use super::super::tests::setup;
use super::super::{Mode, Thresholds};
use super::*;

#[test]
fn of_several_runs_only_the_summary_may_replace_the_named_file() {
    let saved = |name: Option<&str>, mode: Mode| {
        let place = Place::Saved { dir: Some("d".into()), name: name.map(Into::into), mode };
        (Format::VllmJson, place)
    };
    let files =
        |files: &[(Format, Place)]| Output { screens: vec![Format::Vllm], files: files.to_vec(), ..Output::default() };
    let stdout = (Format::VllmJson, Place::Stdout);
    let named = files(&[saved(Some("a.json"), Mode::Replace), stdout.clone()]);
    assert_eq!(named.of_run("rate10-run2").files, [saved(Some("a-rate10-run2.json"), Mode::Number)]);
    assert_eq!(named.of_summary(&setup()), named);
    let appended = files(&[saved(Some("a.jsonl"), Mode::Append)]);
    let of_one = |output: &Output| Output { screens: vec![Format::Outline], ..output.clone() };
    assert_eq!(appended.of_run("run1"), of_one(&appended));
    assert_eq!(appended.of_summary(&setup()).files, [saved(Some("a-summary.jsonl"), Mode::Number)]);
    let generated = files(&[saved(None, Mode::Replace)]);
    assert_eq!(generated.of_run("run1"), of_one(&generated));
    let full = Output { screens: vec![Format::Full], ..generated.clone() };
    assert_eq!(full.of_run("run1"), full);
    let name = "openai-summary-demo-7b-20250314-150926.json";
    assert_eq!(generated.of_summary(&setup()).files, [saved(Some(name), Mode::Number)]);
}

#[test]
fn what_stands_beside_the_result_of_a_run_follows_its_name_and_a_summary_has_none() {
    let beside = |name: &str| (Format::Lengths, Place::Beside { dir: None, name: Some(name.into()) });
    let output = Output { files: vec![beside("a.json")], ..Output::default() };
    assert_eq!(output.of_run("run1").files, [beside("a-run1.json")]);
    assert_eq!(output.of_summary(&setup()).files, []);
}

#[test]
fn a_timeline_needs_details_and_a_picture_of_lengths_does_not() {
    let timeline = Format::Timeline(Thresholds::DEFAULT);
    let table = [
        (timeline, false, true),
        (Format::Lengths, true, false),
        (Format::VllmJson, false, false),
        (Format::VllmJson, true, true),
        (Format::PyTorch, true, false),
    ];
    for (format, detailed, needed) in table {
        let output = Output { files: vec![(format, Place::Stdout)], detailed, ..Output::default() };
        assert_eq!(output.needs_details(), needed, "{format:?}, {detailed}");
    }
    assert!(!Output { detailed: true, ..Output::default() }.needs_details());
}
