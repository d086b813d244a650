//! Parquet files as they lie on the hub: groups of rows, nested columns, missing values.

use parquet::basic::Compression;

use super::super::testing::{Folder, Leaf, Values, compressed, parquet_file, texts};
use super::*;

/// Three row groups of 2, 1 and 2 rows, with texts and numbers.
fn plain(name: &str) -> (Folder, ParquetFile) {
    let schema = "message m { required binary q (UTF8); required double n; required binary raw; }";
    let doubles = |values| Leaf { values: Values::Doubles(values), levels: None };
    let content = parquet_file(
        schema,
        &[
            &[texts(&[b"a", b"b"]), doubles(&[0.5, 1.5]), texts(&[b"\xff", b"1"])],
            &[texts(&[b"c"]), doubles(&[2.5]), texts(&[b"2"])],
            &[texts(&[b"d", "ü".as_bytes()]), doubles(&[3.5, 4.5]), texts(&[b"3", b"4"])],
        ],
    );
    let folder = Folder::new(name, &[]);
    folder.write("t.parquet", &content);
    let file = ParquetFile::open(&folder.path().join("t.parquet")).unwrap();
    (folder, file)
}

#[test]
fn wanted_rows_and_columns_are_read() {
    let (_folder, file) = plain("groups");
    assert_eq!((file.count(), file.columns()), (5, vec!["q", "n", "raw"]));
    let rows = file.read("t.parquet", &[1, 3, 4], &["n", "q", "absent"]).unwrap();
    let read: Vec<(&str, f64)> = rows.iter().map(|row| (row.text("q").unwrap(), row.number("n").unwrap())).collect();
    assert_eq!(read, [("b", 1.5), ("d", 3.5), ("ü", 4.5)]);
    assert_eq!(rows[1].place, "`t.parquet`: row 3");
    assert_eq!(rows[0].cells.len(), 2, "other columns are not read");
    let raw = file.read("t.parquet", &[0], &["raw"]).unwrap();
    assert_eq!(raw[0].at("raw"), Some(&Cell::Bytes(vec![0xff])));
}

#[test]
fn columns_that_are_not_there_are_told_with_those_that_are() {
    let (_folder, file) = plain("absent");
    let error = file.read("t.parquet", &[0], &["x", "y"]).unwrap_err();
    assert_eq!(error.to_string(), "none of the columns `x`, `y`");
    assert_eq!(error.advice(), Some("its columns: `q`, `n`, `raw`"));
}

#[test]
fn lists_of_objects_and_missing_values_are_read() {
    let schema = "message m { optional group turns (LIST) { repeated group list { optional group element {
        optional binary from (UTF8); optional binary value (UTF8); } } } }";
    // Rows: two turns, the second without `from`; none; a list without turns; one turn that is null.
    let from: &[&[u8]] = &[b"human"];
    let value: &[&[u8]] = &[b"Hi", b"Ho"];
    let content = parquet_file(
        schema,
        &[&[
            Leaf { values: Values::Bytes(from), levels: Some((&[4, 3, 0, 1, 2], &[0, 1, 0, 0, 0])) },
            Leaf { values: Values::Bytes(value), levels: Some((&[4, 4, 0, 1, 2], &[0, 1, 0, 0, 0])) },
        ]],
    );
    let folder = Folder::new("nested", &[]);
    folder.write("t.parquet", &content);
    let file = ParquetFile::open(&folder.path().join("t.parquet")).unwrap();
    let rows = file.read("t.parquet", &[0, 1, 2, 3], &["turns"]).unwrap();
    assert_eq!(rows[0].text("turns.0.from").unwrap(), "human");
    assert_eq!((rows[0].text("turns.1.value").unwrap(), rows[0].at("turns.1.from")), ("Ho", None));
    assert_eq!(rows[1].at("turns"), None);
    assert_eq!(rows[2].at("turns"), Some(&Cell::List(Vec::new())));
    assert_eq!(rows[3].at("turns.0"), None);
}

#[test]
fn what_is_no_parquet_is_told() {
    let folder = Folder::new("broken", &[("t.parquet", "PAR1 and nothing else")]);
    let error = ParquetFile::open(&folder.path().join("t.parquet")).err().unwrap();
    assert!(error.to_string().starts_with("not a Parquet file that can be read"), "{error}");
    let (whole, _) = plain("cut");
    let content = std::fs::read(whole.path().join("t.parquet")).unwrap();
    for end in (0..content.len()).step_by(7) {
        folder.write("t.parquet", &content[..end]);
        assert!(ParquetFile::open(&folder.path().join("t.parquet")).is_err(), "{end} bytes");
    }
}

#[test]
fn files_are_read_however_they_are_compressed() {
    let kinds = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::BROTLI(Default::default()),
        Compression::ZSTD(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ];
    for kind in kinds {
        let content = compressed(kind, "message m { required binary q (UTF8); }", &[&[texts(&[b"a", b"bb"])]]);
        let folder = Folder::new("compressed", &[]);
        folder.write("t.parquet", &content);
        let file = ParquetFile::open(&folder.path().join("t.parquet")).unwrap();
        let rows = file.read("t.parquet", &[0, 1], &["q"]).unwrap();
        assert_eq!(rows.iter().map(|row| row.text("q").unwrap()).collect::<Vec<_>>(), ["a", "bb"], "{kind:?}");
    }
}

#[test]
fn a_damaged_file_is_an_error_wherever_the_damage_is() {
    let content =
        parquet_file("message m { required binary q (UTF8); }", &[&[texts(&[b"a", b"b"])], &[texts(&[b"c"])]]);
    let folder = Folder::new("damaged", &[]);
    for (at, value) in (0..content.len()).flat_map(|at| [(at, 0xff), (at, 0x80), (at, 0)]) {
        let mut damaged = content.clone();
        damaged[at] = value;
        folder.write("t.parquet", &damaged);
        // An error is as good as rows: what matters is that nothing breaks, and nothing is read without end.
        let opened = ParquetFile::open(&folder.path().join("t.parquet"));
        let _ = opened.map(|file| file.read("t.parquet", &[0, 2], &["q"]).map(|rows| rows.len()));
    }
}
