//! What a report may look like where it goes: how wide lines may be, and which characters can be shown there.

use super::{Charts, Glyphs};

/// Where a report goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the terminal; `None` where there is none, and lines may be as long as they are.
    pub width: Option<usize>,
    /// What charts before the report are drawn with, if there are any.
    pub charts: Option<Glyphs>,
    /// What can be shown there.
    pub glyphs: Glyphs,
}

/// Lines are never made for less.
const NARROWEST: usize = 60;

impl Screen {
    /// A file, or a pipe.
    pub const NONE: Screen = Screen { width: None, charts: None, glyphs: Glyphs::Blocks };

    /// A terminal of so many columns, if it is one, where the environment holds these variables.
    pub fn of(terminal: Option<usize>, charts: Charts, env: impl Fn(&str) -> Option<String>) -> Self {
        Screen {
            width: terminal.map(|width| width.max(NARROWEST)),
            charts: charts.glyphs(terminal.is_some(), &env),
            glyphs: Glyphs::of(&env),
        }
    }

    /// How long lines may be.
    pub fn columns(&self) -> usize {
        self.width.unwrap_or(usize::MAX)
    }
}
