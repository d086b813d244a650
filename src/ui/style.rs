//! Colour on stderr: decided once, from the flag, the terminal and the environment.

use std::io::IsTerminal;

use clap::ColorChoice;

/// Plain or coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Coloured,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// What went wrong.
    Error,
    /// What looks unintended.
    Warning,
    /// What to do about it.
    Hint,
    /// What matters less.
    Dim,
}

impl Style {
    /// The style of this process's stderr under the user's choice.
    pub fn resolve(choice: ColorChoice) -> Style {
        Style::from_surroundings(choice, std::io::stderr().is_terminal(), |name| std::env::var(name).ok())
    }

    /// With no choice made, colour takes a terminal that is not dumb, and an unset or empty `NO_COLOR`.
    fn from_surroundings(choice: ColorChoice, terminal: bool, env: impl Fn(&str) -> Option<String>) -> Style {
        let refused = || env("NO_COLOR").is_some_and(|value| !value.is_empty()) || env("TERM").is_some_and(is_dumb);
        match choice {
            ColorChoice::Always => Style::Coloured,
            ColorChoice::Auto if terminal && !refused() => Style::Coloured,
            ColorChoice::Auto | ColorChoice::Never => Style::Plain,
        }
    }

    /// `text` in the colour of its tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Error => "1;31",
            Tone::Warning => "1;33",
            Tone::Hint => "1;36",
            Tone::Dim => "2",
        };
        match self {
            Style::Plain => text.into(),
            Style::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// Whether a terminal of this name cannot move its cursor.
pub(super) fn is_dumb(term: String) -> bool {
    term == "dumb"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The style where the environment holds one variable, spelled `NAME=value`.
    fn style(choice: ColorChoice, terminal: bool, set: &str) -> Style {
        let env = |name: &str| set.strip_prefix(name)?.strip_prefix('=').map(String::from);
        Style::from_surroundings(choice, terminal, env)
    }

    #[test]
    fn colour_follows_the_flag_then_the_terminal_then_the_environment() {
        let table = [
            (ColorChoice::Auto, true, "", Style::Coloured),
            (ColorChoice::Auto, false, "", Style::Plain),
            (ColorChoice::Auto, true, "NO_COLOR=1", Style::Plain),
            (ColorChoice::Auto, true, "NO_COLOR=", Style::Coloured),
            (ColorChoice::Auto, true, "TERM=dumb", Style::Plain),
            (ColorChoice::Auto, true, "TERM=xterm", Style::Coloured),
            (ColorChoice::Always, false, "NO_COLOR=1", Style::Coloured),
            (ColorChoice::Never, true, "", Style::Plain),
        ];
        for (choice, terminal, set, expected) in table {
            assert_eq!(style(choice, terminal, set), expected, "{choice:?} {terminal} {set}");
        }
    }

    #[test]
    fn plain_text_has_no_escape_sequences() {
        assert_eq!(Style::Plain.paint(Tone::Error, "x"), "x");
        assert_eq!(Style::Coloured.paint(Tone::Dim, "x"), "\x1b[2mx\x1b[0m");
    }
}
