//! Numbers as EvalScope shows them: values come in, the text of a cell goes out. Values that are missing have a text of their own.

/// What stands for a value that is missing.
pub(super) const MISSING: &str = "n/a";

/// What EvalScope itself shows for a value that is missing, in its tables over several points.
pub(super) const NOTHING: &str = "-";

/// A value with at most so many decimals and no zeros at its end; halves of its shortest decimal form go up.
pub(super) fn short(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let shortest = value.abs().to_string();
    let (whole, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(decimals).collect();
    let up = fraction.as_bytes().get(decimals).is_some_and(|digit| *digit >= b'5');
    let mut digits = format!("{whole}{kept}").into_bytes();
    if up {
        increment(&mut digits);
    }
    let digits = String::from_utf8_lossy(&digits).into_owned();
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let text = match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    };
    if value < 0.0 && text != "0" { format!("-{text}") } else { text }
}

/// The next whole number of these decimal digits.
fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

/// The same, or `missing` where there is no value.
pub(super) fn short_or(value: Option<f64>, decimals: usize, missing: &str) -> String {
    value.map_or_else(|| missing.to_owned(), |value| short(value, decimals))
}

/// A value with exactly so many decimals, or what the older versions show where there is none.
pub(super) fn fixed(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "N/A".to_owned(), |value| format!("{value:.decimals$}"))
}

/// The value to four decimals, as the older versions keep it.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.4}").parse().unwrap_or(value)
}

/// A value to six significant digits, without zeros at its end: C's `%g`.
pub(super) fn general(value: f64) -> String {
    const DIGITS: i32 = 6;
    let scientific = format!("{value:.5e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok());
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    match exponent {
        Some(exponent) if (-4..DIGITS).contains(&exponent) => {
            trimmed(&format!("{value:.*}", (DIGITS - 1 - exponent).unsigned_abs() as usize))
        }
        Some(exponent) => {
            let mantissa = scientific.split('e').next().unwrap_or_default();
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
        }
        None => scientific,
    }
}

/// A whole number with a comma between thousands.
pub(super) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_as_short_as_the_reference_has_them() {
        let cases = [
            (105.0, 1, "105"),
            (100.35, 1, "100.4"),
            (48.15, 1, "48.2"),
            (1579.85, 1, "1579.9"),
            (784.8195, 2, "784.82"),
            (0.3728, 3, "0.373"),
            (88.5, 0, "89"),
            (0.996, 2, "1"),
            (99.999, 2, "100"),
            (0.0, 2, "0"),
            (-1.0, 2, "-1"),
            (-0.001, 2, "0"),
            (2785.0, 2, "2785"),
            (1e-7, 2, "0"),
            (f64::NAN, 2, "n/a"),
        ];
        for (value, decimals, text) in cases {
            assert_eq!(short(value, decimals), text);
        }
        assert_eq!((short_or(None, 2, "-"), short_or(Some(1.5), 0, "-")), ("-".into(), "2".into()));
    }

    #[test]
    fn six_digits_are_those_of_the_older_tables() {
        let cases = [
            (555.9125, "555.913"),
            (2453.4985, "2453.5"),
            (11775.8872, "11775.9"),
            (1.0, "1"),
            (0.0101, "0.0101"),
            (97.7143, "97.7143"),
            (0.0, "0"),
            (1_234_567.0, "1.23457e+06"),
            (0.00001, "1e-05"),
        ];
        for (value, text) in cases {
            assert_eq!(general(value), text);
        }
    }

    #[test]
    fn thousands_are_told_apart_and_missing_values_named() {
        assert_eq!([0, 960, 30_720, 1_000_000].map(thousands), ["0", "960", "30,720", "1,000,000"]);
        assert_eq!([fixed(Some(17.3723), 2), fixed(None, 2)], ["17.37", "N/A"]);
        assert_eq!([rounded(0.37052), rounded(2.0)], [0.3705, 2.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_short_number_is_within_half_a_step_of_the_value(value in -1e9_f64..1e9, decimals in 0_usize..5) {
            let read: f64 = short(value, decimals).parse().unwrap();
            prop_assert!((read - value).abs() <= 0.5000001 * 10_f64.powi(-(decimals as i32)) + value.abs() * 1e-15);
        }
    }
}
