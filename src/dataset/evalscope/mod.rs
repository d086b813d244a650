//! The datasets of EvalScope's load tester, by its names and its rules. Plain values and a tokenizer come in, the requests that
//! it would send go out; nothing here knows of flags.

mod asked;
mod draw;
mod origin;
mod random;
mod shaping;
mod texts;
mod usable;
mod vocabulary;

pub use draw::{Draw, Earlier};
pub use random::{Prefixes, Random};
pub use shaping::{Form, Shaping};
pub use texts::{Rows, Texts};
