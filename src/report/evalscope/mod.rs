//! Reports as EvalScope's `perf` writes them: a point or several come in; the tables of its screen and the files of its
//! directories go out, in the form of its current version or of those up to 1.6. Figures keep all their digits in files, and what
//! was not measured is said to be missing where EvalScope has a zero.

mod advice;
pub(super) mod announce;
mod classic;
mod classic_point;
mod current;
mod database;
mod files;
mod fit;
mod grid;
mod lang;
mod number;
mod overall;
mod point;
mod rank;
mod row;
mod workload;

use std::io::{self, Write};

pub use advice::advice;
pub(super) use database::write as database;
pub use files::File;
pub use lang::Lang;
pub use overall::Overall;
pub use rank::{CLASSIC_RANKS, RANKS, Spread};
pub use row::Row;
pub use workload::{Rates, Workload};

/// The version whose form a report has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// 1.14.
    #[default]
    Current,
    /// 1.4: times in seconds, other keys and percentiles, the best configuration and recommendations.
    Classic,
}

/// Writes what the screen shows after a point.
///
/// # Errors
/// If `out` cannot be written.
pub fn point(row: &Row, profile: Profile, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    match profile {
        Profile::Current => point::write(row, lang, out),
        Profile::Classic => classic_point::write(row, lang, out),
    }
}

#[cfg(test)]
#[path = "made_test.rs"]
mod made_tests;
#[cfg(test)]
#[path = "evalscope_test.rs"]
mod tests;
