//! `perf --show-serve`: the command of `serve` that puts the same load on the server, where there is one.

use super::load_args::PointLoad;
use super::prompt_args::PromptArgs;
use crate::bench::Experiment;
use crate::error::{Error, Result};
use crate::legible::quoted;
use crate::token::Choice;

/// The command of `serve` for a point, its words quoted for a shell. Prompts of `random` are as long, and of another generator.
///
/// # Errors
/// If `serve` has no such prompts.
pub(super) fn command(
    experiment: &Experiment,
    load: &PointLoad,
    prompts: &PromptArgs,
    (low, high): (u32, u32),
) -> Result<String> {
    if prompts.dataset != "random" || prompts.prompt.is_some() {
        return Err(Error::new(format!("no command of `serve` sends the prompts of `--dataset {}`", prompts.dataset))
            .hint("for a file of your own see `--dataset-name custom` in `llmbench help datasets`"));
    }
    let Experiment { server, tokenizer, workload, .. } = experiment;
    let place = &server.places[0];
    let mut words = vec!["llmbench".to_owned(), "serve".to_owned()];
    let mut put = |flag: &str, value: String| words.extend([flag.to_owned(), quoted(&value)]);
    put("--base-url", place.base.clone());
    put("--backend", server.backend.name().to_owned());
    put("--endpoint", place.url.path.clone());
    put("--model", server.model.clone().unwrap_or_default());
    match tokenizer {
        Choice::Named(name) => put("--tokenizer", name.clone()),
        Choice::Builtin => put("--tokenizer", "builtin".to_owned()),
        Choice::Skip | Choice::OfModel => {}
    }
    load.parallel.into_iter().for_each(|parallel| put("--max-concurrency", parallel.to_string()));
    load.rate.into_iter().for_each(|rate| put("--request-rate", rate.to_string()));
    put("--num-prompts", load.number.to_string());
    put("--num-warmups", load.warm_ups.to_string());
    put("--seed", workload.seed.to_string());
    let (input, input_ratio) = middle(prompts.min_prompt_length as f64, prompts.max_prompt_length as f64);
    let (output, output_ratio) = middle(f64::from(low), f64::from(high));
    put("--random-input-len", input.to_string());
    put("--random-output-len", output.to_string());
    put("--random-prefix-len", prompts.prefix_length.to_string());
    if input_ratio > 0.0 || output_ratio > 0.0 {
        put("--random-range-ratio", format!("{{\"input\": {input_ratio}, \"output\": {output_ratio}}}"));
    }
    if prompts.tokenize_prompt {
        words.push("--prompt-token-ids".to_owned());
    }
    let body = serde_json::Value::Object(workload.content.overlay.clone()).to_string();
    words.extend(["--extra-body".to_owned(), quoted(&body)]);
    words.push("--no-side-calls".to_owned());
    Ok(words.join(" "))
}

/// The middle of a range, and how far it goes to both sides as a share of that.
fn middle(low: f64, high: f64) -> (u64, f64) {
    let middle = ((low + high) / 2.0).round();
    (middle as u64, if middle > 0.0 { (high - low) / 2.0 / middle } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_middle_and_a_ratio() {
        assert_eq!((middle(64.0, 64.0), middle(32.0, 96.0), middle(0.0, 0.0)), ((64, 0.0), (64, 0.5), (0, 0.0)));
    }
}
