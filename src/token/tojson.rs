//! JSON as transformers' `tojson` gives it to chat templates: a template's value comes in, the text of Python's `json.dumps` goes
//! out.

use minijinja::value::{Kwargs, Rest, Value, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Error, ErrorKind};
use serde_json::Value as Json;

use crate::json;

/// So deep a value may be nested where it is written.
const DEEPEST: usize = 200;
/// The widest indent that JSON is given.
const WIDEST: u64 = 100;
/// So many bytes JSON may have, about.
const MOST_JSON: usize = 64 << 20;

/// How JSON is laid out: the arguments of transformers' `tojson`.
struct Layout {
    ascii: bool,
    indent: Option<String>,
    item: String,
    key: String,
    sorted: bool,
}

/// `tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`, as Python's `json.dumps` writes it.
pub(super) fn tojson(value: &Value, args: Rest<ValueOrKwargs>) -> Result<String, Error> {
    let args = args.into_values();
    let (plain, kwargs): (&[Value], Kwargs) = from_args(&args)?;
    let names = ["ensure_ascii", "indent", "separators", "sort_keys"];
    if plain.len() > names.len() {
        return Err(Error::new(ErrorKind::TooManyArguments, "tojson takes four arguments"));
    }
    let mut given = Vec::new();
    for (position, name) in names.into_iter().enumerate() {
        let named: Option<Value> = kwargs.get(name)?;
        given.push(
            named.or_else(|| plain.get(position).cloned()).filter(|value| !value.is_none() && !value.is_undefined()),
        );
    }
    kwargs.assert_all_used()?;
    let [ascii, indent, separators, sorted] = [&given[0], &given[1], &given[2], &given[3]];
    let is_true = |value: &Option<Value>| value.as_ref().is_some_and(Value::is_true);
    let indent = indent.as_ref().map(|indent| step("`indent` of tojson", indent, WIDEST)).transpose()?;
    let (item, key) = match separators {
        None => (if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned()),
        Some(pair) => {
            let pair: Vec<String> = pair.try_iter()?.map(|part| part.to_string()).collect();
            let [item, key] =
                <[String; 2]>::try_from(pair).map_err(|_| invalid("`separators` of tojson are two texts"))?;
            (item, key)
        }
    };
    let layout = Layout { ascii: is_true(ascii), indent, item, key, sorted: is_true(sorted) };
    let value = layout.plain(value, 0, &mut MOST_JSON.clone())?;
    let mut out = String::new();
    layout.write(&value, 0, &mut out);
    Ok(out)
}

/// What one step of an indent is, which `what` has: a number of blanks up to `widest`, or a text.
pub(super) fn step(what: &str, indent: &Value, widest: u64) -> Result<String, Error> {
    if let Some(text) = indent.as_str() {
        return Ok(text.to_owned());
    }
    let width = if indent.kind() == ValueKind::Bool {
        u64::from(indent.is_true())
    } else {
        u64::try_from(indent.clone()).unwrap_or(u64::MAX)
    };
    match width <= widest {
        true => Ok(" ".repeat(width as usize)),
        false => Err(invalid(format!("{what} is a number from 0 to {widest}"))),
    }
}

impl Layout {
    /// The value as plain JSON; what writing it will take is taken off what is `left`, so that nothing grows without end.
    fn plain(&self, value: &Value, depth: usize, left: &mut usize) -> Result<Json, Error> {
        not_too_deep(depth)?;
        let step = self.indent.as_ref().map_or(0, String::len).saturating_mul(depth);
        let text = value.as_str().map_or(16, |text| 16 + text.len());
        let cost = text.saturating_add(step).saturating_add(self.item.len() + self.key.len());
        *left = left
            .checked_sub(cost)
            .ok_or_else(|| invalid(format!("tojson would write more than {} MiB", MOST_JSON >> 20)))?;
        let leaf =
            |value: &Value| serde_json::to_value(value).map_err(|cause| invalid(format!("cannot write JSON: {cause}")));
        match value.kind() {
            ValueKind::Seq => value.try_iter()?.map(|item| self.plain(&item, depth + 1, left)).collect(),
            ValueKind::Map => {
                let mut map = serde_json::Map::new();
                for key in value.try_iter()? {
                    let name = match leaf(&key)? {
                        Json::String(name) => name,
                        other => other.to_string(),
                    };
                    map.insert(name, self.plain(&value.get_item(&key)?, depth + 1, left)?);
                }
                Ok(Json::Object(map))
            }
            _ => leaf(value),
        }
    }

    fn write(&self, value: &Json, depth: usize, out: &mut String) {
        match value {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => out.push_str(&json::float(float)),
                None => out.push_str(&number.to_string()),
            },
            Json::String(text) => self.text(text, out),
            Json::Array(list) => self.list(('[', ']'), list.iter().map(|value| (None, value)), depth, out),
            Json::Object(map) => {
                let mut entries: Vec<(Option<&String>, &Json)> =
                    map.iter().map(|(key, value)| (Some(key), value)).collect();
                if self.sorted {
                    entries.sort_by(|one, other| one.0.cmp(&other.0));
                }
                self.list(('{', '}'), entries.into_iter(), depth, out);
            }
        }
    }

    fn list<'a>(
        &self,
        (open, close): (char, char),
        items: impl Iterator<Item = (Option<&'a String>, &'a Json)>,
        depth: usize,
        out: &mut String,
    ) {
        out.push(open);
        let mut any = false;
        for (key, value) in items {
            if any {
                out.push_str(&self.item);
            }
            any = true;
            self.line(depth + 1, out);
            if let Some(key) = key {
                self.text(key, out);
                out.push_str(&self.key);
            }
            self.write(value, depth + 1, out);
        }
        if any {
            self.line(depth, out);
        }
        out.push(close);
    }

    fn line(&self, depth: usize, out: &mut String) {
        if let Some(step) = &self.indent {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str(step));
        }
    }

    fn text(&self, text: &str, out: &mut String) {
        match self.ascii {
            true => out.push_str(&json::text(text)),
            false => out.push_str(&Json::from(text).to_string()),
        }
    }
}

/// The error of a template that asks for what cannot be done.
pub(super) fn invalid(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.into())
}

/// Looks whether a value that stands so deep may be written.
pub(super) fn not_too_deep(depth: usize) -> Result<(), Error> {
    match depth <= DEEPEST {
        true => Ok(()),
        false => Err(invalid(format!("a value is nested more than {DEEPEST} deep"))),
    }
}
