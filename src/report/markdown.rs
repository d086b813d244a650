//! Figures as a Markdown table for issues and pull requests, which reads well as text too: a report comes in; a line on what was
//! run, the table, and a list of doubts go out.

use std::io::{self, Write};

use super::Report;
use super::vllm::labels::name;
use crate::legible::legible;
use crate::measure::Figure;
use crate::record::Setup;

/// Writes the run, its figures and its doubts.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_figures(&title(&report.run.setup), report.all_figures(), out)?;
    for (index, doubt) in report.verdict.doubts.iter().enumerate() {
        let before = if index == 0 { "\n" } else { "" };
        writeln!(out, "{before}- {}; {}", legible(&doubt.what), doubt.advice)?;
    }
    Ok(())
}

/// Writes figures under a title.
pub(super) fn write_figures(
    title: &str,
    figures: impl Iterator<Item = (Figure, f64)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{title}\n")?;
    let rows: Vec<[String; 3]> = figures
        .map(|(figure, value)| {
            let number = if figure.unit().is_whole() { format!("{value:.0}") } else { format!("{value:.2}") };
            [plain(&name(figure)), number, figure.unit().name().to_owned()]
        })
        .collect();
    let head = ["Figure", "Value", "Unit"].map(str::to_owned);
    let width = |column: usize| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    line(&head, widths, out)?;
    let [figure, value, unit] = widths.map(|width| "-".repeat(width));
    writeln!(out, "| {figure} | {}: | {unit} |", &value[1..])?;
    rows.iter().try_for_each(|row| line(row, widths, out))
}

/// What was run.
fn title(setup: &Setup) -> String {
    let rate = match setup.ramp {
        Some(ramp) => format!("{} to {} requests a second", ramp.start, ramp.end),
        None if setup.request_rate.is_infinite() => "all at once".to_owned(),
        None => format!("{} requests a second", setup.request_rate),
    };
    let limit = setup.max_concurrency.map_or(String::new(), |limit| format!(", at most {limit} in flight"));
    let date = setup.ended.strftime("%Y-%m-%d %H:%M:%S");
    let (model, backend) = (code(&setup.model_id), plain(&setup.backend));
    format!("{model}, {backend}, {} prompts, {rate}{limit}, {date}", setup.num_prompts)
}

/// Text from outside as code: in more backticks than it has itself.
pub(super) fn code(text: &str) -> String {
    let most = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let (marks, blank) = ("`".repeat(most + 1), if most > 0 { " " } else { "" });
    format!("{marks}{blank}{}{blank}{marks}", legible(text))
}

/// Text from outside on its line and in its cell.
pub(super) fn plain(text: &str) -> String {
    legible(text).replace('|', "\\|")
}

fn line([figure, value, unit]: &[String; 3], widths: [usize; 3], out: &mut dyn Write) -> io::Result<()> {
    let [first, second, third] = widths;
    writeln!(out, "| {figure:<first$} | {value:>second$} | {unit:<third$} |")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asked, example_of, setup, told, worked_example};
    use super::*;

    fn text(run: crate::record::Run) -> String {
        let mut out = Vec::new();
        write(&told(run, asked()).report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_has_columns_that_line_up_and_the_doubts_follow() {
        let text = text(worked_example());
        let (table, doubts) = text.split_once("\n\n- ").unwrap();
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count()), "{table}");
        assert!(lines[1].ends_with(": | ----- |") && lines[1].starts_with("| ---"), "{table}");
        let row = lines.iter().find(|line| line.contains("Mean TTFT ")).unwrap();
        assert!(row.ends_with(" 225.00 | ms    |"), "{row}");
        assert!(doubts.starts_with("1 of 5 requests failed"), "{doubts}");
        assert!(doubts.contains("\n- requests were sent up to 250.00 ms (p99) later"), "{doubts}");
    }

    #[test]
    fn the_first_line_says_what_was_run() {
        let first = |setup| text(example_of(setup)).lines().next().unwrap().to_owned();
        let limited = "`org/demo-7b`, openai, 5 prompts, 4 requests a second, at most 2 in flight, 2025-03-14 15:09:26";
        assert_eq!(first(setup()), limited);
        let free = Setup { request_rate: f64::INFINITY, max_concurrency: None, ..setup() };
        assert_eq!(first(free), "`org/demo-7b`, openai, 5 prompts, all at once, 2025-03-14 15:09:26");
        let odd = Setup { model_id: "a`b\n\u{1b}[2J".into(), ..setup() };
        assert!(first(odd).starts_with("`` a`b\\n\\u{1b}[2J ``, openai, "));
    }

    #[test]
    fn text_from_outside_stays_in_its_cell() {
        assert_eq!(plain("a | b\r\nc"), "a \\| b\\r\\nc");
        assert_eq!(["a", "`a``b`", ""].map(code), ["`a`", "``` `a``b` ```", "``"]);
    }
}
