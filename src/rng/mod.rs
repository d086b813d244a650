//! The random generators of the reference program, bit for bit: the same seed gives the same lengths, offsets, shuffles
//! and arrival times. A generator a file, over one Mersenne Twister and one PCG.
//!
//! A seed comes in, draws go out, each in the order and from as many words as the original takes. Nothing here reads
//! entropy, and where the original draws nothing, nothing is drawn.

mod draws;
pub mod generator;
pub mod legacy;
mod mt19937;
pub mod python;

pub use draws::Draws;
pub use generator::{Bytes, Generator};
pub use legacy::Legacy;
pub use python::Python;
