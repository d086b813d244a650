//! One file from the network: a URL comes in, its content goes out.

use std::time::Duration;

use crate::error::{Error, Result};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);

/// The most bytes that a file may have.
const LARGEST: usize = 256 << 20;

/// The content of `url`, which is `http` or `https`. Redirects are followed; no header of the user's goes along.
///
/// # Errors
///
/// Where the server cannot be reached, answers with an error, or sends more than 256 MiB.
pub fn fetch(url: &str) -> Result<Vec<u8>> {
    super::run(content(url.to_owned()))
}

async fn content(url: String) -> Result<Vec<u8>> {
    let failed = |cause: reqwest::Error| Error::new(super::causes(&cause));
    let client = reqwest::Client::builder().connect_timeout(CONNECT).timeout(ANSWER).build().map_err(failed)?;
    let mut response = client.get(&url).send().await.map_err(failed)?;
    let status = response.status();
    if !status.is_success() {
        return Err(Error::new(format!("`{url}` answered with status {}", status.as_u16())));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LARGEST {
            return Err(Error::new(format!("`{url}` is larger than {} MiB", LARGEST >> 20)));
        }
    }
    Ok(bytes)
}
