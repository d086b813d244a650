//! The datasets of EvalScope's load tester, by its names and its rules. Plain values and a tokenizer come in, the requests that
//! it would send go out; nothing here knows of flags.

mod asked;
mod draw;
mod embedding;
mod maker;
mod origin;
mod pairs;
mod random;
mod same;
mod shaping;
mod speed;
mod texts;
mod usable;
mod vocabulary;

pub use draw::{Draw, Earlier};
pub use embedding::Embedding;
pub use pairs::Pairs;
pub use random::{Prefixes, Random};
pub use same::{Same, prompt};
pub use shaping::{Form, Shaping};
pub use speed::Speed;
pub use texts::{Rows, Texts};
