//! The flags that make conversations of requests, and the [`Shape`] they come to.

use super::lengths::length;
use super::turns::{Prefixes, Shape, TurnRange};
use crate::args;
use crate::args::range::outside;
use crate::error::{Error, Result};

/// Flags of conversations.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Multi-turn")]
pub struct TurnsArgs {
    /// Send conversations: each turn follows the answer to the one before, with all that was said until then.
    ///
    /// `--num-prompts` counts conversations. Needs `--backend openai-chat` and the dataset `random` or `sharegpt`. A turn that
    /// fails ends its conversation.
    #[arg(long)]
    pub multi_turn: bool,
    /// Turns of a conversation (`random`) [default: 3].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = args::int)]
    pub multi_turn_num_turns: Option<i64>,
    /// Fewest turns [default: `--multi-turn-num-turns`; `sharegpt`: 2].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = args::int)]
    pub multi_turn_min_turns: Option<i64>,
    /// Most turns [default: `--multi-turn-num-turns`; `sharegpt`: no limit].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = args::int)]
    pub multi_turn_max_turns: Option<i64>,
    /// Input tokens of each turn after the first (`random`); 0 is `--random-input-len`.
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true, value_parser = args::int)]
    pub per_turn_input_len: Option<i64>,
    /// Share of each turn's input that all conversations have in common (`random`); turns then go without history.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = args::float)]
    pub multi_turn_prefix_global_ratio: Option<f64>,
    /// Share of each turn's input that the turns of a conversation have in common (`random`); turns then go without history.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = args::float)]
    pub multi_turn_prefix_conversation_ratio: Option<f64>,
}

impl TurnsArgs {
    /// The shape of conversations; `None` where requests stand alone.
    ///
    /// # Errors
    ///
    /// Where a value is out of its range or does not go with another, by the name of the flag.
    pub fn resolve(&self) -> Result<Option<Shape>> {
        if !self.multi_turn {
            return Ok(None);
        }
        let fewest = turns("--multi-turn-min-turns", self.multi_turn_min_turns)?;
        let most = turns("--multi-turn-max-turns", self.multi_turn_max_turns)?;
        let usual = match turns("--multi-turn-num-turns", self.multi_turn_num_turns.or(Some(3)))? {
            Some(usual) => usual,
            None => return Err(outside("--multi-turn-num-turns", 0, "a number of turns").hint("give 1 or more")),
        };
        let range = TurnRange { usual, fewest, most };
        Ok(Some(Shape {
            turns: range,
            later_input_len: match self.per_turn_input_len {
                None | Some(0) => None,
                Some(len) => Some(length("--per-turn-input-len", len)?),
            },
            prefixes: self.prefixes()?,
        }))
    }

    fn prefixes(&self) -> Result<Option<Prefixes>> {
        let global = share("--multi-turn-prefix-global-ratio", self.multi_turn_prefix_global_ratio)?;
        let conversation = share("--multi-turn-prefix-conversation-ratio", self.multi_turn_prefix_conversation_ratio)?;
        if global + conversation >= 1.0 {
            let what = "`--multi-turn-prefix-global-ratio` and `--multi-turn-prefix-conversation-ratio` are 1 or more \
                        together";
            return Err(Error::new(what).hint("leave a share of each turn to itself"));
        }
        Ok((global + conversation > 0.0).then_some(Prefixes { global, conversation }))
    }

    /// Warns of flags that were given without `--multi-turn`.
    pub fn warning(&self) -> Option<String> {
        let given = [
            ("--multi-turn-num-turns", self.multi_turn_num_turns.is_some()),
            ("--multi-turn-min-turns", self.multi_turn_min_turns.is_some()),
            ("--multi-turn-max-turns", self.multi_turn_max_turns.is_some()),
            ("--per-turn-input-len", self.per_turn_input_len.is_some()),
            ("--multi-turn-prefix-global-ratio", self.multi_turn_prefix_global_ratio.is_some()),
            ("--multi-turn-prefix-conversation-ratio", self.multi_turn_prefix_conversation_ratio.is_some()),
        ];
        let (flag, _) = given.into_iter().find(|(_, given)| *given)?;
        (!self.multi_turn).then(|| format!("`{flag}` has no effect without `--multi-turn`"))
    }
}

/// A number of turns; 0 stands for none given.
fn turns(flag: &str, value: Option<i64>) -> Result<Option<u32>> {
    let value = value.unwrap_or(0);
    match u32::try_from(value) {
        Ok(turns) => Ok((turns > 0).then_some(turns)),
        Err(_) => Err(outside(flag, value, "a number of turns").hint(format!("give a number from 1 to {}", u32::MAX))),
    }
}

fn share(flag: &str, value: Option<f64>) -> Result<f64> {
    match value.unwrap_or(0.0) {
        share if (0.0..1.0).contains(&share) => Ok(share),
        other => Err(outside(flag, other, "a share").hint("give a number of at least 0 and below 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        turns: TurnsArgs,
    }

    fn flags(line: &str) -> TurnsArgs {
        Flags::parse_from(["x"].into_iter().chain(line.split_whitespace())).turns
    }

    fn resolve(line: &str) -> Result<Option<Shape>, String> {
        flags(line).resolve().map_err(|error| error.to_string())
    }

    #[test]
    fn without_multi_turn_requests_stand_alone() {
        assert_eq!(resolve(""), Ok(None));
        assert_eq!(flags("").warning(), None);
        let warning = flags("--multi-turn-max-turns 4").warning().unwrap();
        assert_eq!(warning, "`--multi-turn-max-turns` has no effect without `--multi-turn`");
        assert_eq!(flags("--multi-turn --multi-turn-max-turns 4").warning(), None);
    }

    #[test]
    fn zeros_stand_for_the_defaults() {
        let usual = TurnRange { usual: 3, fewest: None, most: None };
        let plain = Shape { turns: usual, later_input_len: None, prefixes: None };
        let zeros = "--multi-turn-min-turns 0 --multi-turn-max-turns 0 --per-turn-input-len 0 \
                     --multi-turn-prefix-global-ratio 0 --multi-turn-prefix-conversation-ratio 0.0";
        assert_eq!(resolve("--multi-turn"), Ok(Some(plain.clone())));
        assert_eq!(resolve(&format!("--multi-turn {zeros}")), Ok(Some(plain)));
    }

    #[test]
    fn nonsense_is_refused_by_flag_and_value() {
        let table = [
            ("--multi-turn-num-turns 0", "`--multi-turn-num-turns 0`: not a number of turns"),
            ("--multi-turn-min-turns -1", "`--multi-turn-min-turns -1`: not a number of turns"),
            ("--per-turn-input-len -2", "`--per-turn-input-len -2`: not a number of tokens"),
            ("--multi-turn-prefix-global-ratio 1", "`--multi-turn-prefix-global-ratio 1`: not a share"),
            ("--multi-turn-prefix-conversation-ratio nan", "`--multi-turn-prefix-conversation-ratio NaN`: not a share"),
        ];
        for (flags, message) in table {
            assert_eq!(resolve(&format!("--multi-turn {flags}")), Err(message.into()));
        }
        let both = "--multi-turn --multi-turn-prefix-global-ratio 0.5 --multi-turn-prefix-conversation-ratio 0.5";
        assert!(resolve(both).unwrap_err().ends_with("are 1 or more together"));
    }
}
