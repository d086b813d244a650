//! Pictures, videos and sounds as parts of a message. Bytes, references and samples come in, [`Part`](super::Part)s and
//! [`Audio`](super::Audio) go out: references by the reference's rules, content as `data:` URLs and base64.
//!
//! Files and the network are read only where the content of a reference is asked for.

mod args;
mod noise;
mod parts;
mod picture;
mod reference;
mod sound;
mod video;

pub use args::MediaArgs;
pub(super) use noise::noise;
pub use parts::Placement;
pub(crate) use parts::{Source, embedded_part, image_part, message, video_part};
pub(crate) use reference::Reference;
pub(crate) use sound::{Sound, audio_file};
