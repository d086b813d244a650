//! Several runs become one: parts of a load that were sent or written apart. Nothing depends on their order, so that however
//! a run was cut, what is put together again is the same run.

use super::collect::in_order;
use super::{Health, Run};

impl Run {
    /// Takes in all that `other` has, which was set up alike. Both count time from the same moment; the whole lasts as long as
    /// the longer of them. What the server counted is told by one of them.
    pub fn merge(&mut self, other: Run) {
        self.records.extend(other.records);
        self.gaps.merge(other.gaps);
        in_order(&mut self.records, &mut self.gaps);
        self.errors.merge(other.errors);
        self.flow.merge(&other.flow);
        self.duration = self.duration.max(other.duration);
        self.planned += other.planned;
        self.workload = self.workload.wrapping_add(other.workload);
        self.conversations.extend(other.conversations);
        self.conversations.sort_unstable();
        self.partial |= other.partial;
        self.sound_nanos = self.sound_nanos.saturating_add(other.sound_nanos);
        self.server_times |= other.server_times;
        self.uncounted += other.uncounted;
        self.health.merge(&other.health);
        self.probes.extend(other.probes);
        self.counted = self.counted.take().or(other.counted);
        self.missing.extend(other.missing);
    }
}

impl Health {
    /// Takes in what another part of the program, or another process, saw.
    pub fn merge(&mut self, other: &Health) {
        let same_bounds = "all spreads have the same bounds";
        self.lag.add(&other.lag).expect(same_bounds);
        self.connect.add(&other.connect).expect(same_bounds);
        self.kernel_stamps |= other.kernel_stamps;
        self.merged_chunks += other.merged_chunks;
        self.stale_connections += other.stale_connections;
        self.clock_steps += other.clock_steps;
        self.cpu_seconds += other.cpu_seconds;
        self.max_rss_bytes = self.max_rss_bytes.max(other.max_rss_bytes);
    }
}
