//! NumPy's legacy generator (`numpy.random.seed`): the source of arrival gaps. A 32-bit seed comes in; uniform,
//! exponential, normal and gamma draws and bounded integers go out.

use super::mt19937::Mt19937;

/// The generator, with the normal draw that the polar method keeps for the next call.
#[derive(Debug, Clone)]
pub struct Legacy {
    core: Mt19937,
    kept: Option<f64>,
}

impl Legacy {
    /// Seeds from one word, as `numpy.random.seed(seed)` does.
    pub fn new(seed: u32) -> Self {
        Legacy { core: Mt19937::from_word(seed), kept: None }
    }

    /// A uniform double in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        self.core.next_f64()
    }

    /// An exponential draw of mean 1: `-ln(1 - U)`. The logarithm is of the rounded difference, so `ln_1p` would differ.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }

    /// A standard normal draw by Marsaglia's polar method; every second call returns a kept value.
    pub fn normal(&mut self) -> f64 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.kept = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// A gamma draw of the given shape (above 0) and scale 1.
    ///
    /// Shape 1 is exponential; below 1 by Ahrens and Dieter's rejection (1974), above by Marsaglia and Tsang's (2000).
    pub fn standard_gamma(&mut self, shape: f64) -> f64 {
        if shape == 1.0 {
            self.exponential()
        } else if shape < 1.0 {
            self.small_gamma(shape)
        } else {
            self.large_gamma(shape)
        }
    }

    fn small_gamma(&mut self, shape: f64) -> f64 {
        loop {
            let u = self.uniform();
            let e = self.exponential();
            if u <= 1.0 - shape {
                let x = u.powf(1.0 / shape);
                if x <= e {
                    return x;
                }
            } else {
                let y = -((1.0 - u) / shape).ln();
                let x = (1.0 - shape + shape * y).powf(1.0 / shape);
                if x <= e + y {
                    return x;
                }
            }
        }
    }

    fn large_gamma(&mut self, shape: f64) -> f64 {
        let p = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * p).sqrt();
        loop {
            let (n, root) = loop {
                let n = self.normal();
                let root = 1.0 + c * n;
                if root > 0.0 {
                    break (n, root);
                }
            };
            let v = root * root * root;
            let u = self.uniform();
            if u < 1.0 - 0.0331 * (n * n) * (n * n) || u.ln() < 0.5 * n * n + p * (1.0 - v + v.ln()) {
                return p * v;
            }
        }
    }

    /// A uniform integer in `[0, span]` by masked rejection; a span of 0 draws nothing.
    pub fn up_to(&mut self, span: u32) -> u32 {
        if span == 0 {
            return 0;
        }
        let mask = u32::MAX >> span.leading_zeros();
        loop {
            let candidate = self.core.next_u32() & mask;
            if candidate <= span {
                return candidate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_integers_are_the_reference_s() {
        let mut legacy = Legacy::new(0);
        let drawn: Vec<u32> = (0..5).map(|_| legacy.up_to(31_999)).collect();
        assert_eq!(drawn, [2732, 10799, 9845, 19648, 13123]);
    }

    #[test]
    fn a_span_of_zero_draws_nothing() {
        let mut legacy = Legacy::new(0);
        assert_eq!(legacy.up_to(0), 0);
        assert_eq!(legacy.up_to(31_999), 2732);
    }

    #[test]
    fn rows_are_sampled_as_the_reference_samples_them() {
        let mut without = Legacy::new(0);
        let mut rows: Vec<u32> = (0..10).collect();
        for i in (1..rows.len()).rev() {
            let j = without.up_to(i as u32) as usize;
            rows.swap(i, j);
        }
        assert_eq!(rows[..4], [2, 8, 4, 9]);
        let mut with = Legacy::new(0);
        let drawn: Vec<u32> = (0..12).map(|_| with.up_to(9)).collect();
        assert_eq!(drawn, [5, 0, 3, 3, 7, 9, 3, 5, 2, 4, 7, 6]);
    }

    #[test]
    fn a_shape_of_one_is_exponential() {
        let mut legacy = Legacy::new(0);
        let gaps = [legacy.standard_gamma(1.0) / 7.0, legacy.standard_gamma(1.0) / 7.0];
        let expected = [0.113_696_358_309_015_71, 0.179_418_680_423_691_1];
        assert!(gaps.iter().zip(expected).all(|(gap, want)| (gap - want).abs() < 1e-16), "{gaps:?}");
    }
}
