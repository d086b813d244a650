use proptest::prelude::*;

use super::*;

#[test]
fn counters_are_summed_over_engines() {
    let page = "vllm:num_requests_running{engine=\"0\"} 5\nvllm:num_requests_running{engine=\"1\"} 2\n\
                vllm:prefix_cache_queries_total{engine=\"0\"} 4\nvllm:gpu_prefix_cache_queries_total 5\n";
    let counters = Counters::parse(page);
    assert_eq!((counters.running, counters.prefix_cache), (Some(7), Some(Cache { queries: 9, hits: 0 })));
    assert_eq!(Counters::parse(""), Counters::default());
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
