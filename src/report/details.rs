//! What the record file keeps of a request beyond its record: an id comes in, chunks and texts go out.

use std::io;

use crate::record::Finished;
use crate::record::file::Reader;

/// What the record file has of a request; of one that is not there nothing.
pub(super) fn finished(details: &mut Reader, id: u32) -> io::Result<Finished> {
    let found = details.record(id).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(found.unwrap_or_default())
}
