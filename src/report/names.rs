//! How files are called: a run's description comes in, names go out, also those of several runs and of what stands beside a
//! result. Looks at no file.

use std::path::{Path, PathBuf};

use crate::json::float;
use crate::legible::legible;
use crate::record::Setup;

/// The name of a result: label or backend, rate, concurrency, model and end of the run.
pub(super) fn result_name(setup: &Setup) -> String {
    let label = label(setup);
    let rate = match &setup.ramp {
        Some(ramp) => format!("ramp-up-{}-{}qps-{}qps", ramp.strategy.name(), ramp.start, ramp.end),
        None if setup.request_rate.is_infinite() => "infqps".to_owned(),
        None => format!("{}qps", float(setup.request_rate)),
    };
    let concurrency = setup.max_concurrency.map_or(String::new(), |limit| format!("-concurrency{limit}"));
    let model = plain(setup.model_id.rsplit('/').next().unwrap_or_default());
    format!("{label}-{rate}{concurrency}-{model}-{}.json", setup.ended.strftime("%Y%m%d-%H%M%S"))
}

/// The name of the summary of several runs: label or backend, model and time.
pub(super) fn summary_name(setup: &Setup) -> String {
    let model = plain(setup.model_id.rsplit('/').next().unwrap_or_default());
    format!("{}-summary-{model}-{}.json", label(setup), setup.ended.strftime("%Y%m%d-%H%M%S"))
}

/// A name from a server without what a terminal would obey.
fn plain(name: &str) -> String {
    let obeyed = |letter: char| legible(letter.encode_utf8(&mut [0; 4])).len() > letter.len_utf8();
    name.chars().map(|letter| if obeyed(letter) { '_' } else { letter }).collect()
}

fn label(setup: &Setup) -> &str {
    setup.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&setup.backend)
}

/// `path` with `-suffix` before its `.json` or `.jsonl`, or at its end where it has none.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = [".json", ".jsonl"].into_iter().find_map(|end| Some((name.strip_suffix(end)?, end)));
    let (stem, end) = ends.unwrap_or((&name, ""));
    path.with_file_name(format!("{stem}-{suffix}{end}"))
}

/// `wanted`, and then `wanted` with every number from 2 on.
pub(super) fn numbered(wanted: &Path) -> impl Iterator<Item = PathBuf> {
    let others = (2_u32..).map(|number| with_suffix(wanted, &number.to_string()));
    std::iter::once(wanted.to_owned()).chain(others)
}

/// `path` with `ending` in the place of what follows the last dot of its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

/// The directory that `path` is in; empty for the current one.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::super::tests::setup;
    use super::*;
    use crate::record::{Ramp, Strategy};

    #[test]
    fn names_say_what_was_run() {
        let plain = setup();
        assert_eq!(result_name(&plain), "openai-4.0qps-concurrency2-demo-7b-20250314-150926.json");
        let inf = Setup { request_rate: f64::INFINITY, max_concurrency: None, label: Some(String::new()), ..setup() };
        assert_eq!(result_name(&inf), "openai-infqps-demo-7b-20250314-150926.json");
        let slow = Setup { request_rate: 1e-5, max_concurrency: None, model_id: "m".into(), ..setup() };
        assert_eq!(result_name(&slow), "openai-1e-05qps-m-20250314-150926.json");
        let ramp = Some(Ramp { strategy: Strategy::Linear, start: 1, end: 20 });
        let ramped = Setup { ramp, label: Some("run1".into()), max_concurrency: None, ..setup() };
        assert_eq!(result_name(&ramped), "run1-ramp-up-linear-1qps-20qps-demo-7b-20250314-150926.json");
    }

    #[test]
    fn the_last_ending_makes_room_for_another() {
        let table = [("a.json", "a.x"), ("run-1.5qps", "run-1.x"), ("plain", "plain.x"), ("d.d/a", "d.d/a.x")];
        for (path, expected) in table {
            assert_eq!(with_ending(Path::new(path), "x"), Path::new(expected));
        }
    }
}
