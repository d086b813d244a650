//! Server protocols, a file each: how a sample becomes a JSON body, and what an event of the answer means. No sockets, no
//! clock.

mod address;
pub mod args;
mod audio;
mod chat;
mod completions;
mod counts;
mod delta;
mod evalscope;
mod event;
mod form;
mod headers;
mod kinds;
mod lenient;
mod pooling;
mod prompt;
mod quick;
mod reading;
pub mod request_args;
mod responses;
mod skim;
pub mod template;
mod text;
pub mod url;
pub mod whole;

pub use address::Place;
pub use args::{Connect, Server, ServerArgs};
pub use event::{error_message, is_error};
pub use headers::{Key, read as read_headers};
pub use kinds::Backend;
pub use reading::{Delivery, Malformed, Reading, Usage};
pub use request_args::{RequestArgs, RequestContent};
pub use url::{Scheme, Url};
