//! A row of a table, whatever file it came from: cells by the name of their column, and where the row stands. Plain values;
//! what is wrong with a row is told with its file, its place there and the column.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};

/// One value of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Cell>),
    Object(Vec<(String, Cell)>),
}

/// A row, as far as its columns were asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Such as: `data/train.jsonl`: line 3.
    pub(super) place: String,
    pub(super) cells: Vec<(String, Cell)>,
}

impl Cell {
    /// The value below: of a list by its position, of an object by its key. Null counts as absent.
    fn below(&self, step: &str) -> Option<&Cell> {
        let cell = match self {
            Cell::List(items) => items.get(step.parse::<usize>().ok()?),
            Cell::Object(fields) => fields.iter().find(|(key, _)| key == step).map(|(_, cell)| cell),
            _ => None,
        };
        cell.filter(|cell| **cell != Cell::Null)
    }

    /// The value at a path such as `0.content`.
    pub(super) fn at(&self, path: &str) -> Option<&Cell> {
        path.split('.').try_fold(self, |cell, step| cell.below(step))
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Cell::Int(number) => Some(*number as f64),
            Cell::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub(super) fn items(&self) -> Option<&[Cell]> {
        match self {
            Cell::List(items) => Some(items),
            _ => None,
        }
    }

    /// The fields, if it is an object.
    pub(super) fn fields(&self) -> Option<&[(String, Cell)]> {
        match self {
            Cell::Object(fields) => Some(fields),
            _ => None,
        }
    }
}

impl Row {
    /// The value at a path that begins with a column, such as `turns.0`; null counts as absent.
    pub(super) fn at(&self, path: &str) -> Option<&Cell> {
        let column = |name: &str| self.cells.iter().find(|(column, _)| column == name).map(|(_, cell)| cell);
        let cell = match column(path) {
            Some(cell) => Some(cell),
            None => path.split_once('.').and_then(|(name, rest)| column(name)?.at(rest)),
        };
        cell.filter(|cell| **cell != Cell::Null)
    }

    /// Moves the cell of a column out; null counts as absent.
    pub(super) fn take(&mut self, column: &str) -> Option<Cell> {
        let index = self.cells.iter().position(|(name, _)| name == column)?;
        Some(self.cells.swap_remove(index).1).filter(|cell| *cell != Cell::Null)
    }

    /// The text at a path.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn text(&self, path: &str) -> Result<&str> {
        self.at(path).and_then(Cell::text).ok_or_else(|| self.wrong(format_args!("no text at `{path}`")))
    }

    /// The number at a path.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn number(&self, path: &str) -> Result<f64> {
        self.at(path).and_then(Cell::number).ok_or_else(|| self.wrong(format_args!("no number at `{path}`")))
    }

    /// The error that says `why` this row cannot be used; `why` names the column.
    pub(super) fn wrong(&self, why: impl fmt::Display) -> Error {
        Error::new(format!("{}: {why}", self.place))
            .hint("check that `--dataset-path` and `--hf-name` name the same dataset, and `--hf-subset`")
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        Ok(i64::try_from(value).map_or(Cell::Float(value as f64), Cell::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cell, E> {
        Ok(Cell::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Cell, E> {
        Ok(Cell::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cell, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Cell::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Cell::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Row {
        let Cell::Object(cells) = serde_json::from_str(json).unwrap() else { panic!("no object") };
        Row { place: "`a.jsonl`: line 1".into(), cells }
    }

    #[test]
    fn values_are_found_by_their_path() {
        let row = row(r#"{"turns": [[{"content": "Hi"}], 5], "a.b": "dot", "n": 2.5, "none": null}"#);
        assert_eq!(row.text("turns.0.0.content").unwrap(), "Hi");
        assert_eq!(row.text("a.b").unwrap(), "dot", "a column may have a dot in its name");
        assert_eq!((row.number("turns.1").unwrap(), row.number("n").unwrap()), (5.0, 2.5));
        assert_eq!(row.at("none"), None);
    }

    #[test]
    fn what_is_missing_is_told_with_its_place() {
        let row = row(r#"{"turns": ["Hi"], "n": "2"}"#);
        for path in ["turns", "turns.1", "turns.0.0", "turns.x", "text"] {
            assert_eq!(row.text(path).unwrap_err().to_string(), format!("`a.jsonl`: line 1: no text at `{path}`"));
        }
        assert_eq!(row.number("n").unwrap_err().to_string(), "`a.jsonl`: line 1: no number at `n`");
    }
}
