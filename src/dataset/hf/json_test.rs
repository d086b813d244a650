//! The forms of JSON files, and what is told of broken ones.

use proptest::prelude::{prop_assert, proptest};

use super::super::testing::Folder;
use super::*;

fn open(name: &str, content: &str) -> (Folder, Result<JsonFile>) {
    let folder = Folder::new(&name.replace('.', "-"), &[(name, content)]);
    let file = JsonFile::open(&folder.path().join(name));
    (folder, file)
}

fn ids(name: &str, content: &str) -> Vec<(String, f64)> {
    let (_folder, file) = open(name, content);
    let mut file = file.unwrap();
    let positions: Vec<u64> = (0..file.count()).collect();
    let rows = file.read(name, &positions, Some(&["id"])).unwrap();
    rows.into_iter().map(|row| (row.place.clone(), row.number("id").unwrap())).collect()
}

#[test]
fn every_form_has_the_same_rows() {
    let lines = "{\"id\": 1, \"x\": {\"id\": 7}}\r\n\n {\"id\": 2}";
    let table = [
        ("lines.jsonl", lines, ["line 1", "line 3"]),
        ("lines.json", lines, ["line 1", "line 3"]),
        ("marked.jsonl", &format!("\u{feff}{lines}"), ["line 1", "line 3"]),
        ("marked.json", "\u{feff}[{\"id\": 1}, {\"id\": 2}]", ["entry 0", "entry 1"]),
        ("array.json", " [\n{\"id\": 1},\n{\"id\": 2}]\n", ["entry 0", "entry 1"]),
        ("data.json", "{\"v\": [0], \"data\": [{\"id\": 1}, {\"id\": 2}]}", ["entry 0", "entry 1"]),
        (
            "pretty.json",
            "{\n \"rows\": [{\"row_idx\": 0, \"row\": {\"id\": 1}},\n{\"row_idx\": 1, \"row\": {\"id\": 2}}]}",
            ["entry 0", "entry 1"],
        ),
    ];
    for (name, content, places) in table {
        let wanted = [1.0, 2.0].into_iter().zip(places).map(|(id, place)| (format!("`{name}`: {place}"), id));
        assert_eq!(ids(name, content), wanted.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn rows_are_read_in_any_order_and_columns_are_known() {
    let (_folder, file) = open("order.jsonl", "{\"id\": 1, \"b\": null}\n{\"id\": 2}\n{\"id\": 3}\n");
    let mut file = file.unwrap();
    let rows = file.read("order.jsonl", &[2, 0, 2], Some(&["id"])).unwrap();
    assert_eq!(rows.iter().map(|row| row.number("id").unwrap()).collect::<Vec<_>>(), [3.0, 1.0, 3.0]);
    assert_eq!(file.columns("order.jsonl").unwrap(), ["id", "b"]);
}

#[test]
fn a_broken_row_is_told_with_its_place() {
    let (_folder, file) = open("broken.jsonl", "{\"id\": 1}\n{\"id\": }\n[1]\n");
    let mut file = file.unwrap();
    assert!(file.read("broken.jsonl", &[0], None).is_ok(), "rows that are not needed are not looked at");
    let told = |file: &mut JsonFile, row| file.read("broken.jsonl", &[row], None).unwrap_err().to_string();
    assert_eq!(told(&mut file, 1), "`broken.jsonl`: line 2: column 8: expected value");
    assert!(
        told(&mut file, 2).starts_with("`broken.jsonl`: line 3: column 0: invalid type: sequence"),
        "{}",
        told(&mut file, 2)
    );
}

#[test]
fn what_holds_no_rows_is_told() {
    let told = |name: &str, content: &str| {
        let (_folder, file) = open(name, content);
        let error = file.err().unwrap();
        assert!(error.advice().is_some());
        error.to_string()
    };
    assert_eq!(told("none.json", "{\n\"a\": 1}"), "no array of rows in it");
    assert_eq!(told("cut.json", "[{\"a\": 1},\n"), "line 2, column 0: EOF while parsing a value");
    assert_eq!(open("empty.jsonl", "\n \n").1.unwrap().count(), 0);
}

proptest! {
    #[test]
    fn no_bytes_panic_the_reader(content: Vec<u8>) {
        let folder = Folder::new("bytes", &[]);
        folder.write("x.json", &content);
        if let Ok(mut file) = JsonFile::open(&folder.path().join("x.json")) {
            let positions: Vec<u64> = (0..file.count()).collect();
            if let Err(error) = file.read("x.json", &positions, None) {
                prop_assert!(error.to_string().starts_with("`x.json`: "));
            }
        }
    }
}
