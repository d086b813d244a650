//! What the rest of the program knows of a dataset: a [`Kind`] is one that can be chosen, a [`Dataset`] one that was chosen and
//! is ready to be sampled. Its settings are inside, and no more heard of.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, Command, FromArgMatches, Id};

use super::needs::{Carries, Needs};
use super::sample::Samples;
use super::selection::Selection;
use super::template::Template;
use super::turns::{Conversations, Shape};
use crate::error::{Error, Result};
use crate::rng::Draws;
use crate::token::Tokenizer;

/// A dataset as it can be chosen: its name, its flags, and how they become one that is ready.
pub struct Kind {
    /// As it is written on the command line.
    pub name: &'static str,
    /// What it is, for the help.
    pub about: &'static str,
    /// Other spellings of the name.
    pub aliases: &'static [&'static str],
    /// Names that it had, which are warned of.
    pub older: &'static [&'static str],
    /// The groups of flags that it reads.
    pub groups: &'static [Group],
    /// Flags that no other dataset may be given, by their ids, each with what the others lack.
    pub own: &'static [(&'static str, &'static str)],
    /// Whether `--dataset-path` says anything to it.
    pub reads_file: bool,
    /// Whether all prompts are made before the first is sent, and not each when its turn comes.
    pub all_at_first: bool,
    /// Whether an output length of -1 takes the lengths from the file.
    pub reads_lengths: bool,
    /// The options that the reference stores `--input-len` and `--output-len` under, besides their own.
    pub stored_lengths: (Option<&'static str>, Option<&'static str>),
    /// What its flags mean together.
    pub resolve: Resolve,
}

/// Adds a group of flags to a command.
pub type Group = fn(Command) -> Command;

/// Makes a dataset of the flags that were given; no file is touched.
pub type Resolve = fn(&ArgMatches, Common) -> Result<Dataset>;

impl Kind {
    /// One that reads a file, and has no flags of its own.
    pub(super) const fn new(name: &'static str, about: &'static str, resolve: Resolve) -> Self {
        Kind {
            name,
            about,
            aliases: &[],
            older: &[],
            groups: &[],
            own: &[],
            reads_file: true,
            all_at_first: false,
            reads_lengths: false,
            stored_lengths: (None, None),
            resolve,
        }
    }

    /// The ids of the flags that it reads beside those of all datasets.
    pub fn flags(&self) -> Vec<Id> {
        let command = self.groups.iter().fold(Command::new(self.name), |command, group| group(command));
        command.get_arguments().map(|arg| arg.get_id().clone()).collect()
    }

    /// Whether it is the one that `name` means.
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name) || self.older.contains(&name)
    }
}

/// What the flags that all datasets share come to.
#[derive(Debug, Clone)]
pub struct Common {
    /// The file, or what else the rows come from.
    pub path: Option<PathBuf>,
    /// Input tokens, which go before a dataset's own.
    pub input_len: Option<i64>,
    /// Output tokens, which go before a dataset's own.
    pub output_len: Option<i64>,
    /// What becomes of prompts.
    pub template: Template,
    /// Which rows are taken, and how many.
    pub selection: Selection,
}

/// The flags of a group, as they were given.
pub(super) fn flags<A: FromArgMatches>(matches: &ArgMatches) -> A {
    A::from_arg_matches(matches).expect("the definitions that made the matches read them back")
}

/// A dataset that is ready to be sampled, as often as runs need it.
#[derive(Clone)]
pub struct Dataset {
    /// What messages call it.
    pub name: String,
    /// What a server must take for it.
    pub needs: Needs,
    /// A line that says, as the reference does, how its file is read.
    pub announcement: Option<String>,
    /// Looks whether its file is there.
    pub(super) check: Arc<Check>,
    /// Makes its samples.
    pub(super) make: Arc<Make>,
    /// Makes conversations, if it can.
    pub(super) talks: Option<Arc<Talks>>,
}

/// Looks whether a file is there.
pub(super) type Check = dyn Fn() -> Result<()> + Send + Sync;

/// Makes samples for what a backend carries, with draws from the generators of the run.
pub(super) type Make = dyn Fn(&Carries, Option<&Tokenizer>, &mut Draws) -> Result<Samples> + Send + Sync;

/// Makes what makes conversations of a shape, unless there can be none.
pub(super) type Talks = dyn Fn(&Shape) -> Result<Talk> + Send + Sync;

/// Makes conversations.
pub(super) type Talk = Box<dyn Fn(&Tokenizer, &mut Draws) -> Result<Conversations>>;

impl Dataset {
    /// A dataset without a file and without conversations, which needs nothing of a server.
    pub(super) fn new(
        name: &str,
        make: impl Fn(&Carries, Option<&Tokenizer>, &mut Draws) -> Result<Samples> + Send + Sync + 'static,
    ) -> Self {
        Dataset {
            name: name.to_owned(),
            needs: Needs::default(),
            announcement: None,
            check: Arc::new(|| Ok(())),
            make: Arc::new(make),
            talks: None,
        }
    }

    /// The same, of samples that cannot be made without a tokenizer.
    pub(super) fn tokenized(
        name: &'static str,
        make: impl Fn(&Carries, &Tokenizer, &mut Draws) -> Result<Samples> + Send + Sync + 'static,
    ) -> Self {
        Dataset::new(name, move |carries, tokenizer, draws| make(carries, needed(tokenizer, name)?, draws))
    }

    /// Looks whether the dataset's file can be opened, if it has one, so that a wrong path is known before a server is asked
    /// for anything.
    ///
    /// # Errors
    ///
    /// Where it cannot.
    pub fn check_file(&self) -> Result<()> {
        (self.check)()
    }

    /// Starts making the samples, for a backend that `carries` so much.
    ///
    /// # Errors
    ///
    /// Where there is no tokenizer and one is needed, lengths and tokenizer do not go together, or a file cannot be read: its
    /// name, the place and the field.
    pub fn samples(&self, carries: &Carries, tokenizer: Option<&Tokenizer>, draws: &mut Draws) -> Result<Samples> {
        (self.make)(carries, tokenizer, draws)
    }

    /// Whether conversations of this shape can be made, as far as can be told without a file and a tokenizer.
    ///
    /// # Errors
    ///
    /// Where the dataset has none, or none of this shape.
    pub fn check_conversations(&self, shape: &Shape) -> Result<()> {
        self.talk(shape).map(drop)
    }

    /// Starts making conversations.
    ///
    /// # Errors
    ///
    /// As [`Dataset::check_conversations`] and [`Dataset::samples`].
    pub fn conversations(
        &self,
        shape: &Shape,
        tokenizer: Option<&Tokenizer>,
        draws: &mut Draws,
    ) -> Result<Conversations> {
        self.talk(shape)?(needed(tokenizer, &self.name)?, draws)
    }

    fn talk(&self, shape: &Shape) -> Result<Talk> {
        match &self.talks {
            Some(talks) => talks(shape),
            None => Err(Error::new("this dataset has no conversations")
                .hint("use `--dataset-name random`, `sharegpt` or `hf` with `--multi-turn`")),
        }
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset").field("name", &self.name).field("needs", &self.needs).finish_non_exhaustive()
    }
}

fn needed<'a>(tokenizer: Option<&'a Tokenizer>, name: &str) -> Result<&'a Tokenizer> {
    tokenizer.ok_or_else(|| {
        Error::new(format!("dataset `{name}` needs a tokenizer"))
            .hint("leave out `--skip-tokenizer-init`, or use `--dataset-name custom`")
    })
}
