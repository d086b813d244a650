//! Text in as many columns of a terminal as there are: widths that are too large in all are made smaller as EvalScope's library
//! (rich) makes them, words go to lines of their own, and what stands alone is padded.

use tabled::grid::util::string::{get_char_width, get_text_width};

/// Makes widths smaller until they are `room` in all, the largest first.
pub(super) fn shrunk(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    loop {
        let excess = widths.iter().sum::<usize>().saturating_sub(room);
        let most = widths.iter().copied().max().unwrap_or(0);
        let second = widths.iter().copied().filter(|width| *width != most).max().unwrap_or(0);
        if excess == 0 || most == 0 {
            return widths;
        }
        let largest: Vec<bool> = widths.iter().map(|width| *width == most).collect();
        reduce(&mut widths, &largest, excess, excess.min(most - second));
    }
}

/// Takes `excess` from the widths that are marked, in equal parts of whole columns, of none more than `limit`.
pub(super) fn reduce(widths: &mut [usize], marked: &[bool], mut excess: usize, limit: usize) {
    let mut left = marked.iter().filter(|marked| **marked).count();
    for width in widths.iter_mut().zip(marked).filter_map(|(width, marked)| marked.then_some(width)) {
        let part = (excess as f64 / left as f64).round_ties_even() as usize;
        let taken = part.min(limit).min(*width);
        *width -= taken;
        excess -= taken;
        left -= 1;
    }
}

/// The words in lines of so many columns; a word that is longer is cut, with a mark.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if get_text_width(line) + 1 + get_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| cut(line, width)).collect::<Vec<_>>().join("\n")
}

fn cut(line: &str, width: usize) -> String {
    if get_text_width(line) <= width {
        return line.to_owned();
    }
    let mut kept = String::new();
    for char in line.chars() {
        if get_text_width(&kept) + get_char_width(char) + 1 > width {
            break;
        }
        kept.push(char);
    }
    kept + "…"
}

/// The text in lines of so many columns, with nothing left out.
pub(super) fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for char in text.chars() {
        if lines.last().is_some_and(|line| get_text_width(line) + get_char_width(char) > width) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(char);
        }
    }
    lines
}

/// The text with blanks after it, up to so many columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(get_text_width(text))))
}

/// The text in the middle of so many columns.
pub(super) fn centred(text: &str, width: usize) -> String {
    let blank = width.saturating_sub(get_text_width(text));
    padded(&format!("{}{text}", " ".repeat(blank / 2)), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_shrink_as_those_of_the_reference() {
        let natural = [6, 7, 13, 13, 13, 13, 13, 13, 13, 13];
        assert_eq!(shrunk(natural.to_vec(), 89), [6, 7, 9, 10, 9, 10, 9, 10, 9, 10]);
        assert_eq!(shrunk(vec![6, 6, 7, 13, 13, 13, 13, 13, 13, 13, 13], 88), [6, 6, 7, 9, 9, 9, 8, 9, 8, 9, 8]);
        assert_eq!(shrunk(vec![3, 4], 80), [3, 4]);
        let mut fixed = [27, 57];
        reduce(&mut fixed, &[true, true], 7, 57);
        assert_eq!(fixed, [23, 54]);
    }

    #[test]
    fn words_have_lines_of_their_own_and_long_ones_are_cut() {
        assert_eq!(wrapped("Avg Lat.(s)", 7), "Avg\nLat.(s)");
        assert_eq!(wrapped("P99 TTFT(s)", 6), "P99\nTTFT(…");
        assert_eq!(wrapped("平均 延迟(秒)", 6), "平均\n延迟(…");
        assert_eq!(wrapped("a b", 9), "a b");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!((padded("模型", 6), centred("模型", 7)), ("模型  ".into(), " 模型  ".into()));
        assert_eq!(folded("模型ab", 3), ["模", "型a", "b"]);
        assert_eq!(folded("", 3), [""]);
    }
}
