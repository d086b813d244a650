//! Results side by side: what is known of two or more runs comes in, a table of every number that the first has in common with
//! others goes out, with what changed against it and which is better.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::table::table;
use super::vllm::lines::banner;
use super::vllm::read::{Sent, Stored, shown};
use crate::error::{Error, Result};
use crate::legible::legible;
use crate::measure::Better;
use crate::record::Task;

/// The letters that results go by.
const LETTERS: [&str; 26] = [
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W",
    "X", "Y", "Z",
];

/// Results of the same task, two at least.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    results: Vec<Stored>,
}

/// A number of the first result, and what the others have in its place.
struct Compared {
    path: String,
    better: Option<Better>,
    first: f64,
    others: Vec<Option<f64>>,
}

impl Comparison {
    /// Holds results against the first of them.
    ///
    /// # Errors
    /// If there are not two, more than have letters, or two of different tasks.
    pub fn of(results: Vec<Stored>) -> Result<Self> {
        if !(2..=LETTERS.len()).contains(&results.len()) {
            let what = format!("cannot compare {} results", results.len());
            return Err(Error::new(what).hint(format!("give 2 to {}", LETTERS.len())));
        }
        for other in &results[1..] {
            if let (Some(task), Some(other_task)) = (results[0].task, other.task)
                && task != other_task
            {
                let (path, other) = (&results[0].path, &other.path);
                let (asked, other_asked) = (asks_for(task), asks_for(other_task));
                return Err(Error::new(format!(
                    "cannot compare `{path}` with `{other}`: the requests of the one ask for {asked}, those of the other \
                     for {other_asked}"
                ))
                .hint("compare runs of the same task"));
            }
        }
        Ok(Comparison { results })
    }

    /// Writes the table, in lines of `room` characters: one for every number that the first result has in common with another.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn console(&self, room: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", banner(" Comparison ", '='))?;
        for (letter, Stored { path, model, date, .. }) in LETTERS.iter().zip(&self.results) {
            writeln!(out, "{letter}: {} ({}, {})", legible(path), legible(model), legible(date))?;
        }
        self.incomplete(out)?;
        self.differences(out)?;
        let changes = LETTERS[1..self.results.len()].iter().flat_map(|letter| [letter, "Change", "Change (%)"]);
        let last = if self.results.len() == 2 { "Better" } else { "Best" };
        let head: Vec<String> = ["", LETTERS[0]].into_iter().chain(changes).chain([last]).map(str::to_owned).collect();
        table(out, room, &head, &self.compared().iter().map(row).collect::<Vec<_>>())?;
        self.only(out)?;
        writeln!(out, "{}", banner("", '='))
    }

    /// Writes which runs did not send all that was planned, and of which requests failed.
    fn incomplete(&self, out: &mut dyn Write) -> io::Result<()> {
        for (letter, result) in LETTERS.iter().zip(&self.results) {
            let Sent { ended, failed, planned } = result.sent;
            let of_planned = planned.map_or(String::new(), |planned| format!(" of {planned}"));
            if result.partial {
                writeln!(out, "{letter} was stopped after {ended}{of_planned} requests.")?;
            } else if planned.is_some_and(|planned| planned > ended) {
                writeln!(out, "{letter} sent {ended}{of_planned} requests.")?;
            }
            if failed > 0 {
                writeln!(out, "{letter} has {failed} failed {}.", if failed == 1 { "request" } else { "requests" })?;
            }
        }
        Ok(())
    }

    /// Writes what the runs were to be, where that differs, and whether they sent the same.
    fn differences(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, (key, first)) in self.results[0].settings.iter().enumerate() {
            let all = || self.results.iter().map(|result| &result.settings[index].1);
            if all().any(|value| value != first) {
                let shown = all().map(|value| {
                    value.as_ref().map_or_else(|| "none".to_owned(), |value| legible(&shown(value)).into_owned())
                });
                writeln!(out, "The runs differ in `{key}`: {}.", listed(shown.collect()))?;
            }
        }
        for (key, values) in self.further_settings() {
            writeln!(out, "The runs differ in `{}`: {}.", legible(&key), legible(&listed(values)))?;
        }
        let workloads: Option<Vec<String>> = self.results.iter().map(|result| result.workload.clone()).collect();
        match workloads {
            Some(workloads) if workloads.iter().any(|workload| *workload != workloads[0]) => {
                writeln!(out, "The runs did not send the same: their workloads are {}.", legible(&listed(workloads)))
            }
            _ => Ok(()),
        }
    }

    /// The settings in which the commands of the runs differ, beside those that are told anyway and those of what was shown and
    /// where it was written: each with its value in each run. Results of the reference do not tell them.
    fn further_settings(&self) -> Vec<(String, Vec<String>)> {
        const TOLD: [&str; 7] =
            ["model", "backend", "num_prompts", "request_rate", "burstiness", "max_concurrency", "tokenizer"];
        const OUTPUT: [&str; 8] = ["result", "output", "record", "label", "metadata", "save", "append", "overwrite"];
        const SHOWN: [&str; 5] = ["progress", "disable_tqdm", "charts", "plot", "num_runs"];
        let of = |result: &Stored| Some(result.entries.get("llmbench")?.get("settings")?.as_object()?.clone());
        let Some(settings) = self.results.iter().map(of).collect::<Option<Vec<_>>>() else { return Vec::new() };
        let matters =
            |key: &str| !TOLD.contains(&key) && !OUTPUT.iter().chain(&SHOWN).any(|begin| key.starts_with(begin));
        let values =
            |key: &str| settings.iter().map(|all| all.get(key).map_or("none".to_owned(), shown)).collect::<Vec<_>>();
        let keys = settings[0].keys().filter(|key| matters(key));
        let all = keys.map(|key| (key.clone(), values(key)));
        all.filter(|(_, values)| values.iter().any(|value| *value != values[0])).collect()
    }

    /// The numbers of the first result that another has too, in the order of its file.
    fn compared(&self) -> Vec<Compared> {
        let others: Vec<BTreeMap<&str, f64>> = self.results[1..]
            .iter()
            .map(|other| other.numbers.iter().map(|number| (number.path.as_str(), number.value)).collect())
            .collect();
        let numbers = self.results[0].numbers.iter().map(|number| Compared {
            path: number.path.clone(),
            better: number.better,
            first: number.value,
            others: others.iter().map(|other| other.get(number.path.as_str()).copied()).collect(),
        });
        numbers.filter(|compared| compared.others.iter().any(Option::is_some)).collect()
    }

    /// Writes what the first result alone has, and what others have and it has not.
    fn only(&self, out: &mut dyn Write) -> io::Result<()> {
        let has = |result: &Stored, path: &str| result.numbers.iter().any(|number| number.path == path);
        for (index, result) in self.results.iter().enumerate() {
            let held_against = if index == 0 { &self.results[1..] } else { &self.results[..1] };
            let paths = result.numbers.iter().map(|number| number.path.as_str());
            let alone: Vec<&str> = paths.filter(|path| !held_against.iter().any(|other| has(other, path))).collect();
            if !alone.is_empty() {
                let which = match (index, self.results.len()) {
                    (0, _) | (_, 2) => format!("Only in {}", LETTERS[index]),
                    _ => format!("In {} and not in {}", LETTERS[index], LETTERS[0]),
                };
                writeln!(out, "{which}: {}.", legible(&alone.join(", ")))?;
            }
        }
        Ok(())
    }
}

fn asks_for(task: Task) -> &'static str {
    match task {
        Task::Generation => "text",
        Task::Pooling => "vectors or scores",
    }
}

/// Several things in a sentence.
fn listed(mut things: Vec<String>) -> String {
    let last = things.pop().unwrap_or_default();
    if things.is_empty() { last } else { format!("{} and {last}", things.join(", ")) }
}

fn row(compared: &Compared) -> Vec<String> {
    let mut cells = vec![legible(&compared.path).into_owned(), figure(compared.first)];
    cells.extend(compared.others.iter().flat_map(|other| changes(compared.first, *other)));
    cells.push(best(compared).to_owned());
    cells
}

/// Another value in the place of `first`, and what changed.
fn changes(first: f64, other: Option<f64>) -> [String; 3] {
    let Some(other) = other else { return ["n/a"; 3].map(str::to_owned) };
    let change = other - first;
    let relative = if change == 0.0 { Some(0.0) } else { Some(change / first.abs() * 100.0).filter(|_| first != 0.0) };
    let percent = relative.map_or_else(|| "n/a".to_owned(), |relative| format!("{relative:+.2}"));
    [figure(other), format!("{}{}", if other > first { "+" } else { "" }, figure(change)), percent]
}

/// Whole numbers as such, small ones with more digits.
fn figure(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        small if small < 0.1 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    }
}

/// The letter of the best value; none where several are, or neither way is better.
fn best(compared: &Compared) -> &'static str {
    let Some(better) = compared.better else { return "" };
    let sign = if better == Better::More { 1.0 } else { -1.0 };
    let values = std::iter::once(Some(compared.first)).chain(compared.others.iter().copied());
    let ranked: Vec<(&str, f64)> =
        LETTERS.into_iter().zip(values).filter_map(|(letter, value)| Some((letter, value? * sign))).collect();
    let most = ranked.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    match ranked.iter().filter(|(_, value)| *value == most).collect::<Vec<_>>()[..] {
        [(letter, _)] => letter,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str, content: &str) -> Stored {
        Stored::parse(path, content).unwrap()
    }

    fn shown_of(results: &[(&str, &str)]) -> String {
        let results = results.iter().map(|(path, content)| named(path, content)).collect();
        let mut out = Vec::new();
        Comparison::of(results).unwrap().console(usize::MAX, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const A: &str = r#"{"date": "1", "model_id": "m", "num_prompts": 10, "burstiness": Infinity, "duration": 2.0,
        "completed": 10, "failed": 0, "request_throughput": 5.0, "mean_ttft_ms": 20.0, "p99_itl_ms": 0.0,
        "rtfx": 1.0, "latencies": [1.0], "partial": false,
        "failures": {}, "steady_state": {"mean_ttft_ms": 9.0}}"#;
    const B: &str = r#"{"date": "2", "model_id": "m", "num_prompts": 20, "duration": 2.0, "completed": 20,
        "failed": 1, "request_throughput": 10.0, "mean_ttft_ms": 25.0, "p99_itl_ms": 0.05, "mean_e2el_ms": 3.0,
        "failures": {"timeout": 1}, "steady_state": {"mean_ttft_ms": 8.0}}"#;

    #[test]
    fn every_number_of_both_is_compared_by_its_direction() {
        let expected = format!(
            "{}\n\
             A: a.json (m, 1)\n\
             B: b.json (m, 2)\n\
             B has 1 failed request.\n\
             The runs differ in `num_prompts`: 10 and 20.\n\
             The runs differ in `burstiness`: null and none.\n\
             {:<26}  A       B   Change  Change (%)  Better\n\
             duration                    2       2        0       +0.00\n\
             completed                  10      20      +10     +100.00       B\n\
             failed                      0       1       +1         n/a       A\n\
             request_throughput          5      10       +5     +100.00       B\n\
             mean_ttft_ms               20      25       +5      +25.00       A\n\
             p99_itl_ms                  0  0.0500  +0.0500         n/a       A\n\
             steady_state.mean_ttft_ms   9       8       -1      -11.11       B\n\
             Only in A: rtfx.\n\
             Only in B: mean_e2el_ms, failures.timeout.\n{}\n",
            banner(" Comparison ", '='),
            "",
            banner("", '=')
        );
        assert_eq!(shown_of(&[("a.json", A), ("b.json", B)]), expected);
    }

    #[test]
    fn nothing_that_a_file_says_acts_on_a_terminal() {
        const ACTS: &str = "\\u001b[2J\\u007f\\u202e\\n";
        let file = |value: u8| {
            format!(
                r#"{{"date": "d{ACTS}", "model_id": "m{ACTS}{value}", "backend": "b{ACTS}{value}", "num_prompts": 1,
                "duration": 1.0, "completed": 1, "failed": 0, "request_throughput": 1.0, "partial": true, "k{ACTS}": {value},
                "only{value}{ACTS}": 1, "failures": {{"f{ACTS}": 1}}, "workload": "w{ACTS}{value}",
                "llmbench": {{"settings": {{"s{ACTS}": "v{ACTS}{value}", "t{ACTS}": {value}}}}}}}"#
            )
        };
        let text = shown_of(&[("a\u{1b}[2J\n.json", &file(1)), ("b.json", &file(2))]);
        let seen = text.replace('\n', "");
        assert_eq!(legible(&seen), seen, "{text:?}");
        assert!(["differ in `s\\u{1b}", "k\\u{1b}", "only1\\u{1b}"].iter().all(|shown| text.contains(shown)), "{text}");
    }

    #[test]
    fn several_results_are_held_against_the_first() {
        let c = r#"{"date": "3", "model_id": "m", "num_prompts": 10, "duration": 2.0, "completed": 10, "failed": 0,
            "request_throughput": 5.0, "mean_ttft_ms": 10.0, "mean_e2el_ms": 2.0}"#;
        let text = shown_of(&[("a.json", A), ("b.json", B), ("c.json", c)]);
        let row = |key: &str| {
            let line = text.lines().find(|line| line.split_whitespace().next() == Some(key));
            line.unwrap_or_else(|| panic!("{key}: {text}")).split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(row("mean_ttft_ms"), ["mean_ttft_ms", "20", "25", "+5", "+25.00", "10", "-10", "-50.00", "C"]);
        assert_eq!(row("p99_itl_ms"), ["p99_itl_ms", "0", "0.0500", "+0.0500", "n/a", "n/a", "n/a", "n/a", "A"]);
        assert_eq!(row("completed")[7..], ["+0.00", "B"]);
        assert_eq!(row("failed").last().unwrap(), "+0.00", "two are equally good");
        assert!(text.contains("The runs differ in `num_prompts`: 10, 20 and 10.\n"), "{text}");
        assert!(text.contains("\nOnly in A: rtfx.\nIn B and not in A: mean_e2el_ms, failures.timeout.\n"), "{text}");
        assert!(text.contains("\nIn C and not in A: mean_e2el_ms.\n"), "{text}");
    }

    #[test]
    fn runs_that_did_not_send_the_same_are_told_apart() {
        let with = |workload: &str| A.replacen('{', &format!("{{\"workload\": \"{workload}\", "), 1);
        let (one, other) = (with("00ff"), with("01ff"));
        let said = "The runs did not send the same: their workloads are 00ff and 01ff.\n";
        assert!(shown_of(&[("a.json", &one), ("b.json", &other)]).contains(said));
        for (a, b) in [(one.as_str(), one.as_str()), (one.as_str(), A)] {
            assert!(!shown_of(&[("a.json", a), ("b.json", b)]).contains("did not send the same"));
        }
    }

    #[test]
    fn what_was_not_sent_or_failed_is_told_above_the_table() {
        let with = |keys: &str| A.replacen('{', &format!("{{{keys}, "), 1);
        let whole = with(r#""planned": 10"#);
        let lasted = with(r#""planned": 24"#);
        let stopped = with(r#""planned": 24"#).replace("\"partial\": false", "\"partial\": true");
        let failed = A.replace("\"failed\": 0", "\"failed\": 2");
        let text = shown_of(&[("a.json", &whole), ("b.json", &lasted), ("c.json", &stopped), ("d.json", &failed)]);
        let (above, _) = text.split_once("Best\n").unwrap();
        for line in ["B sent 10 of 24 requests.", "C was stopped after 10 of 24 requests.", "D has 2 failed requests."]
        {
            assert!(above.contains(line), "{line}: {above}");
        }
        assert!(!above.contains("A sent") && !above.contains("A was") && !above.contains("A has"), "{above}");
    }

    #[test]
    fn no_text_of_a_result_reaches_a_terminal_as_it_is() {
        let odd = r#"{"model_id": "\u001b[2J", "date": "\n", "workload": "\u001b[1m", "\u001b[3m": 1, "duration": 2.0,
            "completed": 10, "request_throughput": 5.0, "label": "\u009b", "tokenizer_id": "\r"}"#;
        let text = shown_of(&[("a\u{7}.json", odd), ("b.json", &A.replacen('{', r#"{"workload": "00", "#, 1))]);
        assert!(!text.contains(|char: char| char.is_control() && char != '\n'), "{text:?}");
        assert!(text.contains("A: a\\u{7}.json (\\u{1b}[2J, \\n)\n"), "{text}");
    }

    #[test]
    fn results_that_have_nothing_in_common_are_refused() {
        let of = |key: &str| A.replacen('{', &format!("{{\"{key}\": 1.0, "), 1);
        let (text, vectors) = (of(crate::measure::OUTPUT_THROUGHPUT.key), of(crate::measure::INPUT_THROUGHPUT.key));
        let error = Comparison::of(vec![named("a.json", &text), named("b.json", &vectors)]).unwrap_err();
        let what = "cannot compare `a.json` with `b.json`: the requests of the one ask for text, those of the other for \
                    vectors or scores";
        assert_eq!(error.to_string(), what);
        let error = Comparison::of(vec![named("a.json", A)]).unwrap_err();
        assert_eq!(error.to_string(), "cannot compare 1 results");
    }
}
