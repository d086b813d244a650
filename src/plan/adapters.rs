//! Which adapter of the model (LoRA) each request goes to: names come in as flags, an assignment for all requests goes out. It is
//! drawn as the reference draws it.

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::record::Partition;
use crate::rng::Python;

/// The flags that spread requests over adapters.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Request content")]
pub struct AdapterArgs {
    /// Names of LoRA adapters; each request goes to one of them instead of the model
    ///
    /// The ready check and warm-ups go to the model itself.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub lora_modules: Vec<String>,
    /// How requests are assigned to adapters
    #[arg(long, value_name = "HOW", default_value = "random", value_enum)]
    pub lora_assignment: Assignment,
}

/// How requests are assigned to adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Assignment {
    /// By chance, each as likely as the others.
    Random,
    /// One after the other.
    RoundRobin,
}

/// Adapters and how requests are spread over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterMix {
    names: Vec<String>,
    assignment: Assignment,
}

impl AdapterArgs {
    /// The mix that is asked for, if any is.
    ///
    /// # Errors
    /// If a name is empty, or there are more than 65,535.
    pub fn resolve(&self) -> Result<Option<AdapterMix>> {
        if self.lora_modules.iter().any(String::is_empty) {
            return Err(Error::new("`--lora-modules` has an empty name").hint("give the names that the server serves"));
        }
        if self.lora_modules.len() > usize::from(u16::MAX) {
            return Err(Error::new("`--lora-modules` has more than 65,535 names").hint("give fewer"));
        }
        let mix = AdapterMix { names: self.lora_modules.clone(), assignment: self.lora_assignment };
        Ok(Some(mix).filter(|mix| !mix.names.is_empty()))
    }
}

impl AdapterMix {
    /// Assigns `count` requests. Chance draws from `python`, as the seed made it and the dataset left it.
    pub fn assign(&self, count: usize, python: &mut Python) -> Partition {
        let names = self.names.len() as u32;
        let of = (0..count as u32).map(|id| match self.assignment {
            Assignment::Random => python.below(names) as u16,
            Assignment::RoundRobin => (id % names) as u16,
        });
        Partition { of: of.collect(), names: self.names.clone() }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        adapters: AdapterArgs,
    }

    fn assigned(flags: &[&str], count: usize) -> Vec<u16> {
        let flags = Flags::try_parse_from(["x"].iter().chain(flags)).unwrap();
        flags.adapters.resolve().unwrap().unwrap().assign(count, &mut Python::new(0)).of
    }

    #[test]
    fn adapters_take_turns() {
        assert_eq!(assigned(&["--lora-assignment=round-robin", "--lora-modules", "a", "b", "c"], 5), [0, 1, 2, 0, 1]);
    }

    #[test]
    fn chance_is_the_reference_s() {
        // random.seed(0); [random.choice("abc") for _ in range(12)]
        assert_eq!(assigned(&["--lora-modules", "a", "b", "c"], 12), [1, 1, 0, 1, 2, 1, 1, 1, 1, 1, 2, 0]);
        assert_eq!(assigned(&["--lora-modules", "a"], 3), [0, 0, 0]);
    }

    #[test]
    fn without_names_there_is_no_mix() {
        let resolve = |flags: &[&str]| Flags::try_parse_from(["x"].iter().chain(flags)).unwrap().adapters.resolve();
        assert_eq!(resolve(&["--lora-assignment=random"]).unwrap(), None);
        assert!(resolve(&["--lora-modules", "a", ""]).is_err());
    }
}
