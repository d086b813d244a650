//! What `prefix_repetition` makes, against the reference's own samples and generators, and what it refuses.

use super::*;
use crate::dataset::golden::{hash, owned, resolve, rows_of, tokenizer};
use crate::dataset::needs::Carries;

fn samples(line: &str, draws: &mut Draws) -> Result<Samples> {
    let dataset = resolve(&format!("--dataset-name prefix_repetition {line}"))?;
    dataset.samples(&Carries::default(), Some(&tokenizer()), draws)
}

/// The rows, none of which has an id, and the next draws of the two generators.
fn made(line: &str, seed: u32) -> (Vec<(String, u32, u32)>, f64, f64) {
    let mut draws = Draws::new(seed);
    let samples = samples(line, &mut draws).unwrap();
    let ids = vec![None; samples.count];
    (rows_of(samples, ids), draws.legacy.uniform(), draws.python.random())
}

#[test]
fn mixed_prompts_and_what_is_drawn_after_them_are_the_reference_s() {
    let line = "--num-prompts 7 --prefix-repetition-num-prefixes 2 --prefix-repetition-prefix-len 5 \
                --prefix-repetition-suffix-len 6";
    let wanted = [
        ("kabcdefghdabcdiaklghklefgh", 11, 128),
        ("kabcdefghdabcdijmhoabcdijkl", 11, 128),
        ("cdijklmnccbghijklfio", 11, 128),
        ("cdijklmncclbmnoppabf", 11, 128),
        ("cdijklmnccbkabcdmnophabcd", 11, 128),
        ("kabcdefghdabcdjkklopga", 11, 128),
    ];
    assert_eq!(made(line, 3), (owned(&wanted), 0.25758528874783126, 0.625720304108054));
    assert_eq!(
        samples(line, &mut Draws::new(0)).unwrap().warnings,
        ["6 requests instead of 7, the same number for each of 2 prefixes"]
    );
}

#[test]
fn prompts_in_order_are_the_reference_s() {
    let line = "--num-prompts 4 --prefix-repetition-num-prefixes 2 --prefix-repetition-prefix-len 3 \
                --prefix-repetition-suffix-len 8 --prefix-repetition-output-len 9 --disable-shuffle";
    let wanted = [
        ("mpkladmnopdhjghkl", 11, 9),
        ("mpklefeopgabcdabcdmijkl", 11, 9),
        ("bghopoabcdcdfefghnijij", 11, 9),
        ("bghopghabghfppaef", 11, 9),
    ];
    assert_eq!(made(line, 0), (owned(&wanted), 0.4736080452737105, 0.8444218515250481));
}

#[test]
fn many_prompts_are_the_reference_s() {
    let line = "--num-prompts 300 --prefix-repetition-num-prefixes 7 --prefix-repetition-prefix-len 20 \
                --prefix-repetition-suffix-len 33";
    let (rows, uniform, random) = made(line, 9);
    assert_eq!((rows.len(), rows.iter().map(|row| row.1).sum::<u32>()), (294, 15_582));
    assert_eq!((hash(&rows), uniform, random), (0x48df_304b_a40b_3a19, 0.19459129819905496, 0.33382934394926067));
}

#[test]
fn what_cannot_be_made_is_refused() {
    let table = [
        ("--num-prompts 3", "`--prefix-repetition-num-prefixes 10`: not a number of prefixes"),
        ("--prefix-repetition-num-prefixes 0", "`--prefix-repetition-num-prefixes 0`: not a number of prefixes"),
        ("--num-prompts 0", "`--num-prompts 0`: dataset `prefix_repetition` makes 1 prompt or more"),
        ("--prefix-repetition-prefix-len 0 --prefix-repetition-suffix-len 0", "prompts without tokens"),
        ("--dataset-path a", "`--dataset-path` does not go with dataset `prefix_repetition`, which reads no file"),
    ];
    for (line, why) in table {
        assert_eq!(samples(line, &mut Draws::new(0)).err().unwrap().to_string(), why);
    }
}
