//! Tables of text: cells come in, lines with aligned columns go out. The first column is a label, the others are numbers.

use std::io::{self, Write};

/// Blanks between columns.
const GAP: &str = "  ";

/// Writes `rows` under `head`: the first column to the left, all others to the right. All rows have the columns of `head`. Columns
/// for which lines of `room` characters have no room follow in a table of their own, each with the first column.
///
/// # Errors
/// If `out` cannot be written.
pub fn table(out: &mut dyn Write, room: usize, head: &[String], rows: &[Vec<String>]) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().map(Vec::as_slice).chain([head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut next = 1;
    loop {
        let (first, mut taken) = (next, widths.first().copied().unwrap_or(0));
        while next < widths.len() && (next == first || taken + GAP.len() + widths[next] <= room) {
            taken += GAP.len() + widths[next];
            next += 1;
        }
        let part =
            |row: &[String]| row.iter().take(1).chain(&row[first.min(row.len())..next]).cloned().collect::<Vec<_>>();
        let widths: Vec<usize> = widths.iter().take(1).chain(&widths[first.min(widths.len())..next]).copied().collect();
        line(out, &part(head), &widths)?;
        rows.iter().try_for_each(|row| line(out, &part(row), &widths))?;
        if next >= head.len() {
            return Ok(());
        }
        writeln!(out)?;
    }
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
        table(
            &mut out,
            usize::MAX,
            &row(["", "Mean", "x"]),
            &[row(["ttft µs", "1.00", "n/a"]), row(["a", "12345.00", ""])],
        )
        .unwrap();
        let shown = "             Mean    x\nttft µs      1.00  n/a\na        12345.00\n";
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }

    #[test]
    fn columns_without_room_follow_below() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let mut out = Vec::new();
        table(&mut out, 12, &row(["n", "one", "two", "three"]), &[row(["1", "1.00", "2", "3.00"])]).unwrap();
        let shown = "n   one  two\n1  1.00    2\n\nn  three\n1   3.00\n";
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }
}
