//! Numbers that are out of their range: a flag, its value and what it should be come in, one sentence for all of them goes
//! out. What to do about it is for the flag's owner to advise.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::error::{Error, Result};

/// The error of `flag` whose `value` is not what it should be, such as `1 or more`.
pub fn outside(flag: &str, value: impl Display, what: &str) -> Error {
    Error::new(format!("`{flag} {value}`: not {what}"))
}

/// The whole number that `flag` was given, which should be `what`.
///
/// # Errors
/// If it is out of `range`, with an advice that names both ends.
pub fn whole(flag: &str, value: i64, range: RangeInclusive<u32>, what: &str) -> Result<u32> {
    u32::try_from(value).ok().filter(|number| range.contains(number)).ok_or_else(|| {
        outside(flag, value, what).hint(format!("give a number from {} to {}", range.start(), range.end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_its_range_is_told_with_flag_value_and_range() {
        assert_eq!(outside("--workers", 0, "1 or more").to_string(), "`--workers 0`: not 1 or more");
        assert_eq!(whole("--x", 3, 1..=3, "a number of cats").unwrap(), 3);
        for value in [0, 4, -1, 1 << 32] {
            let error = whole("--x", value, 1..=3, "a number of cats").unwrap_err();
            assert_eq!(error.to_string(), format!("`--x {value}`: not a number of cats"));
            assert_eq!(error.advice(), Some("give a number from 1 to 3"));
        }
    }
}
