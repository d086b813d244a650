//! What is looked at rather than read: a page of every request over time, a picture of lengths.

pub(super) mod dataset_stats;
mod lettering;
pub(super) mod timeline;
