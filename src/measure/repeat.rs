//! What repeated runs say of one figure: the values that it had come in, their spread goes out, and how well their mean is
//! known.

/// The 97.5th percentile of Student's t distribution with 1, 2, ... 30 degrees of freedom.
const T: [f64; 30] = [
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139, 2.200985,
    2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963, 2.079614, 2.073873,
    2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272,
];

/// One figure over several runs, in the figure's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeated {
    /// Runs.
    pub count: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (divisor n - 1); `None` for a single run.
    pub std: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Repeated {
    /// The spread of `values`; `None` if there is none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Repeated {
            count,
            mean,
            std: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }

    /// Coefficient of variation: standard deviation / mean; `None` for a single run or a mean of 0.
    pub fn variation(&self) -> Option<f64> {
        self.std.filter(|_| self.mean != 0.0).map(|std| std / self.mean)
    }

    /// Half the width of the 95 % confidence interval of the mean: t(n - 1) × std / √n, if runs are independent and their
    /// values normally distributed; `None` for a single run.
    pub fn confidence(&self) -> Option<f64> {
        self.std.map(|std| student(self.count - 1) * std / (self.count as f64).sqrt())
    }
}

/// The 97.5th percentile of Student's t distribution: from the table, beyond it by the expansion about the normal
/// distribution (Cornish and Fisher), which is exact to six digits there.
fn student(freedom: usize) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    if let Some(t) = freedom.checked_sub(1).and_then(|index| T.get(index)) {
        return *t;
    }
    let n = freedom as f64;
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    let third = (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0;
    Z + first / n + second / n.powi(2) + third / n.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-4)
    }

    #[test]
    fn the_spread_of_a_worked_example() {
        // By hand: deviations -2, 0, 0, 2, 0; variance 8 / 4; t(4) = 2.776445.
        let spread = Repeated::of(&[8.0, 10.0, 10.0, 12.0, 10.0]).unwrap();
        assert_eq!((spread.count, spread.mean, spread.min, spread.max), (5, 10.0, 8.0, 12.0));
        assert!(close(spread.std, 2.0_f64.sqrt()) && close(spread.variation(), 0.141_421));
        assert!(close(spread.confidence(), 2.776_445 * 2.0_f64.sqrt() / 5.0_f64.sqrt()));
    }

    #[test]
    fn a_single_run_says_nothing_of_its_spread() {
        let spread = Repeated::of(&[7.0]).unwrap();
        assert_eq!((spread.mean, spread.std, spread.variation(), spread.confidence()), (7.0, None, None, None));
        assert_eq!(Repeated::of(&[]), None);
        assert_eq!(Repeated::of(&[0.0, 0.0]).unwrap().variation(), None);
    }

    #[test]
    fn student_s_percentiles_join_at_the_end_of_the_table() {
        for (freedom, t) in [(1, 12.7062), (2, 4.30265), (30, 2.04227), (31, 2.03951), (60, 2.0003), (120, 1.97993)] {
            assert!((student(freedom) - t).abs() < 1e-4, "{freedom}: {}", student(freedom));
        }
        assert!((1..200).all(|freedom| student(freedom) > student(freedom + 1)));
    }
}
