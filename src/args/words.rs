//! A command line in its strict form, as the grammar writes it: the program's name, flags of the program, the subcommand, then
//! its flags, each value attached by `=`, and last what is no flag. It is the only thing that flags, config files and series
//! of runs write, and one parser reads all of it.

use std::path::Path;

use clap::Command;

use super::config::Config;
use crate::error::Result;
use crate::secrets;

/// The words of a strict command line, the program's name first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(Vec<String>);

/// What one run of several is given in the place of what the command line says: a flag that takes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The flag, with its two dashes.
    pub flag: String,
    /// Its value, as it would be written on the command line.
    pub value: String,
}

impl Change {
    /// The change of `flag` to `value`.
    pub fn new(flag: &str, value: impl ToString) -> Self {
        Change { flag: flag.to_owned(), value: value.to_string() }
    }
}

impl Words {
    /// These words, which are in strict form already.
    pub fn strict(words: Vec<String>) -> Self {
        Words(words)
    }

    /// The words, in order.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// The flags of the file that these words name by `--config`, if they do; `root` holds the definitions of all subcommands.
    ///
    /// # Errors
    /// If the file cannot be read, or a key is no flag or cannot have its value: with file, line and key.
    pub fn config(&self, root: &Command) -> Result<Option<Config>> {
        let command = self.subcommand().and_then(|index| root.find_subcommand(&self.0[index]));
        let path = self.value("--config");
        command.zip(path).map(|(command, path)| Config::read(command, Path::new(path))).transpose()
    }

    /// The same with the flags of a file behind the subcommand, as far as they are not given here.
    #[must_use]
    pub fn under(self, file: &Config) -> Self {
        self.below(file.flags().map(|flag| (flag.name.clone(), flag.words.clone())))
    }

    /// The same with these flags behind the subcommand, each with its strict words, as far as they are not given here.
    #[must_use]
    pub fn below(self, flags: impl Iterator<Item = (String, Vec<String>)>) -> Self {
        let added: Vec<String> = flags.filter(|(name, _)| !self.gives(name)).flat_map(|(_, words)| words).collect();
        self.with_words(added)
    }

    /// The same with these changes, which win over what is given here.
    #[must_use]
    pub fn with(&self, changes: &[Change]) -> Self {
        let changed = |word: &String| changes.iter().any(|change| change.flag == flag(word));
        let kept = Words(self.0.iter().filter(|word| !changed(word)).cloned().collect());
        kept.with_words(changes.iter().map(|Change { flag, value }| format!("{flag}={value}")).collect())
    }

    /// The command line as it may be kept: the program by its name, and no key.
    pub fn shown(&self) -> Vec<String> {
        let shown = |word: &String| match word.strip_prefix("--").and_then(|flag| flag.split_once('=')) {
            Some((flag, value)) => format!("--{flag}={}", secrets::shown(flag, value)),
            None => word.clone(),
        };
        let words = self.0.iter().skip(1).map(shown);
        std::iter::once("llmbench".to_owned()).chain(words).collect()
    }

    /// The value of a flag of the subcommand; of several the last.
    pub fn value(&self, name: &str) -> Option<&str> {
        let given = self.0[self.subcommand()?..].iter().rev().filter_map(|word| word.split_once('='));
        given.filter(|(flag, _)| *flag == name).map(|(_, value)| value).next()
    }

    /// Where the subcommand stands.
    fn subcommand(&self) -> Option<usize> {
        self.0.iter().skip(1).position(|word| !word.starts_with('-')).map(|index| index + 1)
    }

    fn gives(&self, name: &str) -> bool {
        self.0.iter().any(|word| flag(word) == name)
    }

    fn with_words(mut self, added: Vec<String>) -> Self {
        let place = self.subcommand().map_or(self.0.len(), |index| index + 1);
        self.0.splice(place..place, added);
        self
    }
}

/// The flag that a strict word gives; the whole word where it has no value.
fn flag(word: &str) -> &str {
    word.split_once('=').map_or(word, |(flag, _)| flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Words {
        Words(line.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn changes_take_the_place_of_what_is_given() {
        let given = words("llmbench --color=never serve --max-concurrency=4 --header=a=1 --save-result --header=b=2 x");
        let changed = given.with(&[Change::new("--max-concurrency", 8), Change::new("--request-rate", 2.5)]);
        let expected = "llmbench --color=never serve --max-concurrency=8 --request-rate=2.5 --header=a=1 --save-result \
                        --header=b=2 x";
        assert_eq!(changed, words(expected));
        assert_eq!(changed.with(&[Change::new("--header", "c=3")]).as_slice().len(), 8);
        assert_eq!(given.with(&[]), given);
    }

    #[test]
    fn the_last_of_several_values_of_the_subcommand_counts() {
        let given = words("llmbench --config=no serve --config=a.yaml --config=b=c.yaml");
        assert_eq!(given.value("--config"), Some("b=c.yaml"));
        assert_eq!(given.value("--label"), None);
        assert_eq!(words("llmbench --config=no").value("--config"), None);
    }

    #[test]
    fn no_key_is_kept() {
        let shown = words("/usr/bin/llmbench serve --api-key=sk-1 --header=x-key=secret=2 --seed=3").shown();
        assert_eq!(shown, ["llmbench", "serve", "--api-key=***", "--header=x-key=***", "--seed=3"]);
    }
}
