//! How far a run is, on stderr: a bar on a terminal, a plain line a second elsewhere. In come snapshots as often as the
//! caller likes; the display decides how many of them it draws. It reads no clock.

use std::io::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::out::width;
use super::style::{Style, Tone};
use crate::measure::Snapshot;

/// Most redraws of the bar a second.
const REDRAWS: u8 = 10;
/// Least time from one plain line to the next.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// A progress display. It leaves nothing behind on a terminal once it is finished or dropped.
#[derive(Debug)]
pub struct Progress {
    form: Form,
}

#[derive(Debug)]
enum Form {
    Off,
    Bar(ProgressBar, Style),
    /// With the time of the last line.
    Lines(Option<Duration>),
}

impl Progress {
    /// A display that shows nothing.
    pub fn off() -> Self {
        Progress { form: Form::Off }
    }

    /// A bar over two lines at the bottom of a terminal.
    pub fn bar(style: Style, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(REDRAWS));
        let colour = match style {
            Style::Plain => "",
            Style::Coloured => ":.cyan/dim",
        };
        let template = format!("[{{elapsed}}] {{wide_bar{colour}}} {{pos}}/{{len}}  {{prefix}}\n{{wide_msg}}");
        let template = ProgressStyle::with_template(&template).expect("the template is constant but for its colour");
        bar.set_style(template.progress_chars("━╸─"));
        Progress { form: Form::Bar(bar, style) }
    }

    /// Plain lines, at most one a second.
    pub fn lines() -> Self {
        Progress { form: Form::Lines(None) }
    }

    /// Shows a newer snapshot, if it is time to draw again.
    pub fn update(&mut self, snapshot: &Snapshot) {
        match &mut self.form {
            Form::Off => {}
            Form::Bar(bar, style) => {
                // Each of these may redraw, and the limit on redraws drops most: what is shown lags by a tenth of a second.
                bar.set_prefix(format!("{}{}", counts(snapshot, *style), left(snapshot)));
                bar.set_message(speeds(snapshot, width(&std::io::stderr()).unwrap_or(usize::MAX)));
                bar.set_length(snapshot.total);
                bar.set_position(snapshot.done);
            }
            Form::Lines(last) => {
                if let Some(line) = next_line(last, snapshot) {
                    // A closed stderr must not end a run.
                    let _ = writeln!(std::io::stderr().lock(), "{line}");
                }
            }
        }
    }

    /// Prints a line above the display without garbling it.
    pub fn print(&self, line: &str) {
        let write = || {
            // A closed stderr must not end a run.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        };
        match &self.form {
            Form::Bar(bar, _) => bar.suspend(write),
            Form::Off | Form::Lines(_) => write(),
        }
    }

    /// Removes the display, so that what follows starts on a clean line.
    pub fn finish(self) {}
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Form::Bar(bar, _) = &self.form {
            bar.finish_and_clear();
        }
    }
}

/// The line for a snapshot, if the last one is long enough ago.
fn next_line(last: &mut Option<Duration>, snapshot: &Snapshot) -> Option<String> {
    let due = last.is_none_or(|last| snapshot.elapsed.saturating_sub(last) >= LINE_INTERVAL);
    due.then(|| {
        *last = Some(snapshot.elapsed);
        let Snapshot { done, total, .. } = snapshot;
        let (counts, speeds) = (counts(snapshot, Style::Plain), speeds(snapshot, usize::MAX));
        format!("{} s  {done}/{total} done  {counts}{}  {speeds}", snapshot.elapsed.as_secs(), left(snapshot))
    })
}

/// How long it will take yet, where that can be said.
fn left(snapshot: &Snapshot) -> String {
    let seconds = snapshot.left.map(|left| left.as_secs_f64().ceil() as u64);
    seconds.map_or(String::new(), |seconds| match seconds {
        0..=119 => format!("  eta {seconds} s"),
        120..=7199 => format!("  eta {} min", seconds.div_ceil(60)),
        _ => format!("  eta {:.1} h", seconds as f64 / 3600.0),
    })
}

/// Requests in flight and failed.
fn counts(snapshot: &Snapshot, style: Style) -> String {
    let failed = format!("{} failed", snapshot.failed);
    let failed = if snapshot.failed > 0 { style.paint(Tone::Error, &failed) } else { failed };
    format!("{} in flight  {failed}", snapshot.in_flight)
}

/// Rates and latencies, as far as there is `room` for them.
fn speeds(snapshot: &Snapshot, room: usize) -> String {
    let mut text = format!("{:.1} req/s  {:.0} tok/s", snapshot.req_per_s, snapshot.tok_per_s);
    let latencies = [("TTFT", snapshot.ttft_p50, snapshot.ttft_p99), ("ITL", snapshot.itl_p50, snapshot.itl_p99)];
    for (name, median, p99) in latencies {
        if let (Some(median), Some(p99)) = (median, p99) {
            let part = format!("  {name} p50 {} p99 {} ms", millis(median), millis(p99));
            if text.len() + part.len() < room {
                text += &part;
            }
        }
    }
    text
}

/// A time in milliseconds to three digits or so.
fn millis(ms: f64) -> String {
    match ms.abs() {
        small if small < 9.995 => format!("{ms:.2}"),
        medium if medium < 99.95 => format!("{ms:.1}"),
        _ => format!("{ms:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Snapshot {
        Snapshot { elapsed: Duration::from_millis(millis), done: 3, total: 10, ..Snapshot::default() }
    }

    #[test]
    fn a_line_comes_at_most_once_a_second() {
        let mut last = None;
        let lines: Vec<bool> = [0, 400, 999, 1000, 1900, 2100]
            .into_iter()
            .map(|millis| next_line(&mut last, &at(millis)).is_some())
            .collect();
        assert_eq!(lines, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_line_says_how_far_and_how_fast() {
        let snapshot = Snapshot {
            in_flight: 4,
            failed: 1,
            req_per_s: 29.34,
            tok_per_s: 2345.4,
            ttft_p50: Some(45.06),
            ttft_p99: Some(1234.5),
            itl_p50: Some(9.876),
            ..at(2500)
        };
        let line = next_line(&mut None, &snapshot).unwrap();
        assert_eq!(line, "2 s  3/10 done  4 in flight  1 failed  29.3 req/s  2345 tok/s  TTFT p50 45.1 p99 1234 ms");
        assert_eq!(speeds(&snapshot, 40), "29.3 req/s  2345 tok/s");
    }

    #[test]
    fn both_styles_of_the_bar_have_a_valid_template() {
        for style in [Style::Plain, Style::Coloured] {
            let mut bar = Progress::bar(style, 10);
            bar.update(&at(1));
            bar.finish();
        }
    }
}
