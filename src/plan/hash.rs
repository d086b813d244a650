//! What identifies a request among all that were ever sent: its place in the plan, its time and its body come in, a number
//! goes out that is the same on every machine. The sum of these numbers identifies a whole load, in whatever order it is sent
//! and over however many processes it is spread.

use std::hash::Hasher;

use twox_hash::XxHash64;

use super::Job;

/// The seed of a request that brings nothing along from one before it.
pub(super) const ALONE: u64 = 0;

/// The hash (XXH64) of a request: of its id, of the nanosecond at which it is due, and of its body. Headers are left out: they
/// hold the key, and ids of requests that are new for each run. The seed tells what it brings along.
pub(super) fn hash(job: &Job, seed: u64) -> u64 {
    let mut hasher = XxHash64::with_seed(seed);
    hasher.write(&job.id.to_le_bytes());
    hasher.write(&job.due.nanos().to_le_bytes());
    hasher.write(job.body());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Tick;

    fn job(id: u32, due: u64, message: &str) -> Job {
        let due = Tick::from_nanos(due);
        let bytes = message.into();
        Job {
            server: 0,
            id,
            due,
            bytes,
            input_tokens: 0,
            output_tokens: 0,
            inputs: 1,
            audio_seconds: 0.0,
            workload: 0,
            then: None,
        }
    }

    #[test]
    fn a_request_is_known_by_its_id_its_time_and_its_body_alone() {
        let hash = |id, due, message| hash(&job(id, due, message), ALONE);
        let one = hash(1, 2, "POST /\r\nx-request-id: a\r\n\r\nbody");
        assert_eq!(one, hash(1, 2, "POST /\r\nx-request-id: another\r\n\r\nbody"));
        let others = [hash(2, 2, "\r\n\r\nbody"), hash(1, 3, "\r\n\r\nbody"), hash(1, 2, "\r\n\r\nbodz")];
        assert!(!others.contains(&one), "{one} {others:?}");
    }

    #[test]
    fn the_hash_is_the_same_everywhere_and_for_ever() {
        // XXH64 of `07000000 0800000000000000` and then the body, by another implementation.
        assert_eq!(hash(&job(7, 8, "\r\n\r\n{\"model\":\"m\"}"), ALONE), 0xe7df_c271_9575_9d8a);
    }
}
