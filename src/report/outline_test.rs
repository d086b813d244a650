use super::*;
use crate::measure::Goal;
use crate::record::{Run, Setup};
use crate::report::Screen;
use crate::report::tests::{Told, asked, assert_golden, example_of, failed_run, setup, told, worked_example};

fn outline(told: &Told, screen: Screen) -> String {
    let mut out = Vec::new();
    let saved = ["a.json", "a.timeline.html"].map(Into::into);
    Report { screen, saved: &saved, ..told.report() }.outline(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn limited(run: Run) -> Told {
    let goal = Goal { ttft: Some(250.0), tpot: Some(200.0), e2el: Some(500.0), itl: None };
    told(run, crate::measure::Asked { goal: Some(goal), ..asked() })
}

fn narrow(width: usize) -> Screen {
    Screen { width: Some(width), ..Screen::NONE }
}

#[test]
fn what_matters_of_a_run_is_told_on_less_than_a_screen() {
    let plain = Setup { request_rate: f64::INFINITY, ..setup() };
    for (name, told) in [
        ("outline", told(example_of(plain), asked())),
        ("outline_limits", limited(worked_example())),
        ("outline_failed", told(failed_run(), asked())),
    ] {
        assert_golden(&format!("{name}.txt"), &outline(&told, Screen::NONE));
    }
}

#[test]
fn it_fits_screens_of_all_widths() {
    for width in [60, 70, 80, 120] {
        for told in [limited(worked_example()), told(worked_example(), asked()), told(failed_run(), asked())] {
            let text = outline(&told, narrow(width));
            assert!(text.lines().count() <= 22, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
            assert!(text.ends_with(".timeline.html\n"), "{text}");
        }
    }
}

#[test]
fn long_sentences_are_cut_at_blanks_and_lines_that_cannot_be_are_cut_all_the_same() {
    assert_eq!(wrapped("one two three", 8), ["one two", "  three"]);
    assert_eq!(wrapped("abcdefghij", 4), ["abcd", "  ef", "  gh"]);
    assert_eq!(wrapped("", 4), [""]);
}

#[test]
fn plain_terminals_get_plain_characters() {
    let text = outline(&limited(worked_example()), Screen { glyphs: crate::report::Glyphs::Ascii, ..Screen::NONE });
    assert!(text.is_ascii() && text.starts_with(" !! "), "{text}");
}

#[test]
fn numbers_are_short_and_shares_are_not_rounded_up_to_all() {
    let numbers = [0.0, 1.234, 12.34, 123.4, 1234.2, 1_234_567.0].map(number);
    assert_eq!(numbers, ["0.00", "1.23", "12.3", "123", "1,234", "1,234,567"]);
    assert_eq!([0.0, 0.1234, 0.9999, 1.0].map(percent), ["0 %", "12.3 %", "99.9 %", "100 %"]);
}
