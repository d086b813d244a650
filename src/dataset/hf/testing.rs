//! What tests of this folder share: files of their own, Parquet among them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A folder of its own for one test, gone when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Folder(std::env::temp_dir().join(format!("llmbench-hf-{}-{name}", std::process::id())));
        for (file, content) in files {
            folder.write(file, content.as_bytes());
        }
        folder
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The values of one leaf of a Parquet schema with its levels of definition and repetition; without levels, one a row.
pub(super) struct Leaf<'a> {
    pub(super) values: Values<'a>,
    pub(super) levels: Option<(&'a [i16], &'a [i16])>,
}

/// Values of one type.
pub(super) enum Values<'a> {
    Bytes(&'a [&'a [u8]]),
    Doubles(&'a [f64]),
}

/// Texts, one a row.
pub(super) fn texts<'a>(texts: &'a [&'a [u8]]) -> Leaf<'a> {
    Leaf { values: Values::Bytes(texts), levels: None }
}

/// The content of a Parquet file with these row groups, each a list of leaves, compressed as the hub's files are.
pub(super) fn parquet_file(schema: &str, groups: &[&[Leaf<'_>]]) -> Vec<u8> {
    compressed(Compression::SNAPPY, schema, groups)
}

/// The content of a Parquet file that is compressed in another way.
pub(super) fn compressed(how: Compression, schema: &str, groups: &[&[Leaf<'_>]]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(how).build());
    let mut content = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut content, schema, properties).unwrap();
    for leaves in groups {
        let mut group = writer.next_row_group().unwrap();
        for Leaf { values, levels } in *leaves {
            let mut column = group.next_column().unwrap().unwrap();
            let (definitions, repetitions) = levels.unzip();
            match values {
                Values::Bytes(values) => {
                    let values: Vec<ByteArray> = values.iter().map(|value| value.to_vec().into()).collect();
                    column.typed::<ByteArrayType>().write_batch(&values, definitions, repetitions).unwrap();
                }
                Values::Doubles(values) => {
                    column.typed::<DoubleType>().write_batch(values, definitions, repetitions).unwrap();
                }
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    content
}
