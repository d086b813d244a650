use std::fs;

use super::super::Mode;
use super::super::scratch::Scratch;
use super::super::tests::setup;
use super::*;

fn saved(dir: &Path, name: Option<&str>, mode: Mode) -> Place {
    Place::Saved { dir: Some(dir.to_owned()), name: name.map(PathBuf::from), mode }
}

fn open(place: &Place) -> Result<Files> {
    Files::open(&[(Format::VllmJson, place.clone())], &setup())
}

fn save(place: &Place, text: &str) -> Result<Vec<PathBuf>> {
    open(place)?.save(&setup(), |out| out.write_all(text.as_bytes()))
}

#[test]
fn a_result_appears_only_when_it_is_whole() {
    let scratch = Scratch::new("whole");
    let place = saved(&scratch.0.join("new/dir"), Some("a.json"), Mode::Replace);
    let mut files = open(&place).unwrap();
    let dir = Scratch(scratch.0.join("new/dir"));
    assert!(dir.names().iter().all(|name| name.ends_with(".partial")), "{:?}", dir.names());
    files.save(&setup(), |out| out.write_all(b"{}")).unwrap();
    assert_eq!(dir.names(), ["a.json"]);
}

#[test]
fn a_run_that_never_ends_leaves_nothing_behind() {
    let scratch = Scratch::new("dropped");
    drop(open(&saved(&scratch.0, None, Mode::Replace)).unwrap());
    assert_eq!(scratch.names(), Vec::<String>::new());
}

#[test]
fn a_failed_write_keeps_the_older_result() {
    let scratch = Scratch::new("failed");
    let place = saved(&scratch.0, Some("a.json"), Mode::Replace);
    save(&place, "old").unwrap();
    let mut files = open(&place).unwrap();
    assert!(files.save(&setup(), |_| Err(io::Error::other("no"))).is_err());
    drop(files);
    assert_eq!((scratch.names(), scratch.read("a.json")), (vec!["a.json".to_owned()], "old".to_owned()));
}

#[test]
fn a_named_file_is_replaced_and_a_generated_name_never_is() {
    let scratch = Scratch::new("names");
    let named = saved(&scratch.0, Some("a.json"), Mode::Replace);
    save(&named, "old").unwrap();
    save(&named, "new").unwrap();
    assert_eq!(scratch.read("a.json"), "new");
    let generated = saved(&scratch.0, None, Mode::Replace);
    save(&generated, "one").unwrap();
    let second = save(&generated, "two").unwrap();
    assert_eq!(second, [scratch.0.join("openai-4.0qps-concurrency2-demo-7b-20250314-150926-2.json")]);
    assert_eq!(scratch.read("openai-4.0qps-concurrency2-demo-7b-20250314-150926.json"), "one");
    assert_eq!(fs::read_to_string(&second[0]).unwrap(), "two");
}

#[test]
fn appended_results_are_lines_without_a_final_end() {
    let scratch = Scratch::new("append");
    let place = saved(&scratch.0, Some("a.jsonl"), Mode::Append);
    save(&place, "{1}").unwrap();
    save(&place, "{2}").unwrap();
    assert_eq!(scratch.read("a.jsonl"), "{1}\n{2}");
}

#[test]
fn paths_that_cannot_be_written_are_refused_before_the_run() {
    let scratch = Scratch::new("refused");
    fs::write(scratch.0.join("file"), "").unwrap();
    let at = |dir: &str, name: &str| open(&saved(&scratch.0.join(dir), Some(name), Mode::Replace)).unwrap_err();
    assert!(at("", "missing/a.json").to_string().contains("missing/a.json"));
    assert!(at("file", "a.json").to_string().starts_with("cannot create `--result-dir"));
    fs::create_dir(scratch.0.join("dir")).unwrap();
    assert!(at("", "dir").to_string().ends_with("it is a directory"));
}

#[test]
fn output_json_writes_exactly_its_file_and_spares_devices() {
    let scratch = Scratch::new("export");
    assert_eq!(save(&Place::File(scratch.0.join("x")), "{}").unwrap(), [scratch.0.join("x")]);
    let null = Path::new("/dev/null");
    save(&Place::File(null.to_owned()), "{}").unwrap();
    assert!(!null.metadata().unwrap().is_file(), "a device stays a device");
}

#[test]
fn a_link_stays_a_link() {
    let scratch = Scratch::new("link");
    fs::write(scratch.0.join("real.json"), "old").unwrap();
    std::os::unix::fs::symlink(scratch.0.join("real.json"), scratch.0.join("link.json")).unwrap();
    save(&saved(&scratch.0, Some("link.json"), Mode::Replace), "new").unwrap();
    assert_eq!(scratch.read("real.json"), "new");
    assert!(scratch.0.join("link.json").is_symlink());
}

#[test]
fn a_numbered_name_leaves_alone_what_is_there() {
    let scratch = Scratch::new("numbered");
    fs::write(scratch.0.join("a-run1.json"), "mine").unwrap();
    let written = save(&saved(&scratch.0, Some("a-run1.json"), Mode::Number), "ours").unwrap();
    assert_eq!(written, [scratch.0.join("a-run1-2.json")]);
    assert_eq!((scratch.read("a-run1.json"), scratch.read("a-run1-2.json")), ("mine".into(), "ours".into()));
}
