//! The names of EvalScope's datasets, and what becomes of each here.

use crate::error::{Error, Result};

/// A dataset that EvalScope knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// As it is written on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What it is made with.
    pub takes: Takes,
}

/// What a dataset is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A tokenizer.
    Tokenizer,
    /// A file of the user's.
    File,
    /// A file of the user's, or one that the hub has.
    FileOrHub,
    /// A file and a tokenizer.
    FileAndTokenizer,
    /// A file of the user's, or one that the hub has, and a tokenizer.
    FileOrHubAndTokenizer,
    /// It is not there: what to do instead.
    Absent(&'static str),
}

const fn known(name: &'static str, about: &'static str, takes: Takes) -> Known {
    Known { name, about, takes }
}

const PICTURES: &str = "use `llmbench serve --dataset-name hf --dataset-path` with the dataset's name on the hub, or \
                        `--dataset-name custom_image` with a file of your own";

/// All of them; the first is the default.
pub static NAMES: &[Known] = &[
    known("openqa", "Questions in Chinese from HC3", Takes::FileOrHub),
    known("longalpaca", "Long instructions from LongAlpaca-12k", Takes::FileOrHub),
    known("line_by_line", "A text, a list of messages or a whole body a line", Takes::File),
    known("custom", "The same as line_by_line", Takes::File),
    known("random", "Made-up prompts of drawn lengths", Takes::Tokenizer),
    known("share_gpt_zh", "First questions of Chinese ShareGPT conversations", Takes::FileOrHub),
    known("share_gpt_en", "First questions of English ShareGPT conversations", Takes::FileOrHub),
    known("random_multi_turn", "Made-up conversations", Takes::Tokenizer),
    known("share_gpt_zh_multi_turn", "Chinese ShareGPT conversations", Takes::FileOrHubAndTokenizer),
    known("share_gpt_en_multi_turn", "English ShareGPT conversations", Takes::FileOrHubAndTokenizer),
    known("custom_multi_turn", "Conversations of your own, a list of messages a line", Takes::FileAndTokenizer),
    known("embedding", "Texts to be embedded", Takes::File),
    known("embed", "The same as embedding", Takes::File),
    known("embedding_batch", "The same, several in a request", Takes::File),
    known("random_embedding", "Made-up texts to be embedded", Takes::Tokenizer),
    known("random_embedding_batch", "The same, several in a request", Takes::Tokenizer),
    known("rerank", "Queries with documents", Takes::File),
    known("random_rerank", "Made-up queries with documents", Takes::Tokenizer),
    known("speed_benchmark", "Prompts of 1 to 30720 tokens, each twice", Takes::Nothing),
    known("speed_benchmark_long", "Prompts of 63488 and 129024 tokens, each twice", Takes::Nothing),
    known("random_vl", "Made-up prompts with random pictures", Takes::Tokenizer),
    known("workload_trace", "Recorded requests at their times", Takes::File),
    known("flickr8k", "Pictures to describe", Takes::Absent(PICTURES)),
    known("kontext_bench", "Pictures to change", Takes::Absent(PICTURES)),
    known("mmmu_multi_image", "Questions about several pictures", Takes::Absent(PICTURES)),
    known("swe_smith", "Tasks of coding agents, turn by turn, from a prepared file", Takes::FileAndTokenizer),
    known("trie_agentic_coding", "Recorded lengths of coding agents", Takes::FileAndTokenizer),
    known("trie_code_qa", "Recorded lengths of questions about code", Takes::FileAndTokenizer),
    known("trie_office_work", "Recorded lengths of office agents", Takes::FileAndTokenizer),
    known(
        "open_decisions",
        "Decisions for APIs of their own kind",
        Takes::Absent("there is no API here that takes decisions: use EvalScope itself"),
    ),
];

/// The dataset of this name, which is there.
///
/// # Errors
/// Where EvalScope has no such dataset, with the name that is most like it; or where it is not there, with what to do instead.
pub fn named(name: &str) -> Result<&'static Known> {
    let Some(found) = NAMES.iter().find(|known| known.name == name) else {
        return Err(Error::new(format!("there is no dataset `{name}`")).hint(alike(name)));
    };
    match found.takes {
        Takes::Absent(instead) => {
            let about = found.about.to_lowercase();
            Err(Error::new(format!("dataset `{name}` ({about}) is not there")).hint(instead))
        }
        _ => Ok(found),
    }
}

fn alike(name: &str) -> String {
    let plain = name.to_lowercase().replace('-', "_");
    let there = || NAMES.iter().filter(|known| !matches!(known.takes, Takes::Absent(_)));
    let likeness = |known: &&Known| strsim::jaro_winkler(&plain, known.name);
    match there().max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(nearest) if likeness(&nearest) > 0.85 => format!("did you mean `{}`?", nearest.name),
        _ => {
            let names: Vec<&str> = there().map(|known| known.name).collect();
            format!("there are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_there_once_and_every_absent_one_has_a_way_out() {
        let names: HashSet<&str> = NAMES.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), NAMES.len());
        for known in NAMES {
            match known.takes {
                Takes::Absent(instead) => assert_eq!(named(known.name).unwrap_err().advice(), Some(instead)),
                _ => assert_eq!(named(known.name).unwrap(), known),
            }
        }
    }

    #[test]
    fn unknown_names_are_answered_with_the_nearest() {
        let advice = |name: &str| named(name).unwrap_err().advice().map(str::to_owned).unwrap();
        assert_eq!(advice("share-gpt-en"), "did you mean `share_gpt_en`?");
        assert_eq!(advice("Random"), "did you mean `random`?");
        assert!(advice("xyz").starts_with("there are openqa, longalpaca, "));
    }
}
