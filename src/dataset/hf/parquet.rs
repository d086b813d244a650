//! A table in a Parquet file: rows by their position, and of them only the columns that are wanted. A file comes in, rows go
//! out; only the row groups that hold a wanted row are read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use super::cell::{Cell, Row};
use crate::error::{Error, Result, contained};

/// The stack that is enough to read with.
const STACK: usize = 8 << 20;

/// An open file.
pub(super) struct ParquetFile {
    reader: SerializedFileReader<File>,
    /// The position of the first row of each row group, and last the number of all rows.
    starts: Vec<u64>,
}

impl ParquetFile {
    /// Reads the end of a file, which says what is in it.
    ///
    /// # Errors
    /// Where it cannot be read, or is no Parquet file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|cause| Error::new(cause.to_string()))?;
        let reader = contained(STACK, || SerializedFileReader::new(file))?.map_err(unreadable)?;
        let groups = reader.metadata().row_groups().iter().map(|group| group.num_rows().max(0) as u64);
        let mut starts = vec![0];
        for rows in groups {
            starts.push(starts[starts.len() - 1] + rows);
        }
        Ok(ParquetFile { reader, starts })
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.starts[self.starts.len() - 1]
    }

    /// The names of the columns.
    pub(super) fn columns(&self) -> Vec<&str> {
        self.schema().get_fields().iter().map(|field| field.name()).collect()
    }

    fn schema(&self) -> &Type {
        self.reader.metadata().file_metadata().schema()
    }

    /// The rows at `positions`, which ascend, with the cells of `columns` as far as there are such.
    ///
    /// # Errors
    /// Where the file is broken, with the row.
    pub(super) fn read(&self, name: &str, positions: &[u64], columns: &[&str]) -> Result<Vec<Row>> {
        contained(STACK, || self.rows(name, positions, columns))?
    }

    fn rows(&self, name: &str, positions: &[u64], columns: &[&str]) -> Result<Vec<Row>> {
        let fields = self.schema().get_fields();
        let fields: Vec<_> = fields.iter().filter(|field| columns.contains(&field.name())).map(Arc::clone).collect();
        if fields.is_empty() {
            return Err(Error::new(format!("none of the columns `{}`", columns.join("`, `")))
                .hint(format!("its columns: `{}`", self.columns().join("`, `"))));
        }
        let wanted = Type::group_type_builder(self.schema().name()).with_fields(fields).build().map_err(unreadable)?;
        let mut rows = Vec::with_capacity(positions.len());
        for (group, bounds) in self.starts.windows(2).enumerate() {
            let inside =
                positions.partition_point(|&row| row < bounds[0])..positions.partition_point(|&row| row < bounds[1]);
            if inside.is_empty() {
                continue;
            }
            let group = self.reader.get_row_group(group).map_err(unreadable)?;
            let mut stored = RowIter::from_row_group(Some(wanted.clone()), &*group).map_err(unreadable)?;
            let mut next = bounds[0];
            for &position in &positions[inside] {
                let row = stored.nth((position - next) as usize);
                next = position + 1;
                let place = format!("`{name}`: row {position}");
                let row = row.ok_or_else(|| Error::new(format!("{place}: it is missing")))?;
                let row = row.map_err(|cause| unreadable(cause).context(&place))?;
                let cells = row.into_columns().into_iter().map(|(column, field)| (column, cell(field))).collect();
                rows.push(Row { place, cells });
            }
        }
        Ok(rows)
    }
}

fn cell(field: Field) -> Cell {
    match field {
        Field::Null => Cell::Null,
        Field::Bool(value) => Cell::Bool(value),
        Field::Byte(value) => Cell::Int(value.into()),
        Field::Short(value) => Cell::Int(value.into()),
        Field::Int(value) | Field::Date(value) | Field::TimeMillis(value) => Cell::Int(value.into()),
        Field::Long(value)
        | Field::TimeMicros(value)
        | Field::TimestampMillis(value)
        | Field::TimestampMicros(value) => Cell::Int(value),
        Field::UByte(value) => Cell::Int(value.into()),
        Field::UShort(value) => Cell::Int(value.into()),
        Field::UInt(value) => Cell::Int(value.into()),
        Field::ULong(value) => i64::try_from(value).map_or(Cell::Float(value as f64), Cell::Int),
        Field::Float16(value) => Cell::Float(value.to_f64()),
        Field::Float(value) => Cell::Float(value.into()),
        Field::Double(value) => Cell::Float(value),
        decimal @ Field::Decimal(_) => Cell::Text(decimal.to_string()),
        Field::Str(text) => Cell::Text(text),
        Field::Bytes(bytes) => Cell::Bytes(bytes.data().to_vec()),
        Field::Group(row) => {
            Cell::Object(row.into_columns().into_iter().map(|(name, field)| (name, cell(field))).collect())
        }
        Field::ListInternal(list) => Cell::List(list.elements().iter().cloned().map(cell).collect()),
        Field::MapInternal(map) => Cell::Object(map.entries().iter().filter_map(entry).collect()),
    }
}

/// An entry of a map as a field of an object: its key is text.
fn entry((key, value): &(Field, Field)) -> Option<(String, Cell)> {
    match key {
        Field::Str(key) => Some((key.clone(), cell(value.clone()))),
        _ => None,
    }
}

fn unreadable(cause: parquet::errors::ParquetError) -> Error {
    Error::new(format!("not a Parquet file that can be read: {cause}"))
}

#[cfg(test)]
#[path = "parquet_test.rs"]
mod tests;
