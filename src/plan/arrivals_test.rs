//! Arrival times against the reference's own, and the properties that every schedule has.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::*;

const INF: f64 = f64::INFINITY;

fn gamma(rate: f64, burstiness: f64) -> Arrivals {
    Arrivals::Gamma { rate, burstiness }
}

fn ramp(strategy: Strategy, start: u32, end: u32) -> Ramp {
    Ramp { strategy, start, end }
}

fn growing(strategy: Strategy, start: u32, end: u32, burstiness: f64) -> Arrivals {
    Arrivals::Ramp { ramp: ramp(strategy, start, end), burstiness }
}

fn close(found: &[f64], wanted: &[f64]) -> bool {
    found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 6e-10)
}

#[test]
fn offsets_at_a_fixed_rate_are_the_reference_s() {
    let table: [(f64, [f64; 5]); 4] = [
        (1.0, [0.09225866, 0.237847554, 0.34486861, 0.436121845, 0.5]),
        (0.5, [0.078640916, 0.176494368, 0.222924139, 0.272457924, 0.5]),
        (2.5, [0.164664094, 0.242596355, 0.415673509, 0.444039215, 0.5]),
        (INF, [0.1, 0.2, 0.3, 0.4, 0.5]),
    ];
    for (burstiness, wanted) in table {
        let found = gamma(10.0, burstiness).offsets(5, &mut Legacy::new(0));
        assert!(close(&found, &wanted), "burstiness {burstiness}: {found:?}");
    }
}

#[test]
fn offsets_of_a_ramp_are_the_reference_s() {
    let linear = growing(Strategy::Linear, 2, 10, 1.0).offsets(5, &mut Legacy::new(0));
    assert!(close(&linear, &[0.397937254, 0.711919945, 0.865790469, 0.964190613, 1.019295462]), "{linear:?}");
    let exponential = growing(Strategy::Exponential, 2, 10, 1.0).offsets(5, &mut Legacy::new(0));
    assert!(close(&exponential, &[0.397937254, 0.817883015, 1.024321986, 1.142036014, 1.197140864]), "{exponential:?}");
}

#[test]
fn gaps_are_the_reference_s_to_the_last_bit() {
    let mut legacy = Legacy::new(0);
    let gaps = [gap(&mut legacy, 7.0, 1.0), gap(&mut legacy, 7.0, 1.0)];
    assert_eq!(gaps, [0.113_696_358_309_015_71, 0.179_418_680_423_691_1]);
}

#[test]
fn a_ramp_has_its_rates() {
    let rates = |strategy| (0..5).map(|i| ramp(strategy, 2, 10).rate(i, 5)).collect::<Vec<f64>>();
    assert_eq!(rates(Strategy::Linear), [2.0, 4.0, 6.0, 8.0, 10.0]);
    assert!(close(&rates(Strategy::Exponential), &[2.0, 2.990697562, 4.472135955, 6.68740305, 10.0]));
}

#[test]
fn each_whole_rate_is_announced_once_with_the_request_that_reached_it() {
    let due = [10, 11, 12, 13, 14].map(Tick::from_nanos);
    let changes = ramp(Strategy::Exponential, 2, 10).changes(&due);
    let changes: Vec<(u32, u64)> = changes.iter().map(|change| (change.rps, change.at.nanos())).collect();
    assert_eq!(changes, [(2, 0), (3, 12), (4, 12), (5, 13), (6, 13), (7, 14), (8, 14), (9, 14), (10, 14)]);
}

#[test]
fn a_flat_ramp_announces_its_start_only() {
    assert_eq!(ramp(Strategy::Linear, 4, 4).changes(&[Tick::ZERO; 50]), [RateChange { rps: 4, at: Tick::ZERO }]);
}

#[test]
fn all_at_once_waits_for_nothing() {
    assert_eq!(Arrivals::AtOnce.due(3, &mut Legacy::new(0)), [Tick::ZERO; 3]);
    assert_eq!(gamma(INF, 1.0).offsets(3, &mut Legacy::new(0)), [0.0; 3]);
    assert!(gamma(1.0, 1.0).due(0, &mut Legacy::new(0)).is_empty());
}

#[test]
fn a_single_request_waits_one_over_the_rate() {
    assert_eq!(gamma(4.0, 1.0).due(1, &mut Legacy::new(9)), [Tick::from_nanos(250_000_000)]);
}

proptest! {
    #[test]
    fn arrivals_never_go_back(
        n in 0_usize..400, seed: u32, rate in 0.01..1e5_f64, shape in 0.05..200_f64, end in 1_u32..500, kind in 0..4,
    ) {
        let arrivals = match kind {
            0 => gamma(rate, shape),
            1 => gamma(rate, INF),
            2 => growing(Strategy::Linear, 1, end, shape),
            _ => growing(Strategy::Exponential, 1, end, shape),
        };
        let due = arrivals.due(n, &mut Legacy::new(seed));
        prop_assert_eq!(due.len(), n);
        prop_assert!(due.is_sorted());
    }

    #[test]
    fn a_fixed_rate_is_kept_exactly(n in 1_usize..400, seed: u32, rate in 0.01..1e5_f64, shape in 0.3..200_f64) {
        let last = gamma(rate, shape).offsets(n, &mut Legacy::new(seed))[n - 1];
        let wanted = n as f64 / rate;
        prop_assert!((last - wanted).abs() <= wanted * 1e-15);
    }

    #[test]
    fn a_ramp_keeps_its_rate_between_its_ends(n in 2_usize..400, start in 1_u32..50, more in 0_u32..500) {
        for strategy in [Strategy::Linear, Strategy::Exponential] {
            let ramp = ramp(strategy, start, start + more);
            let rates: Vec<f64> = (0..n).map(|index| ramp.rate(index, n)).collect();
            prop_assert!(rates.is_sorted());
            prop_assert_eq!(rates[0], f64::from(start));
            let end = f64::from(start + more);
            prop_assert!((rates[n - 1] - end).abs() <= end * 1e-14);
            let whole: Vec<u32> = ramp.changes(&vec![Tick::ZERO; n]).iter().map(|change| change.rps).collect();
            prop_assert_eq!(whole, (start..=rates[n - 1] as u32).collect::<Vec<u32>>());
        }
    }
}
