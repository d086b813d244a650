//! Text from outside as people are shown it: what a server, a file or a flag says comes in, the same on one line goes out,
//! without anything that a terminal would obey. JSON has escapes of its own and never goes through here.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// The text with every character that is not to be seen as Rust writes it: `\n`, `\u{1b}`.
pub fn legible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if is_obeyed(char) {
            write!(shown, "{}", char.escape_default()).expect("a String takes all text");
        } else {
            shown.push(char);
        }
    }
    Cow::Owned(shown)
}

/// As [`legible`], line by line: the ends of lines stay.
pub fn legible_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|char| is_obeyed(char) && char != '\n') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.split_inclusive('\n')
            .map(|line| match line.strip_suffix('\n') {
                Some(line) => format!("{}\n", legible(line)),
                None => legible(line).into_owned(),
            })
            .collect(),
    )
}

/// Whether a character moves, colours, breaks or turns what stands beside it: controls, other ends of lines, and marks of direction.
fn is_obeyed(char: char) -> bool {
    let turns = matches!(char, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    char.is_control() || turns
}

/// A path as a word of a shell's command line.
pub fn word(path: &Path) -> String {
    let path = path.display().to_string();
    quoted(&if path.starts_with('-') { format!("./{path}") } else { path })
}

/// A text as a word of a shell's command line.
pub fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+=:,@%".contains(char);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        let table = [
            ("org/demo-7b µ | \"a\\b\"", "org/demo-7b µ | \"a\\b\""),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[2J\u{7f}\u{9b}31m", "\\u{1b}[2J\\u{7f}\\u{9b}31m"),
            ("a\u{202e}b\u{2028}", "a\\u{202e}b\\u{2028}"),
            ("a\u{200f}b\u{61c}", "a\\u{200f}b\\u{61c}"),
        ];
        for (text, shown) in table {
            assert_eq!(legible(text), shown);
        }
    }

    #[test]
    fn ends_of_lines_stay_where_lines_are_kept() {
        assert_eq!(legible_lines("a\nb \u{1b}[m\rc\n"), "a\nb \\u{1b}[m\\rc\n");
        assert!(matches!(legible_lines("a\nb\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_path_is_one_word_of_a_command_line() {
        for (path, shown) in [
            ("run.jsonl", "run.jsonl"),
            ("a b.jsonl", "'a b.jsonl'"),
            ("-dash.jsonl", "./-dash.jsonl"),
            ("it's", "'it'\\''s'"),
            ("/tmp/$x", "'/tmp/$x'"),
        ] {
            assert_eq!(word(Path::new(path)), shown);
        }
    }
}
