//! What follows a request in its place: how the request went comes in, the next one goes out, or none. The place in flight
//! stays taken meanwhile, so a chain of requests counts as one in every limit.

use std::fmt;

use super::Job;
use crate::record::Finished;

/// Makes the next job from how the request before it went.
type Next = Box<dyn FnOnce(&Finished) -> Option<Job> + Send>;

/// Makes the next request of a chain, once the one before has ended.
pub struct Then {
    size: usize,
    next: Next,
}

impl Then {
    /// What `next` makes of a request that has ended; it holds about `size` bytes until then. The next request is due when
    /// its job says: at the end of the one before, or later. It must not wait: it runs on the thread that reads answers.
    pub fn new(size: usize, next: impl FnOnce(&Finished) -> Option<Job> + Send + 'static) -> Self {
        Then { size, next: Box::new(next) }
    }

    /// The next request; `None` where the chain ends.
    pub fn job(self, finished: &Finished) -> Option<Job> {
        (self.next)(finished)
    }

    /// About how many bytes it holds.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Then").field("size", &self.size).finish_non_exhaustive()
    }
}
