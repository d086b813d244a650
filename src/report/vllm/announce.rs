//! What a run says while it goes on, in the reference's words: a [`Moment`] comes in, the lines about it go out, where the
//! reference has any.

use crate::record::{Moment, Profiled, Setup};

/// The lines about a moment, without the last line's end.
pub(in crate::report) fn words(moment: &Moment<'_>) -> Option<String> {
    Some(match moment {
        Moment::Reading(line) => (*line).to_owned(),
        Moment::ReadyCheck(limit) => {
            let check = limit.map_or("Skipping endpoint ready check.".to_owned(), |limit| {
                format!("Waiting for endpoint to become up in {} seconds", limit.as_secs())
            });
            format!("Starting initial single prompt test run...\n{check}")
        }
        Moment::Ready => "Initial test run completed.".to_owned(),
        Moment::WarmingUp(count) => format!("Warming up with {count} requests..."),
        Moment::WarmedUp(0) => "Starting main benchmark run...".to_owned(),
        Moment::WarmedUp(_) => "Warmup run completed.\nStarting main benchmark run...".to_owned(),
        Moment::Profiler(profiled) => profiler(*profiled).to_owned(),
        Moment::Begins { setup, .. } => traffic(setup),
        Moment::NotReady { .. }
        | Moment::Ended(_)
        | Moment::Beat { .. }
        | Moment::Stopping { .. }
        | Moment::Abandoned(_)
        | Moment::Noticed(_) => return None,
    })
}

fn profiler(profiled: Profiled) -> &'static str {
    match profiled {
        Profiled::Starting => "Starting profiler...",
        Profiled::Started => "Profiler started",
        Profiled::Stopping => "Stopping profiler...",
        Profiled::Stopped => "Profiler stopped",
    }
}

/// When requests start, and what is sent beside them.
fn traffic(setup: &Setup) -> String {
    let mut lines = if setup.recorded {
        vec!["Self timing is set, using the timestamps from the trace file.".to_owned()]
    } else {
        load(setup)
    };
    lines.extend(setup.probe_rate.map(|rate| format!("Probe request rate: {rate:?} req/s")));
    lines.join("\n")
}

fn load(setup: &Setup) -> Vec<String> {
    let mut lines = match &setup.ramp {
        Some(ramp) => vec![
            format!("Traffic ramp-up strategy: {}.", ramp.strategy.name()),
            format!("Will increase RPS from {} to {} RPS over the duration of the benchmark.", ramp.start, ramp.end),
        ],
        None => vec![format!("Traffic request rate: {:?}", setup.request_rate)],
    };
    let law = if setup.burstiness == 1.0 { "Poisson process" } else { "Gamma distribution" };
    lines.push(format!("Burstiness factor: {:?} ({law})", setup.burstiness));
    let limit = setup.max_concurrency.map_or("None".to_string(), |limit| limit.to_string());
    lines.push(format!("Maximum request concurrency: {limit}"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Ramp, Strategy};

    fn begins(setup: &Setup) -> String {
        words(&Moment::Begins { setup, planned: 1, conversations: &[], last_due: crate::record::Tick::ZERO }).unwrap()
    }

    #[test]
    fn the_load_is_told_as_it_will_be() {
        let setup = Setup { request_rate: f64::INFINITY, burstiness: 1.0, ..Setup::default() };
        let plain =
            "Traffic request rate: inf\nBurstiness factor: 1.0 (Poisson process)\nMaximum request concurrency: None";
        assert_eq!(begins(&setup), plain);
        let ramp = Some(Ramp { strategy: Strategy::Linear, start: 1, end: 9 });
        let ramped = begins(&Setup { ramp, burstiness: 2.5, max_concurrency: Some(4), ..setup.clone() });
        let expected = "Traffic ramp-up strategy: linear.\nWill increase RPS from 1 to 9 RPS over the duration of the \
                        benchmark.\nBurstiness factor: 2.5 (Gamma distribution)\nMaximum request concurrency: 4";
        assert_eq!(ramped, expected);
        let recorded = begins(&Setup { recorded: true, probe_rate: Some(2.0), ..setup });
        assert_eq!(
            recorded,
            "Self timing is set, using the timestamps from the trace file.\nProbe request rate: 2.0 req/s"
        );
    }

    #[test]
    fn what_a_listener_shows_otherwise_has_no_words() {
        assert_eq!(words(&Moment::Noticed("late")), None);
        assert_eq!(words(&Moment::WarmedUp(0)).unwrap(), "Starting main benchmark run...");
    }
}
