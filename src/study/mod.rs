//! Several runs: which is next, and what came of the others. A [`Course`] and a way to carry one point out come in, what was
//! tried goes out. How a run is carried out, reported or saved is not known here.

mod args;
mod list;

use std::path::PathBuf;

pub use args::{Given, StudyArgs};
pub use list::{List, Swept};

use crate::args::Change;
use crate::error::{Exit, Result};
use crate::measure::{Figure, Verdict};

/// One experiment among several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What its files bear in their names; empty where nothing differs from run to run.
    pub name: String,
    /// What differs from the command line.
    pub changes: Vec<Change>,
    /// Which of the runs with these changes, from 1.
    pub run: u32,
}

/// What came of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The point.
    pub point: Point,
    /// `--num-prompts`, which may be more than there were samples.
    pub num_prompts: u64,
    /// Its numbers.
    pub figures: Vec<(Figure, f64)>,
    /// How far they are to be trusted.
    pub verdict: Verdict,
    /// Successful requests.
    pub completed: u64,
    /// Failed requests.
    pub failed: u64,
    /// Whether it ended early, so that its numbers are of a part.
    pub partial: bool,
    /// The files that hold its result.
    pub files: Vec<PathBuf>,
}

/// How a point went: what came of it, if it came to a report, and its exit status, or what went wrong, before the report or
/// after it.
pub struct Went {
    /// What came of it.
    pub tried: Option<Tried>,
    /// Its exit status.
    pub exit: Result<Exit>,
}

/// How a study went: what came of its points, as far as they were run, and the exit status of all of it.
pub struct Conducted {
    /// What came of each, in order.
    pub tried: Vec<Tried>,
    /// The exit status.
    pub exit: Result<Exit>,
}

/// A way to choose which point is next.
#[derive(Debug, Clone, PartialEq)]
pub enum Course {
    /// Points that are known beforehand.
    List(List),
}

impl Course {
    /// The next point after those that were tried; `None` at the end.
    pub fn next(&self, tried: &[Tried]) -> Option<Point> {
        match self {
            Course::List(list) => list.points.get(tried.len()).cloned(),
        }
    }
}

/// Carries out one point after the other by `one`, which is told what came of those before it and saves what comes of it before
/// it returns. The study ends with its course, or where a point could not be carried out or was interrupted; a point that
/// nothing succeeds with is an answer, and the others have theirs.
pub fn conduct(course: &Course, one: &mut dyn FnMut(&Point, &[Tried]) -> Went) -> Conducted {
    let (mut tried, mut exit) = (Vec::new(), Ok(Exit::Done));
    while let Some(point) = course.next(&tried) {
        let went = one(&point, &tried);
        tried.extend(went.tried);
        match went.exit {
            Ok(Exit::Done) => {}
            Ok(Exit::No) => exit = Ok(Exit::No),
            over => {
                exit = over;
                break;
            }
        }
    }
    Conducted { tried, exit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn course(count: u32) -> Course {
        let point = |run| Point { name: format!("run{run}"), changes: Vec::new(), run };
        Course::List(List { swept: None, runs: count, points: (1..=count).map(point).collect() })
    }

    fn tried(point: &Point) -> Tried {
        Tried {
            point: point.clone(),
            num_prompts: 1,
            figures: Vec::new(),
            verdict: Verdict::default(),
            completed: 1,
            failed: 0,
            partial: false,
            files: Vec::new(),
        }
    }

    /// Conducts three points of which the second ends like this; gives how it went, and how many were tried before each.
    fn second(exit: fn() -> Result<Exit>, came: bool) -> (Conducted, Vec<usize>) {
        let mut before = Vec::new();
        let conducted = conduct(&course(3), &mut |point, earlier| {
            before.push(earlier.len());
            match point.run {
                2 => Went { tried: came.then(|| tried(point)), exit: exit() },
                _ => Went { tried: Some(tried(point)), exit: Ok(Exit::Done) },
            }
        });
        (conducted, before)
    }

    #[test]
    fn each_point_knows_what_came_of_those_before_it() {
        let (conducted, before) = second(|| Ok(Exit::Done), true);
        assert_eq!((conducted.exit.unwrap(), before), (Exit::Done, vec![0, 1, 2]));
        let names: Vec<&str> = conducted.tried.iter().map(|tried| tried.point.name.as_str()).collect();
        assert_eq!(names, ["run1", "run2", "run3"]);
    }

    #[test]
    fn a_point_that_nothing_succeeds_with_is_an_answer_and_the_others_have_theirs() {
        let (conducted, before) = second(|| Ok(Exit::No), true);
        assert_eq!((conducted.exit.unwrap(), before.len(), conducted.tried.len()), (Exit::No, 3, 3));
    }

    #[test]
    fn an_interrupted_point_and_a_broken_one_end_the_study_with_what_there_is() {
        let (conducted, before) = second(|| Ok(Exit::Interrupted), true);
        assert_eq!((conducted.exit.unwrap(), before.len(), conducted.tried.len()), (Exit::Interrupted, 2, 2));
        let (conducted, before) = second(|| Ok(Exit::Interrupted), false);
        assert_eq!((conducted.exit.unwrap(), before.len(), conducted.tried.len()), (Exit::Interrupted, 2, 1));
        let (conducted, _) = second(|| Err(Error::new("the disk is full")), true);
        assert_eq!((conducted.exit.unwrap_err().to_string(), conducted.tried.len()), ("the disk is full".into(), 2));
    }
}
