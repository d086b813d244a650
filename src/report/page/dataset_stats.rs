//! The lengths of a run's prompts and answers as a picture: three histograms and a bar a request. Records in, a PNG out.

use std::fmt::Display;
use std::io::{self, Write};

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::lettering::{Lettering, Turn};
use crate::record::Record;
use crate::report::Report;

/// 14 x 10 inches at 150 dots an inch, as the reference has it.
const SIZE: (u32, u32) = (2100, 1500);

/// Bins of a histogram.
const BINS: usize = 30;

/// Bars that a panel has room for: with more requests, a bar is the mean of several.
const MOST_BARS: usize = 400;

const FONT: &str = "sans-serif";

const STEEL_BLUE: RGBColor = RGBColor(0x46, 0x82, 0xb4);
const CORAL: RGBColor = RGBColor(0xff, 0x7f, 0x50);
const SEA_GREEN: RGBColor = RGBColor(0x3c, 0xb3, 0x71);

/// How much of what is behind a bar or the grid it hides.
const BAR: f64 = 0.7;
const GRID: f64 = 0.3;

type Panel<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, BitMapBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// What is written around a panel.
struct Words {
    title: &'static str,
    x: String,
    y: &'static str,
}

impl Words {
    /// The words where they belong around the panel of a chart.
    fn around(self, chart: &Chart<'_, '_>) -> [Lettering; 3] {
        let (xs, ys) = chart.plotting_area().get_pixel_range();
        let (across, down) = ((xs.start + xs.end) / 2, (ys.start + ys.end) / 2);
        let lettering = |text: String, size, middle, turn| Lettering { text, size, middle, turn };
        [
            lettering(self.title.to_owned(), 30, (across, ys.start - 26), Turn::Level),
            lettering(self.x, 25, (across, ys.end + 58), Turn::Level),
            lettering(self.y.to_owned(), 25, (xs.start - 84, down), Turn::Upright),
        ]
    }
}

/// Draws the lengths of a run's requests.
pub(in crate::report) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut pixels = vec![0; (SIZE.0 * SIZE.1 * 3) as usize];
    draw(&report.run.records, &mut pixels)?;
    let mut encoder = png::Encoder::new(out, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 5906, yppu: 5906, unit: png::Unit::Meter }));
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).map_err(io::Error::other)
}

fn draw(records: &[Record], pixels: &mut [u8]) -> io::Result<()> {
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| io::Error::other("the font that is inside cannot be read"))?;
    let letterings = panels(records, pixels)?;
    letterings.iter().try_for_each(|lettering| lettering.draw(pixels, SIZE.0 as usize))
}

/// Draws the panels; gives the words around them.
fn panels(records: &[Record], pixels: &mut [u8]) -> io::Result<Vec<Lettering>> {
    let root = BitMapBackend::with_buffer(pixels, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let panels = root.margin(15, 15, 15, 25).split_evenly((2, 2));
    let lengths = |of: fn(&Record) -> u32| records.iter().map(|record| f64::from(of(record))).collect::<Vec<f64>>();
    let words = |title, x: &str| Words { title, x: x.to_owned(), y: "Frequency" };
    let prompt = words("Prompt Tokens Distribution", "Prompt Tokens");
    let mut words_around = Vec::new();
    words_around.extend(histogram(&panels[0], &lengths(|record| record.input_tokens), prompt, STEEL_BLUE)?);
    let output = words("Output Tokens Distribution", "Output Tokens");
    words_around.extend(histogram(&panels[1], &lengths(|record| record.output_tokens), output, CORAL)?);
    let both = words("Total Tokens Distribution", "Total Tokens (Prompt + Output)");
    words_around.extend(histogram(
        &panels[2],
        &lengths(|record| record.input_tokens.saturating_add(record.output_tokens)),
        both,
        SEA_GREEN,
    )?);
    words_around.extend(stacked(&panels[3], records)?);
    root.present().map_err(failed)?;
    Ok(words_around)
}

fn histogram(panel: &Panel<'_>, lengths: &[f64], words: Words, colour: RGBColor) -> io::Result<[Lettering; 3]> {
    let (low, high, counts) = bins(lengths);
    let width = (high - low) / BINS as f64;
    let most = counts.iter().copied().fold(1.0, f64::max);
    let mut chart = chart(panel, (low - width, high + width), most * 1.05)?;
    mesh(&mut chart, Grid::Both)?;
    let bar = |(index, count): (usize, &f64), style: ShapeStyle| {
        let left = low + index as f64 * width;
        Rectangle::new([(left, 0.0), (left + width, *count)], style)
    };
    let seen = || counts.iter().enumerate().filter(|(_, count)| **count > 0.0);
    chart.draw_series(seen().map(|one| bar(one, colour.mix(BAR).filled()))).map_err(failed)?;
    chart.draw_series(seen().map(|one| bar(one, BLACK.mix(BAR).stroke_width(1)))).map_err(failed)?;
    Ok(words.around(&chart))
}

/// Where the bins begin and end, and how many lengths lie in each; the last bin has its end too.
fn bins(lengths: &[f64]) -> (f64, f64, [f64; BINS]) {
    let low = lengths.iter().copied().reduce(f64::min).unwrap_or(0.0);
    let high = lengths.iter().copied().reduce(f64::max).unwrap_or(1.0);
    let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
    let mut counts = [0.0; BINS];
    for length in lengths {
        let bin = (length - low) / (high - low) * BINS as f64;
        counts[(bin as usize).min(BINS - 1)] += 1.0;
    }
    (low, high, counts)
}

fn stacked(panel: &Panel<'_>, records: &[Record]) -> io::Result<Vec<Lettering>> {
    let group = records.len().div_ceil(MOST_BARS).max(1);
    let bars: Vec<(f64, f64)> = records.chunks(group).map(means).collect();
    let title = "Tokens per Request (Stacked)";
    let x = if group == 1 { "Request ID".into() } else { format!("Request ID (a bar is the mean of {group})") };
    let words = Words { title, x, y: "Tokens" };
    let most = bars.iter().map(|(input, output)| input + output).fold(1.0, f64::max);
    let end = (bars.len() * group) as f64 - 0.5;
    // A quarter above the highest bar is for the legend.
    let mut chart = chart(panel, (-0.5, end.max(0.5)), most * 1.25)?;
    mesh(&mut chart, Grid::Horizontal)?;
    // Bars leave a fifth of their place free, as long as that can be seen.
    let gap = if bars.len() > MOST_BARS / 4 { 0.0 } else { 0.1 * group as f64 };
    let bar = |(index, (from, to)): (usize, (f64, f64)), colour: RGBColor| {
        let left = (index * group) as f64 - 0.5;
        Rectangle::new([(left + gap, from), (left + group as f64 - gap, to)], colour.mix(BAR).filled())
    };
    let prompts = bars.iter().map(|(input, _)| (0.0, *input)).enumerate().map(|one| bar(one, STEEL_BLUE));
    let outputs = bars.iter().map(|(input, output)| (*input, input + output)).enumerate().map(|one| bar(one, CORAL));
    chart.draw_series(prompts).map_err(failed)?;
    chart.draw_series(outputs).map_err(failed)?;
    let legend = legend(panel, &chart)?;
    Ok(words.around(&chart).into_iter().chain(legend).collect())
}

/// Marks with the colours of the parts of a bar, at the right above the bars; gives their words.
fn legend(panel: &Panel<'_>, chart: &Chart<'_, '_>) -> io::Result<[Lettering; 2]> {
    let ((origin_x, _), (xs, ys)) = (panel.get_base_pixel(), chart.plotting_area().get_pixel_range());
    let origin_y = panel.get_base_pixel().1;
    let mark = |line: i32, text: &str, colour: RGBColor| -> io::Result<Lettering> {
        let (left, middle) = (xs.end - 270, ys.start + 30 + line * 36);
        let place = [(left - origin_x, middle - 9 - origin_y), (left + 40 - origin_x, middle + 9 - origin_y)];
        panel.draw(&Rectangle::new(place, colour.mix(BAR).filled())).map_err(failed)?;
        Ok(Lettering { text: text.to_owned(), size: 25, middle: (left + 150, middle), turn: Turn::Level })
    };
    Ok([mark(0, "Prompt Tokens", STEEL_BLUE)?, mark(1, "Output Tokens", CORAL)?])
}

/// The mean lengths of prompt and answer.
fn means(records: &[Record]) -> (f64, f64) {
    let mean =
        |of: fn(&Record) -> u32| records.iter().map(|record| f64::from(of(record))).sum::<f64>() / records.len() as f64;
    (mean(|record| record.input_tokens), mean(|record| record.output_tokens))
}

/// Which lines a grid has.
#[derive(PartialEq)]
enum Grid {
    Both,
    Horizontal,
}

fn chart<'a, 'b>(panel: &'a Panel<'b>, (low, high): (f64, f64), top: f64) -> io::Result<Chart<'a, 'b>> {
    let mut builder = ChartBuilder::on(panel);
    builder.margin(16).margin_top(66).margin_right(30).x_label_area_size(72).y_label_area_size(96);
    builder.build_cartesian_2d(low..high, 0.0..top).map_err(failed)
}

fn mesh(chart: &mut Chart<'_, '_>, grid: Grid) -> io::Result<()> {
    let mut mesh = chart.configure_mesh();
    mesh.label_style((FONT, 21))
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&|x| number(*x))
        .y_label_formatter(&|y| number(*y));
    mesh.light_line_style(TRANSPARENT).bold_line_style(BLACK.mix(GRID / 2.0)).axis_style(BLACK.mix(0.8));
    if grid == Grid::Horizontal {
        mesh.disable_x_mesh();
    }
    mesh.draw().map_err(failed)
}

/// A number without a fraction where it has none.
fn number(value: f64) -> String {
    if (value - value.round()).abs() < 1e-6 { format!("{:.0}", value.round()) } else { format!("{value:.1}") }
}

fn failed(cause: impl Display) -> io::Error {
    io::Error::other(cause.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_last_bin_has_the_longest() {
        let (low, high, counts) = bins(&[0.0, 1.0, 15.0, 30.0, 30.0]);
        assert_eq!((low, high), (0.0, 30.0));
        assert_eq!((counts[0], counts[1], counts[15], counts[29]), (1.0, 1.0, 1.0, 2.0));
    }

    #[test]
    fn equal_lengths_fill_one_bin_in_the_middle() {
        let (low, high, counts) = bins(&[128.0; 7]);
        assert_eq!((low, high, counts[15]), (127.5, 128.5, 7.0));
        assert_eq!(bins(&[]).2, [0.0; BINS]);
    }

    #[test]
    fn every_panel_is_drawn() {
        let lengths = (0..1000_u32).map(|id| (id, 900 + id * 37 % 400, 100 + id * 53 % 90));
        let records: Vec<Record> = lengths
            .map(|(id, input_tokens, output_tokens)| Record { id, input_tokens, output_tokens, ..Record::default() })
            .collect();
        let mut pixels = vec![0; (SIZE.0 * SIZE.1 * 3) as usize];
        draw(&records, &mut pixels).unwrap();
        let row = SIZE.0 as usize * 3;
        for (right, below) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let lines = pixels.chunks(row).skip(below * SIZE.1 as usize / 2).take(SIZE.1 as usize / 2);
            let half = lines.flat_map(|line| line[right * row / 2..(right + 1) * row / 2].chunks(3));
            let colours: BTreeSet<&[u8]> = half.collect();
            assert!(colours.len() > 20, "panel {right} {below}: {} colours", colours.len());
        }
    }

    #[test]
    fn a_run_of_nothing_is_drawn_empty() {
        draw(&[], &mut vec![0; (SIZE.0 * SIZE.1 * 3) as usize]).unwrap();
    }
}
