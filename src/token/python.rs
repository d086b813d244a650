//! What chat templates may use of Python and Jinja2 that the template engine lacks or does otherwise: how values are written, and
//! further filters, tests and methods.

use minijinja::value::{Kwargs, Rest, StringInput, Value, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, Output, State};

use super::tojson::{invalid, not_too_deep, step, tojson};
use crate::json;

/// So many blanks stand before or behind a text at most.
const WIDEST_TEXT: usize = 100_000;

/// So many bytes all that is put before the lines of a text may have.
const MOST_INDENT: usize = 64 << 20;

/// What ends a line for Python's `splitlines`, CR and LF together aside.
const LINE_ENDS: [char; 10] =
    ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Adds all of it to an environment.
pub(super) fn add_to(environment: &mut Environment<'_>) {
    minijinja_contrib::add_to_environment(environment);
    environment.set_formatter(write_value);
    environment.set_unknown_method_callback(method);
    environment.add_filter("tojson", tojson);
    environment.add_filter("center", |text: StringInput<'_>, width: Option<usize>| {
        aligned(text.as_str(), width.unwrap_or(80), ' ', Side::Both).map(|filled| text.preserve_safety(filled))
    });
    environment.add_filter("replace", replace);
    environment.add_filter("indent", indent);
    environment.add_filter("e", escape);
    environment.add_filter("escape", escape);
    environment.add_filter("string", |state: &State, value: &Value| match value.kind() {
        ValueKind::Number if !value.is_integer() => f64::try_from(value.clone()).map(|number| float(number).into()),
        _ => minijinja::filters::string(state, value),
    });
    environment.add_filter("truncate", truncate);
    environment.add_function("cycler", |items: Rest<Value>| minijinja_contrib::globals::cycler(items.0));
    environment.add_test("sequence", |value: &Value| {
        matches!(value.kind(), ValueKind::Seq | ValueKind::String | ValueKind::Map)
    });
    environment.add_test("callable", |value: &Value| value.kind() == ValueKind::Plain);
}

/// Writes a value as Python would: `True`, `False` and `None` have their own spelling there, and so have floats.
fn write_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Bool => out.write_str(if value.is_true() { "True" } else { "False" }).map_err(Error::from),
        ValueKind::None => out.write_str("None").map_err(Error::from),
        ValueKind::Number if !value.is_integer() => write_inner(out, value, 0),
        ValueKind::Seq | ValueKind::Map => write_inner(out, value, 0),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// Writes a value as Python's `repr` does where it stands in a list: piece by piece, so that the limit of the output holds.
fn write_inner(out: &mut Output, value: &Value, depth: usize) -> Result<(), Error> {
    not_too_deep(depth)?;
    let float_of = |value: &Value| f64::try_from(value.clone()).ok().filter(|_| !value.is_integer());
    match value.kind() {
        ValueKind::Number if let Some(number) = float_of(value) => out.write_str(&float(number))?,
        ValueKind::Seq => {
            // A group of `groupby` is a tuple with names.
            let tuple = value.is_tuple() || value.get_attr("grouper").is_ok_and(|group| !group.is_undefined());
            let (open, close) = if tuple { ("(", ")") } else { ("[", "]") };
            out.write_str(open)?;
            for (place, item) in value.try_iter()?.enumerate() {
                out.write_str(if place == 0 { "" } else { ", " })?;
                write_inner(out, &item, depth + 1)?;
            }
            out.write_str(if tuple && value.len() == Some(1) { "," } else { "" })?;
            out.write_str(close)?;
        }
        ValueKind::Map => {
            out.write_str("{")?;
            for (place, key) in value.try_iter()?.enumerate() {
                out.write_str(if place == 0 { "" } else { ", " })?;
                write_inner(out, &key, depth + 1)?;
                out.write_str(": ")?;
                write_inner(out, &value.get_item(&key)?, depth + 1)?;
            }
            out.write_str("}")?;
        }
        _ => write!(out, "{value:?}")?,
    }
    Ok(())
}

/// A float as Python's `repr` has it.
fn float(number: f64) -> String {
    match number {
        number if number.is_nan() => "nan".to_owned(),
        number if number.is_infinite() => if number > 0.0 { "inf" } else { "-inf" }.to_owned(),
        number => json::float(number),
    }
}

/// `escape(value)`, with the entities of MarkupSafe; what is escaped stays as it is.
fn escape(state: &State, value: &Value) -> Result<Value, Error> {
    if value.is_safe() {
        return Ok(value.clone());
    }
    let text = minijinja::filters::string(state, value)?.to_string();
    let entities = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('\'', "&#39;"), ('"', "&#34;")];
    let text = entities.into_iter().fold(text, |text, (sign, entity)| text.replace(sign, entity));
    Ok(Value::from_safe_string(text))
}

/// `indent(text, width=4, first=False, blank=False)`, whose width may be a text.
fn indent(
    text: StringInput<'_>,
    width: Option<Value>,
    first: Option<bool>,
    blank: Option<bool>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let width = width.map_or_else(|| kwargs.get("width"), |width| Ok(Some(width)))?.unwrap_or(Value::from(4));
    let first = first.map_or_else(|| kwargs.get("first"), |first| Ok(Some(first)))?.unwrap_or(false);
    let blank = blank.map_or_else(|| kwargs.get("blank"), |blank| Ok(Some(blank)))?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let step = step("`width` of indent", &width, WIDEST_TEXT as u64)?;
    // As Python's `splitlines` has it, with one more line behind a last end.
    let ended = format!("{}\n", text.as_str()).replace("\r\n", "\n");
    let lines: Vec<&str> = ended.split_terminator(LINE_ENDS).collect();
    if step.len().saturating_mul(lines.len()) > MOST_INDENT {
        return Err(invalid(format!("indent would write more than {} MiB", MOST_INDENT >> 20)));
    }
    let indented = lines.iter().enumerate().map(|(place, line)| match place {
        0 if first => format!("{step}{line}"),
        0 => line.to_string(),
        _ if line.is_empty() && !blank => String::new(),
        _ => format!("{step}{line}"),
    });
    Ok(text.preserve_safety(indented.collect::<Vec<_>>().join("\n")))
}

/// `replace(text, old, new, count=None)`.
fn replace(text: String, old: String, new: String, count: Option<i64>) -> String {
    match count {
        Some(count) if count >= 0 => text.replacen(&old, &new, count as usize),
        _ => text.replace(&old, &new),
    }
}

/// `truncate(text, length=255, killwords=False, end='...', leeway=5)`.
fn truncate(input: StringInput<'_>, args: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let text = input.as_str();
    let args = args.into_values();
    let (plain, kwargs): (&[Value], Kwargs) = from_args(&args)?;
    let given = |position: usize, name: &str| -> Result<Option<Value>, Error> {
        Ok(kwargs.get::<Option<Value>>(name)?.or_else(|| plain.get(position).cloned()))
    };
    let number = |value: Option<Value>, otherwise: usize| value.map_or(Ok(otherwise), usize::try_from);
    let length = number(given(0, "length")?, 255)?;
    let whole = given(1, "killwords")?.is_some_and(|value| value.is_true());
    let end = given(2, "end")?.map_or("...".to_owned(), |value| value.to_string());
    let leeway = number(given(3, "leeway")?, 5)?;
    kwargs.assert_all_used()?;
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(input.preserve_safety(text.to_owned()));
    }
    let kept: String = text.chars().take(length.saturating_sub(end.chars().count())).collect();
    let kept = if whole { kept.as_str() } else { kept.rsplit_once(' ').map_or(kept.as_str(), |(before, _)| before) };
    Ok(input.preserve_safety(format!("{kept}{end}")))
}

/// Where a text is filled up.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
    Both,
}

fn aligned(text: &str, width: usize, fill: char, side: Side) -> Result<String, Error> {
    let missing = width.saturating_sub(text.chars().count());
    if missing > WIDEST_TEXT {
        return Err(invalid(format!("a text is filled up by {WIDEST_TEXT} blanks at most")));
    }
    let left = match side {
        Side::Left => missing,
        Side::Right => 0,
        // As Python does it, which leaves the odd one where it has always been.
        Side::Both => missing / 2 + (missing & width & 1),
    };
    let filled = |width| fill.to_string().repeat(width);
    Ok(format!("{}{text}{}", filled(left), filled(missing - left)))
}

/// Python's methods of texts and lists beyond those that the engine's own list has.
fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let found = match value.as_str() {
        Some(text) => text_method(text, name, args)?,
        None if value.kind() == ValueKind::Seq && name == "index" => {
            let (wanted,): (Value,) = from_args(args)?;
            let place = value.try_iter()?.position(|item| item == wanted);
            Some(Value::from(place.ok_or_else(|| invalid(format!("{wanted} is not in list")))?))
        }
        None => None,
    };
    match found {
        Some(value) => Ok(value),
        None => minijinja_contrib::pycompat::unknown_method_callback(state, value, name, args),
    }
}

fn text_method(text: &str, name: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    let strings = |parts: Vec<&str>| Value::from(parts.into_iter().map(str::to_owned).collect::<Vec<String>>());
    Ok(Some(match name {
        "removeprefix" => {
            let (prefix,): (&str,) = from_args(args)?;
            Value::from(text.strip_prefix(prefix).unwrap_or(text))
        }
        "removesuffix" => {
            let (suffix,): (&str,) = from_args(args)?;
            Value::from(text.strip_suffix(suffix).unwrap_or(text))
        }
        "partition" | "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            let split = if name == "partition" { text.split_once(separator) } else { text.rsplit_once(separator) };
            match (split, name) {
                (Some((before, after)), _) => strings(vec![before, separator, after]),
                (None, "partition") => strings(vec![text, "", ""]),
                (None, _) => strings(vec!["", "", text]),
            }
        }
        "rsplit" => {
            let (separator, most): (Option<&str>, Option<i64>) = from_args(args)?;
            let most =
                most.and_then(|most| usize::try_from(most).ok()).map_or(usize::MAX, |most| most.saturating_add(1));
            let mut parts: Vec<&str> = match separator {
                Some(separator) => text.rsplitn(most, separator).collect(),
                None if most == usize::MAX => text.split_whitespace().rev().collect(),
                None => text.trim_end().rsplitn(most, char::is_whitespace).map(str::trim_end).collect(),
            };
            parts.reverse();
            strings(parts)
        }
        "index" => {
            let (part,): (&str,) = from_args(args)?;
            let place = text.find(part).ok_or_else(|| invalid("substring not found"))?;
            Value::from(text[..place].chars().count())
        }
        "zfill" => {
            let (width,): (usize,) = from_args(args)?;
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['+', '-'])));
            Value::from(format!("{sign}{}", aligned(digits, width.saturating_sub(sign.len()), '0', Side::Left)?))
        }
        "ljust" | "rjust" | "center" => {
            let (width, fill): (usize, Option<char>) = from_args(args)?;
            let side = match name {
                "ljust" => Side::Right,
                "rjust" => Side::Left,
                _ => Side::Both,
            };
            Value::from(aligned(text, width, fill.unwrap_or(' '), side)?)
        }
        "swapcase" => {
            let swap = |letter: char| -> String {
                if letter.is_uppercase() { letter.to_lowercase().collect() } else { letter.to_uppercase().collect() }
            };
            Value::from(text.chars().map(swap).collect::<String>())
        }
        "casefold" => Value::from(text.to_lowercase().replace('ß', "ss")),
        _ => return Ok(None),
    }))
}

#[cfg(test)]
#[path = "python_test.rs"]
mod tests;
