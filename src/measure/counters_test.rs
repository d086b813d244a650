use proptest::prelude::*;

use super::*;

/// What two pages tell of a run of two seconds.
fn told(before: &str, after: &str) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.count_server(&Counters::parse(before), &Counters::parse(after), 2.0);
    metrics
}

fn drafts(drafts: u64, tokens: u64, accepted: u64, positions: &[(usize, u64)]) -> String {
    let mut page = format!(
        "# TYPE vllm:spec_decode_num_drafts counter\n\
         vllm:spec_decode_num_drafts_total{{engine=\"0\"}} {drafts}.0\n\
         vllm:spec_decode_num_drafts_created{{engine=\"0\"}} 1.7e9\n\
         vllm:spec_decode_num_draft_tokens_total{{engine=\"0\"}} {tokens}\n\
         vllm:spec_decode_num_accepted_tokens_total{{engine=\"0\"}} {accepted}\n"
    );
    for (position, count) in positions {
        page += &format!("vllm:spec_decode_num_accepted_tokens_per_pos_total{{position=\"{position}\"}} {count}\n");
    }
    page
}

fn canvases(steps: u64, positions: u64, committed: u64) -> String {
    format!(
        "vllm:diffusion_num_denoising_steps_total {steps}\nvllm:diffusion_num_canvas_positions_total {positions}\n\
         vllm:diffusion_num_committed_tokens_total {committed}\n"
    )
}

#[test]
fn speculation_is_what_was_drafted_in_between() {
    let before = drafts(100, 400, 200, &[(0, 80), (1, 60)]);
    let metrics = told(&before, &drafts(200, 800, 500, &[(0, 170), (1, 120), (2, 30)]));
    let expected = Speculation {
        acceptance_rate: 75.0,
        acceptance_length: 4.0,
        drafts: 100,
        draft_tokens: 400,
        accepted_tokens: 300,
        per_position: vec![0.9, 0.6, 0.3],
    };
    assert_eq!(metrics.speculation, Some(expected));
    assert_eq!((metrics.diffusion, metrics.prefix_cache), (None, None));
}

#[test]
fn a_gap_in_the_positions_keeps_the_later_ones_in_their_places() {
    let metrics = told(&drafts(0, 0, 0, &[]), &drafts(10, 40, 20, &[(0, 10), (3, 5)]));
    assert_eq!(metrics.speculation.unwrap().per_position, [1.0, 0.0, 0.0, 0.5]);
    let wild = drafts(10, 40, 20, &[(0, 10), (usize::MAX, 5)]);
    assert_eq!(told(&drafts(0, 0, 0, &[]), &wild).speculation.unwrap().per_position, [1.0]);
}

#[test]
fn without_drafts_there_is_no_length_and_no_position() {
    let metrics = told(&drafts(5, 0, 0, &[(0, 1)]), &drafts(5, 10, 5, &[(0, 2)]));
    let speculation = metrics.speculation.unwrap();
    assert_eq!((speculation.acceptance_rate, speculation.acceptance_length), (50.0, 0.0));
    assert!(speculation.per_position.is_empty());
}

#[test]
fn counters_that_stand_still_go_back_or_are_missing_tell_nothing() {
    let (few, many) = (drafts(1, 4, 2, &[]), drafts(9, 36, 18, &[]));
    for (before, after) in [(&few, &few), (&many, &few), (&String::new(), &many), (&many, &String::new())] {
        assert_eq!(told(before, after).speculation, None);
    }
    let (few, many) = ("vllm:prefix_cache_queries_total 5\n", "vllm:prefix_cache_queries_total 50\n");
    assert_eq!(told(few, few).prefix_cache, None);
    assert_eq!(told(many, few).prefix_cache, None);
}

#[test]
fn diffusion_tells_the_steps_of_a_canvas() {
    // Ten canvases of 32 tokens, each denoised in eight steps and committed in one.
    let metrics = told(&canvases(9, 288, 32), &canvases(99, 3_168, 352));
    let expected = Diffusion {
        committed_throughput: 160.0,
        steps_per_canvas: 8.0,
        committed_per_step: 4.0,
        committed_tokens: 320,
        denoising_steps: 80,
        canvas_positions: 2_880,
    };
    assert_eq!(metrics.diffusion, Some(expected));
}

#[test]
fn diffusion_that_makes_no_sense_divides_by_nothing() {
    let zero = canvases(0, 0, 0);
    for after in [canvases(10, 0, 5), canvases(10, 320, 0), canvases(0, 320, 5), canvases(10, 320, 320)] {
        assert_eq!(told(&zero, &after).diffusion, None, "{after}");
    }
}

#[test]
fn the_prefix_cache_is_summed_over_engines() {
    let page = |n: u64| {
        format!(
            "vllm:prefix_cache_queries_total{{engine=\"0\"}} {}\nvllm:prefix_cache_queries_total{{engine=\"1\"}} {n}\n\
             vllm:prefix_cache_hits_total{{engine=\"0\"}} {n}\nvllm:external_prefix_cache_hits_total 7{n}\n\
             vllm:num_requests_running{{engine=\"0\"}} {n}\nvllm:num_requests_running{{engine=\"1\"}} 2\n",
            2 * n
        )
    };
    assert_eq!(told(&page(1), &page(101)).prefix_cache, Some(PrefixCache { queries: 300, hits: 100 }));
    assert_eq!(Counters::parse(&page(5)).running, Some(7));
    assert_eq!(Counters::parse("").running, None);
}

#[test]
fn labels_and_timestamps_are_no_obstacle() {
    let table = [
        ("vllm:num_requests_running{a=\"x y\"} 3", Some(3)),
        ("vllm:num_requests_running{a=\"}\", b=\"\\\"{\"}  3.9 1700000000000", Some(3)),
        ("  vllm:num_requests_running\t3\t ", Some(3)),
        ("vllm:num_requests_running 1e3", Some(1000)),
        ("vllm:num_requests_running{} 3", Some(3)),
        ("vllm:num_requests_running{a=\"x} 3", None),
        ("vllm:num_requests_running NaN", None),
        ("vllm:num_requests_running -1", None),
        ("vllm:num_requests_running", None),
        ("# vllm:num_requests_running 3", None),
        ("vllm:num_requests_running_max 3", None),
    ];
    for (line, expected) in table {
        assert_eq!(Counters::parse(line).running, expected, "{line}");
    }
    let line = Line::parse("x{model=\"a,position=\\\"9\\\"\", position=\"2\",} 1").unwrap();
    assert_eq!((line.label("position"), line.label("nope")), (Some("2"), None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_label_value_leaves_position_and_count_readable(value in "[^\n]{0,20}", position in 0_usize..64, count: u32) {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\r', "");
        let page = format!(
            "vllm:spec_decode_num_accepted_tokens_per_pos_total{{model=\"{escaped}\",position=\"{position}\"}} {count}.0 17\n"
        );
        let drafts = Counters::parse(&page).speculation.unwrap();
        prop_assert_eq!(drafts.per_position.into_iter().collect::<Vec<_>>(), vec![(position, u64::from(count))]);
    }

    #[test]
    fn no_page_panics(page in "\\PC{0,80}", tail in "[{}\"\\\\=, é0-9a\n]{0,40}") {
        let _ = Counters::parse(&page);
        let _ = Counters::parse(&format!("vllm:spec_decode_num_accepted_tokens_per_pos_total{{position=\"{tail}"));
        let _ = Counters::parse(&format!("vllm:num_requests_running{tail}"));
    }
}
