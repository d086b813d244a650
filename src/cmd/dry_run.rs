//! `serve --dry-run`: makes the requests of each run and says what they are like; nothing is sent, no server is asked.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use super::found::Found;
use super::point::Point;
use super::series::Trial;
use crate::dataset::{Part, Prompt, Sample, Samples};
use crate::error::{Error, Exit, Result};
use crate::measure::Summary;
use crate::plan::Setting;
use crate::record::Tick;
use crate::report;
use crate::rng::Draws;
use crate::ui::Ui;
use crate::ui::out::{say, written};

/// Prompts that are shown.
const EXAMPLES: usize = 3;
/// Characters of a prompt that are shown, half from its start and half from its end.
const SHOWN: usize = 120;

/// Whether to send anything.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Instead of a run")]
pub(super) struct DryRunArgs {
    /// Make the requests and print their statistics; send nothing and ask no server
    ///
    /// The tokenizer is that of --model or --tokenizer: from a path, the hub's cache or the hub; `--tokenizer builtin` needs
    /// neither.
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Says of each setting what its requests would be like.
pub(super) fn run(trials: &[Trial], ui: &Ui) -> Result<Exit> {
    let found = Found::without_server(&trials[0].checked, ui)?;
    let mut out = std::io::stdout();
    for trial in trials.iter().filter(|trial| trial.run == 1) {
        if trial.setting != Setting::Same {
            say(&mut out, &format!("With {}:", trial.setting))?;
        }
        let point = Point { checked: &trial.checked, found: &found, ui };
        let mut draws = Draws::new(trial.checked.seed);
        let (samples, turns) = point.samples(&mut draws)?;
        let due = point.due(&samples, turns.as_ref(), &mut draws);
        let (content, late_warnings) = Content::gather(samples)?;
        content.print(&due, &mut out)?;
        late_warnings.iter().for_each(|warning| ui.warn(warning));
    }
    Ok(Exit::Done)
}

/// What the requests of a run are like.
#[derive(Debug, Default)]
struct Content {
    input: Vec<f64>,
    output: Vec<f64>,
    media: usize,
    /// Hashes of prompts.
    known: HashSet<u64>,
    repeated: usize,
    examples: Vec<String>,
}

impl Content {
    /// Makes all samples; gives what turned out meanwhile too.
    fn gather(samples: Samples) -> Result<(Self, Vec<String>)> {
        let mut content = Content::default();
        for sample in samples.iter {
            content.add(&sample?);
        }
        if content.input.is_empty() {
            return Err(Error::new("the dataset has no request").hint("give `--num-prompts` 1 or more"));
        }
        Ok((content, samples.late_warnings.try_iter().collect()))
    }

    fn add(&mut self, sample: &Sample) {
        self.input.push(f64::from(sample.input_tokens));
        self.output.push(f64::from(sample.output_tokens));
        self.media += sample.media.len() + usize::from(sample.audio.is_some()) + media_within(&sample.prompt);
        let mut hasher = DefaultHasher::new();
        format!("{:?}{:?}", sample.prompt, sample.media).hash(&mut hasher);
        self.repeated += usize::from(!self.known.insert(hasher.finish()));
        if self.examples.len() < EXAMPLES {
            self.examples.push(shortened(&text(&sample.prompt)));
        }
    }

    fn print(&self, due: &[Tick], out: &mut dyn Write) -> Result<()> {
        say(out, &format!("Requests: {}", self.input.len()))?;
        let head = ["Tokens", "Mean", "Median", "Std", "Min", "Max", "P99", "Total"].map(str::to_owned);
        let rows = [("input", &self.input), ("output", &self.output)].map(|(name, tokens)| row(name, tokens));
        written(report::table(out, &head, &rows))?;
        if self.media > 0 {
            say(out, &format!("Images, videos and sounds: {}", self.media))?;
        }
        say(out, &format!("Exact repetitions of an earlier prompt: {}", self.repeated))?;
        let span = due.last().map_or(0.0, |last| last.as_secs_f64());
        say(out, &format!("Last request due after: {span:.3} s"))?;
        for (index, example) in self.examples.iter().enumerate() {
            say(out, &format!("Prompt {index}: {example}"))?;
        }
        Ok(())
    }
}

fn row(name: &str, tokens: &[f64]) -> Vec<String> {
    let summary = Summary::of(tokens.to_vec(), &[99.0]);
    let whole = |value: f64| format!("{value:.0}");
    vec![
        name.to_owned(),
        format!("{:.2}", summary.mean),
        format!("{:.1}", summary.median),
        format!("{:.2}", summary.std),
        whole(summary.min),
        whole(summary.max),
        format!("{:.1}", summary.percentiles[0].1),
        whole(tokens.iter().sum()),
    ]
}

/// A prompt as people can read it.
fn text(prompt: &Prompt) -> String {
    match prompt {
        Prompt::Text(text) => text.clone(),
        Prompt::Batch(texts) => texts.join(" | "),
        Prompt::Messages(messages) => messages.as_str().to_owned(),
        Prompt::Parts(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" "),
        Prompt::Ids(ids) => format!("{ids:?}"),
        Prompt::IdBatch(prompts) => format!("{prompts:?}"),
    }
}

fn part(part: &Part) -> &str {
    match part {
        Part::Text(text) | Part::Lead(text) => text,
        Part::Image { .. } => "[image]",
        Part::Video { .. } => "[video]",
        Part::Audio { .. } => "[audio]",
    }
}

/// The start and the end of a text on one line, as far as it is too long.
fn shortened(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let shown = |chars: &[char]| chars.iter().collect::<String>().escape_debug().to_string();
    if chars.len() <= SHOWN {
        return format!("\"{}\"", shown(&chars));
    }
    let (start, end) = (&chars[..SHOWN / 2], &chars[chars.len() - SHOWN / 2..]);
    format!("\"{}\" ... \"{}\" ({} characters)", shown(start), shown(end), chars.len())
}

/// Images, videos and sounds that are part of the prompt itself.
fn media_within(prompt: &Prompt) -> usize {
    match prompt {
        Prompt::Parts(parts) => parts.iter().filter(|part| !matches!(part, Part::Text(_) | Part::Lead(_))).count(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str, input_tokens: u32) -> Sample {
        Sample { prompt: Prompt::Text(text.into()), input_tokens, output_tokens: 4, ..Sample::default() }
    }

    #[test]
    fn requests_are_counted_and_repetitions_found() {
        let samples = [sample("a", 1), sample("b", 2), sample("a", 1), sample("a", 6)];
        let (content, _) = Content::gather(Samples::new(4, samples.into_iter().map(Ok))).unwrap();
        let mut out = Vec::new();
        content.print(&[Tick::ZERO, Tick::from_nanos(1_500_000_000)], &mut out).unwrap();
        let expected = "\
Requests: 4
Tokens  Mean  Median   Std  Min  Max  P99  Total
input   2.50     1.5  2.06    1    6  5.9     10
output  4.00     4.0  0.00    4    4  4.0     16
Exact repetitions of an earlier prompt: 2
Last request due after: 1.500 s
Prompt 0: \"a\"
Prompt 1: \"b\"
Prompt 2: \"a\"
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_dataset_without_requests_is_an_error() {
        assert!(Content::gather(Samples::new(0, std::iter::empty())).is_err());
    }

    #[test]
    fn a_long_prompt_is_shown_by_its_ends_on_one_line() {
        assert_eq!(shortened("a\n\"b\""), r#""a\n\"b\"""#);
        let long = format!("é{}z", "x".repeat(300));
        let shown = shortened(&long);
        assert!(shown.starts_with("\"éxx") && shown.ends_with("xz\" (302 characters)") && shown.len() < 160, "{shown}");
    }
}
