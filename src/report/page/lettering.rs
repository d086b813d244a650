//! Words in a picture: a font that is inside, drawn black into rows of RGB pixels. The drawing library sets letters without
//! their side bearings, which is good enough for digits only.

use std::io;

use ab_glyph::{Font, FontRef, Glyph, ScaleFont, point};

/// How words run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// From left to right.
    Level,
    /// From below to above.
    Upright,
}

/// Words around a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lettering {
    pub(super) text: String,
    /// Pixels from the top of the tallest letter to the bottom of the lowest.
    pub(super) size: u16,
    /// The middle of the words, in pixels from the left and from above.
    pub(super) middle: (i32, i32),
    pub(super) turn: Turn,
}

impl Lettering {
    /// Draws the words into `pixels`, which has rows of `width` pixels. What lies outside is left out.
    pub(super) fn draw(&self, pixels: &mut [u8], width: usize) -> io::Result<()> {
        let font = FontRef::try_from_slice(dejavu::sans::regular()).map_err(io::Error::other)?;
        let font = font.as_scaled(f32::from(self.size));
        let (mut glyphs, mut length, mut last): (Vec<Glyph>, f32, _) = (Vec::new(), 0.0, None);
        for letter in self.text.chars() {
            let id = font.glyph_id(letter);
            length += last.map_or(0.0, |last| font.kern(last, id));
            glyphs.push(id.with_scale_and_position(font.scale(), point(length, 0.0)));
            length += font.h_advance(id);
            last = Some(id);
        }
        let (along, across) = ((length / 2.0) as i32, ((font.ascent() + font.descent()) / 2.0) as i32);
        for outline in glyphs.into_iter().filter_map(|glyph| font.outline_glyph(glyph)) {
            let bounds = outline.px_bounds();
            outline.draw(|x, y, cover| {
                let x = x as i32 + bounds.min.x as i32 - along;
                let y = y as i32 + bounds.min.y as i32 + across;
                let (right, down) = match self.turn {
                    Turn::Level => (x, y),
                    Turn::Upright => (y, -x),
                };
                darken(pixels, width, (self.middle.0 + right, self.middle.1 + down), cover);
            });
        }
        Ok(())
    }
}

fn darken(pixels: &mut [u8], width: usize, (x, y): (i32, i32), cover: f32) {
    let place = usize::try_from(x).ok().filter(|&x| x < width).zip(usize::try_from(y).ok());
    let Some(at) = place.map(|(x, y)| (y * width + x) * 3) else { return };
    for colour in pixels.get_mut(at..at + 3).into_iter().flatten() {
        *colour = (f32::from(*colour) * (1.0 - cover.clamp(0.0, 1.0))) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 120;

    /// The least box that has all that is not white: left, right, top, bottom.
    fn box_of(turn: Turn, middle: (i32, i32)) -> Option<[usize; 4]> {
        let mut pixels = vec![255; WIDTH * WIDTH * 3];
        Lettering { text: "Tokens".into(), size: 20, middle, turn }.draw(&mut pixels, WIDTH).unwrap();
        let dark = || pixels.chunks(3).enumerate().filter(|(_, pixel)| pixel[0] < 128).map(|(at, _)| at);
        let (xs, ys) = (|| dark().map(|at| at % WIDTH), || dark().map(|at| at / WIDTH));
        Some([xs().min()?, xs().max()?, ys().min()?, ys().max()?])
    }

    #[test]
    fn words_lie_around_their_middle_however_they_run() {
        let [left, right, top, bottom] = box_of(Turn::Level, (60, 60)).unwrap();
        assert!(right - left > 3 * (bottom - top) && (left + right).abs_diff(120) < 6, "{left} {right}");
        assert!((top + bottom).abs_diff(120) < 6, "{top} {bottom}");
        let upright = box_of(Turn::Upright, (60, 60)).unwrap();
        assert_eq!((upright[1] - upright[0], upright[3] - upright[2]), (bottom - top, right - left));
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        assert_eq!(box_of(Turn::Level, (-200, 60)), None);
        assert_eq!(box_of(Turn::Level, (60, 500)), None);
        assert!(box_of(Turn::Level, (0, 0)).is_some());
    }
}
