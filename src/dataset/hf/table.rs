//! All rows of a split, whatever files they lie in: positions come in, rows go out in that order. Files are fetched and
//! opened as far as they are needed, and only wanted rows and columns are kept.

use super::cell::Row;
use super::json::JsonFile;
use super::parquet::ParquetFile;
use super::source::{DataFile, Source};
use crate::error::{Error, Result};

/// The rows of a split.
pub(super) struct Table {
    source: Source,
    files: Vec<DataFile>,
    /// The files that have been opened, from the first on, and the position of each one's first row.
    open: Vec<(u64, Open)>,
    /// How many rows the open files have.
    known: u64,
}

enum Open {
    Parquet(ParquetFile),
    Json(JsonFile),
}

impl Table {
    /// The rows of `files`, one file after the other. Nothing is read yet.
    pub(super) fn new(source: Source, files: Vec<DataFile>) -> Self {
        Table { source, files, open: Vec::new(), known: 0 }
    }

    /// How many rows there are in all files.
    ///
    /// # Errors
    /// Where a file cannot be fetched or read.
    pub(super) fn count(&mut self) -> Result<u64> {
        while self.open_next()? {}
        Ok(self.known)
    }

    /// The names of the columns, as the first file with rows has them.
    ///
    /// # Errors
    /// Where it cannot be fetched or read.
    pub(super) fn columns(&mut self) -> Result<Vec<String>> {
        while self.known == 0 && self.open_next()? {}
        let Some((index, (_, open))) = self.open.iter_mut().enumerate().next_back() else { return Ok(Vec::new()) };
        let name = self.files[index].name();
        match open {
            Open::Parquet(file) => Ok(file.columns().into_iter().map(str::to_owned).collect()),
            Open::Json(file) => file.columns(name),
        }
    }

    /// The rows at `positions`, in that order; positions beyond the last row give none.
    ///
    /// # Errors
    /// Where a file cannot be fetched, or a row not be read: with file and row.
    pub(super) fn read(&mut self, positions: &[u64], columns: &[&str]) -> Result<Vec<Row>> {
        let last = positions.iter().copied().max().unwrap_or(0);
        while self.known <= last && self.open_next()? {}
        let mut order: Vec<usize> = (0..positions.len()).filter(|&index| positions[index] < self.known).collect();
        order.sort_unstable_by_key(|&index| positions[index]);
        let mut rows: Vec<Option<Row>> = positions.iter().map(|_| None).collect();
        let mut rest = order.as_slice();
        for (number, (start, open)) in self.open.iter_mut().enumerate() {
            let end = start.saturating_add(open.count());
            let (here, beyond) = rest.split_at(rest.partition_point(|&index| positions[index] < end));
            rest = beyond;
            let inside: Vec<u64> = here.iter().map(|&index| positions[index] - *start).collect();
            if inside.is_empty() {
                continue;
            }
            let name = self.files[number].name();
            let read = match open {
                Open::Parquet(file) => file.read(name, &inside, columns).map_err(|error| named(error, name))?,
                Open::Json(file) => file.read(name, &inside, Some(columns))?,
            };
            for (&index, row) in here.iter().zip(read) {
                rows[index] = Some(row);
            }
        }
        Ok(rows.into_iter().flatten().collect())
    }

    /// Opens the next file; false where there is none.
    fn open_next(&mut self) -> Result<bool> {
        let Some(file) = self.files.get(self.open.len()) else { return Ok(false) };
        let path = self.source.path(file)?;
        let open = match path.extension().is_some_and(|extension| extension == "parquet") {
            true => ParquetFile::open(&path).map(Open::Parquet),
            false => JsonFile::open(&path).map(Open::Json),
        };
        let open = open.map_err(|error| error.context(format!("`{}`", file.name())))?;
        let start = self.known;
        self.known += open.count();
        self.open.push((start, open));
        Ok(true)
    }
}

impl Open {
    fn count(&self) -> u64 {
        match self {
            Open::Parquet(file) => file.count(),
            Open::Json(file) => file.count(),
        }
    }
}

/// The error with the file's name, unless it has it.
fn named(error: Error, name: &str) -> Error {
    if error.to_string().starts_with('`') { error } else { error.context(format!("`{name}`")) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Folder;
    use super::*;

    fn table(name: &str, files: &[(&str, &str)]) -> (Folder, Table) {
        let folder = Folder::new(name, files);
        let data = files.iter().map(|(name, _)| DataFile::own(name)).collect();
        let table = Table::new(Source::open(folder.path().to_str().unwrap()).unwrap(), data);
        (folder, table)
    }

    fn ids(rows: &[Row]) -> Vec<f64> {
        rows.iter().map(|row| row.number("id").unwrap()).collect()
    }

    const FILES: [(&str, &str); 3] = [
        ("a.jsonl", "{\"id\": 0}\n\n{\"id\": 1}\n"),
        ("b.jsonl", ""),
        ("c.json", "[{\"id\": 2, \"x\": 1}, {\"id\": 3}]"),
    ];

    #[test]
    fn rows_come_in_the_order_they_are_asked_for() {
        let (_folder, mut table) = table("order", &FILES);
        let rows = table.read(&[3, 0, 2, 9, 1, 3], &["id"]).unwrap();
        assert_eq!(ids(&rows), [3.0, 0.0, 2.0, 1.0, 3.0], "there is no row 9");
        assert_eq!(rows[1].place, "`a.jsonl`: line 1");
        assert_eq!(rows[3].place, "`a.jsonl`: line 3");
        assert_eq!(rows[2].place, "`c.json`: entry 0");
        assert_eq!(rows[2].cells.len(), 1, "other columns are not read");
        assert_eq!(table.count().unwrap(), 4);
        assert_eq!(table.columns().unwrap(), ["id", "x"]);
    }

    #[test]
    fn files_that_are_not_needed_are_not_opened() {
        let (folder, mut table) = table("lazy", &FILES);
        std::fs::remove_file(folder.path().join("c.json")).unwrap();
        assert_eq!(ids(&table.read(&[0, 1], &["id"]).unwrap()), [0.0, 1.0]);
        assert!(table.count().unwrap_err().to_string().contains("`c.json`"));
    }
}
