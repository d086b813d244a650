//! How far a run is to be trusted: doubts come in, a [`Verdict`] goes out.

/// How far a run is to be trusted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// That of its worst doubt.
    pub grade: Grade,
    /// What makes numbers less than they seem, the gravest first.
    pub doubts: Vec<Doubt>,
}

/// How far numbers are to be trusted; a later one is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Grade {
    /// They are what they seem.
    #[default]
    Valid,
    /// Some of them are distorted, or say less than they seem to.
    Degraded,
    /// They say nothing of the server.
    Invalid,
}

/// Something that makes numbers less than they seem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// How much it matters: a run of which there is nothing worse has this grade.
    pub grade: Grade,
    /// What was noticed: lower case, no full stop.
    pub what: String,
    /// What can be done about it.
    pub advice: String,
}

impl Verdict {
    /// The verdict on a run of which these are the doubts.
    pub fn of(doubts: Vec<Doubt>) -> Self {
        let grade = doubts.iter().map(|doubt| doubt.grade).max().unwrap_or_default();
        Verdict { grade, doubts }
    }
}

impl Doubt {
    pub(super) fn new(grade: Grade, what: String, advice: &str) -> Self {
        Doubt { grade, what, advice: advice.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_as_good_as_its_worst_doubt_lets_it_be() {
        let doubt = |grade| Doubt::new(grade, "it rained".into(), "wait for the sun");
        assert_eq!(Verdict::of(Vec::new()).grade, Grade::Valid);
        let doubts = [Grade::Valid, Grade::Invalid, Grade::Degraded].map(doubt);
        assert_eq!(Verdict::of(doubts.to_vec()).grade, Grade::Invalid);
        assert_eq!(Verdict::of(doubts[..1].to_vec()).grade, Grade::Valid);
    }
}
