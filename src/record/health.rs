//! How well a run was measured: what the client says of itself, and the distributions that it says it in.

use serde::{Deserialize, Serialize};

/// A distribution of durations in nanoseconds.
pub type Spread = hdrhistogram::Histogram<u64>;

/// An empty [`Spread`] to three significant digits, up to an hour.
pub fn spread() -> Spread {
    Spread::new_with_bounds(1, 3600 * 1_000_000_000, 3).expect("the bounds are valid constants")
}

/// What a run says of its own measurement: nothing of the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// From the arrival of bytes at this host (kernel stamp) to the moment this program read them, per read.
    #[serde(with = "counts")]
    pub lag: Spread,
    /// How long opening a connection took (TCP, proxy, TLS), per connection, those opened before the clock too.
    #[serde(with = "counts")]
    pub connect: Spread,
    /// Whether arrivals carry the kernel's stamp; if not, they are stamped at the read.
    pub kernel_stamps: bool,
    /// Pieces of output that shared a read with a later one of the same answer, so that they share its stamp.
    pub merged_chunks: u64,
    /// Reused connections that the server had closed and that were replaced before an answer began.
    pub stale_connections: u64,
    /// Reads whose wall-clock stamp could not be true: the wall clock was stepped during the run.
    pub clock_steps: u64,
    /// CPU time of this process while the clock ran, in seconds.
    pub cpu_seconds: f64,
    /// Largest resident memory of this process, in bytes.
    pub max_rss_bytes: u64,
}

impl Default for Health {
    fn default() -> Self {
        Health {
            lag: spread(),
            connect: spread(),
            kernel_stamps: false,
            merged_chunks: 0,
            stale_connections: 0,
            clock_steps: 0,
            cpu_seconds: 0.0,
            max_rss_bytes: 0,
        }
    }
}

/// A distribution in a file: its values that occurred, each as it stands for all that are the same to three digits, and how
/// often.
mod counts {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::{Spread, spread};

    /// What stands for an hour is a little more; nothing longer is written.
    const LONGEST: u64 = 2 * 3600 * 1_000_000_000;

    /// More than any run has of reads and connections, and few enough that sums of many runs are exact.
    const MOST: u64 = 1 << 40;

    pub(super) fn serialize<S: Serializer>(spread: &Spread, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(spread.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spread, D::Error> {
        let (mut spread, mut all) = (spread(), 0_u64);
        for (value, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            all = all.saturating_add(count);
            if value > LONGEST || all > MOST {
                return Err(de::Error::custom(format!("{count} times {value} ns is nothing that a run has measured")));
            }
            spread.saturating_record_n(value, count);
        }
        Ok(spread)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn distributions_survive_a_file(
            lag in prop::collection::vec(0..4_000_000_000_000_u64, 0..50),
            connect in prop::collection::vec(0..3_000_u64, 0..50),
            cpu_seconds in 0.0..1e6_f64,
        ) {
            let mut health = Health { cpu_seconds, kernel_stamps: true, merged_chunks: 3, ..Health::default() };
            lag.into_iter().for_each(|nanos| health.lag.saturating_record(nanos));
            connect.into_iter().for_each(|nanos| health.connect.saturating_record(nanos));
            let text = serde_json::to_string(&health).unwrap();
            let read: Health = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &health);
            prop_assert_eq!((read.lag.min(), read.lag.max()), (health.lag.min(), health.lag.max()));
            prop_assert_eq!(read.lag.stdev(), health.lag.stdev());
        }
    }

    #[test]
    fn what_no_run_has_measured_is_refused() {
        for lag in
            ["[[99999999999999,18446744073709551615]]", "[[99999999999999,1]]", "[[1,9999999999],[2,1099511627776]]"]
        {
            let error = serde_json::from_str::<Health>(&format!("{{\"lag\":{lag}}}")).unwrap_err().to_string();
            assert!(error.contains("is nothing that a run has measured"), "{error}");
        }
    }
}
