//! Figures as comma-separated values: a line each with key, name, value and unit, as RFC 4180 has them. Figures come in, text
//! goes out.

use std::io::{self, Write};

use super::vllm::labels::name;
use crate::json::float;
use crate::measure::Figure;

/// Writes a line for each of these figures, under a header.
pub(super) fn write(figures: impl Iterator<Item = (Figure, f64)>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "key,label,value,unit")?;
    for (figure, value) in figures {
        let cells = [figure.key(), name(figure), number(figure, value), figure.unit().name().to_owned()];
        writeln!(out, "{}", cells.map(cell).join(","))?;
    }
    Ok(())
}

/// A value to its last digit, without a fraction where its unit has none.
fn number(figure: Figure, value: f64) -> String {
    if figure.unit().is_whole() { format!("{value:.0}") } else { float(value) }
}

/// A cell in quotes where it would be taken for several otherwise.
fn cell(text: String) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asked, told, worked_example};
    use super::*;

    #[test]
    fn every_figure_of_the_run_is_a_line_of_four_cells() {
        let told = told(worked_example(), asked());
        let mut out = Vec::new();
        write(told.report().all_figures(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "key,label,value,unit");
        for line in [
            "duration,Benchmark duration,2.5,s",
            "completed,Successful requests,4,",
            "request_throughput,Request throughput,1.6,req/s",
            "std_ttft_ms,Std TTFT,55.901699437494734,ms",
        ] {
            assert!(lines.contains(&line), "{line}: {text}");
        }
        assert!(!text.contains("probe_") && !text.contains("n/a"), "{text}");
        assert_eq!(lines.len(), 1 + told.report().all_figures().count());
    }

    #[test]
    fn a_comma_or_a_quote_does_not_end_a_cell() {
        assert_eq!(
            ["a, b", "say \"a\"", "plain"].map(|text| cell(text.into())),
            ["\"a, b\"", "\"say \"\"a\"\"\"", "plain"]
        );
    }
}
