//! Tables of text: cells come in, lines with aligned columns go out. The first column is a label, the others are numbers.

use std::io::{self, Write};

/// Blanks between columns.
const GAP: &str = "  ";

/// Writes `rows` under `head`: the first column to the left, all others to the right. All rows have the columns of `head`.
///
/// # Errors
/// If `out` cannot be written.
pub fn table(out: &mut dyn Write, head: &[String], rows: &[Vec<String>]) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().map(Vec::as_slice).chain([head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    line(out, head, &widths)?;
    rows.iter().try_for_each(|row| line(out, row, &widths))
}

fn line(out: &mut dyn Write, cells: &[String], widths: &[usize]) -> io::Result<()> {
    let cell = |(index, (cell, &width)): (usize, (&String, &usize))| match index {
        0 => format!("{cell:<width$}"),
        _ => format!("{cell:>width$}"),
    };
    let cells: Vec<String> = cells.iter().zip(widths).enumerate().map(cell).collect();
    writeln!(out, "{}", cells.join(GAP).trim_end())
}

/// A number with two decimals, or `n/a` where there is none.
pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "n/a".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let mut out = Vec::new();
        table(&mut out, &row(["", "Mean", "x"]), &[row(["ttft µs", "1.00", "n/a"]), row(["a", "12345.00", ""])])
            .unwrap();
        let shown = "             Mean    x\nttft µs      1.00  n/a\na        12345.00\n";
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }
}
