//! Python literals, as far as flags hold them: numbers, strings, tuples and dictionaries. A text comes in, a [`Literal`] goes
//! out, or why it is none.

/// A value as Python writes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    /// `1`, `-2`, `1_000`.
    Int(i64),
    /// `0.5`, `1e3`.
    Float(f64),
    /// `'a'` or `"a"`.
    Text(String),
    /// `(1, 2)`.
    Tuple(Vec<Literal>),
    /// `{1: 2}`, in the order of the text.
    Dict(Vec<(Literal, Literal)>),
}

/// How deep tuples and dictionaries may lie in each other.
const DEEPEST: usize = 16;

/// Reads the one value that `text` holds.
pub(super) fn parse(text: &str) -> Result<Literal, String> {
    let mut parser = Parser { rest: text };
    let value = parser.value(DEEPEST)?;
    match parser.peek() {
        None => Ok(value),
        Some(found) => Err(format!("`{found}` after its end")),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    /// Takes `wanted` if it comes next.
    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Literal, String> {
        let depth = depth.checked_sub(1).ok_or("too many brackets in each other")?;
        match self.peek() {
            Some('(') => self.tuple(depth),
            Some('{') => self.dict(depth),
            Some(quote @ ('\'' | '"')) => self.text(quote),
            Some(_) => self.number(),
            None => Err("it ends too early".into()),
        }
    }

    /// A tuple; one value in brackets without a comma is that value.
    fn tuple(&mut self, depth: usize) -> Result<Literal, String> {
        self.take('(');
        let (mut items, mut comma) = (Vec::new(), true);
        while !self.take(')') {
            if !comma {
                return Err("no `,` or `)` after an item of a tuple".into());
            }
            items.push(self.value(depth)?);
            comma = self.take(',');
        }
        match items.pop() {
            Some(only) if items.is_empty() && !comma => Ok(only),
            last => Ok(Literal::Tuple(items.into_iter().chain(last).collect())),
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal, String> {
        self.take('{');
        let (mut entries, mut comma) = (Vec::new(), true);
        while !self.take('}') {
            if !comma {
                return Err("no `,` or `}` after an entry of a dictionary".into());
            }
            let key = self.value(depth)?;
            if !self.take(':') {
                return Err("no `:` after a key of a dictionary".into());
            }
            entries.push((key, self.value(depth)?));
            comma = self.take(',');
        }
        Ok(Literal::Dict(entries))
    }

    /// A string; of escapes, only those of quotes and of the backslash itself are known.
    fn text(&mut self, quote: char) -> Result<Literal, String> {
        self.take(quote);
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' => match chars.next() {
                    Some((_, escaped @ ('\\' | '\'' | '"'))) => text.push(escaped),
                    _ => return Err("an escape in a string that is not known".into()),
                },
                end if end == quote => {
                    self.rest = &self.rest[at + end.len_utf8()..];
                    return Ok(Literal::Text(text));
                }
                other => text.push(other),
            }
        }
        Err("a string without an end".into())
    }

    fn number(&mut self) -> Result<Literal, String> {
        let end = self.rest.find(|char: char| ",:(){}'\"".contains(char) || char.is_whitespace());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let digits = word.replace('_', "");
        let plain =
            digits.trim_start_matches(['+', '-']).starts_with(|char: char| char.is_ascii_digit() || char == '.');
        let number = digits.parse().map(Literal::Int).or_else(|_| digits.parse().map(Literal::Float));
        number.ok().filter(|_| plain).ok_or_else(|| format!("`{word}` is no number"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn values_are_written_as_in_python() {
        use Literal::{Dict, Float, Int, Text, Tuple};
        let table = [
            ("1_000", Int(1000)),
            (" -2 ", Int(-2)),
            ("1e3", Float(1000.0)),
            ("(1, .5,)", Tuple(vec![Int(1), Float(0.5)])),
            ("(1,)", Tuple(vec![Int(1)])),
            ("(1)", Int(1)),
            ("()", Tuple(vec![])),
            ("'it\\'s'", Text("it's".into())),
            ("{}", Dict(vec![])),
            (
                "{(1,2): 'a', \"b\":{}, }",
                Dict(vec![(Tuple(vec![Int(1), Int(2)]), Text("a".into())), (Text("b".into()), Dict(vec![]))]),
            ),
        ];
        for (text, value) in table {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told() {
        let table = [
            ("", "it ends too early"),
            ("{1: 2", "no `,` or `}` after an entry of a dictionary"),
            ("{1: 2,", "it ends too early"),
            ("{1 2}", "no `:` after a key of a dictionary"),
            ("(1 2)", "no `,` or `)` after an item of a tuple"),
            ("(,)", "`` is no number"),
            ("'a", "a string without an end"),
            ("'\\n'", "an escape in a string that is not known"),
            ("{} 1", "`1` after its end"),
            ("inf", "`inf` is no number"),
            ("None", "`None` is no number"),
        ];
        for (text, why) in table {
            assert_eq!(parse(text), Err(why.into()), "{text}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_the_parser(text in "[-+0-9.e_,:(){}'\"\\\\ a]{0,40}") {
            let _ = parse(&text);
        }
    }
}
