//! `serve --dry-run`: makes the requests of each run and says what they are like; nothing is sent, no server is asked.

use std::io::Write;

use super::desk::warn;
use super::order::{Make, Order};
use crate::bench::{Schedule, Site};
use crate::error::{Exit, Result};
use crate::measure::Summary;
use crate::plan::Preview;
use crate::record::{Moment, Tick};
use crate::report;
use crate::study::List;
use crate::ui::Ui;
use crate::ui::out::{say, written};

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

/// Says of each point what its requests would be like; its repetitions send the same.
pub(super) fn run(base: &Order, list: &List, make: Make<'_>, ui: &Ui) -> Result<Exit> {
    let mut tell = |moment: Moment<'_>| warn(ui, moment);
    let site = Site::unasked(&base.experiment, &mut tell)?;
    let mut out = std::io::stdout();
    for point in list.points.iter().filter(|point| point.run == 1) {
        if let Some(swept) = list.swept {
            say(&mut out, &format!("With {}:", swept.said(point)))?;
        }
        let schedule = Schedule::of(&make(point)?.experiment, site.tokenizer.as_ref(), &mut tell)?;
        let (preview, late_warnings) = Preview::of(schedule.samples)?;
        print(&preview, &schedule.due, &mut out)?;
        late_warnings.try_iter().for_each(|warning| ui.warn(&warning));
    }
    Ok(Exit::Done)
}

/// Says what requests that are due then are like.
fn print(preview: &Preview, due: &[Tick], out: &mut dyn Write) -> Result<()> {
    say(out, &format!("Requests: {}", preview.input.len()))?;
    let head = ["Tokens", "Mean", "Median", "Std", "Min", "Max", "P99", "Total"].map(str::to_owned);
    let rows = [("input", &preview.input), ("output", &preview.output)].map(|(name, tokens)| row(name, tokens));
    written(report::table(out, usize::MAX, &head, &rows))?;
    if preview.media > 0 {
        say(out, &format!("Images, videos and sounds: {}", preview.media))?;
    }
    say(out, &format!("Exact repetitions of an earlier prompt: {}", preview.repeated))?;
    let span = due.last().map_or(0.0, |last| last.as_secs_f64());
    say(out, &format!("Last request due after: {span:.3} s"))?;
    for (index, example) in preview.examples.iter().enumerate() {
        say(out, &format!("Prompt {index}: {example}"))?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_summed_up_in_a_table() {
        let preview = Preview {
            input: vec![1.0, 2.0, 1.0, 6.0],
            output: vec![4.0; 4],
            repeated: 2,
            examples: vec!["\"a\"".into(), "\"b\"".into()],
            ..Preview::default()
        };
        let mut out = Vec::new();
        print(&preview, &[Tick::ZERO, Tick::from_nanos(1_500_000_000)], &mut out).unwrap();
        let expected = "\
Requests: 4
Tokens  Mean  Median   Std  Min  Max  P99  Total
input   2.50     1.5  2.06    1    6  5.9     10
output  4.00     4.0  0.00    4    4  4.0     16
Exact repetitions of an earlier prompt: 2
Last request due after: 1.500 s
Prompt 0: \"a\"
Prompt 1: \"b\"
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
