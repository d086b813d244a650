//! The datasets of EvalScope's load tester, by its names and its rules. Plain values and a tokenizer come in, the requests that
//! it would send go out; nothing here knows of flags.

mod asked;
mod draw;
mod embedding;
mod maker;
mod names;
mod origin;
mod pairs;
mod random;
mod random_talks;
mod random_vl;
mod same;
mod shaping;
mod speed;
mod talks;
mod texts;
mod trie;
mod usable;
mod vocabulary;
mod workload;

pub use draw::{Draw, Earlier};
pub use embedding::Embedding;
pub use names::{Known, NAMES, Takes, named};
pub use pairs::Pairs;
pub use random::{Prefixes, Random};
pub use random_talks::RandomTalks;
pub use random_vl::RandomVl;
pub use same::{Same, prompt};
pub use shaping::{Form, Shaping};
pub use speed::Speed;
pub use talks::{Speakers, Talks};
pub use texts::{Rows, Texts};
pub use trie::Trie;
pub use workload::Workload;
