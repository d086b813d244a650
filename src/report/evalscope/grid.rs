//! Tables with lines around their cells, as EvalScope's libraries draw them: cells come in, text goes out. Cells line up by the
//! columns that a terminal gives their characters, so Chinese ones do too.

use std::io::{self, Write};

use tabled::Table;
use tabled::builder::Builder;
use tabled::grid::config::AlignmentHorizontal;
use tabled::grid::util::string::get_text_width;
use tabled::settings::formatting::AlignmentStrategy;
use tabled::settings::object::{Cell, Columns, Rows};
use tabled::settings::style::{Border, HorizontalLine};
use tabled::settings::themes::Theme;
use tabled::settings::{Alignment, Padding, Style};

use super::fit::centred;

/// How the lines of a table look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// Thin lines, one under the head.
    Thin,
    /// `+--+` around every row, `+==+` under the head.
    Rows,
    /// `+--+` around the head and at the end.
    Plain,
    /// A heavy head, thin lines below, and no blank at the outer edges.
    Heavy,
    /// Thin lines around rows without a head.
    Open,
}

/// Cells and how to draw them.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    /// How its lines look.
    pub(super) lines: Lines,
    /// The headings; each has lines of its own where it has several.
    pub(super) head: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
    /// How the cells of each column stand.
    pub(super) stand: Vec<AlignmentHorizontal>,
    /// The rows, counted without the head, that a line stands above.
    pub(super) above: Vec<usize>,
}

impl Grid {
    /// A table of which the first columns, `labels` of them, stand to the left, and all others to the right.
    pub(super) fn new(lines: Lines, head: Vec<String>, labels: usize) -> Self {
        let stand = (0..head.len())
            .map(|column| if column < labels { AlignmentHorizontal::Left } else { AlignmentHorizontal::Right })
            .collect();
        Grid { lines, head, rows: Vec::new(), stand, above: Vec::new() }
    }

    /// The lines of the table, each with its end.
    pub(super) fn text(&self) -> String {
        let mut builder = Builder::default();
        if self.has_head() {
            builder.push_record(self.head.iter().cloned());
        }
        self.rows.iter().for_each(|row| builder.push_record(row.iter().cloned()));
        let mut table = builder.build();
        table.with(self.theme()).with(AlignmentStrategy::PerLine);
        for (column, stand) in self.stand.iter().enumerate() {
            table.modify(Columns::one(column), horizontal(*stand));
        }
        if self.lines == Lines::Heavy {
            self.make_head_heavy(&mut table);
        }
        format!("{table}\n")
    }

    /// Writes the table below its title, after two blank lines.
    pub(super) fn write_titled(&self, title: &str, out: &mut dyn Write) -> io::Result<()> {
        let text = self.text();
        let width = text.lines().next().map_or(0, get_text_width);
        write!(out, "\n\n{}\n{text}", centred(title, width))
    }

    fn has_head(&self) -> bool {
        self.lines != Lines::Open
    }

    fn make_head_heavy(&self, table: &mut Table) {
        let last = self.head.len().saturating_sub(1);
        table.modify(Columns::first(), Padding::new(0, 1, 0, 0)).modify(Columns::last(), Padding::new(1, 0, 0, 0));
        table.modify(Rows::first(), Alignment::bottom());
        for column in 0..=last {
            table.modify(Cell::new(0, column), Border::new().left('┃').right('┃'));
        }
    }

    fn theme(&self) -> Theme {
        let mut theme = match self.lines {
            Lines::Rows => {
                Theme::from_style(Style::ascii().horizontals([(1, HorizontalLine::full('=', '+', '+', '+'))]))
            }
            Lines::Plain => Theme::from_style(
                Style::ascii().remove_horizontal().horizontals([(1, HorizontalLine::full('-', '+', '+', '+'))]),
            ),
            Lines::Thin => Theme::from_style(
                Style::modern().remove_horizontal().horizontals([(1, HorizontalLine::full('─', '┼', '├', '┤'))]),
            ),
            Lines::Open => Theme::from_style(Style::modern().remove_horizontal()),
            Lines::Heavy => {
                let mut theme = Theme::from_style(
                    Style::modern().remove_horizontal().horizontals([(1, HorizontalLine::full('━', '╇', '┡', '┩'))]),
                );
                theme.set_borders_top('━');
                theme.set_borders_corner_top_left('┏');
                theme.set_borders_intersection_top('┳');
                theme.set_borders_corner_top_right('┓');
                theme
            }
        };
        for row in &self.above {
            theme.insert_horizontal_line(row + 1, HorizontalLine::full('─', '┼', '├', '┤'));
        }
        theme
    }
}

fn horizontal(stand: AlignmentHorizontal) -> Alignment {
    match stand {
        AlignmentHorizontal::Left => Alignment::left(),
        AlignmentHorizontal::Right => Alignment::right(),
        AlignmentHorizontal::Center => Alignment::center(),
    }
}
